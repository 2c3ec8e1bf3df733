import type { SQLException } from '../api/sql-exception.ts'

/**
 * The end of one call: made once, where the application enters, from `{ signal, timeout }`, and passed inward.
 * Whatever the call does on the way (wait, connect, validate, run) shares it.
 */
export interface Deadline {
  /** On the clock of the data source, in milliseconds; `Infinity` when only a signal, or nothing, ends it. */
  readonly expiresAt: number
  /** The error to fail with, once the time has passed or the signal was aborted; until then undefined. */
  readonly error: SQLException | undefined
  /** Milliseconds left: 0 when it has passed, `Infinity` without a timeout. */
  remaining(): number
  /** Calls back once when it ends, at once if it has ended. The function returned takes the request back. */
  onExpired(callback: (error: SQLException) => void): () => void
}
