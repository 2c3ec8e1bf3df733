import type { ConnectionEvent, ConnectionEventListener } from '../api/connection-event.ts'
import type { Connection } from '../api/connection.ts'
import {
  SQLNonTransientConnectionException,
  SQLNonTransientException,
  type SQLException,
} from '../api/sql-exception.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { PhysicalConnection, ServerFacts } from '../spi/physical-connection.ts'
import type { ConnectionActivity, PooledConnection } from '../spi/pooled-connection.ts'
import { Listeners } from './listeners.ts'
import { LogicalConnection, type HandleOwner } from './logical-connection.ts'
import { connectionClosed, restoreFailed, toSQLException, type ClosedBy } from './session-errors.ts'
import { SessionOneShots } from './session-one-shots.ts'
import { Session, type SessionContext } from './session.ts'

type Listener = ConnectionEventListener<PooledConnection>
type ErrorEvent = ConnectionEvent<PooledConnection> & { readonly error: SQLException }

const done: Promise<void> = Promise.resolve()

/** A physical connection behind the SPI: handles, events, validation. The same for every driver. */
export class SessionPooledConnection implements PooledConnection, HandleOwner {
  readonly #session: Session
  readonly oneShots: SessionOneShots
  readonly #listeners: Listeners<Listener>
  readonly #closedEvent: ConnectionEvent<PooledConnection> = { source: this }
  #closing: Promise<void> | undefined
  #lossTold = false

  constructor(physical: PhysicalConnection, context: SessionContext) {
    this.#listeners = new Listeners(context.dataSourceName)
    this.#session = new Session(physical, context, (error) => this.#tellLoss(error))
    this.oneShots = new SessionOneShots(this.#session)
  }

  get id(): string {
    return this.#session.physical.id
  }

  get server(): ServerFacts {
    return this.#session.physical.server
  }

  get broken(): SQLException | undefined {
    return this.#session.broken
  }

  get dirty(): boolean {
    return this.#session.dirty
  }

  get activity(): ConnectionActivity {
    if (!this.#session.isIdle || !this.oneShots.isIdle) return 'running'
    return this.#session.hasStream ? 'reading' : 'none'
  }

  /** Runs the statements that belong to every new session. */
  initialise(deadline: Deadline): Promise<void> {
    return this.#session.initialise(deadline)
  }

  keepAlive(on: boolean): void {
    this.#session.physical.keepAlive?.(on)
  }

  getConnection(): Connection {
    const session = this.#session
    if (this.#closing !== undefined || session.broken !== undefined) {
      const error = session.broken ?? connectionClosed('pool')
      this.#tellLoss(error)
      throw connectionClosed(session.broken === undefined ? 'pool' : 'loss', session.broken)
    }
    if (!this.oneShots.isIdle) throw isInUse()
    if (session.tenancy.lent) this.#takeBackSilently()
    return new LogicalConnection(session, session.tenancy.lend(), this)
  }

  /** The handle before is closed without an event; what it left behind is cleaned up before the new one's work. */
  #takeBackSilently(): void {
    const session = this.#session
    const clean = session.isClean
    session.takeBack('newer handle')
    if (clean) return
    session.cleanUp('newer handle').catch((error: unknown) => {
      session.lost(restoreFailed('The session could not be restored', error))
    })
  }

  /** Called by a handle, which knows whether it is still the live one. */
  closeHandle(generation: number): Promise<void> {
    const session = this.#session
    if (!session.tenancy.lent || session.tenancy.generation !== generation) return done
    const clean = session.broken !== undefined || session.isClean
    session.takeBack('application')
    if (!clean) return this.#cleanUpAndTell()
    this.#listeners.notify('connectionClosed', notifyClosed, this.#closedEvent)
    return done
  }

  async #cleanUpAndTell(): Promise<void> {
    let failure: SQLException | undefined
    try {
      await this.#session.cleanUp('application')
    } catch (error) {
      // The session is in no known state: nobody may have it again (ruling 2).
      failure = toSQLException(error)
      if (this.#closing === undefined)
        this.#session.lost(restoreFailed('The session could not be restored', failure))
    }
    if (this.#closing === undefined)
      this.#listeners.notify('connectionClosed', notifyClosed, this.#closedEvent)
    if (failure !== undefined) throw failure
  }

  /** `Connection.abort`: the handle is closed, the physical connection is gone. */
  abortHandle(generation: number, reason: unknown): void {
    const session = this.#session
    if (!session.tenancy.lent || session.tenancy.generation !== generation) return
    session.takeBack('application')
    session.lost(aborted(reason))
    this.#listeners.notify('connectionClosed', notifyClosed, this.#closedEvent)
  }

  close(why: 'pool' | 'leak' = 'pool'): Promise<void> {
    return this.#end(why, false)
  }

  abort(reason?: unknown): void {
    void this.#end('pool', true, reason)
  }

  #end(by: ClosedBy, cut: boolean, reason?: unknown): Promise<void> {
    const session = this.#session
    const { physical } = session
    if (cut || !session.isIdle || !this.oneShots.isIdle) physical.destroy()
    if (this.#closing === undefined) {
      if (session.tenancy.lent) session.takeBack(by)
      physical.onDeath = undefined
      this.#closing = physical.close().catch(() => {})
      const error = cut ? connectionClosed('loss', aborted(reason)) : connectionClosed(by)
      session.refuseAll(error)
      this.oneShots.refuseAll(error)
    }
    return this.#closing
  }

  async isValid(deadline: Deadline): Promise<boolean> {
    const session = this.#session
    if (this.#closing !== undefined || session.broken !== undefined || deadline.error !== undefined)
      return false
    return new Promise((resolve) => {
      const stop = deadline.onExpired((error) => {
        resolve(false)
        // A ping without an answer blocks whatever comes next. A caller that lost interest proves nothing.
        if (error.reason === 'timeout') session.lost(silent(error))
      })
      session.ping().then(
        () => {
          stop()
          resolve(true)
        },
        () => {
          stop()
          resolve(false)
        },
      )
    })
  }

  async reset(deadline: Deadline): Promise<void> {
    try {
      await this.#session.reset(deadline)
    } catch (error) {
      const failure = toSQLException(error)
      this.#session.lost(restoreFailed('The session could not be restored', failure))
      throw failure
    }
  }

  addConnectionEventListener(listener: Listener): void {
    this.#listeners.add(listener)
  }

  removeConnectionEventListener(listener: Listener): void {
    this.#listeners.remove(listener)
  }

  /** Once for each physical connection (ruling 4). */
  #tellLoss(error: SQLException): void {
    if (this.#lossTold) return
    this.#lossTold = true
    this.#listeners.notify('connectionErrorOccurred', notifyError, { source: this, error })
  }
}

function notifyClosed(listener: Listener, event: ConnectionEvent<PooledConnection>): unknown {
  return listener.connectionClosed?.(event)
}

function notifyError(listener: Listener, event: ErrorEvent): unknown {
  return listener.connectionErrorOccurred?.(event)
}

function isInUse(): SQLException {
  return new SQLNonTransientException(
    'A session that runs statements without a handle cannot be lent before they have ended',
    {
      sqlState: 'HY000',
      reason: 'internal',
    },
  )
}

function silent(cause: SQLException): SQLException {
  return new SQLNonTransientConnectionException('The database did not answer when asked for a sign of life', {
    sqlState: '08006',
    reason: 'connection-lost',
    fatal: true,
    cause,
  })
}

function aborted(reason: unknown): SQLException {
  const words =
    reason instanceof Error ? `: ${reason.message}` : typeof reason === 'string' ? `: ${reason}` : ''
  return new SQLNonTransientConnectionException(`The connection was aborted${words}`, {
    sqlState: '08006',
    reason: 'closed',
    fatal: true,
    cause: reason,
  })
}
