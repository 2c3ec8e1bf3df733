import type { ExceptionOverride } from '../api/exception-override.ts'
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
  /** Judges the errors of the driver; applied by the session room. Default: the driver's word counts. */
  readonly exceptionOverride?: ExceptionOverride | undefined
  /** Milliseconds; `Infinity` when off. */
  readonly queryTimeout: number
  /** Of `isValid` without a timeout, and of the cleaning up when a handle is closed; in milliseconds. */
  readonly validationTimeout: number
  /** Compiled texts kept for each data source, and prepared statements for each physical connection. */
  readonly statementCacheSize: number
  /** At its run of this number a text is prepared on a physical connection, where that is a choice; 0: never. Default: 2. */
  readonly prepareThreshold?: number | undefined
  /** How long an awaited answer may be silent before the connection is given up, in milliseconds. Default: `Infinity`. */
  readonly networkTimeout?: number | undefined
  /** Run when a session is made, and again when it was reset: what they change belongs to it. Default: none. */
  readonly connectionInitSql?: readonly string[] | undefined
  /** As what BIGINT is given: `safe` is a number, and beyond 2^53 an error (22003). Default: `bigint`. */
  readonly integers?: 'bigint' | 'safe' | undefined
  /**
   * As what values are given. `portable`: see `SqlValue`; `date`: the session room makes a `Date` of each date and
   * timestamp; `native`: the driver gives what its package gives by itself. Default: `portable`.
   */
  readonly types?: 'portable' | 'date' | 'native' | undefined
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
  /**
   * Refuses settings that do not go together, each of which is allowed. Default: all do.
   *
   * @param settings All, also those of the pool: complete, with defaults.
   * @param where Which data source they belong to, for the message.
   * @throws InvalidSettingError
   */
  checkSettings?(settings: Readonly<Record<string, unknown>>, where: string): void
}

/** What a driver is built on: a package, or a part of Node. */
export interface DriverClient {
  readonly name: string
  /** Undefined where it cannot be told: in a bundle. */
  readonly version: string | undefined
}

/** A driver: its description, and how its connections are made. */
export interface Driver extends DriverDescriptor {
  /**
   * Loads what the driver is built on, as the first connect would: so that a missing package shows before anybody
   * connects. Default: there is nothing to load.
   *
   * @throws SQLNonTransientConnectionException 08001 when it is missing or too old, with the line that installs it.
   */
  loadClient?(): Promise<DriverClient>
  /** `settings` have passed {@link DriverDescriptor.settings}: complete, with defaults, immutable. */
  createConnectionPoolDataSource(
    settings: Readonly<Record<string, unknown>>,
    context: DriverContext,
  ): ConnectionPoolDataSource
}
