import type { ConnectionEvent, ConnectionEventListener, ConnectionSource } from '../api/connection-event.ts'
import type { Connection } from '../api/connection.ts'
import type { SQLException } from '../api/sql-exception.ts'
import { Listeners } from '../session/listeners.ts'
import { systemClock } from '../session/system-clock.ts'
import type { Clock } from '../spi/clock.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { ConnectionPoolDataSource } from '../spi/driver.ts'
import { ConnectionFactory, Member } from './connection-factory.ts'
import type { MemberListener } from './connection-factory.ts'
import { PoolEngine } from './engine.ts'
import type { PoolEventStream } from './events.ts'
import type { PoolSettings } from './settings.ts'
import { SlotState } from './slot.ts'
import type { PoolStatistics } from './statistics.ts'

type Listener = ConnectionEventListener<ConnectionSource>

/** What a pool of connections is made of. */
export interface ConnectionPoolOptions {
  /** Of the data source, for messages and events: `jdbc/address`. */
  readonly name: string
  /** Where physical connections come from. The pool does not close it. */
  readonly dataSource: ConnectionPoolDataSource
  readonly settings: PoolSettings
  /** Default: the machine's. */
  readonly clock?: Clock | undefined
  /** From 0 to below 1. Default: `Math.random`. */
  readonly random?: (() => number) | undefined
}

/**
 * A pool of physical connections, lent as handles. It is a listener on each of them and nothing else (sections 11.3 to
 * 11.5 of JDBC 4.3): that a handle was closed, or a physical connection lost, it hears as any other listener would.
 */
export class ConnectionPool {
  readonly name: string
  readonly settings: PoolSettings
  /** @internal The engine, for specs. */
  readonly engine: PoolEngine<Member, Connection>
  readonly #listeners: Listeners<Listener>

  constructor({
    name,
    dataSource,
    settings,
    clock = systemClock,
    random = Math.random,
  }: ConnectionPoolOptions) {
    this.name = name
    this.#listeners = new Listeners(name)
    this.settings = settings
    const now = (): number => clock.now()
    const listener: MemberListener = {
      memberClosed: (member) => this.#memberClosed(member),
      memberFailed: (member, error) => this.#memberFailed(member, error),
    }
    this.engine = new PoolEngine({
      name,
      clock,
      random,
      limits: settings,
      factory: new ConnectionFactory(
        dataSource,
        settings,
        (pooled) => new Member(pooled, name, now, listener),
      ),
    })
  }

  get events(): PoolEventStream {
    return this.engine.events
  }

  /**
   * Lends a connection. Without a deadline the setting `connectionTimeout` ends the waiting.
   *
   * @throws PoolExhaustedError, CannotConnectError when the time is up; SQLInvalidAuthorizationSpecException and other
   *   refusals that trying again does not mend, at once when no connection is left; PoolClosedError; the deadline's own
   *   error when its signal was aborted.
   */
  acquire(deadline?: Deadline): Promise<Connection> {
    return this.engine.acquire(deadline)
  }

  statistics(): PoolStatistics {
    return this.engine.statistics()
  }

  /** Heard before the pool itself acts: a closed connection is announced before it is lent again. */
  addConnectionEventListener(listener: Listener): void {
    this.#listeners.add(listener)
  }

  removeConnectionEventListener(listener: Listener): void {
    this.#listeners.remove(listener)
  }

  /**
   * Refuses new borrowers, sends those who wait away (08003), waits for what is lent, and closes everything. Idempotent.
   * Resolves when every physical connection is gone.
   *
   * @param options `drainTimeout` in milliseconds: how long borrowers may take; then their connections are closed.
   *   Default: 10,000. A later call can shorten it.
   */
  close(options?: { readonly drainTimeout?: number | undefined }): Promise<void> {
    return this.engine.close(options?.drainTimeout)
  }

  #memberClosed(member: Member): void {
    const { slot } = member
    // The pool may have given it up already: then nobody is interested any more.
    if (!slot.lent) return
    if (!this.#listeners.isEmpty) {
      this.#listeners.notify('connectionClosed', notifyClosed, { source: member.source })
    }
    this.engine.release(slot)
  }

  #memberFailed(member: Member, error: SQLException): void {
    const { slot } = member
    if (slot.state >= SlotState.closing) return
    this.#listeners.notify('connectionErrorOccurred', notifyError, { source: member.source, error })
    this.engine.died(slot, error)
  }
}

function notifyClosed(listener: Listener, event: ConnectionEvent<ConnectionSource>): unknown {
  return listener.connectionClosed?.(event)
}

function notifyError(
  listener: Listener,
  event: ConnectionEvent<ConnectionSource> & { readonly error: SQLException },
): unknown {
  return listener.connectionErrorOccurred?.(event)
}
