import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SQLInvalidAuthorizationSpecException } from '../../src/api/sql-exception.ts'
import type { SQLException } from '../../src/api/sql-exception.ts'
import type { DataSourceSettings } from '../../src/source/data-source-settings.ts'
import { DriverTable, loaded } from '../../src/source/driver-table.ts'
import { createDataSourceWith } from '../../src/source/managed-data-source.ts'
import type { PooledDataSource } from '../../src/source/pooled-data-source.ts'
import { ScriptedDriver } from '../../src/testing/index.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { Watched } from '../pool/world.ts'

let driver: ScriptedDriver
let clock: ManualClock
let source: PooledDataSource

const refused = (): SQLException =>
  new SQLInvalidAuthorizationSpecException('password authentication failed', {
    sqlState: '28P01',
    reason: 'auth',
  })

function open(settings: DataSourceSettings = {}): PooledDataSource {
  const options = { name: 'jdbc/account', clock, random: () => 0.5 }
  source = createDataSourceWith(
    new DriverTable([loaded(driver)]),
    { driver: 'scripted', ...settings },
    options,
  )
  return source
}

beforeEach(() => {
  driver = new ScriptedDriver()
  clock = new ManualClock()
})

afterEach(async () => {
  const closed = source.close({ drainTimeout: 0 })
  await clock.advance(60_000)
  await closed
  expect(driver.open).toBe(0)
  expect(driver.violations).toEqual([])
  expect(clock.timers()).toBe(0)
})

describe('health()', () => {
  it('tells that the database answered, how fast, and its version', async () => {
    open({ latency: 7 })
    const first = new Watched(source.health())
    await clock.advance(7)
    const ok = { ok: true, latency: 7, serverVersion: '1.0', lastError: undefined, age: 0 }
    expect(first.value).toEqual(ok)
    driver.clearOperations()
    const second = new Watched(source.health())
    await clock.advance(7)
    expect(second.value).toEqual(ok)
    expect(driver.wire()).toEqual(['ping'])
    expect(driver.opened).toBe(1)
  })

  it('is not queued behind borrowers', async () => {
    open({ maximumPoolSize: 1 })
    await using borrowed = await source.getConnection()
    const waiting = new Watched(source.query('SELECT 1'))
    expect(await source.health()).toMatchObject({ ok: true, age: 0 })
    expect([waiting.state, borrowed.isClosed, driver.open]).toEqual(['pending', false, 1])
  })

  it('tells why it is not ok, and how old that is', async () => {
    open()
    driver.failNext('connect', 'die')
    const health = await source.health()
    expect(health).toMatchObject({ ok: false, age: 0, lastError: { reason: 'connect-failed' } })
    expect(health).toMatchObject({ latency: undefined, serverVersion: undefined })
    await clock.advance(60)
    expect(await source.health()).toMatchObject({ ok: false, age: 60, lastError: health.lastError })
    expect(driver.opened).toBe(1)
    await clock.advance(60)
    expect(await source.health()).toMatchObject({ ok: true, age: 0 })
  })

  it('is bounded by its timeout, which is validationTimeout when the call does not say', async () => {
    open({ validationTimeout: '2s', loginTimeout: '1m' })
    driver.failNext('connect', 'hang')
    const [short, usual] = [new Watched(source.health({ timeout: 500 })), new Watched(source.health())]
    await clock.advance(499)
    expect(short.state).toBe('pending')
    await clock.advance(1)
    expect(short.value).toMatchObject({ ok: false, lastError: { sqlState: 'HYT00' } })
    await clock.advance(1_499)
    expect(usual.state).toBe('pending')
    await clock.advance(1)
    expect(usual.value).toMatchObject({ ok: false, lastError: { reason: 'timeout' } })
  })

  it('rejects when its signal is aborted, and for options that are wrong', async () => {
    open()
    const reason = new Error('enough')
    const aborted = source.health({ signal: AbortSignal.abort(reason) })
    await expect(aborted).rejects.toMatchObject({ sqlState: '57014', cause: reason })
    await expect(source.health({ timeout: 'soon' as never })).rejects.toMatchObject({ sqlState: 'HY024' })
  })

  it('is not ok once the data source is closed', async () => {
    open()
    await source.start()
    await source.close()
    expect(await source.health()).toMatchObject({ ok: false, lastError: { reason: 'closed' } })
  })

  it("logs in with pooling: 'none', and leaves nothing", async () => {
    open({ pooling: 'none' })
    expect(await source.health()).toMatchObject({ ok: true, serverVersion: '1.0' })
    await settle()
    expect([driver.opened, driver.open]).toEqual([1, 0])
    driver.failNext('connect', 'die')
    expect(await source.health()).toMatchObject({ ok: false, lastError: { reason: 'connect-failed' } })
    driver.failNext('connect', 'hang')
    const hanging = new Watched(source.health({ timeout: '1s' }))
    await clock.advance(1_000)
    expect(hanging.value).toMatchObject({ ok: false, lastError: { reason: 'timeout' } })
    expect(driver.open).toBe(0)
  })
})

describe('start()', () => {
  it('makes one connection, or as many as minimumIdle asks for', async () => {
    await open().start()
    expect(source.statistics()).toMatchObject({ total: 1, idle: 1 })
    await source.close()
    await open({ minimumIdle: 3 }).start()
    expect(source.statistics()).toMatchObject({ total: 3, idle: 3 })
    await source.start()
    expect(driver.opened).toBe(1 + 3)
  })

  it('makes them at the same time', async () => {
    open({ minimumIdle: 3, latency: 100 })
    const started = new Watched(source.start())
    await clock.advance(100)
    expect(started.state).toBe('resolved')
  })

  it('counts what borrowers have, and does not wait for them', async () => {
    open({ maximumPoolSize: 2, minimumIdle: 2 })
    await using one = await source.getConnection()
    await source.start()
    expect(source.statistics()).toMatchObject({ total: 2, idle: 1 })
    await using two = await source.getConnection()
    await source.start()
    expect([one.isClosed, two.isClosed, driver.opened]).toEqual([false, false, 2])
  })

  it('rejects with the first failure, at once', async () => {
    open({ minimumIdle: 2 })
    driver.failNext('connect', refused())
    driver.failNext('connect', refused())
    await expect(source.start()).rejects.toMatchObject({ sqlState: '28P01', reason: 'auth' })
    // Again: it is not hammered.
    const opened = driver.opened
    await expect(source.start()).rejects.toMatchObject({ sqlState: '28P01' })
    expect(driver.opened).toBe(opened)
    await clock.advance(40_000)
    await source.start()
    expect(source.statistics()).toMatchObject({ idle: 2, total: 2 })
  })

  it('rejects when its time is up or its signal aborted', async () => {
    open()
    driver.failNext('connect', 'hang')
    const late = new Watched(source.start({ timeout: '2s' }))
    await clock.advance(2_000)
    expect(late.error).toMatchObject({ sqlState: 'HYT00', reason: 'timeout' })
    const controller = new AbortController()
    const aborted = new Watched(source.start({ signal: controller.signal, failFast: false }))
    controller.abort()
    await settle()
    expect(aborted.error).toMatchObject({ sqlState: '57014' })
    await clock.advance(20_000)
  })

  it('rejects when the data source is closed, whatever failFast says', async () => {
    open()
    driver.failNext('connect', 'hang')
    const during = new Watched(source.start({ failFast: false }))
    await source.close()
    await settle()
    expect(during.error).toMatchObject({ reason: 'closed' })
    await expect(source.start()).rejects.toMatchObject({ reason: 'closed' })
  })

  it('without failFast resolves, and the reserve is made as soon as it can be', async () => {
    open({ minimumIdle: 2 })
    const told: unknown[] = []
    source.on('connectFailed', ({ error }) => told.push(error))
    driver.failNext('connect', 'die')
    driver.failNext('connect', 'die')
    await source.start({ failFast: false })
    expect(told).toHaveLength(2)
    expect(await source.health()).toMatchObject({ ok: false, lastError: { reason: 'connect-failed' } })
    await clock.advance(11_000)
    expect(source.statistics()).toMatchObject({ idle: 2 })
  })

  it("proves the login with pooling: 'none'", async () => {
    open({ pooling: 'none', minimumIdle: 3 })
    await source.start()
    await settle()
    expect([driver.opened, driver.open]).toEqual([1, 0])
    driver.failNext('connect', refused())
    await expect(source.start()).rejects.toMatchObject({ sqlState: '28P01' })
  })

  it('keeps the one connection of pooling: single', async () => {
    open({ pooling: 'single' })
    await source.start()
    expect(source.statistics()).toMatchObject({ total: 1, idle: 1, maximum: 1 })
  })
})
