import type { SQLException } from './sql-exception.ts'

/** What a data source answers when its health is asked for. */
export interface DataSourceHealth {
  /**
   * The database answered: an idle connection when it was asked, or a login that was made for this. Whether connections
   * are free is another matter, told by `statistics()`.
   */
  readonly ok: boolean
  /** How long the answer took, in milliseconds: that of a connection, or of a whole login. Undefined without one. */
  readonly latency: number | undefined
  /** What the database calls its version. Undefined without an answer. */
  readonly serverVersion: string | undefined
  /** Why it is not ok. */
  readonly lastError: SQLException | undefined
  /**
   * How old this is, in milliseconds: 0, unless a connect has failed before and the pause until the next attempt is not
   * over. Then it is that failure, and nothing was asked.
   */
  readonly age: number
}
