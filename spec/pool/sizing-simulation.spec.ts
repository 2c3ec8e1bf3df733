import { describe, expect, it } from 'vitest'
import {
  connectingAtOnce,
  demands,
  simulate,
  spike,
  surge,
  withoutConnecting,
} from '../../bench/sim/demand.ts'

/** In virtual time, so these are figures of the rule and not of a machine. */
describe('When it connects', () => {
  const reserve = { minimumIdle: 5, softPoolSize: 50 }

  it.each([{}, reserve])(
    'a spike of 50 × 2 ms on 5 idle: as fast as can be, with 6 at the most (%j)',
    async (settings) => {
      for (const warmUp of [0, 100]) {
        const { makespan, total } = await simulate({ ...spike, warmUp }, settings)
        expect(makespan).toBeLessThanOrEqual(1.3 * withoutConnecting(spike))
        expect(total).toBeLessThanOrEqual(6)
      }
    },
  )

  it.each([{}, reserve])('a surge of 5,000: as fast as with all connects at once (%j)', async (settings) => {
    for (const warmUp of [0, 100]) {
      const { makespan } = await simulate({ ...surge, warmUp }, settings)
      expect(makespan).toBeLessThanOrEqual(1.1 * connectingAtOnce(surge))
    }
  })

  it.each(demands.map((demand) => [demand.name, demand] as const))(
    '%s: never slower than without connecting, and no later than twice the connect behind the fastest',
    async (_, demand) => {
      const { makespan } = await simulate(demand)
      expect(makespan).toBeLessThanOrEqual(withoutConnecting(demand))
      expect(makespan).toBeLessThanOrEqual(connectingAtOnce(demand) + 2 * demand.connect)
    },
  )

  it('the same, every time', async () => {
    expect(await simulate(surge)).toEqual(await simulate(surge))
  })
})
