import type { PooledConnection } from './pooled-connection.ts'
import type { Clock } from './clock.ts'
import type { Deadline } from './deadline.ts'
import type { SettingsTable } from './settings.ts'

/** How one physical connection is asked for. */
export interface PooledConnectionOptions {
  /** Of the connect: the setting `loginTimeout`, within what is left to the borrower. */
  readonly deadline: Deadline
  /** Default: as configured. */
  readonly user?: string | undefined
  readonly password?: string | undefined
}

/** Opens physical connections, and does no pooling (`javax.sql.ConnectionPoolDataSource`). */
export interface ConnectionPoolDataSource {
  /** Where it connects to, for messages: never with a password. */
  readonly description: string
  /** A connect that misses its deadline leaves nothing behind. */
  getPooledConnection(options: PooledConnectionOptions): Promise<PooledConnection>
  /** Gives up what belongs to the source itself (control sessions, temporary files). Idempotent. */
  close(): Promise<void>
}

/** What a data source passes to its driver beside the driver's own settings. */
export interface DriverContext {
  readonly dataSourceName: string
  readonly clock: Clock
  readonly session: SessionSettings
}

/** The settings of a data source that the session room obeys. */
export interface SessionSettings {
  /** Milliseconds; `Infinity` when off. */
  readonly queryTimeout: number
  /** Of `isValid` without a timeout, and of the cleaning up when a handle is closed; in milliseconds. */
  readonly validationTimeout: number
  /** Compiled texts kept for each data source, and prepared statements for each physical connection. */
  readonly statementCacheSize: number
  /** Run when a session is made, and again when it was reset: what they change belongs to it. Default: none. */
  readonly connectionInitSql?: readonly string[] | undefined
  /** As what BIGINT is given: `safe` is a number, and beyond 2^53 an error (22003). Default: `bigint`. */
  readonly integers?: 'bigint' | 'safe' | undefined
}

/** What is known of a driver without loading it: enough to read its URL and to validate its settings. */
export interface DriverDescriptor {
  /** The value of the setting `driver`. */
  readonly name: string
  /** Without the colon. */
  readonly urlSchemes: readonly string[]
  /** The driver's own settings. */
  readonly settings: SettingsTable
  /** The settings that a URL stands for, not validated. Query keys may also name settings of the pool. */
  parseUrl(url: string): Record<string, unknown>
}

/** A driver: its description, and how its connections are made. */
export interface Driver extends DriverDescriptor {
  /** `settings` have passed {@link DriverDescriptor.settings}: complete, with defaults, immutable. */
  createConnectionPoolDataSource(
    settings: Readonly<Record<string, unknown>>,
    context: DriverContext,
  ): ConnectionPoolDataSource
}
