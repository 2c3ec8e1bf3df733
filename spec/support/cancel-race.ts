import { expect } from 'vitest'

/**
 * Cancels that come about when a statement ends anyhow, eight at a time: each attempt succeeds or misses its deadline,
 * and what runs next is never hit.
 *
 * @param attempt Runs a statement of about 3 ms with a deadline of a little less or more.
 * @param next Runs on a connection that a cancel may just have been sent for; rejects when that has reached it.
 */
export async function raceCancels(
  tries: number,
  attempt: (n: number) => Promise<unknown>,
  next: (n: number) => Promise<void>,
): Promise<void> {
  const outcomes = { stopped: 0, done: 0 }
  const race = async (seed: number): Promise<void> => {
    for (let n = seed; n < tries; n += 8) {
      const outcome = await attempt(n).then(
        () => 'done',
        (error: { sqlState: string }) => error.sqlState,
      )
      if (outcome === 'done') outcomes.done++
      else {
        expect(outcome).toBe('HYT00')
        outcomes.stopped++
      }
      await next(n)
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, seed) => race(seed)))
  expect(outcomes.stopped + outcomes.done).toBe(tries)
  expect(outcomes.stopped).toBeGreaterThan(tries / 100)
}
