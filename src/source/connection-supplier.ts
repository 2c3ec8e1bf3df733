import type { ConnectionEventListener, ConnectionSource } from '../api/connection-event.ts'
import type { Connection } from '../api/connection.ts'
import type { PoolEventStream } from '../pool/events.ts'
import type { PoolStatistics } from '../pool/statistics.ts'
import type { Deadline } from '../spi/deadline.ts'

/** Where a data source has its connections from: a pool, or a physical connection for each. */
export interface ConnectionSupplier {
  /** Without a deadline: the setting `connectionTimeout`. */
  acquire(deadline?: Deadline, credentials?: Credentials): Promise<Connection>
  readonly events: PoolEventStream
  statistics(): PoolStatistics
  addConnectionEventListener(listener: ConnectionEventListener<ConnectionSource>): void
  removeConnectionEventListener(listener: ConnectionEventListener<ConnectionSource>): void
  /** `drainTimeout` in milliseconds, default 10,000. Does not close the driver's data source. */
  close(options?: { readonly drainTimeout?: number | undefined }): Promise<void>
}

/** Other credentials than the configured ones. */
export interface Credentials {
  readonly user: string
  readonly password: string | undefined
}
