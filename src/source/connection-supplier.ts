import type { ConnectionEventListener, ConnectionSource } from '../api/connection-event.ts'
import type { Connection } from '../api/connection.ts'
import type { PoolAdministration } from '../pool/administration.ts'
import type { PoolEventStream } from '../pool/events.ts'
import type { Finding } from '../pool/health-check.ts'
import type { Successor } from '../pool/shutdown.ts'
import type { PoolStatistics } from '../pool/statistics.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { PooledConnection } from '../spi/pooled-connection.ts'

/** Where a data source has its connections from: a pool, or a physical connection for each. */
export interface ConnectionSupplier {
  /** Without a deadline: the setting `connectionTimeout`. */
  acquire(deadline?: Deadline, credentials?: Credentials): Promise<Connection>
  /** Runs a function that holds a connection, so that it is known when it asks for another. */
  hold<R>(work: () => Promise<R>): Promise<R>
  /** Makes what is to be kept ready, and one connection in any case. Rejects with the first failure. */
  start(deadline: Deadline): Promise<void>
  /** Asks the database whether it answers; no later than the deadline where it logs in for this. Never rejects. */
  checkHealth(deadline: Deadline): Promise<Finding<PooledConnection>>
  readonly administration: PoolAdministration
  readonly events: PoolEventStream
  statistics(): PoolStatistics
  addConnectionEventListener(listener: ConnectionEventListener<ConnectionSource>): void
  removeConnectionEventListener(listener: ConnectionEventListener<ConnectionSource>): void
  /**
   * `drainTimeout` in milliseconds, default 10,000. `successor`: with one nobody is sent away who came before. Does not
   * close the driver's data source.
   */
  close(options?: {
    readonly drainTimeout?: number | undefined
    readonly successor?: Successor<Connection> | undefined
  }): Promise<void>
}

/** Other credentials than the configured ones. */
export interface Credentials {
  readonly user: string
  readonly password: string | undefined
}
