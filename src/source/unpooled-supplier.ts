import type { ConnectionEventListener, ConnectionSource } from '../api/connection-event.ts'
import type { Connection } from '../api/connection.ts'
import { SQLFeatureNotSupportedException } from '../api/sql-exception.ts'
import type { PoolAdministration } from '../pool/administration.ts'
import { PoolClosedError } from '../pool/errors.ts'
import { PoolEventStream, type PoolMember } from '../pool/events.ts'
import type { Finding } from '../pool/health-check.ts'
import type { PoolSettings } from '../pool/settings.ts'
import type { CloseReason } from '../pool/slot.ts'
import { PoolCounter, type CreateReason, type PoolStatistics } from '../pool/statistics.ts'
import { CallDeadline } from '../session/call-deadline.ts'
import { Listeners } from '../session/listeners.ts'
import type { Clock } from '../spi/clock.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { ConnectionPoolDataSource } from '../spi/driver.ts'
import type { PooledConnection } from '../spi/pooled-connection.ts'
import type { ConnectionSupplier, Credentials } from './connection-supplier.ts'

const defaultDrainTimeout = 10_000

interface Member {
  readonly pooled: PooledConnection
  readonly madeAt: number
  state: 'inUse' | 'closing'
}

/** A physical connection for each borrower, closed when it is given back: for poolers in front, and for tools. */
export class UnpooledSupplier implements ConnectionSupplier {
  readonly administration: PoolAdministration
  readonly events: PoolEventStream
  readonly #name: string
  readonly #dataSource: ConnectionPoolDataSource
  #settings: PoolSettings
  readonly #clock: Clock
  readonly #listeners: Listeners<ConnectionEventListener<ConnectionSource>>
  readonly #members = new Set<Member>()
  readonly #counters = new PoolCounter()
  #connecting = 0
  #idleWaiters: (() => void)[] = []
  #closing: Promise<void> | undefined
  /** With a successor those whose connect is under way get it, and drain with the others. */
  #succeeded = false

  constructor(options: {
    readonly name: string
    readonly dataSource: ConnectionPoolDataSource
    readonly settings: PoolSettings
    readonly clock: Clock
  }) {
    this.#name = options.name
    this.#dataSource = options.dataSource
    this.#settings = options.settings
    this.#clock = options.clock
    this.#listeners = new Listeners(options.name)
    this.events = new PoolEventStream(options.name)
    this.administration = this.#administer()
  }

  #administer(): PoolAdministration {
    const refuse = (what: string): never => {
      throw new SQLFeatureNotSupportedException(
        `${this.#name}: ${what} is for pools; with pooling: 'none' nothing is kept and nobody waits`,
        { sqlState: '0A000', reason: 'feature' },
      )
    }
    return {
      // What does not concern a limit is the same as before.
      reconfigure: (limits) => void (this.#settings = { ...this.#settings, ...limits }),
      suspend: () => refuse('suspend()'),
      resume: () => refuse('resume()'),
      evict: async (mode) => (mode === 'all' ? this.#cut('evicted') : 0),
      drain: async () => refuse('drain()'),
    }
  }

  async acquire(deadline?: Deadline, credentials?: Credentials): Promise<Connection> {
    if (this.#closing !== undefined) throw new PoolClosedError(this.#name)
    this.events.emit('requested', { waiting: 0 })
    const { member, took } = await this.#connect(deadline, 'waiter', credentials)
    return this.#lend(member, took)
  }

  /** Nobody waits for another, so there is nothing to know. */
  hold<R>(work: () => Promise<R>): Promise<R> {
    return work()
  }

  /** Nothing is kept; it logs in once. */
  async start(deadline: Deadline): Promise<void> {
    if (this.#closing !== undefined) throw new PoolClosedError(this.#name)
    const { member } = await this.#connect(deadline, 'probe')
    this.#end(member, 'maxUses')
  }

  /** Logs in, as every borrower does. */
  async checkHealth(deadline: Deadline): Promise<Finding<PooledConnection>> {
    try {
      if (this.#closing !== undefined) throw new PoolClosedError(this.#name)
      const { member, took } = await this.#connect(deadline, 'probe')
      this.#end(member, 'maxUses')
      return { answered: member.pooled, took }
    } catch (error) {
      return { error, at: this.#clock.now() }
    }
  }

  async #connect(
    deadline: Deadline | undefined,
    reason: CreateReason,
    credentials?: Credentials,
  ): Promise<{ member: Member; took: number }> {
    const begun = this.#clock.now()
    const timeout = Math.min(this.#settings.loginTimeout, this.#settings.connectionTimeout)
    const connect = new CallDeadline(this.#clock, `A connect of ${this.#name}`, { timeout, outer: deadline })
    this.#connecting++
    let member: Member
    try {
      const pooled = await this.#dataSource.getPooledConnection({ deadline: connect, ...credentials })
      member = { pooled, madeAt: this.#clock.now(), state: 'inUse' }
      this.#members.add(member)
    } catch (error) {
      this.#counters.connectFailed++
      this.events.emit('connectFailed', { error, attempt: 1, retryIn: 0 })
      throw error
    } finally {
      this.#connecting--
      this.#wakeIfIdle()
    }
    const took = this.#clock.now() - begun
    this.#counters.made(reason, took)
    this.events.emit('created', { member: this.#describe(member), took })
    return { member, took }
  }

  #lend(member: Member, waited: number): Connection {
    const { pooled } = member
    try {
      if (this.#closing !== undefined && !this.#succeeded) throw new PoolClosedError(this.#name)
      // From here on events are the application's; the supplier is the last to hear.
      pooled.addConnectionEventListener({
        connectionClosed: () => this.#returned(member),
        connectionErrorOccurred: ({ error }) => {
          const source = { ...this.#describe(member), dataSourceName: this.#name }
          this.#listeners.notify(
            'connectionErrorOccurred',
            (listener, event) => listener.connectionErrorOccurred?.(event),
            {
              source,
              error,
            },
          )
        },
      })
      const connection = pooled.getConnection()
      this.#counters.acquired++
      this.#counters.wait.record(waited)
      this.events.emit('acquired', { member: this.#describe(member), waited })
      return connection
    } catch (error) {
      this.#end(member, 'broken')
      throw error
    }
  }

  #returned(member: Member): void {
    const described = this.#describe(member)
    const source = { ...described, dataSourceName: this.#name }
    this.#listeners.notify('connectionClosed', (listener, event) => listener.connectionClosed?.(event), {
      source,
    })
    this.#counters.released++
    const used = this.#clock.now() - member.madeAt
    this.#counters.use.record(used)
    this.events.emit('released', { member: described, used })
    this.#end(member, member.pooled.broken === undefined ? 'maxUses' : 'broken')
  }

  #end(member: Member, reason: CloseReason): void {
    if (member.state === 'closing') return
    member.state = 'closing'
    void member.pooled.close().then(() => {
      this.#members.delete(member)
      this.#counters.closed[reason]++
      this.events.emit('closed', { member: this.#describe(member), reason })
      this.#wakeIfIdle()
    })
  }

  statistics(): PoolStatistics {
    const closing = [...this.#members].filter((member) => member.state === 'closing').length
    return {
      total: this.#members.size + this.#connecting,
      connecting: this.#connecting,
      idle: 0,
      validating: 0,
      inUse: this.#members.size - closing,
      resetting: 0,
      closing,
      control: 0,
      waiting: 0,
      maximum: Infinity,
      soft: 0,
      suspended: false,
      counters: this.#counters.read(),
      times: this.#counters.readTimes(),
    }
  }

  addConnectionEventListener(listener: ConnectionEventListener<ConnectionSource>): void {
    this.#listeners.add(listener)
  }

  removeConnectionEventListener(listener: ConnectionEventListener<ConnectionSource>): void {
    this.#listeners.remove(listener)
  }

  close(options?: {
    readonly drainTimeout?: number | undefined
    readonly successor?: unknown
  }): Promise<void> {
    this.#succeeded ||= this.#closing === undefined && options?.successor !== undefined
    return (this.#closing ??= this.#drain(options?.drainTimeout ?? defaultDrainTimeout))
  }

  async #drain(drainTimeout: number): Promise<void> {
    const timer = this.#clock.setTimer(() => {
      this.#cut('poolClosed')
    }, drainTimeout)
    while (this.#members.size + this.#connecting > 0) {
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve))
    }
    timer.cancel()
  }

  /** Takes connections from their borrowers. */
  #cut(reason: CloseReason): number {
    const cut = [...this.#members].filter(({ state }) => state === 'inUse')
    for (const member of cut) {
      member.pooled.abort(new PoolClosedError(this.#name))
      this.#end(member, reason)
    }
    return cut.length
  }

  #wakeIfIdle(): void {
    const waiters = this.#idleWaiters
    this.#idleWaiters = []
    for (const resolve of waiters) resolve()
  }

  #describe(member: Member): PoolMember {
    return { id: member.pooled.id, age: this.#clock.now() - member.madeAt, uses: 1 }
  }
}
