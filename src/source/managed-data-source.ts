import type { ConnectionEventListener, ConnectionSource } from '../api/connection-event.ts'
import type { Connection } from '../api/connection.ts'
import type { ConnectionOptions, DataSource } from '../api/data-source.ts'
import type { DataSourceHealth } from '../api/data-source-health.ts'
import { durationOption } from '../api/duration.ts'
import type { DeadlineOptions, StatementOptions } from '../api/executor.ts'
import type { Result } from '../api/result.ts'
import {
  SQLException,
  SQLFeatureNotSupportedException,
  SQLNonTransientException,
} from '../api/sql-exception.ts'
import type { SqlFragment } from '../api/sql-template.ts'
import type { SqlParameters } from '../api/sql-types.ts'
import { asInstance, type ClassToken } from '../api/wrapper.ts'
import type { EvictMode } from '../pool/administration.ts'
import { ConnectionPool } from '../pool/connection-pool.ts'
import type { PoolEventListener, PoolEventName } from '../pool/events.ts'
import { changePoolSettings } from '../pool/settings-change.ts'
import type { PoolSettings } from '../pool/settings.ts'
import type { PoolStatistics } from '../pool/statistics.ts'
import { CallDeadline, untilDeadline } from '../session/call-deadline.ts'
import { systemClock } from '../session/system-clock.ts'
import type { Clock } from '../spi/clock.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { ConnectionPoolDataSource, DriverDescriptor, SessionSettings } from '../spi/driver.ts'
import type { ConnectionSupplier, Credentials } from './connection-supplier.ts'
import { DataSourceExecutor } from './data-source-executor.ts'
import { resolveSettings, type DataSourceSettings, type ResolvedSettings } from './data-source-settings.ts'
import type { DriverTable } from './driver-table.ts'
import { askHealth } from './health.ts'
import { LazyConnectionPoolDataSource } from './lazy-connection-pool-data-source.ts'
import type {
  DataSourceCloseOptions,
  DataSourceStartOptions,
  PooledDataSource,
} from './pooled-data-source.ts'
import { startWith } from './start.ts'
import { UnpooledSupplier } from './unpooled-supplier.ts'

/** How a data source is made, beside its settings. */
export interface CreateDataSourceOptions {
  /** For messages and events. Default: the driver's name. */
  readonly name?: string | undefined
  /** Default: the machine's. */
  readonly clock?: Clock | undefined
  /** Numbers from 0 up to 1. Default: `Math.random`. */
  readonly random?: (() => number) | undefined
}

/**
 * Makes a data source from its settings, without connecting and without loading its driver.
 *
 * @throws InvalidSettingError HY024; `SQLNonTransientConnectionException` 08001 when there is no such driver.
 */
export function createDataSourceWith(
  drivers: DriverTable,
  input: string | DataSourceSettings | undefined,
  options: CreateDataSourceOptions = {},
): PooledDataSource {
  const resolved = resolveSettings(drivers, input, options.name ?? 'data source')
  return new ManagedDataSource(resolved, options)
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** A data source over a pool, or over a physical connection for each borrower. */
class ManagedDataSource extends DataSourceExecutor implements PooledDataSource {
  readonly name: string
  protected readonly clock: Clock
  protected readonly random: () => number
  /** Complete, and what the sessions obey: both change when the data source is reconfigured. */
  #settings: PoolSettings
  readonly #session: Mutable<SessionSettings>
  readonly #driver: DriverDescriptor
  readonly #dataSource: ConnectionPoolDataSource
  readonly #supplier: ConnectionSupplier
  readonly #oneShots: ConnectionPool['oneShots'] | undefined
  #closing: Promise<void> | undefined
  #successor: DataSource | undefined

  constructor(resolved: ResolvedSettings, options: CreateDataSourceOptions) {
    super()
    const { driver, driverSettings } = resolved
    this.name = options.name ?? driver.name
    this.#settings = effectiveSettings(resolved.pool)
    this.#session = sessionSettings(this.#settings)
    this.#driver = driver
    this.clock = options.clock ?? systemClock
    this.random = options.random ?? Math.random
    this.#dataSource = new LazyConnectionPoolDataSource(driver, driverSettings, {
      dataSourceName: this.name,
      clock: this.clock,
      session: this.#session,
    })
    this.#supplier = this.#supply(this.#dataSource)
    this.#oneShots = this.#supplier instanceof ConnectionPool ? this.#supplier.oneShots : undefined
  }

  get settings(): PoolSettings {
    return this.#settings
  }

  #supply(dataSource: ConnectionPoolDataSource): ConnectionSupplier {
    const { name, settings, clock, random } = this
    if (settings.pooling === 'none') return new UnpooledSupplier({ name, dataSource, settings, clock })
    return new ConnectionPool({ name, dataSource, settings, clock, random })
  }

  override execute<Row>(
    sql: string | SqlFragment,
    parameters?: SqlParameters,
    options?: StatementOptions,
  ): Promise<Result<Row>> {
    const running = this.#oneShots?.execute<Row>({ sql, parameters, options })
    return running ?? super.execute(sql, parameters, options)
  }

  getConnection(options?: ConnectionOptions): Promise<Connection> {
    if (this.#successor !== undefined) return this.#successor.getConnection(options)
    return options === undefined ? this.#supplier.acquire() : this.#getConnection(options)
  }

  async #getConnection(options: ConnectionOptions): Promise<Connection> {
    const credentials = this.#credentials(options)
    const deadline =
      options.timeout === undefined && options.signal === undefined
        ? undefined
        : CallDeadline.from(
            this.clock,
            `getConnection on ${this.name}`,
            options,
            this.settings.connectionTimeout,
          )
    const connection = await this.#supplier.acquire(deadline, credentials)
    if (options.readOnly !== true) return connection
    try {
      await connection.setReadOnly(true)
      return connection
    } catch (error) {
      await connection.close().catch(() => {})
      throw error
    }
  }

  #credentials({ user, password }: ConnectionOptions): Credentials | undefined {
    if (user === undefined && password === undefined) return undefined
    if (this.settings.pooling !== 'none') {
      throw new SQLFeatureNotSupportedException(
        `${this.name}: a pool lends connections of one user; for other credentials use pooling: 'none'`,
        { sqlState: '0A000', reason: 'feature' },
      )
    }
    if (user === undefined) {
      throw new SQLNonTransientException(`${this.name}: a password is given without a user`, {
        sqlState: 'HY024',
        reason: 'parameter',
      })
    }
    return { user, password }
  }

  protected hold<R>(work: () => Promise<R>): Promise<R> {
    return this.#supplier.hold(work)
  }

  health(options?: DeadlineOptions): Promise<DataSourceHealth> {
    if (this.#successor !== undefined) return this.#successor.health(options)
    return askHealth(this, this.#supplier, this.clock, options)
  }

  start(options?: DataSourceStartOptions): Promise<void> {
    return startWith(this, this.#supplier, this.clock, options)
  }

  reconfigure(changes: DataSourceSettings): void {
    const ofDriver = (name: string): boolean =>
      name === 'url' || name === 'driver' || Object.hasOwn(this.#driver.settings, name)
    const settings = effectiveSettings(changePoolSettings(this.#settings, changes, this.name, ofDriver))
    this.#supplier.administration.reconfigure(settings)
    this.#settings = settings
    Object.assign(this.#session, sessionSettings(settings))
  }

  suspend(): void {
    this.#supplier.administration.suspend()
  }

  resume(): void {
    this.#supplier.administration.resume()
  }

  evict(mode: EvictMode): Promise<number> {
    return this.#supplier.administration.evict(mode)
  }

  async drain(options?: DeadlineOptions): Promise<void> {
    const deadline = CallDeadline.from(this.clock, `drain of ${this.name}`, options ?? {}, Infinity)
    await untilDeadline(this.#supplier.administration.drain(), deadline)
  }

  statistics(): PoolStatistics {
    return this.#supplier.statistics()
  }

  on<Name extends PoolEventName>(name: Name, listener: PoolEventListener<Name>): () => void {
    return this.#supplier.events.on(name, listener)
  }

  off<Name extends PoolEventName>(name: Name, listener: PoolEventListener<Name>): void {
    this.#supplier.events.off(name, listener)
  }

  addConnectionEventListener(listener: ConnectionEventListener<ConnectionSource>): void {
    this.#supplier.addConnectionEventListener(listener)
  }

  removeConnectionEventListener(listener: ConnectionEventListener<ConnectionSource>): void {
    this.#supplier.removeConnectionEventListener(listener)
  }

  unwrap<T>(token: ClassToken<T>): T {
    const own = asInstance(this, token)
    if (own !== undefined) return own
    throw new SQLException(`${this.name}: there is no ${token.name} behind this data source`, {
      sqlState: 'HY000',
      reason: 'parameter',
    })
  }

  isWrapperFor(token: ClassToken<unknown>): boolean {
    return this instanceof token
  }

  async close(options?: DataSourceCloseOptions): Promise<void> {
    const drainTimeout =
      options?.drainTimeout === undefined ? undefined : durationOption('drainTimeout', options.drainTimeout)
    if (options?.successor === this) {
      throw new SQLNonTransientException(`${this.name}: a data source does not take over from itself`, {
        sqlState: 'HY024',
        reason: 'parameter',
      })
    }
    const next = this.#closing === undefined ? options?.successor : undefined
    this.#successor ??= next
    const successor = next && ((deadline: Deadline) => acquireFrom(next, deadline))
    // A later call may shorten the time that an earlier one granted.
    const drained = this.#supplier.close({ drainTimeout, successor })
    await (this.#closing ??= this.#closeAfter(drained))
  }

  async #closeAfter(drained: Promise<void>): Promise<void> {
    try {
      await drained
    } finally {
      await this.#dataSource.close()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** Asks another data source, within what is left of a deadline. */
async function acquireFrom(source: DataSource, deadline: Deadline): Promise<Connection> {
  const aborted = new AbortController()
  const stop = deadline.onExpired((error) => {
    // The time is told below: then the other source says who is to blame.
    if (error.reason !== 'timeout') aborted.abort(error)
  })
  const timeout = deadline.remaining()
  try {
    return await source.getConnection({
      signal: aborted.signal,
      timeout: timeout === Infinity ? undefined : timeout,
    })
  } catch (error) {
    throw aborted.signal.aborted ? aborted.signal.reason : error
  } finally {
    stop()
  }
}

/** `single` is a pool of one that never lets go of it by itself. */
function effectiveSettings(settings: PoolSettings): PoolSettings {
  if (settings.pooling !== 'single') return settings
  const single = { maximumPoolSize: 1, softPoolSize: 1, minimumIdle: Math.min(1, settings.minimumIdle) }
  return Object.freeze({
    ...settings,
    ...single,
    idleTimeout: Infinity,
    maxLifetime: Infinity,
    maxUses: Infinity,
  })
}

function sessionSettings(settings: PoolSettings): SessionSettings {
  const { queryTimeout, networkTimeout, validationTimeout, connectionInitSql } = settings
  const { integers, types, statementCacheSize, prepareThreshold, exceptionOverride } = settings
  return {
    queryTimeout,
    networkTimeout,
    validationTimeout,
    connectionInitSql,
    integers,
    types,
    statementCacheSize,
    prepareThreshold,
    exceptionOverride,
  }
}
