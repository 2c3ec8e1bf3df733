import type { ConnectionEventListener, ConnectionSource } from '../api/connection-event.ts'
import type { Connection } from '../api/connection.ts'
import type { ConnectionOptions, DataSource, DataSourceTransactionOptions } from '../api/data-source.ts'
import type { DeadlineOptions, StatementOptions, StreamOptions, Transaction } from '../api/executor.ts'
import type { BatchResult, Result, RowStream } from '../api/result.ts'
import type { SqlFragment } from '../api/sql-template.ts'
import type { SqlParameters } from '../api/sql-types.ts'
import { asInstance, type ClassToken } from '../api/wrapper.ts'
import { NameNotFoundException } from './naming-exception.ts'

/** What stands behind a name at the moment, and who listens to it: kept by the context, read by its data source. */
export class DataSourceSlot {
  readonly #listeners = new Set<ConnectionEventListener<ConnectionSource>>()
  #source: DataSource | undefined

  /** Undefined once the name is gone. */
  get source(): DataSource | undefined {
    return this.#source
  }

  /** The listeners move to the new one. */
  replace(source: DataSource | undefined): void {
    for (const listener of this.#listeners) {
      this.#source?.removeConnectionEventListener(listener)
      source?.addConnectionEventListener(listener)
    }
    this.#source = source
  }

  addListener(listener: ConnectionEventListener<ConnectionSource>): void {
    this.#listeners.add(listener)
    this.#source?.addConnectionEventListener(listener)
  }

  removeListener(listener: ConnectionEventListener<ConnectionSource>): void {
    this.#listeners.delete(listener)
    this.#source?.removeConnectionEventListener(listener)
  }
}

/**
 * The data source that a context hands out: shared, so without `close`. It goes where its name leads: to the new
 * source after a `rebind`; after an `unbind` every call rejects with NameNotFoundException.
 */
export class NamedDataSource implements DataSource {
  readonly name: string
  readonly #slot: DataSourceSlot

  constructor(name: string, slot: DataSourceSlot) {
    this.name = name
    this.#slot = slot
  }

  getConnection(options?: ConnectionOptions): Promise<Connection> {
    return this.#slot.source?.getConnection(options) ?? this.#gone()
  }

  withConnection<T>(work: (connection: Connection) => Promise<T>): Promise<T>
  withConnection<T>(options: ConnectionOptions, work: (connection: Connection) => Promise<T>): Promise<T>
  withConnection<T>(
    ...call:
      [(connection: Connection) => Promise<T>] | [ConnectionOptions, (connection: Connection) => Promise<T>]
  ): Promise<T> {
    const { source } = this.#slot
    if (source === undefined) return this.#gone()
    return call.length === 1 ? source.withConnection(call[0]) : source.withConnection(call[0], call[1])
  }

  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  transaction<T>(
    options: DataSourceTransactionOptions,
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<T>
  transaction<T>(
    ...call:
      | [(transaction: Transaction) => Promise<T>]
      | [DataSourceTransactionOptions, (transaction: Transaction) => Promise<T>]
  ): Promise<T> {
    const { source } = this.#slot
    if (source === undefined) return this.#gone()
    return call.length === 1 ? source.transaction(call[0]) : source.transaction(call[0], call[1])
  }

  query<Row = Record<string, unknown>>(
    sql: string | SqlFragment,
    parameters?: SqlParameters,
    options?: StatementOptions,
  ): Promise<Result<Row>> {
    return this.#slot.source?.query<Row>(sql, parameters, options) ?? this.#gone()
  }

  execute<Row = Record<string, unknown>>(
    sql: string | SqlFragment,
    parameters?: SqlParameters,
    options?: StatementOptions,
  ): Promise<Result<Row>> {
    return this.#slot.source?.execute<Row>(sql, parameters, options) ?? this.#gone()
  }

  /** Throws at once when the name is gone: there is no stream that could reject. */
  stream<Row = Record<string, unknown>>(
    sql: string | SqlFragment,
    parameters?: SqlParameters,
    options?: StreamOptions,
  ): RowStream<Row> {
    return this.#present().stream<Row>(sql, parameters, options)
  }

  batch(sql: string, rows: Iterable<SqlParameters>, options?: DeadlineOptions): Promise<BatchResult> {
    return this.#slot.source?.batch(sql, rows, options) ?? this.#gone()
  }

  addConnectionEventListener(listener: ConnectionEventListener<ConnectionSource>): void {
    this.#slot.addListener(listener)
  }

  removeConnectionEventListener(listener: ConnectionEventListener<ConnectionSource>): void {
    this.#slot.removeListener(listener)
  }

  /** The only way to what is behind: the pool, and its administration (`unwrap(PooledDataSource)`). */
  unwrap<T>(token: ClassToken<T>): T {
    const own = asInstance(this, token)
    if (own !== undefined) return own
    const source = this.#present()
    return asInstance(source, token) ?? source.unwrap(token)
  }

  isWrapperFor(token: ClassToken<unknown>): boolean {
    if (this instanceof token) return true
    const { source } = this.#slot
    return source !== undefined && (source instanceof token || source.isWrapperFor(token))
  }

  #present(): DataSource {
    const { source } = this.#slot
    if (source === undefined) throw this.#absence()
    return source
  }

  #gone(): Promise<never> {
    return Promise.reject(this.#absence())
  }

  #absence(): NameNotFoundException {
    return new NameNotFoundException(`'${this.name}' was bound to a data source and no longer is`)
  }
}
