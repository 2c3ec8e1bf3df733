import type { StatementOptions } from '../api/executor.ts'
import type { Result } from '../api/result.ts'
import type { SQLException } from '../api/sql-exception.ts'
import type { SqlFragment } from '../api/sql-template.ts'
import type { SqlParameters } from '../api/sql-types.ts'
import type { CompiledStatement } from '../sql/compiled-statement.ts'
import type { Dialect } from '../sql/dialect.ts'
import type { BoundParameters, RawResult } from './physical-connection.ts'

/** What a call asks for, read and bound: it can be run on any session of this dialect. */
export interface OneShotStatement {
  readonly compiled: CompiledStatement
  readonly parameters: BoundParameters
  readonly dialect: Dialect
}

/**
 * How a session ended a statement: `error` as the application is told it, or what came back. Told once; of a lost
 * session after its listeners.
 */
export type OneShotOutcome = (error: SQLException | undefined, raw: RawResult | undefined) => void

/**
 * A session as statements use it that need no handle: each commits by itself, and leaves the session as it was. Where the
 * driver pipelines, those of several callers at once.
 */
export interface OneShotSession {
  /** Whether one may be sent before the one before has answered. */
  readonly pipelining: boolean
  readonly dialect: Dialect
  /**
   * Reads a call. Undefined when its statement wants a session of its own: it controls transactions, may change the
   * session, or asks for the first rows only.
   *
   * @throws SQLException as `Executor.execute` does before anything is sent.
   */
  read(
    sql: string | SqlFragment,
    parameters: SqlParameters | undefined,
    options: StatementOptions | undefined,
  ): OneShotStatement | undefined
  /** Sends it behind those that are under way; told later in any case. Never while a handle is open. */
  run(statement: OneShotStatement, outcome: OneShotOutcome): void
  /** @throws SQLException when the options do not fit what came back. */
  toResult<Row>(
    raw: RawResult,
    statement: OneShotStatement,
    options: StatementOptions | undefined,
  ): Result<Row>
  /**
   * Ends all that is under way: by a cancel, else with the session; then its outcome is the reason. Not while somebody
   * waits for another statement on it, as a cancel names only the session. No outcome is told before the cancel can hit
   * nothing that comes later.
   */
  stop(reason: SQLException): void
}
