import { describe, expect, it } from 'vitest'
import { SQLException, SQLInvalidAuthorizationSpecException } from '../../src/api/sql-exception.ts'
import { CannotConnectError, PoolExhaustedError } from '../../src/pool/errors.ts'
import { settle, World } from './world.ts'

const down = (): Promise<void> => Promise.reject(new Error('connection refused'))
const up = (): Promise<void> => Promise.resolve()

describe('While the database is down', () => {
  it('callers wait until their deadline, and learn the last cause and its age', async () => {
    const world = new World({ connectionTimeout: '5s' })
    world.driver.behaviour.connect = down
    const asked = world.ask()
    await world.clock.advance(4_999)
    expect(asked.state).toBe('pending')
    await world.clock.advance(1)
    const error = asked.error as CannotConnectError
    expect(error).toBeInstanceOf(CannotConnectError)
    expect(error).toMatchObject({ sqlState: '08001', reason: 'connect-failed', waited: 5_000 })
    expect((error.cause as Error).message).toBe('connection refused')
    expect(error.causeAge).toBeLessThanOrEqual(1_000)
    expect(error.message).toContain('jdbc/spec')
  })

  it('one deadline of their own is as good', async () => {
    const world = new World()
    world.driver.behaviour.connect = down
    const asked = world.ask({ timeout: 250 })
    await world.clock.advance(250)
    expect(asked.error).toBeInstanceOf(CannotConnectError)
  })

  it('pauses grow to a second', async () => {
    const world = new World({}, { random: () => 0 })
    world.driver.behaviour.connect = down
    const attempts: number[] = []
    world.pool.events.on('connectFailed', ({ retryIn }) => attempts.push(retryIn))
    world.ask()
    await world.clock.advance(4_000)
    expect(attempts).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000])
  })

  it('all are served as soon as one connect succeeds', async () => {
    const world = new World({ maximumPoolSize: 5 })
    world.driver.behaviour.connect = down
    const asked = Array.from({ length: 5 }, () => world.ask())
    const recovered: unknown[] = []
    world.pool.events.on('recovered', (event) => recovered.push(event))
    await world.clock.advance(10_000)
    world.driver.behaviour.connect = up
    await world.clock.advance(1_000)
    expect(asked.map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'resolved'))
    expect(recovered).toHaveLength(1)
  })

  it('nothing is tried when nobody waits', async () => {
    const world = new World({ connectionTimeout: '1s' })
    world.driver.behaviour.connect = down
    world.ask()
    await world.clock.advance(3_000)
    const before = world.driver.connects
    await world.clock.advance(60_000)
    expect(world.driver.connects).toBe(before)
  })

  it('the reserve is refilled slowly', async () => {
    const world = new World({ connectionTimeout: '1s', minimumIdle: 1 })
    world.driver.behaviour.connect = down
    world.ask()
    await world.clock.advance(3_000)
    const before = world.driver.connects
    await world.clock.advance(60_000)
    expect(world.driver.connects - before).toBeLessThanOrEqual(6)
    world.driver.behaviour.connect = up
    await world.clock.advance(20_000)
    expect(world.pool.statistics().idle).toBe(1)
  })

  it('a connect that hangs is told apart from a pool that is full', async () => {
    const world = new World({ maximumPoolSize: 1 })
    world.driver.behaviour.connect = (deadline) => new Promise((_, reject) => void deadline.onExpired(reject))
    const asked = world.ask({ timeout: 1_000 })
    await world.clock.advance(1_000)
    expect(asked.error).toBeInstanceOf(CannotConnectError)
    expect((asked.error as Error).message).toContain('still under way')
  })
})

describe('A full pool', () => {
  it('says who holds what', async () => {
    const world = new World({ maximumPoolSize: 2, connectionTimeout: '1s' })
    await world.get()
    await world.get()
    const asked = [world.ask(), world.ask()]
    await world.clock.advance(1_000)
    const error = asked[0]!.error as PoolExhaustedError
    expect(error).toBeInstanceOf(PoolExhaustedError)
    expect(error.snapshot).toEqual({
      total: 2,
      idle: 0,
      inUse: 2,
      waiting: 1,
      maximum: 2,
      borrowers: [
        { id: 'stub-1', used: 1_000, stack: undefined },
        { id: 'stub-2', used: 1_000, stack: undefined },
      ],
    })
    expect(error.message).toBe(
      'jdbc/spec: no connection became free within 1000 ms (total 2, idle 0, in use 2, waiting 1, maximum 2; ' +
        'held longest: stub-1 for 1000 ms, stub-2 for 1000 ms); ' +
        'return connections sooner, or raise maximumPoolSize or connectionTimeout',
    )
  })

  it('a timeout of 0 takes what is there, and does not wait', async () => {
    const world = new World({ maximumPoolSize: 1 })
    await world.fill(1)
    const first = world.ask({ timeout: 0 })
    const second = world.ask({ timeout: 0 })
    await settle()
    expect(first.state).toBe('resolved')
    expect(second.error).toBeInstanceOf(PoolExhaustedError)
  })
})

describe('Refusals that trying again does not mend', () => {
  const refused = new SQLInvalidAuthorizationSpecException('password refused', {
    sqlState: '28P01',
    reason: 'auth',
  })

  it('are told at once, as they are', async () => {
    const world = new World()
    world.driver.behaviour.connect = () => Promise.reject(refused)
    const asked = [world.ask(), world.ask()]
    await settle()
    expect(asked.map(({ error }) => error)).toEqual([refused, refused])
  })

  it('a refused password is not tried again within 30 seconds, and callers meanwhile are told at once', async () => {
    const world = new World()
    world.driver.behaviour.connect = () => Promise.reject(refused)
    world.ask()
    await settle()
    for (let i = 0; i < 29; i++) {
      const asked = world.ask()
      await world.clock.advance(1_000)
      expect(asked.error).toBe(refused)
    }
    expect(world.driver.connects).toBe(1)
    await world.clock.advance(10_000)
    world.driver.behaviour.connect = up
    expect((await world.get()).isClosed).toBe(false)
  })

  it('an impossible target is told at once, and tried again when asked a moment later', async () => {
    const world = new World()
    const folder = new SQLException('the database file is a folder', {
      sqlState: '08001',
      reason: 'connect-failed',
    })
    world.driver.behaviour.connect = () => Promise.reject(folder)
    const asked = world.ask()
    await settle()
    expect(asked.error).toBe(folder)
    world.driver.behaviour.connect = up
    await world.clock.advance(200)
    expect((await world.get()).isClosed).toBe(false)
  })

  it('do not disturb those who can still be served', async () => {
    const world = new World({ maximumPoolSize: 2 })
    const first = await world.get()
    world.driver.behaviour.connect = () => Promise.reject(refused)
    const asked = world.ask()
    await settle()
    expect(asked.state).toBe('pending')
    await first.close()
    await settle()
    expect(asked.state).toBe('resolved')
  })
})
