import type { SQLException, SQLReason, SQLRetry } from './sql-exception.ts'

/** Where a data source judges an error otherwise than its driver. What is absent stays as it is. */
export interface ExceptionVerdict {
  /**
   * Whether the physical connection goes with the error. `true` takes it out of the pool. `false` keeps it, except
   * that a session which is lost (reason `connection-lost`) stays lost, whatever is said here.
   */
  readonly fatal?: boolean | undefined
  readonly retry?: SQLRetry | undefined
  readonly reason?: SQLReason | undefined
}

/**
 * The setting `exceptionOverride` (HikariCP: `SQLExceptionOverride`): asked for every error with which a connect, or an
 * operation on a physical connection, ends, before the pool, listeners or the application see it; not for deadlines
 * (HYT00). It has to answer at once. One that throws, or answers with what is no verdict, is reported once, and the
 * error passes as it is.
 */
export type ExceptionOverride = (error: SQLException) => ExceptionVerdict | undefined
