import type { DataSource } from '../api/data-source.ts'
import type { PoolEventListener, PoolEventName } from '../pool/events.ts'
import type { PoolCloseOptions } from '../pool/resource-pool.ts'
import type { PoolSettings } from '../pool/settings.ts'
import type { PoolStatistics } from '../pool/statistics.ts'
import { interfaceToken, type InterfaceToken } from '../api/wrapper.ts'

/** A data source as its owner has it: it can be watched, and it is closed. */
export interface PooledDataSource extends DataSource, AsyncDisposable {
  /** In force: with defaults, in milliseconds, `Infinity` for `off` and `unlimited`. */
  readonly settings: PoolSettings
  /** How many connections there are, and what they do. Costs the same at any size. */
  statistics(): PoolStatistics
  /** The stream of events. The function returned takes the listener away. */
  on<Name extends PoolEventName>(name: Name, listener: PoolEventListener<Name>): () => void
  off<Name extends PoolEventName>(name: Name, listener: PoolEventListener<Name>): void
  /**
   * Refuses new borrowers and those that wait (08003), waits for connections in use, then ends them.
   * Settles when every physical connection is gone. Idempotent.
   */
  close(options?: PoolCloseOptions): Promise<void>
}

/** The key to what its owner may do: `dataSource.unwrap(PooledDataSource)`. */
export const PooledDataSource: InterfaceToken<PooledDataSource> = interfaceToken('PooledDataSource', [
  'getConnection',
  'statistics',
  'close',
])
