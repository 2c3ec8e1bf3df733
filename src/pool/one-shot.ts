import type { StatementOptions } from '../api/executor.ts'
import type { Result } from '../api/result.ts'
import type { SQLException } from '../api/sql-exception.ts'
import type { SqlFragment } from '../api/sql-template.ts'
import type { SqlParameters } from '../api/sql-types.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { OneShotSession, OneShotStatement } from '../spi/one-shot-session.ts'
import type { RawResult } from '../spi/physical-connection.ts'
import type { StatementCost } from './statement-cost.ts'

/** What the application has called. */
export interface OneShotCall {
  readonly sql: string | SqlFragment
  readonly parameters: SqlParameters | undefined
  readonly options: StatementOptions | undefined
}

/** One statement that needs no handle: what it asks for, and who waits for it. */
export class OneShot {
  readonly call: OneShotCall
  readonly statement: OneShotStatement
  /** What is known of its text; undefined where nothing shares. */
  readonly cost: StatementCost | undefined
  /** It may use a connection together with others. */
  readonly shares: boolean
  /** Of the whole call. */
  readonly deadline: Deadline | undefined
  /** Where it was called, if that is to be kept. */
  readonly stack: string | undefined
  /** Its caller has his answer: what comes is for nobody. */
  told = false
  /** Why it was to end while it was under way. */
  expired: SQLException | undefined = undefined
  /** How often it was sent in vain. */
  failures = 0
  startedAt = 0
  /** How long it was expected to take when it was sent, in milliseconds. */
  expected = 0
  /** This run is measured for the statistics. */
  measured = false
  /** Takes back the request to be told of the deadline while it runs. */
  stop: (() => void) | undefined = undefined
  readonly #resolve: (result: Result<unknown>) => void
  readonly #reject: (error: unknown) => void

  constructor(
    call: OneShotCall,
    statement: OneShotStatement,
    cost: StatementCost | undefined,
    deadline: Deadline | undefined,
    stack: string | undefined,
    resolve: (result: Result<unknown>) => void,
    reject: (error: unknown) => void,
  ) {
    this.call = call
    this.statement = statement
    this.cost = cost
    this.shares = cost?.isCheap === true
    this.deadline = deadline
    this.stack = stack
    this.#resolve = resolve
    this.#reject = reject
  }

  /** What is left of the call, for whoever runs it instead. */
  get rest(): OneShotCall {
    const { call, deadline } = this
    if (deadline === undefined || deadline.expiresAt === Infinity) return call
    return { ...call, options: { ...call.options, timeout: deadline.remaining() } }
  }

  /** The application's result, from what came back. */
  answer(raw: RawResult, session: OneShotSession): void {
    this.told = true
    try {
      this.#resolve(session.toResult<unknown>(raw, this.statement, this.call.options))
    } catch (error) {
      this.#reject(error)
    }
  }

  fail(error: Error | SQLException): void {
    this.told = true
    this.#reject(error)
  }

  /** It runs on a whole connection instead. */
  follow(result: Promise<Result<unknown>>): void {
    this.told = true
    result.then(this.#resolve, this.#reject)
  }
}
