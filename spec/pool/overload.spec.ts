import { describe, expect, it, onTestFinished } from 'vitest'
import type { Connection } from '../../src/api/connection.ts'
import { overload, overloaded } from '../../bench/sim/overload.ts'
import { CannotConnectError, NestedAcquisitionError, PoolExhaustedError } from '../../src/pool/errors.ts'
import { ResourcePool } from '../../src/pool/resource-pool.ts'
import { ManualClock } from '../support/manual-clock.ts'
import type { StubConnection } from '../support/stub-connection.ts'
import { Gate, lentTo, settle, World } from './world.ts'
import type { Watched } from './world.ts'

interface Standing {
  readonly world: World
  readonly lent: StubConnection
  readonly first: Watched<Connection>
}

describe('maxWaiters', () => {
  it('refuses at once who would be one too many, and says so', async () => {
    const world = new World({ maximumPoolSize: 1, maxWaiters: 2 })
    const first = await world.get()
    const asked = [world.ask(), world.ask(), world.ask()]
    await settle()
    expect(asked.map(({ state }) => state)).toEqual(['pending', 'pending', 'rejected'])
    expect(asked[2]!.error).toBeInstanceOf(PoolExhaustedError)
    expect((asked[2]!.error as PoolExhaustedError).message).toBe(
      'jdbc/spec: 2 callers wait already, and no more may (total 1, idle 0, in use 1, waiting 2, maximum 1; ' +
        'held longest: stub-1 for 0 ms); return connections sooner, or raise maximumPoolSize or maxWaiters',
    )
    expect(world.pool.statistics().counters.rejected).toBe(1)
    await first.close()
    await settle()
    expect(asked[0]!.state).toBe('resolved')
    // There is room in the queue again.
    const fourth = world.ask()
    await settle()
    expect(fourth.state).toBe('pending')
  })

  it('0 lets nobody wait for a borrower, and everybody for a connection that is being made', async () => {
    const world = new World({ maximumPoolSize: 3, maxWaiters: 0 })
    world.driver.behaviour.connect = () =>
      new Promise((resolve) => void world.clock.setTimer(() => resolve(), 50))
    const asked = [world.ask(), world.ask(), world.ask(), world.ask()]
    await world.clock.advance(50)
    expect(asked.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'resolved', 'rejected'])
  })

  it('0 lets one wait for an idle connection that is asked whether it lives', async () => {
    const world = new World({ maximumPoolSize: 1, maxWaiters: 0 })
    await world.fill(1)
    await world.clock.advance(10_000)
    const asked = [world.ask(), world.ask()]
    await settle()
    expect(asked.map(({ state }) => state)).toEqual(['resolved', 'rejected'])
  })

  it('while the database is down one caller keeps the probes going, and the cause is told', async () => {
    const world = new World({ maximumPoolSize: 10, maxWaiters: 0 })
    const down = new Error('connection refused')
    world.driver.behaviour.connect = () => Promise.reject(down)
    const asked = [world.ask()]
    await settle()
    asked.push(world.ask())
    await settle()
    expect(asked.map(({ state }) => state)).toEqual(['pending', 'rejected'])
    expect((asked[1]!.error as Error).cause).toBe(down)
    world.driver.behaviour.connect = () => Promise.resolve()
    await world.clock.advance(1_000)
    expect(asked[0]!.state).toBe('resolved')
  })
})

describe("queue: 'codel'", () => {
  const settings = { maximumPoolSize: 1, queue: 'codel' }

  /** A pool whose only connection is lent, and one who waits for it, for so long already. */
  async function waiting(milliseconds: number, more: Record<string, unknown> = {}): Promise<Standing> {
    const world = new World({ ...settings, ...more })
    const lent = await world.get()
    const first = world.ask()
    await world.clock.advance(milliseconds)
    return { world, lent, first }
  }

  it('a burst is served in the order of coming, and nobody is refused', async () => {
    const world = new World({ ...settings, maximumPoolSize: 2 })
    await world.fill(2)
    const served: number[] = []
    const use = async (order: number): Promise<void> => {
      const connection = await world.pool.acquire()
      served.push(order)
      await new Promise<void>((resolve) => world.clock.setTimer(resolve, 10))
      await connection.close()
    }
    const uses = Promise.all(Array.from({ length: 20 }, (_, order) => use(order)))
    await world.clock.advance(100)
    await uses
    expect(served).toEqual(Array.from({ length: 20 }, (_, order) => order))
    expect(world.pool.statistics().counters.rejected).toBe(0)
  })

  it('a queue that stands is served from its end, and who has waited for 100 ms is refused at once', async () => {
    const { world, lent, first } = await waiting(60)
    const second = world.ask()
    await world.clock.advance(20)
    const third = world.ask()
    await world.clock.advance(19)
    expect([first.state, second.state, third.state]).toEqual(['pending', 'pending', 'pending'])
    await world.clock.advance(1)
    expect([first.state, second.state, third.state]).toEqual(['rejected', 'pending', 'pending'])
    await lent.close()
    await settle()
    expect([second.state, third.state]).toEqual(['pending', 'resolved'])
    await world.clock.advance(59)
    expect(second.state).toBe('pending')
    await world.clock.advance(1)
    expect(second.state).toBe('rejected')
    expect(world.pool.statistics().counters.rejected).toBe(2)
  })

  it('says to whom it refuses what was the matter, and tells listeners', async () => {
    const world = new World(settings)
    const timedOut: unknown[] = []
    world.pool.events.on('timedOut', ({ waited, snapshot }) => timedOut.push([waited, snapshot.waiting]))
    await world.get()
    const asked = [world.ask(), world.ask({ timeout: 5_000 })]
    await world.clock.advance(100)
    for (const { error } of asked) {
      expect(error).toBeInstanceOf(PoolExhaustedError)
      expect(error).toMatchObject({ sqlState: '08001', reason: 'resource', retry: 'caller', waited: 100 })
    }
    expect((asked[0]!.error as Error).message).toBe(
      'jdbc/spec: refused after 100 ms, for more is asked than can be served ' +
        '(total 1, idle 0, in use 1, waiting 1, maximum 1; held longest: stub-1 for 100 ms); ' +
        "return connections sooner, or raise maximumPoolSize or use queue: 'fifo'",
    )
    expect(timedOut).toEqual([
      [100, 1],
      [100, 0],
    ])
  })

  it('when the queue was empty once, order is fair again', async () => {
    const { world, lent, first } = await waiting(100)
    expect(first.state).toBe('rejected')
    const [second, third] = [world.ask(), world.ask()]
    await world.clock.advance(50)
    await lent.close()
    await settle()
    expect([second.state, third.state]).toEqual(['resolved', 'pending'])
  })

  it('waiting is not called long while it is no longer than a use', async () => {
    const world = new World(settings)
    const lent = await world.get()
    await world.clock.advance(400)
    await lent.close()
    await world.get()
    const asked = world.ask()
    await world.clock.advance(399)
    expect(asked.state).toBe('pending')
    await world.clock.advance(1)
    expect(asked.state).toBe('rejected')
  })

  it('nobody is refused while connections are being made', async () => {
    const world = new World({ ...settings, maximumPoolSize: 2 })
    await world.get()
    world.driver.behaviour.connect = () => new Promise((resolve) => void world.clock.setTimer(resolve, 300))
    const asked = [world.ask(), world.ask()]
    await world.clock.advance(300)
    expect(asked.map(({ state }) => state)).toEqual(['resolved', 'pending'])
  })

  it('nobody is refused while the database is away: the deadline says when', async () => {
    const { world, lent, first } = await waiting(50, { connectionTimeout: '1s' })
    world.driver.behaviour.connect = () => Promise.reject(new Error('down'))
    lent.pooled.lose()
    await lent.close()
    await world.clock.advance(949)
    expect(first.state).toBe('pending')
    await world.clock.advance(1)
    expect(first.error).toBeInstanceOf(CannotConnectError)
  })

  it('nobody is refused while the pool is suspended', async () => {
    const { world, lent, first } = await waiting(50)
    world.pool.administration.suspend()
    await world.clock.advance(1_000)
    expect(first.state).toBe('pending')
    world.pool.administration.resume()
    await lent.close()
    await settle()
    expect(first.state).toBe('resolved')
  })

  it('a session that is restored between two borrowers hides nothing', async () => {
    const { world, lent, first } = await waiting(99, { sessionReset: 'always' })
    const second = world.ask()
    await lent.close()
    await settle()
    expect(first.state).toBe('resolved')
    await world.clock.advance(1)
    const third = world.ask()
    void lentTo(first).close()
    await settle()
    expect([second.state, third.state]).toEqual(['pending', 'resolved'])
  })

  it('after a stall what has come back is lent before anybody is refused', async () => {
    const { world, lent, first } = await waiting(0)
    world.clock.setTimer(() => void lent.close(), 5_001)
    world.clock.jump(20_000)
    await world.clock.advance(0)
    expect(first.state).toBe('resolved')
  })

  it('who was to have a connection that failed at the last moment keeps his place', async () => {
    const { world, lent, first } = await waiting(40)
    const second = world.ask()
    await world.clock.advance(30)
    const third = world.ask()
    await world.clock.advance(29)
    const connects = new Gate()
    world.driver.behaviour.connect = () => connects.promise
    // It stands, so the third is next; its connection is dead, and nobody had noticed.
    await world.clock.advance(1)
    expect(first.state).toBe('rejected')
    const { factory } = world.pool.engine
    factory.isBroken = () => false
    lent.pooled.getConnection = () => {
      throw new Error('dead')
    }
    await lent.close()
    connects.open()
    await settle()
    expect([second.state, third.state]).toEqual(['resolved', 'pending'])
  })

  it('those who wait are passed to a successor of the pool in the order in which they came', async () => {
    const { world } = await waiting(60)
    world.ask()
    await world.clock.advance(20)
    world.ask()
    await world.clock.advance(20)
    world.ask()
    const since = [...world.pool.engine.waiters].map((waiter) => waiter.since)
    const passed: number[] = []
    const { waiters } = world.pool.engine
    const shift = waiters.shift.bind(waiters)
    waiters.shift = () => {
      const waiter = shift()
      if (waiter !== undefined) passed.push(waiter.since)
      return waiter
    }
    void world.pool.engine.close(0, () => Promise.reject(new Error('the next')))
    expect(passed).toEqual(since)
    await settle()
  })

  it('an overload of 130 % for 30 s: three in four are answered within 500 ms, in order not one in three', async () => {
    for (const seed of [1, 2, 3]) {
      const codel = await overloaded({ ...overload, seed }, { queue: 'codel' })
      const fifo = await overloaded({ ...overload, seed }, { queue: 'fifo', connectionTimeout: 500 })
      expect(codel.answered).toBeGreaterThanOrEqual(0.75)
      expect(codel.late).toBeLessThan(0.01)
      expect(fifo.answered).toBeLessThan(0.35)
    }
  })

  it('fifo: however long somebody waits, he is the first', async () => {
    const { world, lent, first } = await waiting(20_000, { queue: 'fifo' })
    const second = world.ask()
    await world.clock.advance(5_000)
    await lent.close()
    await settle()
    expect([first.state, second.state]).toEqual(['resolved', 'pending'])
  })
})

describe('nestedAcquisition', () => {
  it('error: a function that holds the last connection is refused another, at once', async () => {
    const world = new World({ maximumPoolSize: 1, nestedAcquisition: 'error' })
    await world.get()
    const nested = await world.pool.hold(async () => world.ask())
    await settle()
    expect(nested.error).toBeInstanceOf(NestedAcquisitionError)
    expect(nested.error).toMatchObject({ sqlState: '08001', reason: 'resource', retry: 'no' })
    expect((nested.error as Error).message).toContain('jdbc/spec: a function that holds a connection')
  })

  it('who is beside such a function waits', async () => {
    const world = new World({ maximumPoolSize: 1, nestedAcquisition: 'error' })
    await world.get()
    const working = new Gate()
    void world.pool.hold(() => working.promise)
    const asked = world.ask()
    await settle()
    expect(asked.state).toBe('pending')
    working.open()
  })

  it('nothing is said while there is still a place', async () => {
    const world = new World({ maximumPoolSize: 2, nestedAcquisition: 'error' })
    await world.get()
    const nested = await world.pool.hold(async () => world.ask())
    await settle()
    expect(nested.state).toBe('resolved')
  })

  it('is seen through functions of other pools, and not after the function has ended', async () => {
    const world = new World({ maximumPoolSize: 1, nestedAcquisition: 'error' })
    const other = new World({ maximumPoolSize: 1 })
    const connection = await world.get()
    const later = new Gate()
    let nested: Watched<unknown> | undefined
    let after: Watched<unknown> | undefined
    await world.pool.hold(async () => {
      nested = await other.pool.hold(async () => world.ask())
      void later.promise.then(() => (after = world.ask()))
    })
    later.open()
    await settle()
    expect(nested!.error).toBeInstanceOf(NestedAcquisitionError)
    expect(after!.state).toBe('pending')
    await connection.close()
  })

  it('warn: says it once, with the place, and lets it wait', async () => {
    const warnings: Error[] = []
    const hear = (warning: Error): void => void warnings.push(warning)
    process.on('warning', hear)
    onTestFinished(() => void process.off('warning', hear))
    const world = new World({ maximumPoolSize: 1 })
    const events: unknown[] = []
    world.pool.events.on('nestedAcquisition', (event) => events.push(event))
    const connection = await world.get()
    const nested = await world.pool.hold(async () => [world.ask(), world.ask()])
    await settle()
    expect(nested.map(({ state }) => state)).toEqual(['pending', 'pending'])
    expect(events).toHaveLength(2)
    expect(warnings).toEqual([expect.objectContaining({ code: 'WELLHEAD_NESTED_ACQUISITION' })])
    expect((warnings[0] as Error & { detail: string }).detail).toContain('overload.spec.ts')
    await connection.close()
    await settle()
    expect(nested[0]!.state).toBe('resolved')
  })

  it('is seen in the functions of a pool of anything', async () => {
    const pool = new ResourcePool(
      { create: async () => ({}), destroy: async () => undefined },
      { maximumPoolSize: 1, nestedAcquisition: 'error', clock: new ManualClock() },
    )
    const nested = pool.use(() => pool.use(() => 1))
    await expect(nested).rejects.toThrow(NestedAcquisitionError)
    expect(await pool.use(() => 2)).toBe(2)
    await pool.close()
  })
})
