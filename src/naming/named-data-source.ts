import type { ConnectionEventListener, ConnectionSource } from '../api/connection-event.ts'
import type { Connection } from '../api/connection.ts'
import type { DataSourceHealth } from '../api/data-source-health.ts'
import type { ConnectionOptions, DataSource, DataSourceTransactionOptions } from '../api/data-source.ts'
import type { DeadlineOptions, StatementOptions, StreamOptions, Transaction } from '../api/executor.ts'
import type { BatchResult, Result, RowStream } from '../api/result.ts'
import type { SqlFragment } from '../api/sql-template.ts'
import type { SqlParameters } from '../api/sql-types.ts'
import { asInstance, type ClassToken } from '../api/wrapper.ts'
import { CompositeName } from './composite-name.ts'
import { foundContextOf, shown } from './naming-failures.ts'
import { NameNotFoundException } from './naming-exception.ts'

type Listener = ConnectionEventListener<ConnectionSource>

/** What stands behind a name at the moment, and who listens to it: kept by the context, read by its data source. */
export class DataSourceSlot {
  readonly #listeners = new Set<Listener>()
  #source: DataSource | undefined
  #make: (() => DataSource) | undefined
  #override: DataSource | undefined

  get isOverridden(): boolean {
    return this.#override !== undefined
  }

  /** What is there already. */
  get present(): DataSource | undefined {
    return this.#override ?? this.#source
  }

  /** What is there, or is made now. Undefined once the name is gone. */
  get source(): DataSource | undefined {
    return this.present ?? this.#make?.()
  }

  /** Leads somewhere else from now on: to what is there, else to what `make` makes; without both the name is gone. */
  lead(source: DataSource | undefined, make?: () => DataSource): void {
    const before = this.present
    this.#source = source
    this.#make = make
    this.#moveListeners(before)
  }

  /** Leads there whatever the name leads to, until it is taken back with `undefined`. */
  override(source: DataSource | undefined): void {
    const before = this.present
    this.#override = source
    this.#moveListeners(before)
  }

  addListener(listener: Listener): void {
    this.#listeners.add(listener)
    this.present?.addConnectionEventListener(listener)
  }

  removeListener(listener: Listener): void {
    this.#listeners.delete(listener)
    this.present?.removeConnectionEventListener(listener)
  }

  #moveListeners(before: DataSource | undefined): void {
    const after = this.present
    if (after === before) return
    for (const listener of this.#listeners) {
      before?.removeConnectionEventListener(listener)
      after?.addConnectionEventListener(listener)
    }
  }
}

/**
 * The data source that a context hands out: shared, so without `close`. It goes where its name leads: to the new
 * source after a `rebind`; after an `unbind` every call rejects with NameNotFoundException.
 *
 * Every call is passed on as it came: the source behind may have better ways than borrowing for each.
 */
export class NamedDataSource implements DataSource {
  name: string
  readonly #slot: DataSourceSlot

  constructor(name: string, slot: DataSourceSlot) {
    this.name = name
    this.#slot = slot
  }

  /** Whether a data source is, or leads over others to, the one of that slot. */
  static leadsTo(source: DataSource, slot: DataSourceSlot): boolean {
    let next: DataSource | undefined = source
    while (next instanceof NamedDataSource) {
      if (next.#slot === slot) return true
      next = next.#slot.present
    }
    return false
  }

  getConnection(options?: ConnectionOptions): Promise<Connection> {
    return this.#call((source) => source.getConnection(options))
  }

  withConnection<T>(work: (connection: Connection) => Promise<T>): Promise<T>
  withConnection<T>(options: ConnectionOptions, work: (connection: Connection) => Promise<T>): Promise<T>
  withConnection<T>(
    ...call:
      [(connection: Connection) => Promise<T>] | [ConnectionOptions, (connection: Connection) => Promise<T>]
  ): Promise<T> {
    return this.#call((source) =>
      call.length === 1 ? source.withConnection(call[0]) : source.withConnection(call[0], call[1]),
    )
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
    return this.#call((source) =>
      call.length === 1 ? source.transaction(call[0]) : source.transaction(call[0], call[1]),
    )
  }

  query<Row = Record<string, unknown>>(
    sql: string | SqlFragment,
    parameters?: SqlParameters,
    options?: StatementOptions,
  ): Promise<Result<Row>> {
    return this.#call((source) => source.query<Row>(sql, parameters, options))
  }

  execute<Row = Record<string, unknown>>(
    sql: string | SqlFragment,
    parameters?: SqlParameters,
    options?: StatementOptions,
  ): Promise<Result<Row>> {
    return this.#call((source) => source.execute<Row>(sql, parameters, options))
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
    return this.#call((source) => source.batch(sql, rows, options))
  }

  health(options?: DeadlineOptions): Promise<DataSourceHealth> {
    return this.#call((source) => source.health(options))
  }

  addConnectionEventListener(listener: Listener): void {
    this.#slot.addListener(listener)
  }

  removeConnectionEventListener(listener: Listener): void {
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

  #call<T>(run: (source: DataSource) => Promise<T>): Promise<T> {
    try {
      return run(this.#present())
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #present(): DataSource {
    const { source } = this.#slot
    if (source !== undefined) return source
    const name = CompositeName.parse(this.name)
    throw new NameNotFoundException(
      `'${shown(name)}' was bound to a data source and no longer is`,
      foundContextOf(name),
    )
  }
}
