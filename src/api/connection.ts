import type {
  DeadlineOptions,
  Executor,
  IsolationLevel,
  StatementOptions,
  StreamOptions,
} from './executor.ts'
import type { BatchResult, Result, RowStream } from './result.ts'
import type { SqlParameters } from './sql-types.ts'
import type { Wrapper } from './wrapper.ts'

/** A point within a transaction (`java.sql.Savepoint`). */
export interface Savepoint {
  readonly name: string
}

/** A text made ready to run again on the connection that prepared it (`java.sql.PreparedStatement`). */
export interface PreparedStatement extends AsyncDisposable {
  /** The connection that prepared it: the logical one. */
  readonly connection: Connection
  readonly sql: string
  query<Row = Record<string, unknown>>(
    parameters?: SqlParameters,
    options?: StatementOptions,
  ): Promise<Result<Row>>
  execute<Row = Record<string, unknown>>(
    parameters?: SqlParameters,
    options?: StatementOptions,
  ): Promise<Result<Row>>
  stream<Row = Record<string, unknown>>(parameters?: SqlParameters, options?: StreamOptions): RowStream<Row>
  batch(rows: Iterable<SqlParameters>, options?: DeadlineOptions): Promise<BatchResult>
  /** Idempotent. Afterwards every use is refused (HY010). */
  close(): Promise<void>
}

/** What a database says of itself (`java.sql.DatabaseMetaData`, the part that programs ask for). */
export interface DatabaseMetaData {
  readonly databaseProductName: string
  readonly databaseProductVersion: string
  readonly driverName: string
  readonly identifierQuoteString: string
  readonly maxParameters: number
  readonly defaultTransactionIsolation: IsolationLevel
  readonly supportedTransactionIsolations: readonly IsolationLevel[]
  /** Whether CREATE, ALTER and DROP can be rolled back. */
  readonly dataDefinitionIsTransactional: boolean
}

/**
 * A logical connection (`java.sql.Connection`): the right to use one physical connection until `close()`.
 * Afterwards it, its statements and its streams are dead (08003), also while the physical connection serves others.
 *
 * Statements queue in order. While a stream is open others are refused (HY010); while `transaction(fn)` runs,
 * statements on the connection itself are refused (25001).
 */
export interface Connection extends Executor, Wrapper, AsyncDisposable {
  readonly isClosed: boolean

  /**
   * Gives the physical connection back. Idempotent. An open transaction is rolled back, a running statement is
   * cancelled, queued ones are refused (08003), changed session settings are restored.
   */
  close(): Promise<void>

  /** Ends the physical connection at once, whatever runs on it (section 10.1.1 of JDBC 4.3). No-op when closed. */
  abort(reason?: unknown): void

  /** Whether the database answers. Never rejects. Default timeout: the setting `validationTimeout` (5 s). */
  isValid(options?: DeadlineOptions): Promise<boolean>

  /** Default: true. A change in the middle of a transaction commits it; the same value changes nothing. */
  readonly autoCommit: boolean
  setAutoCommit(autoCommit: boolean): Promise<void>

  /** Refused in auto-commit mode (25000). Rejects with 40000 when the database answered with a rollback. */
  commit(): Promise<void>
  /** Refused in auto-commit mode (25000). With a savepoint: undoes what came after it, and keeps it. */
  rollback(savepoint?: Savepoint): Promise<void>
  /** Refused in auto-commit mode (25000). */
  setSavepoint(name?: string): Promise<Savepoint>
  /** Forgets the savepoint and later ones. A savepoint that is gone is refused (3B001). */
  releaseSavepoint(savepoint: Savepoint): Promise<void>

  /** Default: false. The database refuses changes. Refused within a transaction (25001). */
  readonly readOnly: boolean
  setReadOnly(readOnly: boolean): Promise<void>

  readonly transactionIsolation: IsolationLevel
  /** For later transactions. Refused within one (25001), and when the database lacks the level (0A000). */
  setTransactionIsolation(isolation: IsolationLevel): Promise<void>

  /** The default schema; empty where the database has no such thing, and then setting it is refused (0A000). */
  readonly schema: string
  setSchema(schema: string): Promise<void>

  prepareStatement(sql: string): Promise<PreparedStatement>

  /** Runs several statements in one text, without parameters and without results. */
  script(sql: string, options?: DeadlineOptions): Promise<void>

  getMetaData(): Promise<DatabaseMetaData>
  /** The text as it would be sent to this database. */
  nativeSQL(sql: string): string
}
