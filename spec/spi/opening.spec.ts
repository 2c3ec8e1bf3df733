import { expect, it } from 'vitest'
import { SQLException } from '../../src/api/sql-exception.ts'
import { CallDeadline } from '../../src/session/call-deadline.ts'
import { openWithin } from '../../src/spi/opening.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

/** A session whose socket takes its time to close, while what waits for an answer gives up at once. */
function slowSession() {
  const { promise: ended, resolve: close } = Promise.withResolvers<void>()
  const { promise: answer, reject } = Promise.withResolvers<never>()
  const destroyed: Error[] = []
  return {
    ended,
    close,
    answer,
    destroyed,
    destroy(reason: Error) {
      destroyed.push(reason)
      reject(new Error('cut off'))
    },
  }
}

const refused = new SQLException('refused', { sqlState: '28000', reason: 'auth' })
const failureOf = (error: unknown): SQLException =>
  new SQLException('it could not be opened', { sqlState: '08001', reason: 'connect-failed', cause: error })

it('gives what was opened, and cuts nothing when the time is up later', async () => {
  const clock = new ManualClock()
  const session = slowSession()
  const deadline = new CallDeadline(clock, 'connect', { timeout: 10 })
  expect(await openWithin(deadline, session, async () => 'open', failureOf)).toBe('open')
  await clock.advance(10)
  expect([session.destroyed, clock.timers()]).toEqual([[], 0])
})

it.each([
  ['is refused', () => Promise.reject(refused), 0, { sqlState: '08001', cause: refused }],
  ['comes too late', (answer: Promise<never>) => answer, 10, { sqlState: 'HYT00' }],
])('what %s is told of when its socket is closed', async (_, open, milliseconds, error) => {
  const clock = new ManualClock()
  const session = slowSession()
  session.answer.catch(() => {})
  const deadline = new CallDeadline(clock, 'connect', { timeout: 10 })
  let told: unknown
  const opening = openWithin(deadline, session, () => open(session.answer), failureOf)
  const result = opening.catch((reason: unknown) => (told = reason))
  await clock.advance(milliseconds)
  await settle()
  expect(session.destroyed.length).toBeGreaterThan(0)
  expect(told).toBeUndefined()
  session.close()
  await result
  expect(told).toMatchObject(error)
  expect(clock.timers()).toBe(0)
})
