import type { Duration } from './duration.ts'
import type { BatchResult, Result, RowStream } from './result.ts'
import type { SqlFragment } from './sql-template.ts'
import type { SqlParameters, SqlTypeName } from './sql-types.ts'
import type { Wrapper } from './wrapper.ts'

/** How long a call may take, and who may end it earlier. Both may be given. */
export interface DeadlineOptions {
  /** Aborting it ends the call with `SQLException` 57014, reason `cancelled`; its reason becomes the cause. */
  readonly signal?: AbortSignal | undefined
  /** Passing it ends the call with `SQLTimeoutException` HYT00. Default: the setting named at each call. */
  readonly timeout?: Duration | undefined
}

/** Options of one statement. The default timeout is the setting `queryTimeout` (off). */
export interface StatementOptions extends DeadlineOptions {
  /**
   * `object`: a row is an object by label, and duplicate labels are refused (42702).
   * `array`: a row is an array in column order. Default: `object`.
   */
  readonly rowMode?: 'object' | 'array' | undefined
  /** The type of a result column that the database leaves open, by label: `{ n: 'BIGINT' }` for `count(*) AS n`. */
  readonly types?: Readonly<Record<string, SqlTypeName>> | undefined
  /** Rows beyond this are not fetched, silently (`Statement.setMaxRows`). Default: all. A stream is left instead. */
  readonly maxRows?: number | undefined
  /**
   * Columns of the rows that an INSERT inserts, told in `result.generatedKeys` (`Connection.prepareStatement(sql,
   * columnNames)`); `result.rows` is empty then. Names are taken as the database has them, with their case. Another
   * statement is refused (0A000), and so is one that has RETURNING or OUTPUT itself (42601). MySQL tells only the
   * number that it has given to one row.
   */
  readonly generatedKeys?: readonly string[] | undefined
}

/** Options of a stream. The deadline covers the first row, and again each fetch. */
export interface StreamOptions extends Omit<StatementOptions, 'maxRows' | 'generatedKeys'> {
  /** Rows asked for at a time. Default: 1,000. */
  readonly fetchSize?: number | undefined
}

/** The levels of SQL:2016, and `snapshot`. A level that the database lacks is refused (0A000), never replaced. */
export type IsolationLevel =
  'read uncommitted' | 'read committed' | 'repeatable read' | 'serializable' | 'snapshot'

/** Options of a transaction. The deadline covers the whole block: at its end the block is rolled back. */
export interface TransactionOptions extends DeadlineOptions {
  /** Default: the database's own. */
  readonly isolation?: IsolationLevel | undefined
  /** The database refuses changes (25006). Default: false. */
  readonly readOnly?: boolean | undefined
}

/** Options of a nested transaction, which is a savepoint of the one around it. */
export type NestedTransactionOptions = DeadlineOptions

/**
 * What a data source, a connection and a transaction have in common: they run SQL.
 *
 * Texts have `?` for each parameter on every database; a template made by `sql` carries its own parameters.
 * All methods reject with an `SQLException`.
 */
export interface Executor {
  /** Runs one statement. The same as {@link Executor.execute}; the name says that rows are wanted. */
  query<Row = Record<string, unknown>>(
    sql: string | SqlFragment,
    parameters?: SqlParameters,
    options?: StatementOptions,
  ): Promise<Result<Row>>

  /** Runs one statement, of any kind. */
  execute<Row = Record<string, unknown>>(
    sql: string | SqlFragment,
    parameters?: SqlParameters,
    options?: StatementOptions,
  ): Promise<Result<Row>>

  /** Runs a statement whose rows are read one by one, holding few of them in memory. */
  stream<Row = Record<string, unknown>>(
    sql: string | SqlFragment,
    parameters?: SqlParameters,
    options?: StreamOptions,
  ): RowStream<Row>

  /**
   * Runs one text with many rows of parameters. Outside a transaction the batch is one: all rows or none.
   * Stops at the first failure with a `BatchUpdateException`. Generated keys are not told: insert several rows by one
   * statement (`sql.rows`) for that.
   */
  batch(sql: string, rows: Iterable<SqlParameters>, options?: DeadlineOptions): Promise<BatchResult>

  /**
   * Runs a function in a transaction: committed when its promise resolves, rolled back when it rejects.
   * Inside a transaction this is a savepoint.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  transaction<T>(options: TransactionOptions, work: (transaction: Transaction) => Promise<T>): Promise<T>
}

/**
 * A running transaction. It is dead (25000) as soon as its function has settled; so is what its `unwrap` gave of the
 * driver's own.
 */
export interface Transaction extends Executor, Wrapper {
  /** Runs a function within a savepoint: a failure undoes only what was done in it. */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  transaction<T>(
    options: NestedTransactionOptions,
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<T>
}
