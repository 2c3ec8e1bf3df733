import type { StatementOptions } from '../api/executor.ts'
import type { Result } from '../api/result.ts'
import type { SQLException } from '../api/sql-exception.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { RawResult } from '../spi/physical-connection.ts'
import type { SharedSession, SharedStatement } from '../spi/shared-session.ts'
import type { StatementCost } from './statement-cost.ts'

/** One call whose statement may share a connection: what it asks for, and who waits for it. */
export class SharedCall<Lent> {
  readonly statement: SharedStatement
  readonly cost: StatementCost
  readonly options: StatementOptions | undefined
  /** Of the whole call. */
  readonly deadline: Deadline | undefined
  /** Its caller has his answer: what comes is for nobody. */
  told = false
  /** How often it was sent in vain. */
  failures = 0
  startedAt = 0
  /** How long it was expected to take when it was sent, in milliseconds. */
  expected = 0
  /** This run is measured for the statistics. */
  measured = false
  /** Takes back the request to be told of the deadline while it runs. */
  stop: (() => void) | undefined
  readonly #resolve: (result: Result<unknown>) => void
  readonly #reject: (error: unknown) => void
  readonly #otherwise: (lent: Lent) => Promise<Result<unknown>>

  constructor(
    statement: SharedStatement,
    cost: StatementCost,
    options: StatementOptions | undefined,
    deadline: Deadline | undefined,
    resolve: (result: Result<unknown>) => void,
    reject: (error: unknown) => void,
    otherwise: (lent: Lent) => Promise<Result<unknown>>,
  ) {
    this.statement = statement
    this.cost = cost
    this.options = options
    this.deadline = deadline
    this.#resolve = resolve
    this.#reject = reject
    this.#otherwise = otherwise
  }

  /** The application's result, from what came back. */
  answer(raw: RawResult, session: SharedSession): void {
    this.told = true
    try {
      this.#resolve(session.toResult<unknown>(raw, this.statement, this.options))
    } catch (error) {
      this.#reject(error)
    }
  }

  fail(error: Error | SQLException): void {
    this.told = true
    this.#reject(error)
  }

  /** A whole connection was lent to it. */
  follow(lent: Lent): void {
    this.told = true
    this.#otherwise(lent).then(this.#resolve, this.#reject)
  }
}
