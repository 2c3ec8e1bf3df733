import * as fc from 'fast-check'
import { it } from 'vitest'
import { run, sharingSchedules } from './sharing-schedule.ts'

const long = process.env['MODE'] === 'long'
const runs = long ? 100_000 : process.env['CI'] ? 20_000 : 3_000

it(`The laws of sharing hold in ${runs} random schedules`, { timeout: 600_000 }, async () => {
  // A failure prints the seed, and the shortest schedule that still fails.
  await fc.assert(fc.asyncProperty(sharingSchedules, run), { numRuns: runs, endOnFailure: false })
})
