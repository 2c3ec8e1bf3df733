import { afterEach, describe, expect, it } from 'vitest'
import { SQLInvalidAuthorizationSpecException } from '../../src/api/sql-exception.ts'
import { PoolClosedError } from '../../src/pool/errors.ts'
import { Gate, settle, Watched, World } from './world.ts'

let world: World

afterEach(async () => {
  await world.end()
  expect(world.driver.physical).toBe(0)
  expect(world.clock.timers()).toBe(0)
})

const ask = () => new Watched(world.pool.checkHealth())

describe('A pool asked for its health', () => {
  it('makes its first connection, and keeps it', async () => {
    world = new World()
    const health = ask()
    await settle()
    expect(health.value).toMatchObject({ answered: { id: 'stub-1' } })
    expect(world.pool.statistics()).toMatchObject({ total: 1, idle: 1, control: 0 })
  })

  it('asks the idle connection that was used last, which stays idle', async () => {
    world = new World()
    const filled = await world.fill(2)
    world.driver.behaviour.validate = async () => {
      await new Promise<void>((resolve) => world.clock.setTimer(resolve, 7))
      return true
    }
    const health = ask()
    expect(world.pool.statistics()).toMatchObject({ idle: 1, validating: 1 })
    await world.clock.advance(7)
    expect(health.value).toEqual({ answered: filled[1], took: 7 })
    expect(filled.map(({ validations }) => validations)).toEqual([0, 1])
    expect(world.pool.statistics()).toMatchObject({ idle: 2, total: 2 })
  })

  it('is not misled by an idle connection that died', async () => {
    world = new World()
    const [dead, alive] = await world.fill(2)
    alive!.dead = true
    dead!.dead = true
    const health = ask()
    await settle()
    expect(health.value).toMatchObject({ answered: { id: 'stub-3' } })
    expect(world.pool.statistics()).toMatchObject({ idle: 1, total: 1 })
  })

  it('joins a connect that is under way', async () => {
    world = new World()
    const gate = new Gate()
    world.driver.behaviour.connect = () => gate.promise
    const borrower = world.ask()
    const health = ask()
    await settle()
    expect(world.driver.connects).toBe(1)
    gate.open()
    await settle()
    expect(health.value).toMatchObject({ answered: { id: 'stub-1' } })
    expect(borrower.state).toBe('resolved')
  })

  it('makes a connection of its own when all are lent, whoever waits', async () => {
    world = new World({ maximumPoolSize: 1 })
    const borrowed = await world.get()
    const waiting = world.ask()
    const gate = new Gate()
    world.driver.behaviour.close = () => gate.promise
    const health = ask()
    await settle()
    expect(world.pool.statistics()).toMatchObject({ total: 1, control: 1, waiting: 1 })
    expect(health.state).toBe('pending')
    gate.open()
    await settle()
    expect(health.value).toMatchObject({ answered: { id: 'stub-2' } })
    expect(waiting.state).toBe('pending')
    expect(world.pool.statistics()).toMatchObject({ total: 1, control: 0, waiting: 1 })
    expect(world.driver.physical).toBe(1)
    void borrowed.close()
  })

  it('tells the failure of a connect, and then the same one until the pause is over', async () => {
    world = new World()
    const failure = new Error('connection refused')
    world.driver.behaviour.connect = () => Promise.reject(failure)
    const first = ask()
    await world.clock.advance(10)
    expect(first.value).toMatchObject({ error: failure, at: 0 })
    const second = ask()
    await settle()
    expect(second.value).toMatchObject({ error: failure, at: 0 })
    expect(world.driver.connects).toBe(1)
    await world.clock.advance(100)
    world.driver.behaviour.connect = () => Promise.resolve()
    const third = ask()
    await settle()
    expect(third.value).toMatchObject({ answered: { id: 'stub-2' } })
  })

  it('logs in beyond its limit no sooner after a refused password than within it', async () => {
    world = new World({ maximumPoolSize: 1 })
    const borrowed = await world.get()
    world.driver.behaviour.connect = () =>
      Promise.reject(new SQLInvalidAuthorizationSpecException('no', { sqlState: '28P01', reason: 'auth' }))
    for (let second = 0; second < 60; second++) {
      const health = ask()
      await world.clock.advance(1_000)
      expect(health.value).toHaveProperty('error.sqlState', '28P01')
    }
    expect(world.driver.connects).toBe(1 + 2)
    world.driver.behaviour.connect = () => Promise.resolve()
    await world.clock.advance(40_000)
    const mended = ask()
    await settle()
    expect(mended.value).toHaveProperty('answered')
    void borrowed.close()
  })
})

describe('A pool that is closed', () => {
  it('says so', async () => {
    world = new World()
    await world.pool.close()
    const health = ask()
    await settle()
    expect(health.value).toHaveProperty('error', expect.any(PoolClosedError))
  })

  it('says so at once to those who asked before, whatever they are waiting for', async () => {
    for (const busy of ['check', 'connect', 'beyond'] as const) {
      world = new World({ maximumPoolSize: 1 })
      const never = new Promise<never>(() => undefined)
      if (busy === 'check') await world.fill(1)
      if (busy === 'beyond') void (await world.get())
      world.driver.behaviour.validate = () => never
      world.driver.behaviour.connect = (deadline) =>
        new Promise((_, reject) => deadline.onExpired((error) => reject(error)))
      const health = ask()
      await settle()
      expect(health.state).toBe('pending')
      const closed = new Watched(world.pool.close({ drainTimeout: 0 }))
      await settle()
      expect(health.value).toHaveProperty('error', expect.any(PoolClosedError))
      expect(closed.state).toBe('resolved')
      expect(world.driver.physical).toBe(0)
    }
  })

  it('is closed when the connection beyond its limit is gone, not before', async () => {
    world = new World({ maximumPoolSize: 1 })
    void (await world.get())
    const gate = new Gate()
    world.driver.behaviour.close = ({ id }) => (id === 'stub-2' ? gate.promise : Promise.resolve())
    ask()
    await settle()
    const closed = new Watched(world.pool.close({ drainTimeout: 0 }))
    await settle()
    expect(world.pool.statistics()).toMatchObject({ total: 0, control: 1 })
    expect(closed.state).toBe('pending')
    gate.open()
    await settle()
    expect(closed.state).toBe('resolved')
  })
})
