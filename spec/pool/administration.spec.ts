import { describe, expect, it } from 'vitest'
import { PoolClosedError, PoolExhaustedError, PoolSuspendedError } from '../../src/pool/errors.ts'
import { ResourcePool } from '../../src/pool/resource-pool.ts'
import { changePoolSettings } from '../../src/pool/settings-change.ts'
import { InvalidSettingError } from '../../src/spi/settings.ts'
import { Gate, lentTo, settle, Watched, World } from './world.ts'

function reconfigure(world: World, changes: Record<string, unknown>): void {
  const settings = changePoolSettings(world.pool.settings, changes, 'jdbc/spec', () => false)
  world.pool.administration.reconfigure(settings)
}

describe('reconfigure()', () => {
  it('a larger pool serves those who wait', async () => {
    const world = new World({ maximumPoolSize: 1 })
    await world.get()
    const waiting = [world.ask(), world.ask()]
    await settle()
    reconfigure(world, { maximumPoolSize: 3 })
    await settle()
    expect(waiting.map(({ state }) => state)).toEqual(['resolved', 'resolved'])
    expect(world.pool.statistics()).toMatchObject({ maximum: 3, soft: 3, total: 3 })
  })

  it('a smaller pool closes what is idle at once, and what is in use when it comes back', async () => {
    const world = new World({ maximumPoolSize: 6 })
    await world.fill(6)
    const borrowed = [await world.get(), await world.get(), await world.get(), await world.get()]
    const waiting = [world.ask(), world.ask(), world.ask()]
    await settle()
    reconfigure(world, { maximumPoolSize: 2 })
    await settle()
    // Two were idle, and had been lent to those who waited.
    expect(world.pool.statistics()).toMatchObject({ total: 6, inUse: 6, idle: 0, waiting: 1 })
    expect(borrowed.map(({ isClosed }) => isClosed)).toEqual([false, false, false, false])
    for (const connection of borrowed) void connection.close()
    await settle()
    expect(world.pool.statistics()).toMatchObject({
      total: 2,
      inUse: 2,
      waiting: 1,
      counters: { closed: { resized: 4 } },
    })
    void lentTo(waiting[0]!).close()
    await settle()
    expect(waiting[2]!.state).toBe('resolved')
    expect(world.pool.statistics().total).toBe(2)
  })

  it('idle connections above the new maximum go, the coldest first', async () => {
    const world = new World({ maximumPoolSize: 3 })
    const [cold, , warm] = await world.fill(3)
    reconfigure(world, { maximumPoolSize: 1 })
    await settle()
    expect([cold!.closed, warm!.closed]).toEqual([true, false])
  })

  it('a connect under way that is too many is closed when it comes', async () => {
    const world = new World({ maximumPoolSize: 3 })
    const gate = new Gate()
    world.driver.behaviour.connect = () => gate.promise
    const asked = [world.ask(), world.ask(), world.ask()]
    await settle()
    reconfigure(world, { maximumPoolSize: 1 })
    gate.open()
    await settle()
    expect(asked.filter(({ state }) => state === 'resolved')).toHaveLength(1)
    expect(world.driver.physical).toBe(1)
  })

  it('minimumIdle and times count at once', async () => {
    const world = new World({ maximumPoolSize: 5 })
    reconfigure(world, { minimumIdle: 3 })
    await settle()
    expect(world.pool.statistics().idle).toBe(3)
    reconfigure(world, { minimumIdle: 0, idleTimeout: '20s' })
    await world.clock.advance(20_000)
    expect(world.pool.statistics().total).toBe(0)
  })

  it('a shorter connectionTimeout ends those who wait already', async () => {
    const world = new World({ maximumPoolSize: 1 })
    await world.get()
    const waiting = world.ask()
    await world.clock.advance(4_000)
    reconfigure(world, { connectionTimeout: '5s' })
    await world.clock.advance(999)
    expect(waiting.state).toBe('pending')
    await world.clock.advance(1)
    expect(waiting.error).toBeInstanceOf(PoolExhaustedError)
    expect(waiting.error).toMatchObject({ waited: 5_000 })
  })

  it('a shorter maxLifetime does not end all connections that are older together', async () => {
    let seed = 0
    const world = new World({ maximumPoolSize: 10 }, { random: () => (seed = (seed + 0.37) % 1) })
    await world.fill(10)
    await world.clock.advance(300_000)
    reconfigure(world, { maxLifetime: '1m' })
    await settle()
    expect(world.pool.statistics().total).toBe(10)
    await world.clock.advance(3_000)
    const { total } = world.pool.statistics()
    expect([total > 0, total < 10]).toEqual([true, true])
    await world.clock.advance(3_000)
    expect(world.pool.statistics().total).toBe(0)
  })

  it('tells what was changed, and nothing when nothing was', async () => {
    const world = new World()
    const told: unknown[] = []
    world.pool.events.on('reconfigured', (event) => told.push(event))
    reconfigure(world, { maximumPoolSize: 4, idleTimeout: '10m' })
    reconfigure(world, { maximumPoolSize: 4 })
    expect(told).toEqual([{ changed: ['maximumPoolSize', 'softPoolSize'] }])
  })

  it.each([
    [{ maximumPoolSize: 0 }, 'maximumPoolSize'],
    [{ softPoolSize: 20 }, 'softPoolSize'],
    [{ types: 'native' }, 'rebind'],
    [{ pooling: 'none' }, 'rebind'],
    [{ maxPoolSize: 4 }, 'maxPoolSize'],
  ])('%j is refused, and changes nothing', async (changes, word) => {
    const world = new World()
    const before = { ...world.pool.settings }
    expect(() => reconfigure(world, changes)).toThrow(InvalidSettingError)
    expect(() => reconfigure(world, changes)).toThrow(word)
    expect(world.pool.settings).toEqual(before)
  })
})

describe('suspend() and resume()', () => {
  it('who asks meanwhile waits, and is served in order', async () => {
    const world = new World({ maximumPoolSize: 2 })
    await world.fill(1)
    const told: string[] = []
    world.pool.events.on('suspended', () => told.push('suspended'))
    world.pool.events.on('resumed', ({ took }) => told.push(`resumed after ${took}`))
    const before = await world.get()
    world.pool.administration.suspend()
    world.pool.administration.suspend()
    const waiting = [world.ask(), world.ask()]
    await settle()
    void before.close()
    await world.clock.advance(1_000)
    expect(world.pool.statistics()).toMatchObject({ suspended: true, idle: 1, total: 1, waiting: 2 })
    world.pool.administration.resume()
    world.pool.administration.resume()
    await settle()
    expect(waiting.map(({ state }) => state)).toEqual(['resolved', 'resolved'])
    expect(told).toEqual(['suspended', 'resumed after 1000'])
  })

  it('those who wait have their deadlines, and are told why', async () => {
    const world = new World()
    world.pool.administration.suspend()
    const asked = world.ask()
    await world.clock.advance(30_000)
    expect(asked.error).toBeInstanceOf(PoolSuspendedError)
    expect(asked.error).toMatchObject({ sqlState: '08001', reason: 'resource', retry: 'caller' })
  })

  it('minimumIdle is not refilled, and what is idle grows old all the same', async () => {
    const world = new World({ minimumIdle: 1, maxLifetime: '1m' })
    await world.fill(1)
    world.pool.administration.suspend()
    const asked = world.ask({ timeout: 100_000 })
    await world.clock.advance(61_000)
    expect([asked.state, world.pool.statistics().total]).toEqual(['pending', 0])
    world.pool.administration.resume()
    await settle()
    expect(asked.state).toBe('resolved')
  })

  it('a suspended pool can be closed', async () => {
    const world = new World()
    await world.fill(2)
    world.pool.administration.suspend()
    const asked = world.ask()
    await world.end()
    expect(asked.error).toBeInstanceOf(PoolClosedError)
    expect(() => world.pool.administration.resume()).toThrow(PoolClosedError)
  })
})

describe('evict()', () => {
  it('idle: those that are idle', async () => {
    const world = new World()
    await world.fill(3)
    const borrowed = await world.get()
    expect(await world.pool.administration.evict('idle')).toBe(2)
    await settle()
    expect([world.pool.statistics().total, borrowed.isClosed]).toEqual([1, false])
    await borrowed.close()
    expect(world.pool.statistics().idle).toBe(1)
  })

  it('graceful: also those in use when they come back, and those being made', async () => {
    const world = new World({ maximumPoolSize: 3 })
    const borrowed = await world.get()
    const gate = new Gate()
    world.driver.behaviour.connect = () => gate.promise
    const asked = world.ask()
    await settle()
    expect(await world.pool.administration.evict('graceful')).toBe(2)
    world.driver.behaviour.connect = () => Promise.resolve()
    gate.open()
    await settle()
    expect(lentTo(asked).pooled.id).toBe('stub-3')
    expect(borrowed.isClosed).toBe(false)
    await borrowed.close()
    await settle()
    expect(world.pool.statistics()).toMatchObject({ total: 1, counters: { closed: { evicted: 2 } } })
  })

  it('all: from their borrowers too', async () => {
    const world = new World({ maximumPoolSize: 2 })
    const told: unknown[] = []
    world.pool.events.on('evicted', (event) => told.push(event))
    const borrowed = [await world.get(), await world.get()]
    const waiting = world.ask()
    expect(await world.pool.administration.evict('all')).toBe(2)
    await settle()
    expect(borrowed.map(({ isClosed }) => isClosed)).toEqual([true, true])
    expect(waiting.state).toBe('resolved')
    expect(told).toEqual([{ mode: 'all', connections: 2 }])
    await borrowed[0]!.close()
    expect(world.pool.statistics()).toMatchObject({ total: 1, inUse: 1 })
  })

  it('invalid: idle ones that do not answer', async () => {
    const world = new World()
    const pooled = await world.fill(3)
    pooled[0]!.dead = true
    pooled[2]!.dead = true
    expect(await world.pool.administration.evict('invalid')).toBe(2)
    await settle()
    expect(world.pool.statistics()).toMatchObject({ total: 1, idle: 1, counters: { closed: { invalid: 2 } } })
  })

  it('invalid is told also when the pool ends meanwhile', async () => {
    const world = new World()
    await world.fill(2)
    world.driver.behaviour.validate = () => new Promise(() => undefined)
    const evicted = new Watched(world.pool.administration.evict('invalid'))
    await settle()
    await world.end()
    expect(evicted.value).toBe(2)
  })

  it('health is told also when the connection that was asked is evicted meanwhile', async () => {
    const world = new World()
    await world.fill(1)
    world.driver.behaviour.validate = () => new Promise(() => undefined)
    const health = new Watched(world.pool.checkHealth())
    await settle()
    await world.pool.administration.evict('all')
    await settle()
    expect(health.value).toMatchObject({ took: 0 })
    expect(health.value).toHaveProperty('answered')
  })

  it('graceful and all end the pause after a refusal', async () => {
    const world = new World()
    world.driver.behaviour.connect = () => Promise.reject(new Error('refused'))
    const asked = world.ask()
    await world.clock.advance(2_000)
    world.driver.behaviour.connect = () => Promise.resolve()
    await world.pool.administration.evict('graceful')
    await settle()
    expect(asked.state).toBe('resolved')
  })
})

describe('drain()', () => {
  it('resolves when nothing is left; then the pool is suspended until resume()', async () => {
    const world = new World()
    await world.fill(3)
    const borrowed = await world.get()
    const drained = new Watched(world.pool.administration.drain())
    const asked = world.ask()
    await settle()
    expect([drained.state, world.pool.statistics().total]).toEqual(['pending', 1])
    await borrowed.close()
    await settle()
    expect([drained.state, asked.state, world.driver.physical]).toEqual(['resolved', 'pending', 0])
    world.pool.administration.resume()
    await settle()
    expect(asked.state).toBe('resolved')
  })

  it('of an empty pool resolves at once, and resume() before the end rejects it', async () => {
    const world = new World()
    await world.pool.administration.drain()
    world.pool.administration.resume()
    await world.get()
    const drained = new Watched(world.pool.administration.drain())
    world.pool.administration.resume()
    await settle()
    expect(drained.error).toMatchObject({ sqlState: '57014', reason: 'cancelled' })
  })

  it('ends with the pool', async () => {
    const world = new World()
    await world.get()
    const drained = new Watched(world.pool.administration.drain())
    await world.end()
    expect(drained.state).toBe('resolved')
  })
})

describe('Statistics', () => {
  it('tell for whom connections were made and why they were closed', async () => {
    const world = new World({ minimumIdle: 2 })
    await world.pool.start()
    const borrowed = [await world.get(), await world.get(), await world.get()]
    await world.pool.administration.evict('all')
    await settle()
    expect(borrowed).toHaveLength(3)
    const { counters } = world.pool.statistics()
    expect(counters.createdFor.minimumIdle).toBeGreaterThan(2)
    expect(counters.created).toBe(
      counters.createdFor.minimumIdle + counters.createdFor.waiter + counters.createdFor.probe,
    )
    expect(counters.closed.evicted).toBeGreaterThan(2)
  })

  it('measure waiting, using and connecting', async () => {
    const world = new World({ maximumPoolSize: 1 })
    world.driver.behaviour.connect = () => new Promise((resolve) => void world.clock.setTimer(resolve, 30))
    const first = world.ask()
    await world.clock.advance(30)
    const second = world.ask()
    await world.clock.advance(700)
    await lentTo(first).close()
    await settle()
    await world.clock.advance(4)
    await lentTo(second).close()
    const { wait, use, connect } = world.pool.statistics().times
    expect(connect).toMatchObject({ count: 1, sum: 30, counts: [0, 0, 0, 1, 0, 0, 0, 0, 0, 0] })
    expect(wait).toMatchObject({ count: 2, sum: 730, counts: [0, 0, 0, 1, 0, 0, 1, 0, 0, 0] })
    expect(use).toMatchObject({ count: 2, sum: 704, counts: [0, 1, 0, 0, 0, 0, 1, 0, 0, 0] })
    expect(wait.bounds).toHaveLength(wait.counts.length - 1)
  })
})

describe('A ResourcePool', () => {
  it('has the same administration', async () => {
    await using pool = new ResourcePool(
      { create: async () => ({}), destroy: async () => undefined },
      { maximumPoolSize: 2 },
    )
    const first = await pool.acquire()
    pool.suspend()
    const second = pool.acquire()
    pool.reconfigure({ maximumPoolSize: 5, connectionTimeout: '1s' })
    expect(pool.limits).toMatchObject({ maximumPoolSize: 5, softPoolSize: 5, connectionTimeout: 1_000 })
    expect(await pool.evict('graceful')).toBe(1)
    pool.resume()
    expect(await second).not.toBe(first)
    pool.release(first)
    pool.release(await second)
    expect(() => pool.reconfigure({ queryTimeout: 5 } as never)).toThrow(InvalidSettingError)
  })
})
