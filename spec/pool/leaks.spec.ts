import { describe, expect, it } from 'vitest'
import { SQLNonTransientConnectionException } from '../../src/api/sql-exception.ts'
import { PoolExhaustedError } from '../../src/pool/errors.ts'
import type { PoolEvents } from '../../src/pool/events.ts'
import { ResourcePool } from '../../src/pool/resource-pool.ts'
import { changePoolSettings } from '../../src/pool/settings-change.ts'
import { DriverTable, loaded } from '../../src/source/driver-table.ts'
import { createDataSourceWith } from '../../src/source/managed-data-source.ts'
import { ScriptedDriver } from '../../src/testing/index.ts'
import { collect, collectByHand } from '../support/manual-collection.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { lentTo, settle, World } from './world.ts'
import type { Watched } from './world.ts'

collectByHand()

const here = /leaks\.spec\.ts:\d+:\d+/

function suspected(world: World): PoolEvents['leakSuspected'][] {
  const events: PoolEvents['leakSuspected'][] = []
  world.pool.events.on('leakSuspected', (event) => events.push(event))
  return events
}

describe('What is told of a leak', () => {
  it('is the connection, for how long, whether a statement runs, and where it was borrowed', async () => {
    const world = new World({ leakDetectionThreshold: '10s', leakStackSampling: 1 })
    const events = suspected(world)
    const connection = await world.get()
    connection.pooled.activity = 'running'
    await world.clock.advance(10_000)
    expect(events).toMatchObject([{ member: { id: 'stub-1', uses: 1 }, used: 10_000, running: true }])
    const [first] = events[0]!.stack!.split('\n')
    expect(first).toMatch(/world\.ts/)
    expect(events[0]!.stack).toMatch(here)
    await world.end()
  })

  it('is where it was asked for, also when it was waited for', async () => {
    const world = new World({ maximumPoolSize: 1, leakDetectionThreshold: '10s', leakStackSampling: 1 })
    const events = suspected(world)
    const first = await world.get()
    const asked = (function waitsForIt(): Watched<unknown> {
      return world.ask()
    })()
    await world.clock.advance(5_000)
    await first.close()
    await world.clock.advance(10_000)
    expect(asked.state).toBe('resolved')
    expect(events).toMatchObject([{ used: 10_000 }])
    expect(events[0]!.stack).toContain('waitsForIt')
    await world.end()
  })

  it('has a stack for the share that was asked for', async () => {
    const numbers = [0.1, 0.3, 0.2, 0.9]
    let next = 0
    const world = new World(
      { leakDetectionThreshold: '10s', leakStackSampling: 0.25 },
      { random: () => numbers[next++] ?? 0.5 },
    )
    const events = suspected(world)
    for (let i = 0; i < 4; i++) world.ask()
    await settle()
    await world.clock.advance(10_000)
    expect(events.map(({ stack }) => stack !== undefined)).toEqual([true, false, true, false])
    await world.end()
  })

  it('is no object of the borrower, that could keep the handle alive', async () => {
    const world = new World({ leakDetectionThreshold: '10s', leakStackSampling: 1 })
    await world.get()
    const [slot] = world.pool.engine.slots.all
    const { slot: itsOwn, ...rest } = slot!.borrowing!
    expect(itsOwn).toBe(slot)
    for (const value of Object.values(rest)) expect(typeof value).not.toBe('object')
    await world.end()
  })

  it('changes with the settings while the pool runs', async () => {
    const world = new World()
    const events = suspected(world)
    const change = (changes: Record<string, unknown>): void =>
      world.pool.administration.reconfigure(
        changePoolSettings(world.pool.settings, changes, 'jdbc/spec', () => false),
      )
    await world.get()
    change({ leakDetectionThreshold: '10s' })
    await world.get()
    await world.clock.advance(5_000)
    change({ leakDetectionThreshold: '6s' })
    await world.clock.advance(1_000)
    // What was lent before is not known.
    expect(events.map(({ member, used }) => [member.id, used])).toEqual([['stub-2', 6_000]])
    await world.get()
    change({ leakDetectionThreshold: 'off' })
    await world.clock.advance(60_000)
    expect(events).toHaveLength(1)
    await world.end()
  })
})

describe('A pool in which nothing comes back', () => {
  it('tells whom it refuses who holds what, and where that was borrowed', async () => {
    const world = new World({ maximumPoolSize: 4, leakStackSampling: 1, connectionTimeout: '1s' })
    for (let i = 0; i < 4; i++) {
      await world.get()
      await world.clock.advance(100)
    }
    const asked = world.ask()
    await world.clock.advance(1_000)
    const { snapshot, message } = asked.error as PoolExhaustedError
    expect(asked.error).toBeInstanceOf(PoolExhaustedError)
    expect(snapshot.borrowers.map(({ id, used }) => [id, used])).toEqual([
      ['stub-1', 1_400],
      ['stub-2', 1_300],
      ['stub-3', 1_200],
    ])
    for (const { stack } of snapshot.borrowers) expect(stack).toMatch(here)
    expect(message).toMatch(/maximum 4; held longest: stub-1 for 1400 ms at .*world\.ts:\d+:\d+\)?, stub-2/)
    await world.end()
  })

  it('knows nothing of those who had a connection from another and were not measured', async () => {
    const world = new World({ maximumPoolSize: 1, connectionTimeout: '1s' })
    for (let i = 0; i < 20; i++) await world.fill(1)
    const first = await world.get()
    const second = world.ask()
    await first.close()
    await settle()
    expect(second.state).toBe('resolved')
    const third = world.ask()
    await world.clock.advance(1_000)
    expect((third.error as PoolExhaustedError).snapshot.borrowers).toEqual([])
    await world.end()
  })

  it('gives back on request what was reported', async () => {
    const world = new World({ maximumPoolSize: 2, leakDetectionThreshold: '10s' })
    const forgotten = await world.get()
    await world.clock.advance(10_000)
    const recent = await world.get()
    const asked = world.ask()
    expect(await world.pool.administration.evict('leaked')).toBe(1)
    await settle()
    expect([forgotten.isClosed, recent.isClosed, asked.state]).toEqual([true, false, 'resolved'])
    expect(world.pool.statistics().counters.closed.leaked).toBe(1)
    await world.end()
  })

  it('reclaims at once for somebody who comes later', async () => {
    const world = new World({ maximumPoolSize: 1, leakDetectionThreshold: '10s', leakReclaim: true })
    const recovered: unknown[] = []
    world.pool.events.on('leakRecovered', ({ why, used }) => recovered.push([why, used]))
    await world.get()
    await world.clock.advance(30_500)
    const asked = world.ask({ timeout: 100 })
    await world.clock.advance(0)
    expect(lentTo(asked).pooled.id).toBe('stub-2')
    expect(recovered).toEqual([['reclaimed', 30_500]])
    await world.end()
  })

  it('takes nothing while the database is down, from which nobody would have anything', async () => {
    const world = new World({ maximumPoolSize: 2, leakDetectionThreshold: '10s', leakReclaim: true })
    const forgotten = await world.get()
    world.driver.behaviour.connect = () => Promise.reject(new Error('connection refused'))
    world.ask()
    await world.clock.advance(20_000)
    expect(forgotten.isClosed).toBe(false)
    await world.end()
  })

  it('leaves those in peace whose rows are being read', async () => {
    const world = new World({ maximumPoolSize: 1, leakDetectionThreshold: '10s', leakReclaim: true })
    const reader = await world.get()
    reader.pooled.activity = 'reading'
    world.ask()
    await world.clock.advance(20_000)
    expect(reader.isClosed).toBe(false)
    collect(reader)
    expect(reader.isClosed).toBe(true)
    await world.end()
  })
})

describe('A handle that was taken away', () => {
  it('says so', async () => {
    const clock = new ManualClock()
    const driver = new ScriptedDriver()
    const source = createDataSourceWith(
      new DriverTable([loaded(driver)]),
      { driver, maximumPoolSize: 1, leakDetectionThreshold: '10s', leakReclaim: true },
      { name: 'jdbc/spec', clock },
    )
    source.on('leakSuspected', () => {})
    const forgotten = await source.getConnection()
    await forgotten.setAutoCommit(false)
    await forgotten.execute('SELECT 1 AS n')
    const next = source.getConnection()
    await clock.advance(10_000)
    const error: unknown = await forgotten.query('SELECT 1 AS n').catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(SQLNonTransientConnectionException)
    expect(error).toMatchObject({
      sqlState: '08003',
      reason: 'closed',
      message:
        'The connection is closed: it was held for too long, and the pool took it back (leakDetectionThreshold)',
    })
    await forgotten.close()
    const connection = await next
    expect((await connection.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
    await connection.close()
    await source.close()
  })
})

describe('A pool of anything', () => {
  it('reports and reclaims what is held, unless it is at work', async () => {
    const clock = new ManualClock()
    let made = 0
    const pool = new ResourcePool(
      { create: async () => ++made, destroy: async () => {}, isBusy: (resource) => resource === 1 },
      { clock, maximumPoolSize: 2, leakDetectionThreshold: '10s', leakReclaim: true },
    )
    const running: boolean[] = []
    pool.on('leakSuspected', (event) => running.push(event.running))
    const [first, second] = [await pool.acquire(), await pool.acquire()]
    const [third] = [pool.acquire(), pool.acquire().catch(() => {})]
    await clock.advance(12_000)
    expect(running).toEqual([true, false])
    expect(await third).toBe(3)
    expect(() => pool.release(second)).toThrow('not lent')
    pool.release(first)
    void pool.close({ drainTimeout: 0 })
    await clock.advance(0)
  })
})
