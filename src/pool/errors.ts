import { nameAfterClass } from '../api/error-name.ts'
import { SQLNonTransientConnectionException, SQLTransientConnectionException } from '../api/sql-exception.ts'

/** The pool at the moment of an error. */
export interface PoolSnapshot {
  readonly total: number
  readonly idle: number
  readonly inUse: number
  readonly waiting: number
  readonly maximum: number
}

/** Every connection stayed busy until the deadline of the caller (08001, reason `resource`). */
export class PoolExhaustedError extends SQLTransientConnectionException {
  readonly snapshot: PoolSnapshot
  /** How long the caller waited, in milliseconds. */
  readonly waited: number

  constructor(name: string, waited: number, snapshot: PoolSnapshot, cause?: unknown) {
    super(
      `${name}: no connection became free within ${Math.round(waited)} ms (${inWords(snapshot)}); ` +
        'return connections sooner, or raise maximumPoolSize or connectionTimeout',
      { sqlState: '08001', reason: 'resource', retry: 'caller', cause },
    )
    this.snapshot = snapshot
    this.waited = waited
  }

  static {
    nameAfterClass(this)
  }
}

/** No connection could be made until the deadline of the caller (08001, reason `connect-failed`). */
export class CannotConnectError extends SQLTransientConnectionException {
  readonly snapshot: PoolSnapshot
  /** How long the caller waited, in milliseconds. */
  readonly waited: number
  /**
   * How long ago the last attempt, whose error is the `cause`, failed; in milliseconds. Undefined when none has failed
   * yet: the first is still under way.
   */
  readonly causeAge: number | undefined

  constructor(name: string, waited: number, snapshot: PoolSnapshot, cause: unknown, causeAge?: number) {
    const attempt =
      causeAge === undefined
        ? 'the attempt is still under way'
        : `the last attempt failed ${Math.round(causeAge)} ms ago: ${cause instanceof Error ? cause.message : String(cause)}`
    super(
      `${name}: no connection could be made within ${Math.round(waited)} ms; ${attempt} (${inWords(snapshot)})`,
      {
        sqlState: '08001',
        reason: 'connect-failed',
        retry: 'connect',
        cause,
      },
    )
    this.snapshot = snapshot
    this.waited = waited
    this.causeAge = causeAge
  }

  static {
    nameAfterClass(this)
  }
}

/** The pool is closed, or was closed while the caller waited (08003). */
export class PoolClosedError extends SQLNonTransientConnectionException {
  constructor(name: string) {
    super(`${name} is closed`, { sqlState: '08003', reason: 'closed' })
  }

  static {
    nameAfterClass(this)
  }
}

function inWords(snapshot: PoolSnapshot): string {
  const { total, idle, inUse, waiting, maximum } = snapshot
  const most = maximum === Infinity ? 'unlimited' : maximum
  return `total ${total}, idle ${idle}, in use ${inUse}, waiting ${waiting}, maximum ${most}`
}
