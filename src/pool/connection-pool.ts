import type { ConnectionEvent, ConnectionEventListener, ConnectionSource } from '../api/connection-event.ts'
import type { Connection } from '../api/connection.ts'
import type { SQLException } from '../api/sql-exception.ts'
import { Listeners } from '../session/listeners.ts'
import { lend } from '../session/lend.ts'
import { systemClock } from '../session/system-clock.ts'
import type { Clock } from '../spi/clock.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { ConnectionPoolDataSource } from '../spi/driver.ts'
import type { PooledConnection } from '../spi/pooled-connection.ts'
import type { PoolAdministration } from './administration.ts'
import { ConnectionFactory, Member } from './connection-factory.ts'
import type { MemberListener } from './connection-factory.ts'
import { PoolEngine } from './engine.ts'
import { PoolClosedError } from './errors.ts'
import type { PoolEventStream } from './events.ts'
import { letExitOnIdle } from './exit-on-idle.ts'
import type { Finding } from './health-check.ts'
import { OneShots } from './one-shots.ts'
import type { PoolSettings } from './settings.ts'
import type { Successor } from './shutdown.ts'
import { SlotState } from './slot.ts'
import { statisticsOf } from './statistics.ts'
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
  /** In force: they change when the pool is reconfigured. */
  readonly settings: PoolSettings
  /** @internal The engine, for specs. */
  readonly engine: PoolEngine<Member, Connection>
  /** Statements that need no handle. */
  readonly oneShots: OneShots<Member, Connection>
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
    // Of its own: changed in place, so that whoever holds it has what is in force.
    const inForce = { ...settings }
    this.settings = inForce
    const now = (): number => clock.now()
    const listener: MemberListener = {
      memberClosed: (member) => this.#memberClosed(member),
      memberFailed: (member, error) => this.#memberFailed(member, error),
    }
    this.engine = new PoolEngine({
      name,
      clock,
      random,
      limits: inForce,
      factory: new ConnectionFactory(
        dataSource,
        inForce,
        (pooled) => new Member(pooled, name, now, listener),
      ),
    })
    letExitOnIdle(this.engine, inForce)
    this.oneShots = new OneShots(this.engine, {
      settings: inForce,
      sessionOf: ({ pooled }) => pooled.oneShots,
      returned: ({ resource }) => this.#tellClosed(resource!),
      runOn: (connection, { sql, parameters, options }) =>
        lend(connection, () => connection.execute(sql, parameters, options)),
    })
    this.engine.oneShots = this.oneShots
  }

  get administration(): PoolAdministration {
    return this.engine.administration
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

  /** Runs a function that holds a connection of this pool, so that it is known when it asks for another. */
  hold<R>(work: () => Promise<R>): Promise<R> {
    return this.engine.admission.within(work)
  }

  /**
   * Makes the connections that `minimumIdle` asks for, one at least.
   *
   * @throws SQLException of the first connect that fails; PoolClosedError.
   */
  async start(): Promise<void> {
    try {
      if (!this.engine.isClosed) await this.engine.connector.start()
    } catch (error) {
      if (!this.engine.isClosed) throw error
    }
    if (this.engine.isClosed) throw new PoolClosedError(this.name)
  }

  /** Asks the database. Never waits for a borrower, never rejects. */
  checkHealth(): Promise<Finding<PooledConnection>> {
    return this.engine.health
      .run()
      .then((finding) =>
        'answered' in finding ? { answered: finding.answered.pooled, took: finding.took } : finding,
      )
  }

  statistics(): PoolStatistics {
    return statisticsOf(this.engine)
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
   *   Default: 10,000. A later call can shorten it. `successor`: where those who wait go instead of being sent away.
   */
  close(options?: {
    readonly drainTimeout?: number | undefined
    readonly successor?: Successor<Connection> | undefined
  }): Promise<void> {
    return this.engine.close(options?.drainTimeout, options?.successor)
  }

  #memberClosed(member: Member): void {
    const { slot } = member
    // The pool may have given it up already: then nobody is interested any more.
    if (!slot.lent) return
    this.#tellClosed(member)
    this.engine.release(slot)
  }

  #tellClosed({ source }: Member): void {
    if (!this.#listeners.isEmpty) this.#listeners.notify('connectionClosed', notifyClosed, { source })
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
