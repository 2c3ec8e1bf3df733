import assert from 'node:assert/strict'
import { NestedAcquisitionError, PoolClosedError, PoolExhaustedError } from '../../src/pool/errors.ts'
import { SQLInvalidAuthorizationSpecException } from '../../src/api/sql-exception.ts'
import type { SQLException } from '../../src/api/sql-exception.ts'
import { overloadLaws } from './laws-overload.ts'
import { leakLaws } from './laws-leaks.ts'
import { ownerLaws } from './laws-owner.ts'
import { Gate, lentTo, settle, Watched, World } from './world.ts'
import type { PoolMaker } from './world.ts'

/** What every pool must do, as a scenario that throws when it does not. */
export interface Law {
  readonly name: string
  readonly check: (make: PoolMaker) => Promise<void>
}

const refused = new SQLInvalidAuthorizationSpecException('password refused', {
  sqlState: '28P01',
  reason: 'auth',
})

/** Run against the real pool, and against each broken one. None of them waits for a promise that may never settle. */
export const laws: readonly Law[] = [
  law('a growing pool stops at maximumPoolSize', async (make) => {
    const world = new World({ maximumPoolSize: 3 }, { make })
    const asked = Array.from({ length: 10 }, () => world.ask())
    await settle()
    assert.equal(asked.filter((one) => one.state === 'resolved').length, 3)
    assert.equal(world.driver.mostPhysical, 3)
  }),

  law('connects in flight count against maximumPoolSize', async (make) => {
    const world = new World({ maximumPoolSize: 2 }, { make })
    world.driver.behaviour.connect = () => new Gate().promise
    for (let i = 0; i < 5; i++) world.ask()
    await settle()
    for (let i = 0; i < 5; i++) world.ask()
    await settle()
    assert.equal(world.driver.mostPhysical, 2)
  }),

  law('a place is free only when its connection is gone', async (make) => {
    const world = new World({ maximumPoolSize: 1 }, { make })
    const closing = new Gate()
    world.driver.behaviour.close = () => closing.promise
    const first = await world.get()
    const second = world.ask()
    first.pooled.lose()
    await first.close()
    await settle()
    assert.equal(second.state, 'pending')
    assert.equal(world.driver.mostPhysical, 1)
    closing.open()
    await settle()
    assert.equal(second.state, 'resolved')
    assert.equal(world.driver.mostPhysical, 1)
  }),

  law('waiters are served in the order in which they came', async (make) => {
    const world = new World({ maximumPoolSize: 1 }, { make })
    let connection = await world.get()
    const waiters = [world.ask(), world.ask(), world.ask()]
    for (const waiter of waiters) {
      await connection.close()
      await settle()
      connection = lentTo(waiter)
    }
    await connection.close()
  }),

  law('nobody overtakes those who wait', async (make) => {
    const world = new World({ maximumPoolSize: 1 }, { make })
    const first = await world.get()
    const second = world.ask()
    void first.close()
    const third = world.ask()
    await settle()
    assert.equal(second.state, 'resolved')
    assert.equal(third.state, 'pending')
  }),

  law('a returned connection goes to the first waiter at once', async (make) => {
    const world = new World({ maximumPoolSize: 1 }, { make })
    const first = await world.get()
    world.ask()
    void first.close()
    const { waiting, inUse, idle } = world.pool.statistics()
    assert.deepEqual({ waiting, inUse, idle }, { waiting: 0, inUse: 1, idle: 0 })
    await settle()
  }),

  law('no connection has two borrowers', async (make) => {
    const world = new World({ maximumPoolSize: 2 }, { make })
    await world.fill(2)
    const [a, b] = [await world.get(), await world.get()]
    assert.notEqual(a.pooled, b.pooled)
    assert.equal(world.pool.statistics().inUse, 2)
    assert.equal(a.isClosed, false)
  }),

  law('a death wakes a waiter to connect', async (make) => {
    const world = new World({ maximumPoolSize: 1 }, { make })
    const first = await world.get()
    const second = world.ask()
    first.pooled.lose()
    void first.close()
    await settle()
    assert.equal(second.state, 'resolved')
    assert.notEqual(lentTo(second).pooled, first.pooled)
  }),

  law('a caller that gave up gets nothing, and nothing is lost', async (make) => {
    const world = new World({ maximumPoolSize: 1 }, { make })
    const first = await world.get()
    const controller = new AbortController()
    const second = world.ask({ signal: controller.signal })
    const third = world.ask()
    controller.abort()
    await settle()
    assert.equal((second.error as SQLException).sqlState, '57014')
    assert.equal(world.pool.statistics().waiting, 1)
    void first.close()
    await settle()
    assert.equal(third.state, 'resolved')
    await lentTo(third).close()
    assert.equal(world.pool.statistics().idle, 1)
  }),

  law('a caller whose signal is aborted as its connection comes loses it to nobody', async (make) => {
    const world = new World({ maximumPoolSize: 1 }, { make })
    const first = await world.get()
    const controller = new AbortController()
    const second = world.ask({ signal: controller.signal })
    void first.close()
    controller.abort()
    await settle()
    // It was handed over before the abort: so the caller has it, and gives it back.
    await lentTo(second).close()
    assert.equal(world.pool.statistics().idle, 1)
  }),

  law('nobody waits without a deadline', async (make) => {
    const world = new World({ maximumPoolSize: 1 }, { make })
    await world.get()
    const second = world.ask()
    const controller = new AbortController()
    const third = world.ask({ signal: controller.signal })
    await world.clock.advance(29_999)
    assert.equal(second.state, 'pending')
    await world.clock.advance(1)
    assert.ok(second.error instanceof PoolExhaustedError)
    assert.ok(third.error instanceof PoolExhaustedError)
  }),

  law('a dead connection is not lent again', async (make) => {
    const world = new World({ maximumPoolSize: 1 }, { make })
    const first = await world.get()
    first.pooled.lose()
    await first.close()
    await settle()
    const second = await world.get()
    assert.notEqual(second.pooled, first.pooled)
  }),

  law('a connection that died while idle is not lent', async (make) => {
    const world = new World({ maximumPoolSize: 1 }, { make })
    const [pooled] = await world.fill(1)
    pooled!.lose()
    await settle()
    assert.equal(world.pool.statistics().total, 0)
    assert.notEqual((await world.get()).pooled, pooled)
  }),

  law('a connection idle for long is asked before it is lent', async (make) => {
    const world = new World({ maximumPoolSize: 1 }, { make })
    const [pooled] = await world.fill(1)
    pooled!.dead = true
    await world.clock.advance(1_000)
    assert.notEqual((await world.get()).pooled, pooled)
    assert.equal(pooled!.validations, 1)
  }),

  law('a connection that died makes the other idle ones suspect', async (make) => {
    const world = new World({ maximumPoolSize: 2, validateAfterIdle: 'off' }, { make })
    const [first, second] = await world.fill(2)
    first!.dead = true
    second!.lose()
    await settle()
    assert.notEqual((await world.get()).pooled, first)
  }),

  law('after a sleep of the machine no connection is lent unasked', async (make) => {
    const world = new World({ maximumPoolSize: 1, validateAfterIdle: 'off' }, { make })
    const [pooled] = await world.fill(1)
    pooled!.dead = true
    await world.clock.advance(20)
    world.clock.sleep(3_600_000)
    assert.notEqual((await world.get()).pooled, pooled)
  }),

  law('a stall gives what has arrived a turn before waiters are sent away', async (make) => {
    const world = new World({ maximumPoolSize: 1, connectionTimeout: '5s' }, { make })
    const first = await world.get()
    const asked = world.ask()
    world.clock.setTimer(() => void first.close(), 5_001)
    world.clock.jump(20_000)
    await world.clock.advance(0)
    assert.equal(asked.state, 'resolved')
  }),

  law('who would be one too many in the queue is refused at once', async (make) => {
    const world = new World({ maximumPoolSize: 1, maxWaiters: 1 }, { make })
    await world.get()
    const asked = [world.ask(), world.ask()]
    await settle()
    assert.deepEqual(
      asked.map(({ state }) => state),
      ['pending', 'rejected'],
    )
    assert.ok(asked[1]!.error instanceof PoolExhaustedError)
  }),

  law('a function that asks for a second connection of a full pool is refused', async (make) => {
    const world = new World({ maximumPoolSize: 1, nestedAcquisition: 'error' }, { make })
    await world.get()
    const nested = await world.pool.hold(async () => world.ask())
    await settle()
    assert.ok(nested.error instanceof NestedAcquisitionError)
  }),

  law('a changed session is restored before the next borrower has it', async (make) => {
    const world = new World({ maximumPoolSize: 1 }, { make })
    const first = await world.get()
    const second = world.ask()
    first.pooled.dirty = true
    void first.close()
    assert.equal(world.pool.statistics().resetting, 1)
    await settle()
    assert.equal(lentTo(second).pooled.resets, 1)
  }),

  law('a connection told to be closed twice returns once', async (make) => {
    const world = new World({ maximumPoolSize: 1 }, { make })
    const first = await world.get()
    await first.close()
    first.pooled.tell()
    const { idle, total, counters } = world.pool.statistics()
    assert.deepEqual([idle, total, counters.released], [1, 1, 1])
  }),

  law('a failed connect leaves its place free', async (make) => {
    const world = new World({ maximumPoolSize: 1 }, { make })
    world.driver.behaviour.connect = () => Promise.reject(new Error('refused'))
    const asked = world.ask()
    await settle()
    world.driver.behaviour.connect = () => Promise.resolve()
    await world.clock.advance(5_000)
    assert.equal(asked.state, 'resolved')
  }),

  law('while the database is down one connect at a time, with growing pauses', async (make) => {
    const world = new World({ maximumPoolSize: 10 }, { make })
    world.driver.behaviour.connect = () => Promise.reject(new Error('refused'))
    for (let i = 0; i < 10; i++) world.ask()
    await settle()
    const before = world.driver.connects
    assert.ok(before <= 10)
    world.driver.mostConnecting = 0
    await world.clock.advance(20_000)
    assert.equal(world.driver.mostConnecting, 1)
    assert.ok(world.driver.connects - before <= 50, `${world.driver.connects - before} connects in 20 s`)
  }),

  law(
    'a full pool tells its health, by one connection beyond its limit that is gone at once',
    async (make) => {
      const world = new World({ maximumPoolSize: 2 }, { make })
      const borrowed = [await world.get(), await world.get()]
      world.ask()
      const asked = [world.pool.checkHealth(), world.pool.checkHealth()].map((health) => new Watched(health))
      await settle()
      assert.deepEqual(
        asked.map(({ value }) => value !== undefined && 'answered' in value),
        [true, true],
      )
      assert.equal(world.driver.mostPhysical, 3)
      assert.equal(world.driver.physical, 2)
      assert.equal(world.pool.statistics().waiting, 1)
      for (const connection of borrowed) void connection.close()
      await settle()
    },
  ),

  law('asking for health does not make connects more frequent', async (make) => {
    const world = new World({ maximumPoolSize: 2 }, { make })
    world.driver.behaviour.connect = () => Promise.reject(refused)
    for (let second = 0; second < 120; second++) {
      void world.pool.checkHealth()
      await world.clock.advance(1_000)
    }
    const { connects } = world.driver
    assert.ok(connects > 1 && connects <= 4, `${connects} connects with a wrong password in 2 minutes`)
  }),

  law('close sends those who wait away', async (make) => {
    const world = new World({ maximumPoolSize: 1 }, { make })
    const first = await world.get()
    const second = world.ask()
    void world.pool.close()
    await settle()
    assert.ok(second.error instanceof PoolClosedError)
    assert.ok((await refusal(world)) instanceof PoolClosedError)
    await first.close()
  }),

  law('close resolves when everything is gone, not before', async (make) => {
    const world = new World({ maximumPoolSize: 2 }, { make })
    await world.fill(2)
    const borrowed = await world.get()
    const gate = new Gate()
    world.driver.behaviour.close = () => gate.promise
    const closed = new Watched(world.pool.close())
    await settle()
    assert.equal(closed.state, 'pending')
    void borrowed.close()
    await settle()
    assert.equal(closed.state, 'pending')
    gate.open()
    await settle()
    assert.equal(closed.state, 'resolved')
    assert.equal(world.driver.physical, 0)
  }),

  law('close takes back what is not returned in time', async (make) => {
    const world = new World({ maximumPoolSize: 2 }, { make })
    const borrowed = await world.get()
    const closed = new Watched(world.pool.close({ drainTimeout: 2_000 }))
    await world.clock.advance(1_999)
    assert.equal(closed.state, 'pending')
    await world.clock.advance(1)
    assert.equal(closed.state, 'resolved')
    assert.equal(borrowed.isClosed, true)
  }),

  law('close leaves no timer', async (make) => {
    const world = new World({ maximumPoolSize: 1, minimumIdle: 1 }, { make })
    const borrowed = await world.get()
    world.ask()
    world.ask({ timeout: 1_000 })
    void borrowed.close()
    await settle()
    void world.pool.close({ drainTimeout: 0 })
    await settle()
    assert.equal(world.clock.timers(), 0)
    assert.equal(world.driver.physical, 0)
  }),

  law('a pool in which nothing is due has no timer', async (make) => {
    const world = new World({ idleTimeout: 'off', keepaliveTime: 'off', maxLifetime: 'off' }, { make })
    assert.equal(world.clock.timers(), 0)
    await world.fill(3)
    await world.clock.advance(2_000)
    assert.equal(world.clock.timers(), 0)
  }),
  ...ownerLaws,
  ...leakLaws,
  ...overloadLaws,
]

function law(name: string, check: (make: PoolMaker) => Promise<void>): Law {
  return { name, check }
}

/** The names of the laws that a pool breaks. */
export async function brokenLaws(make: PoolMaker): Promise<string[]> {
  const broken: string[] = []
  for (const { name, check } of laws) {
    await check(make).catch(() => broken.push(name))
  }
  return broken
}

async function refusal(world: World): Promise<unknown> {
  const asked = world.ask()
  await settle()
  return asked.error
}
