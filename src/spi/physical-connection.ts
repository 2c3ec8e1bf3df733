import type { IsolationLevel, TransactionOptions } from '../api/executor.ts'
import type { ColumnMetadata } from '../api/result.ts'
import type { SQLException, SQLWarning } from '../api/sql-exception.ts'
import type { ParameterValue } from '../api/sql-types.ts'
import type { ClassToken } from '../api/wrapper.ts'
import type { CompiledStatement } from '../sql/compiled-statement.ts'
import type { Dialect } from '../sql/dialect.ts'
import type { SessionLease } from './session-lease.ts'

/** Parameters that the session has checked: as many as the text has markers, none undefined, no unknown object. */
export type BoundParameters = readonly ParameterValue[]

/** A result as a driver gives it: values already portable, rows as arrays in column order. */
export interface RawResult {
  readonly columns: readonly ColumnMetadata[]
  readonly rows: readonly (readonly unknown[])[]
  readonly updateCount: number
  readonly warnings?: readonly SQLWarning[] | undefined
  /**
   * What `CompiledStatement.generatedKeys` asks for, in that order, a row for each inserted one. Only of drivers whose
   * dialect says `driver`.
   */
  readonly generatedKeys?: Pick<RawResult, 'columns' | 'rows'> | undefined
}

/** The rows of one fetch. */
export interface RawBatch {
  readonly rows: readonly (readonly unknown[])[]
  /** No more rows will come; the statement is finished. */
  readonly done: boolean
}

/**
 * A statement whose rows are fetched in portions. At most one is open on a physical connection, and while it is nothing
 * else is called.
 */
export interface RawStream {
  /** Known after the first {@link RawStream.fetch}. */
  readonly columns: readonly ColumnMetadata[]
  fetch(): Promise<RawBatch>
  /** Ends it early: settles when the connection can take the next statement. Idempotent. */
  close(): Promise<void>
}

/** What happened to the rows of a batch: the counts up to the first failure, and the failure. */
export interface RawBatchResult {
  readonly updateCounts: readonly number[]
  readonly error?: SQLException | undefined
}

/**
 * - `none`: the next statement commits by itself.
 * - `open`, `failed`: in a transaction; `failed` accepts nothing but a rollback.
 * - `unknown`: the driver cannot tell; a rollback is sent to be sure.
 */
export type TransactionStatus = 'none' | 'open' | 'failed' | 'unknown'

/** The settings of a session that a handle may change, and that are restored when it is closed. */
export interface SessionState {
  readonly readOnly: boolean
  readonly isolation: IsolationLevel
  readonly schema: string
}

/** What a driver can do. */
export interface PhysicalCapabilities {
  /** Several statements may be sent before the first has answered; they run in order. */
  readonly pipelining: boolean
  /**
   * How a running statement is stopped. `server`: it ends and the session lives. `kill`: only together with the
   * session, at once. `none`: not at all; the session is given up and stays counted until the statement has ended.
   */
  readonly cancel: 'server' | 'kill' | 'none'
}

/** What the database says of itself and of this session, read when the connection is made. */
export interface ServerFacts {
  readonly productName: string
  readonly productVersion: string
  readonly supportedIsolations: readonly IsolationLevel[]
}

/**
 * One session with a database: the port that a driver implements. The session room calls it, one operation at a
 * time unless `capabilities.pipelining`, and never after `destroy()` or `onDeath`.
 *
 * Every rejection is an `SQLException`, classified by the driver. One with `fatal` means that the session is lost.
 */
export interface PhysicalConnection {
  /** The database's own name for the session where there is one, unique within the process. */
  readonly id: string
  readonly capabilities: PhysicalCapabilities
  readonly server: ServerFacts
  /** The settings of the session as it was made. */
  readonly initialState: SessionState
  /**
   * Its SQL, where only the server could tell: the same object for sessions that understand the same. Default: that of
   * the data source.
   */
  readonly dialect?: Dialect | undefined
  /** As the database says after each operation. */
  readonly transactionStatus: TransactionStatus
  /** Set by the session room. Called at most once, when the session is lost while nothing runs on it. */
  onDeath: ((error: SQLException) => void) | undefined

  execute(statement: CompiledStatement, parameters: BoundParameters): Promise<RawResult>
  /** Runs one statement for each row, and stops at the first failure. */
  executeBatch(statement: CompiledStatement, rows: readonly BoundParameters[]): Promise<RawBatchResult>
  /** Runs a text of several statements, without parameters and results. */
  executeScript(text: string): Promise<void>
  stream(statement: CompiledStatement, parameters: BoundParameters, fetchSize: number): RawStream

  begin(options: Pick<TransactionOptions, 'isolation' | 'readOnly'>): Promise<void>
  /** `rolled-back` when the database answered so. Called only while a transaction is open. */
  commit(): Promise<'committed' | 'rolled-back'>
  /** The whole transaction, harmless when there is none; or back to a savepoint, which stays. */
  rollback(savepoint?: string): Promise<void>
  savepoint(name: string): Promise<void>
  release(savepoint: string): Promise<void>

  /** Changes settings of the session. One that the database lacks is refused (0A000). */
  configure(changes: Partial<SessionState>): Promise<void>

  /** Stops what runs. Settles only when it can no longer hit a later statement. Only with `cancel: 'server'`. */
  cancel(): Promise<void>
  /** Asks the database for a sign of life, at the least cost. */
  ping(): Promise<void>
  /** Brings the session to the state in which it was made, whatever was changed in it. */
  reset(): Promise<void>
  /**
   * Says goodbye, after what runs. Settles when nothing of the session is left, also after `destroy()`. Idempotent,
   * never rejects.
   */
  close(): Promise<void>
  /**
   * Whether the open session keeps the process running, as sockets, threads and processes do: true when it is made, false
   * while nobody needs it. Default: it cannot be changed, or never does.
   */
  keepAlive?(on: boolean): void
  /** Cuts it off at once. What is running rejects. Idempotent. */
  destroy(): void

  /**
   * The driver's own object of that class, for `unwrap`. One that works on the session does so by the lease; an object
   * of the client itself (`pg.Client`) is beyond our laws.
   */
  unwrap?<T>(token: ClassToken<T>, lease: SessionLease): T | undefined
}
