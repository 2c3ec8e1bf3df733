import { describe, expect, it } from 'vitest'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { Gate, lentTo, World } from './world.ts'

/** Connects that take a while. */
function slowConnects(world: World, milliseconds: number): void {
  world.driver.behaviour.connect = () => new Promise((resolve) => world.clock.setTimer(resolve, milliseconds))
}

describe('Sizing', () => {
  it('makes no connection before one is wanted', async () => {
    const world = new World()
    await world.clock.advance(60_000)
    expect(world.driver.connects).toBe(0)
  })

  it('serves one caller after another with one connection', async () => {
    const world = new World()
    for (let i = 0; i < 20; i++) await (await world.get()).close()
    expect(world.driver.connects).toBe(1)
  })

  it('lends the connection used last, so that others can grow cold', async () => {
    const world = new World()
    const pooled = await world.fill(3)
    expect((await world.get()).pooled).toBe(pooled[2])
  })

  it('grows above softPoolSize only for waiters', async () => {
    const world = new World({ maximumPoolSize: 10, softPoolSize: 2, minimumIdle: 2 })
    const [first, second] = [await world.get(), await world.get()]
    await settle()
    // Both are lent and none is idle, yet the reserve does not push the pool over its soft size.
    expect(world.pool.statistics().total).toBe(2)
    await world.get()
    expect(world.pool.statistics().total).toBe(3)
    await first.close()
    await second.close()
  })

  it('keeps the overflow for overflowTimeout from the moment of rest, then lets it go one by one', async () => {
    const world = new World({ maximumPoolSize: 10, softPoolSize: 2, overflowTimeout: '30s' })
    await world.fill(5)
    const sizes: number[] = []
    await world.clock.advance(29_999)
    sizes.push(world.pool.statistics().total)
    await world.clock.advance(1)
    sizes.push(world.pool.statistics().total)
    await world.clock.advance(3_000)
    sizes.push(world.pool.statistics().total)
    await world.clock.advance(3_000)
    sizes.push(world.pool.statistics().total)
    await world.clock.advance(200_000)
    sizes.push(world.pool.statistics().total)
    expect(sizes).toEqual([5, 4, 3, 2, 2])
    expect(world.pool.statistics().counters.closed.overflow).toBe(3)
  })

  it('keeps the overflow while it is used', async () => {
    const world = new World({ maximumPoolSize: 4, softPoolSize: 1, overflowTimeout: '10s' })
    for (let i = 0; i < 10; i++) {
      await world.fill(4)
      await world.clock.advance(5_000)
    }
    expect(world.driver.connects).toBe(4)
  })

  it('keeps minimumIdle ready, and refills it when one is lent or dies', async () => {
    const world = new World({ maximumPoolSize: 5, minimumIdle: 2 })
    const first = await world.get()
    await settle()
    expect(world.pool.statistics()).toMatchObject({ idle: 2, inUse: 1, total: 3 })
    await world.get()
    await settle()
    expect(world.pool.statistics()).toMatchObject({ idle: 2, inUse: 2 })
    world.driver.made.find((pooled) => pooled !== first.pooled && !pooled.closed)!.lose()
    await settle()
    expect(world.pool.statistics().idle).toBe(2)
  })

  it('a quiet pool shrinks to minimumIdle without traffic', async () => {
    const world = new World({ idleTimeout: '1m', minimumIdle: 1 })
    await world.fill(6)
    await world.clock.advance(61_000)
    expect(world.pool.statistics().total).toBe(1)
  })

  it('connects in parallel when the queue would take longer to drain than a connect', async () => {
    const world = new World({ maximumPoolSize: 50 })
    world.driver.behaviour.connect = () => new Gate().promise
    for (let i = 0; i < 30; i++) world.ask()
    await settle()
    expect(world.driver.mostConnecting).toBe(30)
  })

  it('does not connect when returns will serve the queue sooner: 50 short uses on 5 connections', async () => {
    const world = new World({ maximumPoolSize: 50 })
    slowConnects(world, 150)
    const uses = (count: number): Promise<void>[] => Array.from({ length: count }, () => use(world, 2))
    const warm = Promise.all(uses(5))
    await world.clock.advance(400)
    await warm
    for (let i = 0; i < 8; i++) await Promise.all([...uses(5), world.clock.advance(5)])
    expect(world.driver.connects).toBe(5)
    const startedAt = world.clock.now()
    let endedAt = 0
    void Promise.all(uses(50)).then(() => (endedAt = world.clock.now()))
    await world.clock.advance(1_000)
    expect(endedAt - startedAt).toBeLessThanOrEqual(26)
    expect(world.driver.connects).toBeLessThanOrEqual(6)
  })

  it('connects after all when returns do not come as expected', async () => {
    const world = new World({ maximumPoolSize: 5 })
    slowConnects(world, 100)
    const warm = use(world, 2)
    await world.clock.advance(200)
    await warm
    for (let i = 0; i < 10; i++) await Promise.all([use(world, 2), world.clock.advance(5)])
    await world.get()
    const second = world.ask()
    await world.clock.advance(50)
    expect(second.state).toBe('pending')
    expect(world.driver.connects).toBe(1)
    await world.clock.advance(250)
    expect(second.state).toBe('resolved')
    await lentTo(second).close()
  })

  it('when many have died one connect shows whether the database is there, and the others follow at once', async () => {
    const world = new World({ maximumPoolSize: 5 })
    const lent = [
      await world.get(),
      await world.get(),
      await world.get(),
      await world.get(),
      await world.get(),
    ]
    await world.clock.advance(1_000)
    slowConnects(world, 50)
    for (const { pooled } of lent) pooled.lose()
    for (const connection of lent) void connection.close()
    await settle()
    const asked = Array.from({ length: 5 }, () => world.ask())
    await world.clock.advance(49)
    expect(world.driver.connects).toBe(6)
    await world.clock.advance(1)
    expect(world.driver.connects).toBe(10)
    await world.clock.advance(50)
    expect(asked.map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'resolved'))
  })

  it('when many have died a connect that hangs holds the others up for a moment only', async () => {
    const world = new World({ maximumPoolSize: 3 })
    const pooled = await world.fill(3)
    for (const one of pooled) one.lose()
    await settle()
    world.driver.behaviour.connect = () => new Gate().promise
    const asked = [world.ask(), world.ask(), world.ask()]
    await settle()
    expect(world.driver.connecting).toBe(1)
    world.driver.behaviour.connect = () => Promise.resolve()
    await world.clock.advance(200)
    expect(asked.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'pending'])
  })

  it('when one has died the others are made together', async () => {
    const world = new World({ maximumPoolSize: 3 })
    const [pooled] = await world.fill(1)
    pooled!.lose()
    await settle()
    world.driver.behaviour.connect = () => new Gate().promise
    for (let i = 0; i < 3; i++) world.ask()
    await settle()
    expect(world.driver.connecting).toBe(3)
  })

  it('with 4 connections and 10,000 borrowers: in order, never more than 4, nothing left', async () => {
    const world = new World({ maximumPoolSize: 4 }, { clock: new ManualClock() })
    const served: number[] = []
    await Promise.all(
      Array.from({ length: 10_000 }, async (_, order) => {
        const connection = await world.pool.acquire()
        served.push(order)
        await Promise.resolve()
        await connection.close()
      }),
    )
    expect(served).toEqual(Array.from({ length: 10_000 }, (_, order) => order))
    expect(world.driver.mostPhysical).toBe(4)
    expect(world.driver.connects).toBe(4)
    await world.pool.close()
    expect(world.driver.physical).toBe(0)
    expect(world.clock.timers()).toBe(0)
  })
})

async function use(world: World, milliseconds: number): Promise<void> {
  const connection = await world.pool.acquire()
  await new Promise<void>((resolve) => world.clock.setTimer(resolve, milliseconds))
  await connection.close()
}
