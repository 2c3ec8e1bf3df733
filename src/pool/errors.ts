import { nameAfterClass } from '../api/error-name.ts'
import { SQLNonTransientConnectionException, SQLTransientConnectionException } from '../api/sql-exception.ts'
import { borrowersInWords } from './borrowers.ts'
import type { PoolBorrower } from './borrowers.ts'

/** The pool at the moment of an error. */
export interface PoolSnapshot {
  readonly total: number
  readonly idle: number
  readonly inUse: number
  readonly waiting: number
  readonly maximum: number
  /** Those who hold connections longest, the longest first; three at the most. */
  readonly borrowers: readonly PoolBorrower[]
}

/**
 * Every connection stayed busy until the deadline of the caller, or so many wait already that this one was refused at
 * once (08001, reason `resource`).
 */
export class PoolExhaustedError extends SQLTransientConnectionException {
  readonly snapshot: PoolSnapshot
  /** How long the caller waited, in milliseconds; 0 when it was refused at once. */
  readonly waited: number

  /** @param refusal Of one who was not let wait to the end: why, and the setting that would allow it. */
  constructor(
    name: string,
    waited: number,
    snapshot: PoolSnapshot,
    cause?: unknown,
    refusal?: { readonly what: string; readonly raise: string },
  ) {
    const what = refusal?.what ?? `no connection became free within ${Math.round(waited)} ms`
    const { borrowers } = snapshot
    const longest = borrowers.length === 0 ? '' : `; held longest: ${borrowersInWords(borrowers)}`
    super(
      `${name}: ${what} (${inWords(snapshot)}${longest}); ` +
        `return connections sooner, or raise maximumPoolSize or ${refusal?.raise ?? 'connectionTimeout'}`,
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

/**
 * A function that holds a connection asked for another while every connection of the pool was in use (08001, reason
 * `resource`, `nestedAcquisition: 'error'`): when all holders do so, each waits for the others.
 */
export class NestedAcquisitionError extends SQLNonTransientConnectionException {
  readonly snapshot: PoolSnapshot

  constructor(name: string, snapshot: PoolSnapshot) {
    super(
      `${name}: a function that holds a connection asks for another while all are in use (${inWords(snapshot)}); ` +
        'use the connection or transaction that it was given, or one at a time, or raise maximumPoolSize',
      { sqlState: '08001', reason: 'resource' },
    )
    this.snapshot = snapshot
  }

  static {
    nameAfterClass(this)
  }
}

/** The pool lent nothing until the deadline of the caller, by order of its owner (08001, reason `resource`). */
export class PoolSuspendedError extends SQLTransientConnectionException {
  readonly snapshot: PoolSnapshot
  /** How long the caller waited, in milliseconds. */
  readonly waited: number

  constructor(name: string, waited: number, snapshot: PoolSnapshot) {
    super(
      `${name} is suspended, and was not resumed within ${Math.round(waited)} ms (${inWords(snapshot)})`,
      { sqlState: '08001', reason: 'resource', retry: 'caller' },
    )
    this.snapshot = snapshot
    this.waited = waited
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
