import * as fc from 'fast-check'
import { describe, it } from 'vitest'
import { withoutWarnings } from '../conformance/register.ts'
import { actions, ScheduleWorld } from './schedule-world.ts'

const long = process.env['MODE'] === 'long'

const steps = fc.array(
  fc.record({
    action: fc.constantFrom(...actions),
    // Mostly the newest handle, often one that is stale.
    handle: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(8) }),
    number: fc.nat(1_000),
    pause: fc.constantFrom(0, 0, 0, 1, 5, 30, 300),
  }),
  { minLength: 40, maxLength: 60 },
)

const variants = {
  plain: {},
  slow: { latency: 3 },
  pipelining: { pipelining: true, latency: 3 },
  'pipelining, no cancel': { pipelining: true, cancel: 'none', latency: 2 },
  'cancel by kill': { cancel: 'kill', latency: 2 },
  'failing transactions': { failedTransactions: true, latency: 1 },
}

describe('any schedule of 40 steps and more on one physical connection keeps the laws', () => {
  withoutWarnings()

  it.each(Object.entries(variants))('%s', { timeout: long ? 1_200_000 : 60_000 }, async (_, settings) => {
    const property = fc.asyncProperty(steps, (schedule) => new ScheduleWorld(settings).run(schedule))
    await fc.assert(property, { numRuns: long ? 20_000 : process.env['CI'] ? 3_000 : 800, seed: 20_261_121 })
  })
})
