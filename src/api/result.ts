import type { SqlTypeName } from './sql-types.ts'
import type { SQLWarning } from './sql-exception.ts'

/** What is known of a result column (`java.sql.ResultSetMetaData`, the part that all databases tell). */
export interface ColumnMetadata {
  /** The label: the alias, else the column's name. */
  readonly name: string
  /** The portable type, which decides the JavaScript type of every value in the column. */
  readonly type: SqlTypeName
  /**
   * The database's own word for the type. Empty for an expression that has none: there an integer beyond 2^53 is
   * refused (22003) unless `types` says what it is.
   */
  readonly databaseType: string
}

/** The outcome of one statement: the same shape whether it returned rows or not. */
export interface Result<Row = Record<string, unknown>> {
  /** Empty for a statement that returns no rows. */
  readonly rows: Row[]
  readonly columns: readonly ColumnMetadata[]
  /** How many rows were inserted, updated or deleted; 0 for a statement that changes none. */
  readonly updateCount: number
  /**
   * The columns that the option `generatedKeys` asked for, of each inserted row, by the names that it gave; the
   * option `types` is about these then. Empty without it.
   */
  readonly generatedKeys: readonly Record<string, unknown>[]
  readonly warnings: readonly SQLWarning[]
}

/** The outcome of a batch: a count for each row of parameters, in order. */
export interface BatchResult {
  readonly updateCounts: readonly number[]
}

/**
 * Rows fetched as they are read. The statement runs at the first `next()`; leaving the loop early cancels what the
 * database has not sent. While it is open its connection refuses other statements (HY010).
 */
export interface RowStream<Row = Record<string, unknown>>
  extends AsyncIterableIterator<Row>, AsyncDisposable {
  /** Known as soon as the first `next()` has settled, also when there are no rows; empty before. */
  readonly columns: readonly ColumnMetadata[]
  return(): Promise<IteratorResult<Row>>
}
