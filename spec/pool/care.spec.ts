import { describe, expect, it } from 'vitest'
import { Gate, settle, World } from './world.ts'

describe('Validation', () => {
  it('leaves out what was used a moment ago', async () => {
    const world = new World()
    const [pooled] = await world.fill(1)
    await world.clock.advance(499)
    await (await world.get()).close()
    expect(pooled!.validations).toBe(0)
    await world.clock.advance(500)
    await world.get()
    expect(pooled!.validations).toBe(1)
  })

  it('0 asks always, off never', async () => {
    const always = new World({ validateAfterIdle: 0 })
    const never = new World({ validateAfterIdle: 'off', keepaliveTime: 'off' })
    const [[asked], [unasked]] = [await always.fill(1), await never.fill(1)]
    await always.get()
    await never.clock.advance(500_000)
    await never.get()
    expect([asked!.validations, unasked!.validations]).toEqual([1, 0])
  })

  it('replaces a dead connection without a word to the borrower', async () => {
    const world = new World()
    const pooled = await world.fill(3)
    for (const one of pooled) one.dead = true
    await world.clock.advance(1_000)
    const connection = await world.get()
    expect(pooled).not.toContain(connection.pooled)
    expect(world.pool.statistics().counters.closed.invalid).toBe(3)
  })

  it('an outage costs one validationTimeout, not one for each connection', async () => {
    const world = new World({ maximumPoolSize: 5, validationTimeout: '5s' })
    await world.fill(5)
    world.driver.behaviour.validate = () => new Gate().promise.then(() => true)
    await world.clock.advance(1_000)
    const asked = world.ask()
    await world.clock.advance(10_000)
    expect(asked.state).toBe('resolved')
    expect(world.driver.connects).toBe(6)
    await world.clock.advance(1)
    expect(world.pool.statistics().counters.closed.invalid).toBe(5)
  })

  it('a death heard makes the idle ones suspect, however short they rested', async () => {
    const world = new World()
    const [, second, third] = await world.fill(3)
    third!.lose()
    const connection = await world.get()
    expect(connection.pooled).toBe(second)
    expect(second!.validations).toBe(1)
  })

  it('serves the waiter by a connection that returns while another is asked', async () => {
    const world = new World({ maximumPoolSize: 2 })
    await world.fill(2)
    const busy = await world.get()
    await world.clock.advance(1_000)
    const answer = new Gate()
    world.driver.behaviour.validate = () => answer.promise.then(() => true)
    const asked = world.ask()
    await settle()
    expect(asked.state).toBe('pending')
    await busy.close()
    await settle()
    expect(asked.state).toBe('resolved')
    answer.open()
    await settle()
    expect(world.pool.statistics()).toMatchObject({ idle: 1, inUse: 1 })
  })
})

describe('Reset', () => {
  it('happens once for each session that was changed', async () => {
    const world = new World()
    const connection = await world.get()
    connection.pooled.dirty = true
    await connection.close()
    await settle()
    await (await world.get()).close()
    await settle()
    expect(connection.pooled.resets).toBe(1)
  })

  it('a session that cannot be restored, or not in time, is closed', async () => {
    const world = new World({ validationTimeout: '1s', sessionReset: 'always', maximumPoolSize: 1 })
    world.driver.behaviour.reset = () => Promise.reject(new Error('no'))
    await world.fill(1)
    expect(world.pool.statistics().total).toBe(0)
    world.driver.behaviour.reset = () => new Gate().promise
    await (await world.get()).close()
    const next = world.ask()
    await world.clock.advance(999)
    expect(next.state).toBe('pending')
    await world.clock.advance(1)
    expect(next.state).toBe('resolved')
    expect(world.pool.statistics().counters.closed.resetFailed).toBe(2)
  })

  it('never leaves it out', async () => {
    const world = new World({ sessionReset: 'never' })
    const connection = await world.get()
    connection.pooled.dirty = true
    await connection.close()
    await settle()
    expect(connection.pooled.resets).toBe(0)
  })
})

describe('Lifetime', () => {
  it.each([
    [0, 0.975],
    [0.999_999, 0.9],
  ])('with random %d it is %d of maxLifetime', async (random, part) => {
    const world = new World(
      { maxLifetime: 100_000, keepaliveTime: 'off', idleTimeout: 'off' },
      { random: () => random },
    )
    await world.fill(1)
    await world.clock.advance(Math.round(100_000 * part) - 1)
    expect(world.pool.statistics().total).toBe(1)
    await world.clock.advance(2)
    expect(world.pool.statistics().counters.closed.maxLifetime).toBe(1)
  })

  it.each([0, 0.5, 0.999])(
    '100 connections of one age go one at a time, and minimumIdle holds (random %d)',
    async (random) => {
      const world = new World(
        {
          maximumPoolSize: 120,
          minimumIdle: 100,
          keepaliveTime: 'off',
          idleTimeout: 'off',
          maxLifetime: '30m',
        },
        { random: () => random },
      )
      const slow = (): Promise<void> => new Promise((resolve) => void world.clock.setTimer(resolve, 50))
      world.driver.behaviour.connect = slow
      void world.pool.start()
      await world.clock.advance(50)
      expect(world.pool.statistics().idle).toBe(100)
      const ends: number[] = []
      world.pool.events.on('closed', () => {
        ends.push(world.clock.now())
        expect(world.pool.statistics().idle).toBeGreaterThanOrEqual(100)
      })
      await world.clock.advance(30 * 60_000)
      expect(ends).toHaveLength(100)
      expect(world.pool.statistics()).toMatchObject({ total: 100, idle: 100 })
      const gaps = ends.slice(1).map((end, i) => end - ends[i]!)
      expect(Math.min(...gaps)).toBeGreaterThan(400)
    },
  )

  it('without room for a successor one is missing at a time, for the time of a connect', async () => {
    const world = new World({ maximumPoolSize: 20, minimumIdle: 20, keepaliveTime: 'off' })
    void world.pool.start()
    await world.clock.advance(0)
    let least = 20
    world.pool.events.on('closed', () => (least = Math.min(least, world.pool.statistics().total)))
    await world.clock.advance(30 * 60_000)
    expect(least).toBe(19)
    expect(world.pool.statistics()).toMatchObject({ idle: 20, counters: { closed: { maxLifetime: 20 } } })
  })

  it('a connection in use is not cut off; it goes when it comes back', async () => {
    const world = new World({ maxLifetime: '1m' })
    const connection = await world.get()
    await world.clock.advance(120_000)
    expect(connection.isClosed).toBe(false)
    await connection.close()
    await settle()
    expect(world.pool.statistics()).toMatchObject({ total: 0, counters: { closed: { maxLifetime: 1 } } })
  })

  it('is heeded also when the timer did not come, as after a sleep of the machine', async () => {
    const world = new World({ maxLifetime: '1m', validateAfterIdle: 'off' })
    const [pooled] = await world.fill(1)
    world.clock.jump(120_000)
    expect((await world.get()).pooled).not.toBe(pooled)
  })

  it('maxUses counts how often a connection was lent', async () => {
    const world = new World({ maxUses: 3 })
    for (let i = 0; i < 7; i++) await world.fill(1)
    expect(world.driver.connects).toBe(3)
  })
})

describe('Keepalive', () => {
  it('asks idle connections, which stay as idle as they were', async () => {
    const world = new World({ keepaliveTime: '1m', idleTimeout: '150s' })
    const [pooled] = await world.fill(1)
    await world.clock.advance(149_999)
    expect(pooled!.validations).toBe(2)
    await world.clock.advance(1)
    expect(pooled!.closed).toBe(true)
  })

  it('finds the dead before a borrower does', async () => {
    const world = new World({ keepaliveTime: '1m' })
    const pooled = await world.fill(3)
    for (const one of pooled) one.dead = true
    await world.clock.advance(60_000)
    expect(world.pool.statistics().total).toBe(0)
  })

  it('does not keep the process running', async () => {
    const world = new World()
    await world.fill(2)
    await world.clock.advance(2_000)
    expect(world.clock.timers({ keepAlive: true })).toBe(0)
    expect(world.clock.timers()).toBe(1)
  })
})
