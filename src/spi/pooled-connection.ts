import type { ConnectionEventListener } from '../api/connection-event.ts'
import type { Connection } from '../api/connection.ts'
import type { SQLException } from '../api/sql-exception.ts'
import type { Deadline } from './deadline.ts'
import type { ServerFacts } from './physical-connection.ts'
import type { OneShotSession } from './one-shot-session.ts'

/**
 * What a connection does for its borrower: a statement runs, or waits to run; rows are left to be fetched, and whoever
 * reads them may take his time; nothing.
 */
export type ConnectionActivity = 'running' | 'reading' | 'none'

/**
 * One physical connection, lent by handles (`javax.sql.PooledConnection`). Pools listen to it.
 *
 * To JDBC's five methods it adds what every pool needs to know: `id`, `server`, `broken`, `dirty`, `activity`,
 * `oneShots`, `isValid`, `reset`, `abort`, `keepAlive`.
 */
export interface PooledConnection {
  /** As {@link PhysicalConnection.id}. */
  readonly id: string
  /** What the database said of itself when the connection was made. */
  readonly server: ServerFacts
  /** Why it cannot be used any more; undefined while it can. */
  readonly broken: SQLException | undefined
  /** The session was changed in a way that closing the handle did not restore: `reset` before lending it again. */
  readonly dirty: boolean
  readonly activity: ConnectionActivity
  /** For statements that need no handle, while none is open. Undefined: there are only handles. */
  readonly oneShots?: OneShotSession | undefined

  /**
   * A new handle. The one before is closed silently: rolled back, no event. Synchronous: a rollback that is owed
   * goes first in the statement queue.
   *
   * @throws SQLException when it is broken or closed (08003); listeners hear `connectionErrorOccurred` first.
   */
  getConnection(): Connection

  /** As {@link PhysicalConnection.keepAlive}. */
  keepAlive?(on: boolean): void
  /**
   * Ends the physical connection; a live handle becomes closed, without an event. Idempotent, never rejects.
   *
   * @param why Told to whoever uses that handle (08003): the pool needed it so, or its borrower held it for too long.
   *   Default: `pool`.
   */
  close(why?: 'pool' | 'leak'): Promise<void>
  /** Like {@link PooledConnection.close}, without a goodbye. */
  abort(reason?: unknown): void

  /** Asks the database. False when it does not answer within the deadline. Never rejects. */
  isValid(deadline: Deadline): Promise<boolean>
  /** Restores the session to the state in which it was made. A failure breaks the connection. */
  reset(deadline: Deadline): Promise<void>

  addConnectionEventListener(listener: ConnectionEventListener<PooledConnection>): void
  removeConnectionEventListener(listener: ConnectionEventListener<PooledConnection>): void
}
