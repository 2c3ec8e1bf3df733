import { afterEach, beforeEach, expect, it } from 'vitest'
import type { DataSourceSettings } from '../../src/source/data-source-settings.ts'
import { DriverTable, loaded } from '../../src/source/driver-table.ts'
import { createDataSourceWith } from '../../src/source/managed-data-source.ts'
import type { PooledDataSource } from '../../src/source/pooled-data-source.ts'
import { InvalidSettingError } from '../../src/spi/settings.ts'
import { ScriptedDriver } from '../../src/testing/index.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { Watched } from '../pool/world.ts'

let driver: ScriptedDriver
let clock: ManualClock
let source: PooledDataSource

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
  expect([driver.open, driver.violations, clock.timers()]).toEqual([0, [], 0])
})

it('reconfigure: the times of statements count at once, also on connections that exist', async () => {
  open()
  await using connection = await source.getConnection()
  source.reconfigure({ queryTimeout: '2s', maximumPoolSize: 3 })
  expect(source.settings).toMatchObject({ queryTimeout: 2_000, maximumPoolSize: 3, softPoolSize: 3 })
  expect(Object.isFrozen(source.settings)).toBe(true)
  const asked = new Watched(connection.query('SELECT sleep(5000)'))
  await clock.advance(2_000)
  expect(asked.error).toMatchObject({ reason: 'timeout' })
  await clock.advance(5_000)
})

it('reconfigure: connectionInitSql is for connections to come, and evict graceful renews the others', async () => {
  open()
  await source.query('SELECT 1')
  source.reconfigure({ connectionInitSql: ["SET name = 'x'"] })
  driver.clearOperations()
  await source.query('SELECT 1')
  expect(driver.wire()).not.toContainEqual(expect.stringContaining('SET'))
  await source.evict('graceful')
  await source.query('SELECT 1')
  expect(driver.wire()).toContainEqual(expect.stringContaining('SET'))
})

it.each([{ latency: 5 }, { url: 'scripted:x' }, { driver: 'other' }, { types: 'native' as const }])(
  'reconfigure: %j belongs to another data source, and the message says so',
  (changes) => {
    open()
    const before = source.settings
    expect(() => source.reconfigure({ maximumPoolSize: 2, ...changes })).toThrow(InvalidSettingError)
    expect(() => source.reconfigure(changes)).toThrow(/^jdbc\/account: \w+ cannot be changed .* rebind/)
    expect(source.settings).toBe(before)
  },
)

it('drain: bounded by its options; the pool stays suspended', async () => {
  open()
  await using connection = await source.getConnection()
  const drained = new Watched(source.drain({ timeout: '3s' }))
  await clock.advance(3_000)
  expect(drained.error).toMatchObject({ sqlState: 'HYT00', reason: 'timeout' })
  expect(source.statistics()).toMatchObject({ suspended: true, inUse: 1 })
  const asked = new Watched(source.query('SELECT 1'))
  expect(connection.isClosed).toBe(false)
  source.resume()
  await settle()
  expect(asked.state).toBe('resolved')
})

it("with pooling: 'none' what is for pools is refused, and the rest does what it says", async () => {
  open({ pooling: 'none' })
  const refusal = { sqlState: '0A000', message: expect.stringContaining('suspend()') }
  expect(() => source.suspend()).toThrow(expect.objectContaining(refusal))
  await expect(source.drain()).rejects.toMatchObject({ sqlState: '0A000' })
  const connection = await source.getConnection()
  expect(await source.evict('graceful')).toBe(0)
  expect(connection.isClosed).toBe(false)
  expect(await source.evict('all')).toBe(1)
  expect(connection.isClosed).toBe(true)
  source.reconfigure({ connectionTimeout: '1s' })
  driver.failNext('connect', 'hang')
  const late = new Watched(source.getConnection())
  await clock.advance(1_000)
  expect(late.error).toMatchObject({ reason: 'timeout' })
  const { counters, times } = source.statistics()
  expect(counters).toMatchObject({ created: 1, closed: { evicted: 1 } })
  expect(times.connect.count).toBe(1)
})
