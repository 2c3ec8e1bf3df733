import type { DataSource } from '../api/data-source.ts'
import type { DeadlineOptions } from '../api/executor.ts'
import type { EvictMode } from '../pool/administration.ts'
import type { PoolEventListener, PoolEventName } from '../pool/events.ts'
import type { PoolCloseOptions } from '../pool/resource-pool.ts'
import type { PoolSettings } from '../pool/settings.ts'
import type { PoolStatistics } from '../pool/statistics.ts'
import type { DataSourceSettings } from './data-source-settings.ts'
import { interfaceToken, type InterfaceToken } from '../api/wrapper.ts'

/** How a data source is closed. */
export interface DataSourceCloseOptions extends PoolCloseOptions {
  /**
   * Takes over: those who wait go on waiting there, in their order and with what is left of their time, and whoever
   * asks later is passed on. Default: they are refused (08003).
   */
  readonly successor?: DataSource | undefined
}

/** How a data source is started. The default timeout is the setting `connectionTimeout` (30 s). */
export interface DataSourceStartOptions extends DeadlineOptions {
  /**
   * Whether `start` rejects when a connection cannot be made in time. Otherwise it resolves; the failure is told by the
   * event `connectFailed` and by `health()`, and the pool goes on trying, every 10 s, to have what `minimumIdle` asks
   * for. Default: true.
   */
  readonly failFast?: boolean | undefined
}

/** A data source as its owner has it: it can be watched, and it is closed. */
export interface PooledDataSource extends DataSource, AsyncDisposable {
  /** In force: with defaults, in milliseconds, `Infinity` for `off` and `unlimited`. */
  readonly settings: PoolSettings
  /**
   * Makes the connections that `minimumIdle` asks for, one at least, so that wrong settings show at once. Nothing is
   * made that is there already. Not needed: without it the first call connects.
   *
   * @throws SQLException of the first connect that fails, at once: it is not tried again here.
   * @throws SQLTimeoutException HYT00 when the time is up; PoolClosedError; SQLException 57014 when the signal was aborted.
   */
  start(options?: DataSourceStartOptions): Promise<void>
  /**
   * Changes settings of the pool while it runs; those that are not named stay. A connection in use is never cut to fit:
   * what is too much is closed when it comes back. What a connection gets when it is made (connectionInitSql,
   * networkTimeout, statementCacheSize, prepareThreshold) counts for those to come; `evict('graceful')` renews the others.
   *
   * @throws InvalidSettingError HY024, and nothing is changed: for a value that is not allowed, for a setting of the driver,
   *   and for `integers`, `types`, `exceptionOverride`, `pooling`. For those bind another data source to the name.
   * @throws PoolClosedError
   */
  reconfigure(changes: DataSourceSettings): void
  /**
   * Lends nothing and connects no more until `resume()` (HikariCP's suspendPool). What is lent is not touched. Who asks
   * waits, and within his deadline: then PoolSuspendedError.
   *
   * @throws PoolClosedError; SQLFeatureNotSupportedException 0A000 with `pooling: 'none'`.
   */
  suspend(): void
  /** Ends `suspend()`: those who wait are served. Without it nothing happens. */
  resume(): void
  /**
   * Closes connections: see {@link EvictMode}. `graceful` is for credentials that were rotated: all that come are made
   * with the new ones, at once also when the old ones were refused.
   *
   * @returns How many go, as soon as that is known; in use ones go when they come back, except with `all` and `leaked`.
   * @throws PoolClosedError
   */
  evict(mode: EvictMode): Promise<number>
  /**
   * Suspends, and resolves when no connection is left: before a maintenance of the database. `resume()` ends it.
   *
   * @param options Default: it waits for borrowers as long as they take.
   * @throws SQLTimeoutException HYT00, SQLException 57014 when the time is up or the signal aborted: the pool stays
   *   suspended. SQLException 57014 when it was resumed. PoolClosedError; SQLFeatureNotSupportedException 0A000 as above.
   */
  drain(options?: DeadlineOptions): Promise<void>
  /** How many connections there are, and what they do. Costs the same at any size. */
  statistics(): PoolStatistics
  /** The stream of events. The function returned takes the listener away. */
  on<Name extends PoolEventName>(name: Name, listener: PoolEventListener<Name>): () => void
  off<Name extends PoolEventName>(name: Name, listener: PoolEventListener<Name>): void
  /**
   * Refuses new borrowers and those that wait (08003) unless there is a successor, waits for connections in use, then
   * ends them. Settles when every physical connection is gone. Idempotent.
   */
  close(options?: DataSourceCloseOptions): Promise<void>
}

/** The key to what its owner may do: `dataSource.unwrap(PooledDataSource)`. */
export const PooledDataSource: InterfaceToken<PooledDataSource> = interfaceToken('PooledDataSource', [
  'getConnection',
  'statistics',
  'start',
  'close',
])
