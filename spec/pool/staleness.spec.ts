import { describe, expect, it } from 'vitest'
import { changePoolSettings } from '../../src/pool/settings-change.ts'
import { systemClock } from '../../src/session/system-clock.ts'
import type { Clock } from '../../src/spi/clock.ts'
import { Gate, settle, World } from './world.ts'

const quiet = { validateAfterIdle: 'off', keepaliveTime: 'off', idleTimeout: 'off', maxLifetime: 'off' }

describe("onStale: 'reconnect'", () => {
  it('replaces what was idle for long without asking it', async () => {
    const world = new World({ onStale: 'reconnect' })
    const pooled = await world.fill(3)
    await world.clock.advance(1_000)
    const connection = await world.get()
    expect(pooled).not.toContain(connection.pooled)
    expect(pooled.map(({ validations }) => validations)).toEqual([0, 0, 0])
    // One for one: the others stay until somebody wants them.
    expect(world.pool.statistics()).toMatchObject({ idle: 2, counters: { closed: { stale: 1 } } })
  })

  it('leaves what was used a moment ago', async () => {
    const world = new World({ onStale: 'reconnect' })
    const [pooled] = await world.fill(1)
    await world.clock.advance(400)
    expect((await world.get()).pooled).toBe(pooled)
  })

  it('replaces one for each who waits, while the first are being closed', async () => {
    const world = new World({ onStale: 'reconnect', maximumPoolSize: 3 })
    await world.fill(3)
    await world.clock.advance(1_000)
    const closing = new Gate()
    world.driver.behaviour.close = () => closing.promise
    const asked = [world.ask(), world.ask()]
    await settle()
    expect(world.pool.statistics()).toMatchObject({ idle: 1, closing: 2, waiting: 2 })
    closing.open()
    await settle()
    expect(asked.map(({ state }) => state)).toEqual(['resolved', 'resolved'])
  })

  it('serves whoever counted on a place that went with a smaller maximum', async () => {
    const world = new World({ maximumPoolSize: 2, onStale: 'reconnect' })
    await world.fill(2)
    await world.clock.advance(1_000)
    const gate = new Gate()
    world.driver.behaviour.close = () => gate.promise
    const asked = world.ask()
    const { administration, settings } = world.pool
    administration.reconfigure(changePoolSettings(settings, { maximumPoolSize: 1 }, 'jdbc/spec', () => false))
    gate.open()
    await settle()
    expect(asked.state).toBe('resolved')
    expect(world.driver.physical).toBe(1)
    await world.end()
  })
})

describe('The first dead connection', () => {
  it('makes the idle ones suspect, also where none is ever checked for having been idle', async () => {
    const world = new World(quiet)
    const [first, second, third] = await world.fill(3)
    third!.lose()
    first!.dead = true
    expect((await world.get()).pooled).toBe(second)
    expect((await world.get()).pooled).not.toBe(first)
  })

  it('in use makes the idle ones suspect as well', async () => {
    const world = new World(quiet)
    const [first] = await world.fill(2)
    const borrowed = await world.get()
    borrowed.pooled.lose()
    first!.dead = true
    expect((await world.get()).pooled).not.toBe(first)
  })

  it('an outage with 100 connections costs one validationTimeout', async () => {
    const world = new World({ maximumPoolSize: 100, validationTimeout: '5s' })
    await world.fill(100)
    await world.clock.advance(1_000)
    world.driver.behaviour.validate = () => new Gate().promise.then(() => true)
    const asked = [world.ask()]
    await world.clock.advance(4_000)
    for (let i = 0; i < 50; i++) asked.push(world.ask())
    await world.clock.advance(1_000)
    expect(asked[0]!.state).toBe('resolved')
    // Who came last waited for a check of its own; nobody waits for two.
    await world.clock.advance(4_000)
    expect(asked.every(({ state }) => state === 'resolved')).toBe(true)
    await world.clock.advance(1_000)
    expect(world.pool.statistics().counters.closed.invalid).toBe(100)
  })
})

describe('After a sleep of the machine', () => {
  it('idle connections are asked, although they rested for a moment by the clock that stood still', async () => {
    const world = new World()
    const pooled = await world.fill(2)
    for (const one of pooled) one.dead = true
    await world.clock.advance(20)
    world.clock.sleep(3_600_000)
    expect(pooled).not.toContain((await world.get()).pooled)
    expect(world.pool.statistics().counters.closed.invalid).toBe(2)
  })

  it('once: a connection that has answered is not asked again', async () => {
    const world = new World(quiet)
    const [pooled] = await world.fill(1)
    await world.clock.advance(20)
    world.clock.sleep(3_600_000)
    for (let i = 0; i < 3; i++) {
      await (await world.get()).close()
      await world.clock.advance(20)
    }
    expect(pooled!.validations).toBe(1)
  })

  it('a clock that is set by less than a second, or back, changes nothing', async () => {
    const world = new World(quiet)
    const [pooled] = await world.fill(1)
    for (const by of [900, -3_600_000]) {
      await world.clock.advance(20)
      world.clock.sleep(by)
      await (await world.get()).close()
    }
    expect(pooled!.validations).toBe(0)
  })

  it('a clock without a time of day does without', async () => {
    const world = new World(quiet)
    Object.defineProperty(world.clock, 'timeOfDay', { value: undefined })
    const [pooled] = await world.fill(1)
    await world.clock.advance(20)
    expect((await world.get()).pooled).toBe(pooled)
  })
})

describe('After a stall of the process', () => {
  it('idle connections are asked', async () => {
    const world = new World({ ...quiet, idleTimeout: '1m', minimumIdle: 1 })
    const [pooled] = await world.fill(1)
    world.clock.jump(120_000)
    await world.clock.advance(0)
    const connection = await world.get()
    expect(connection.pooled).toBe(pooled)
    expect(pooled!.validations).toBe(1)
  })

  it('a connection that came back meanwhile goes to the first waiter, whose time passed during it', async () => {
    const world = new World({ maximumPoolSize: 1, connectionTimeout: '5s' })
    const borrowed = await world.get()
    const asked = world.ask()
    const own = world.ask({ timeout: 6_000 })
    // What has arrived during the stall is handled in the turn after the first timers.
    world.clock.setTimer(() => queueMicrotask(() => void borrowed.close()), 5_001)
    world.clock.jump(20_000)
    await world.clock.advance(0)
    expect(asked.state).toBe('resolved')
    expect(own.state).toBe('rejected')
  })

  it('waiters for whom nothing has arrived are told after one turn', async () => {
    const world = new World({ maximumPoolSize: 1, connectionTimeout: '5s' })
    await world.get()
    const asked = [world.ask(), world.ask({ timeout: 1_000 })]
    world.clock.jump(20_000)
    await world.clock.advance(0)
    expect(asked.map(({ state }) => state)).toEqual(['rejected', 'rejected'])
  })

  it('a timer that is a little late is not a stall', async () => {
    const world = new World({ maximumPoolSize: 1, connectionTimeout: '5s' })
    await world.get()
    const asked = world.ask()
    await world.clock.advance(4_990)
    world.clock.jump(500)
    await world.clock.advance(0)
    expect(asked.state).toBe('rejected')
  })
})

it('the clock of the machine: 0 is after the sockets were read', async () => {
  const clock: Clock = systemClock
  const order: string[] = []
  await new Promise<void>((resolve) => {
    setTimeout(() => {
      clock.setTimer(() => {
        order.push('turn')
        resolve()
      }, 0)
      // Timers that are due already come before, however long the turn of the timers takes.
      setTimeout(() => order.push('timer'), 0)
      const end = performance.now() + 5
      while (performance.now() < end);
    }, 1)
  })
  expect(order.includes('turn')).toBe(true)
  const cancelled = clock.setTimer(() => order.push('cancelled'), 0, { keepAlive: false })
  cancelled.cancel()
  await settle()
  expect(order).not.toContain('cancelled')
  expect(Math.abs(clock.timeOfDay!() - Date.now())).toBeLessThan(1_000)
})
