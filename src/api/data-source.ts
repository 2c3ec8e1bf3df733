import type { ConnectionEventListener, ConnectionSource } from './connection-event.ts'
import type { Connection } from './connection.ts'
import type { DataSourceHealth } from './data-source-health.ts'
import type { DeadlineOptions, Executor, Transaction, TransactionOptions } from './executor.ts'
import { interfaceToken, type InterfaceToken, type Wrapper } from './wrapper.ts'

/** How a connection is asked for. The default timeout is the setting `connectionTimeout` (30 s). */
export interface ConnectionOptions extends DeadlineOptions {
  /** The connection is made read-only before it is lent, and restored afterwards. Default: false. */
  readonly readOnly?: boolean | undefined
  /** Another user than the configured one: refused by a pool (0A000), honoured with `pooling: 'none'`. */
  readonly user?: string | undefined
  readonly password?: string | undefined
}

/** Options of a transaction on a data source, which can begin it again on another connection. */
export interface DataSourceTransactionOptions extends TransactionOptions {
  /** How often the block is run again after an error whose `retry` is `transaction` or `connect`. Default: 0. */
  readonly retries?: number | undefined
}

/**
 * Where connections come from (`javax.sql.DataSource`). What an application looks up by name. It is shared:
 * whoever made it closes it.
 *
 * As an {@link Executor} each call borrows a connection, runs, and gives it back. A connection that proves dead before
 * anything was executed on it is replaced, up to twice, without the caller's noticing; a stream is not: its error says `connect`.
 */
export interface DataSource extends Executor, Wrapper {
  readonly name: string

  /** Borrows a connection. The borrower closes it. */
  getConnection(options?: ConnectionOptions): Promise<Connection>

  /** Lends a connection to a function, and takes it back when the function's promise settles. */
  withConnection<T>(work: (connection: Connection) => Promise<T>): Promise<T>
  withConnection<T>(options: ConnectionOptions, work: (connection: Connection) => Promise<T>): Promise<T>

  /** As {@link Executor.transaction}; the deadline covers borrowing and all attempts. */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  transaction<T>(
    options: DataSourceTransactionOptions,
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<T>

  /**
   * Asks whether the database answers, without waiting for a borrower: an idle connection is asked; where there is none,
   * or it does not answer, a login is made, whose connection the pool then has. When every place in the pool is taken, it
   * is a login beyond `maximumPoolSize`, one at a time, closed at once. What the database says is in the result; it
   * rejects only when its signal was aborted (57014) or an option is wrong (HY024).
   *
   * @param options The default timeout is the setting `validationTimeout` (5 s).
   */
  health(options?: DeadlineOptions): Promise<DataSourceHealth>

  addConnectionEventListener(listener: ConnectionEventListener<ConnectionSource>): void
  removeConnectionEventListener(listener: ConnectionEventListener<ConnectionSource>): void
}

/** The key of data sources for `lookup(name, DataSource)`: whatever implements the interface, made by Wellhead or not. */
export const DataSource: InterfaceToken<DataSource> = interfaceToken('DataSource', [
  'getConnection',
  'withConnection',
  'transaction',
])
