import type { ConnectionEventListener } from '../../src/api/connection-event.ts'
import type { Connection } from '../../src/api/connection.ts'
import { SQLException, SQLNonTransientConnectionException } from '../../src/api/sql-exception.ts'
import type { Deadline } from '../../src/spi/deadline.ts'
import type { ConnectionPoolDataSource, PooledConnectionOptions } from '../../src/spi/driver.ts'
import type { ServerFacts } from '../../src/spi/physical-connection.ts'
import type { ConnectionActivity, PooledConnection } from '../../src/spi/pooled-connection.ts'
import type { OneShotSession } from '../../src/spi/one-shot-session.ts'

/** The handle of a {@link StubPooledConnection}: a connection that can only be closed, and knows whose it is. */
export interface StubConnection extends Connection {
  readonly pooled: StubPooledConnection
}

/** What a {@link StubDriver} does when it is asked; each may be replaced while a spec runs. */
export interface StubBehaviour {
  connect(deadline: Deadline): Promise<void>
  validate(pooled: StubPooledConnection): Promise<boolean>
  reset(pooled: StubPooledConnection): Promise<void>
  close(pooled: StubPooledConnection): Promise<void>
}

/** A driver without a database, which counts what exists: the oracle for the laws of the pool. */
export class StubDriver implements ConnectionPoolDataSource {
  readonly description = 'nowhere'
  readonly behaviour: StubBehaviour = {
    connect: () => Promise.resolve(),
    validate: (pooled) => Promise.resolve(!pooled.dead),
    reset: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
  /** Makes the session for statements without a handle. Default: there are only handles. */
  oneShotsOf: ((pooled: StubPooledConnection) => OneShotSession) | undefined
  /** Every connection ever made. */
  readonly made: StubPooledConnection[] = []
  /** Being connected, connected, or being closed. */
  physical = 0
  mostPhysical = 0
  connects = 0
  /** Connects under way. */
  connecting = 0
  mostConnecting = 0

  async getPooledConnection({ deadline }: PooledConnectionOptions): Promise<StubPooledConnection> {
    const id = `stub-${++this.connects}`
    this.connecting++
    this.physical++
    this.mostPhysical = Math.max(this.mostPhysical, this.physical)
    this.mostConnecting = Math.max(this.mostConnecting, this.connecting)
    try {
      await this.behaviour.connect(deadline)
      const pooled = new StubPooledConnection(this, id)
      pooled.oneShots = this.oneShotsOf?.(pooled)
      this.made.push(pooled)
      return pooled
    } catch (error) {
      this.physical--
      throw error
    } finally {
      this.connecting--
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** A physical connection without a session. */
export class StubPooledConnection implements PooledConnection {
  readonly id: string
  readonly server: ServerFacts = { productName: 'Stub', productVersion: '1.2', supportedIsolations: [] }
  broken: SQLException | undefined
  oneShots: OneShotSession | undefined
  dirty = false
  activity: ConnectionActivity = 'none'
  /** It will not answer, and nobody knows it yet. */
  dead = false
  closed = false
  aborted = false
  /** It keeps the process running. */
  alive = true
  resets = 0
  validations = 0
  /** What was executed on its handles. */
  readonly executed: string[] = []
  #generation = 0
  #closing: Promise<void> | undefined
  readonly #driver: StubDriver
  readonly #listeners = new Set<ConnectionEventListener<PooledConnection>>()

  constructor(driver: StubDriver, id: string) {
    this.#driver = driver
    this.id = id
  }

  /** The borrower of now. */
  get generation(): number {
    return this.#generation
  }

  getConnection(): Connection {
    if (this.broken !== undefined || this.closed) {
      throw new SQLNonTransientConnectionException(`${this.id} is closed`, {
        sqlState: '08003',
        reason: 'closed',
      })
    }
    return new StubHandle(this, ++this.#generation) as unknown as Connection
  }

  returned(generation: number): void {
    if (generation !== this.#generation) return
    this.#generation++
    this.tell()
  }

  /** Says that a handle was closed; by itself what a faulty driver would do. */
  tell(): void {
    for (const listener of Array.from(this.#listeners)) listener.connectionClosed?.({ source: this })
  }

  /** The session is lost, and the driver has noticed. */
  lose(): void {
    if (this.broken !== undefined || this.closed) return
    this.dead = true
    const error = new SQLException(`${this.id} is lost`, {
      sqlState: '08006',
      reason: 'connection-lost',
      fatal: true,
    })
    this.broken = error
    for (const listener of Array.from(this.#listeners))
      listener.connectionErrorOccurred?.({ source: this, error })
  }

  close(): Promise<void> {
    this.#generation++
    this.#closing ??= this.#driver.behaviour.close(this).then(() => {
      this.closed = true
      this.#driver.physical--
    })
    return this.#closing
  }

  keepAlive(on: boolean): void {
    this.alive = on
  }

  abort(): void {
    this.aborted = true
    void this.close()
  }

  isValid(): Promise<boolean> {
    this.validations++
    return this.#driver.behaviour.validate(this)
  }

  async reset(): Promise<void> {
    this.resets++
    await this.#driver.behaviour.reset(this)
    this.dirty = false
  }

  addConnectionEventListener(listener: ConnectionEventListener<PooledConnection>): void {
    this.#listeners.add(listener)
  }

  removeConnectionEventListener(listener: ConnectionEventListener<PooledConnection>): void {
    this.#listeners.delete(listener)
  }
}

const done = Promise.resolve()

class StubHandle {
  readonly pooled: StubPooledConnection
  readonly #generation: number

  constructor(pooled: StubPooledConnection, generation: number) {
    this.pooled = pooled
    this.#generation = generation
  }

  get isClosed(): boolean {
    return this.pooled.generation !== this.#generation
  }

  execute(sql: string): Promise<void> {
    this.pooled.executed.push(sql)
    return done
  }

  close(): Promise<void> {
    this.pooled.returned(this.#generation)
    return done
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
