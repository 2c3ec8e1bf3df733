import type { Connection } from '../../src/api/connection.ts'
import { ConnectionPool } from '../../src/pool/connection-pool.ts'
import type { ConnectionPoolOptions } from '../../src/pool/connection-pool.ts'
import { parsePoolSettings } from '../../src/pool/settings.ts'
import type { PoolSettings } from '../../src/pool/settings.ts'
import { CallDeadline } from '../../src/session/call-deadline.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { StubDriver } from '../support/stub-connection.ts'
import type { StubConnection, StubPooledConnection } from '../support/stub-connection.ts'

/** Makes the pool that is looked at: the real one, or one with a defect. */
export type PoolMaker = (options: ConnectionPoolOptions) => ConnectionPool

export const realPool: PoolMaker = (options) => new ConnectionPool(options)

/** A promise, watched. */
export class Watched<T> {
  state: 'pending' | 'resolved' | 'rejected' = 'pending'
  value: T | undefined
  error: unknown
  readonly promise: Promise<T>

  constructor(promise: Promise<T>) {
    this.promise = promise
    promise.then(
      (value) => {
        this.state = 'resolved'
        this.value = value
      },
      (error: unknown) => {
        this.state = 'rejected'
        this.error = error
      },
    )
  }
}

/** Something to be finished by hand. */
export class Gate {
  readonly promise: Promise<void>
  open: () => void = () => undefined
  fail: (error: Error) => void = () => undefined

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.open = resolve
      this.fail = reject
    })
  }
}

/** A pool over a stub driver, on a clock that stands still. */
export class World {
  readonly clock: ManualClock
  readonly driver: StubDriver
  readonly pool: ConnectionPool

  constructor(
    settings: Record<string, unknown> = {},
    options: { make?: PoolMaker; clock?: ManualClock; random?: () => number } = {},
  ) {
    this.clock = options.clock ?? new ManualClock()
    this.driver = new StubDriver()
    const parsed: PoolSettings = parsePoolSettings(settings, 'jdbc/spec')
    this.pool = (options.make ?? realPool)({
      name: 'jdbc/spec',
      dataSource: this.driver,
      settings: parsed,
      clock: this.clock,
      random: options.random ?? (() => 0.5),
    })
  }

  /** Asks without waiting for the answer. */
  ask(options?: { timeout?: number; signal?: AbortSignal }): Watched<Connection> {
    const deadline =
      options &&
      new CallDeadline(this.clock, 'getConnection on jdbc/spec', {
        timeout: options.timeout ?? Infinity,
        signal: options.signal,
      })
    return new Watched(this.pool.acquire(deadline))
  }

  /** Asks, and gives promises time; throws when no connection came. */
  async get(options?: { timeout?: number; signal?: AbortSignal }): Promise<StubConnection> {
    const asked = this.ask(options)
    await settle()
    return lentTo(asked)
  }

  /** Borrows that many at once and gives them back, so that they are idle. */
  async fill(count: number): Promise<StubPooledConnection[]> {
    const asked = Array.from({ length: count }, () => this.ask())
    await settle()
    const connections = asked.map(lentTo)
    for (const connection of connections) void connection.close()
    await settle()
    return connections.map((connection) => connection.pooled)
  }

  /** Ends everything, so that a spec leaves nothing behind. */
  async end(): Promise<void> {
    const closed = new Watched(this.pool.close({ drainTimeout: 0 }))
    await this.clock.advance(60_000)
    if (closed.state !== 'resolved') throw new Error(`close() is ${closed.state}`, { cause: closed.error })
  }
}

/** The connection that was asked for. */
export function lentTo(asked: Watched<Connection>): StubConnection {
  if (asked.value === undefined) {
    throw new Error(`No connection: ${asked.state}`, { cause: asked.error })
  }
  return asked.value as StubConnection
}

export { settle }
