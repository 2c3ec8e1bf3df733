import type { ConnectionEventListener } from '../api/connection-event.ts'
import type { Connection } from '../api/connection.ts'
import type { SQLException } from '../api/sql-exception.ts'
import type { Deadline } from './deadline.ts'

/**
 * One physical connection, lent by handles (`javax.sql.PooledConnection`). Pools listen to it.
 *
 * To JDBC's five methods it adds what every pool needs to know: `id`, `broken`, `dirty`, `isValid`, `reset`, `abort`.
 */
export interface PooledConnection {
  /** As {@link PhysicalConnection.id}. */
  readonly id: string
  /** Why it cannot be used any more; undefined while it can. */
  readonly broken: SQLException | undefined
  /** The session was changed in a way that closing the handle did not restore: `reset` before lending it again. */
  readonly dirty: boolean

  /**
   * A new handle. The one before is closed silently: rolled back, no event. Synchronous: a rollback that is owed
   * goes first in the statement queue.
   *
   * @throws SQLException when it is broken or closed (08003); listeners hear `connectionErrorOccurred` first.
   */
  getConnection(): Connection

  /** Ends the physical connection; a live handle becomes closed, without an event. Idempotent, never rejects. */
  close(): Promise<void>
  /** Like {@link PooledConnection.close}, without a goodbye. */
  abort(reason?: unknown): void

  /** Asks the database. False when it does not answer within the deadline. Never rejects. */
  isValid(deadline: Deadline): Promise<boolean>
  /** Restores the session to the state in which it was made. A failure breaks the connection. */
  reset(deadline: Deadline): Promise<void>

  addConnectionEventListener(listener: ConnectionEventListener<PooledConnection>): void
  removeConnectionEventListener(listener: ConnectionEventListener<PooledConnection>): void
}
