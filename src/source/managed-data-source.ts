import type { ConnectionEventListener, ConnectionSource } from '../api/connection-event.ts'
import type { Connection } from '../api/connection.ts'
import type { ConnectionOptions } from '../api/data-source.ts'
import { durationOption } from '../api/duration.ts'
import {
  SQLException,
  SQLFeatureNotSupportedException,
  SQLNonTransientException,
} from '../api/sql-exception.ts'
import { asInstance, type ClassToken } from '../api/wrapper.ts'
import { ConnectionPool } from '../pool/connection-pool.ts'
import type { PoolEventListener, PoolEventName } from '../pool/events.ts'
import type { PoolCloseOptions } from '../pool/resource-pool.ts'
import type { PoolSettings } from '../pool/settings.ts'
import type { PoolStatistics } from '../pool/statistics.ts'
import { CallDeadline } from '../session/call-deadline.ts'
import { systemClock } from '../session/system-clock.ts'
import type { Clock } from '../spi/clock.ts'
import type { ConnectionPoolDataSource, SessionSettings } from '../spi/driver.ts'
import type { ConnectionSupplier, Credentials } from './connection-supplier.ts'
import { DataSourceExecutor } from './data-source-executor.ts'
import { resolveSettings, type DataSourceSettings, type ResolvedSettings } from './data-source-settings.ts'
import type { DriverTable } from './driver-table.ts'
import { LazyConnectionPoolDataSource } from './lazy-connection-pool-data-source.ts'
import type { PooledDataSource } from './pooled-data-source.ts'
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

/** A data source over a pool, or over a physical connection for each borrower. */
class ManagedDataSource extends DataSourceExecutor implements PooledDataSource {
  readonly name: string
  readonly settings: PoolSettings
  protected readonly clock: Clock
  protected readonly random: () => number
  readonly #dataSource: ConnectionPoolDataSource
  readonly #supplier: ConnectionSupplier
  #closing: Promise<void> | undefined

  constructor(resolved: ResolvedSettings, options: CreateDataSourceOptions) {
    super()
    const { driver, driverSettings } = resolved
    this.name = options.name ?? driver.name
    this.settings = effectiveSettings(resolved.pool)
    this.clock = options.clock ?? systemClock
    this.random = options.random ?? Math.random
    this.#dataSource = new LazyConnectionPoolDataSource(driver, driverSettings, {
      dataSourceName: this.name,
      clock: this.clock,
      session: sessionSettings(this.settings),
    })
    this.#supplier = this.#supply(this.#dataSource)
  }

  #supply(dataSource: ConnectionPoolDataSource): ConnectionSupplier {
    const { name, settings, clock, random } = this
    if (settings.pooling === 'none') return new UnpooledSupplier({ name, dataSource, settings, clock })
    return new ConnectionPool({ name, dataSource, settings, clock, random })
  }

  getConnection(options?: ConnectionOptions): Promise<Connection> {
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

  async close(options?: PoolCloseOptions): Promise<void> {
    const drainTimeout =
      options?.drainTimeout === undefined ? undefined : durationOption('drainTimeout', options.drainTimeout)
    // A later call may shorten the time that an earlier one granted.
    const drained = this.#supplier.close({ drainTimeout })
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
  const { queryTimeout, validationTimeout, statementCacheSize, connectionInitSql, integers } = settings
  return { queryTimeout, validationTimeout, statementCacheSize, connectionInitSql, integers }
}
