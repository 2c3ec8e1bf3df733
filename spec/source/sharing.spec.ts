import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SQLException } from '../../src/api/sql-exception.ts'
import { sql } from '../../src/api/sql-template.ts'
import type { DataSourceSettings } from '../../src/source/data-source-settings.ts'
import { DriverTable, loaded } from '../../src/source/driver-table.ts'
import { createDataSourceWith } from '../../src/source/managed-data-source.ts'
import type { PooledDataSource } from '../../src/source/pooled-data-source.ts'
import { connectionLost, ScriptedDriver } from '../../src/testing/index.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

const sleep = 'SELECT sleep(?)'

let driver: ScriptedDriver
let clock: ManualClock
let source: PooledDataSource

/** A pool of one connection, to which one text is known as cheap. */
async function open(settings: DataSourceSettings = {}): Promise<PooledDataSource> {
  source = createDataSourceWith(
    new DriverTable([loaded(driver)]),
    { driver: 'scripted', pipelining: true, sharing: 'pipelined', maximumPoolSize: 1, ...settings },
    { name: 'jdbc/account', clock, random: () => 0.5 },
  )
  for (let run = 0; run < 20; run++) await source.query(sleep, [0])
  return source
}

const failure = (promise: Promise<unknown>): Promise<SQLException> =>
  promise.then(
    () => Promise.reject(new Error('it resolved')),
    (error: SQLException) => error,
  )

/** What reached the server since. */
function sent(since: number): string[] {
  return driver.operations.slice(since).map(({ text }) => text)
}

/** How many of these statements were under way together: a connection for each, or one for all. */
async function together(calls: readonly (() => Promise<unknown>)[]): Promise<number> {
  const before = driver.operations.length
  const running = calls.map((call) => call())
  await settle()
  const count = sent(before).length
  await clock.advance(1_000)
  await Promise.all(running)
  return count
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

describe('sharing', () => {
  const two = [() => source.query(sleep, [1]), () => source.query(sleep, [1])]

  it("is off by default; 'pipelined' sends statements behind others", async () => {
    await open()
    expect(await together(two)).toBe(2)
    await source.close()
    await open({ sharing: 'exclusive' })
    expect(await together(two)).toBe(1)
  })

  it('is for drivers that pipeline, and changes nothing with others', async () => {
    await open({ pipelining: false })
    expect(await together(two)).toBe(1)
  })

  it('is not for sessions that each use is to find as they were made', async () => {
    await open({ sessionReset: 'always' })
    expect(await together([() => source.query(sleep, [1]), () => source.query(sleep, [1])])).toBe(1)
  })

  it('is for texts that proved cheap', async () => {
    await open()
    const other = (): Promise<unknown> => source.query('SELECT sleep(?) AS dear', [20])
    for (let run = 0; run < 30; run++) {
      const running = other()
      await clock.advance(20)
      await running
    }
    expect(await together([other, other])).toBe(1)
  })

  it.each([
    ['the first rows only', (): Promise<unknown> => source.query(sleep, [1], { maxRows: 1 })],
    ['a change of the session', (): Promise<unknown> => source.execute("SET colour = 'red'")],
  ])('is not for %s', async (_, call) => {
    await open()
    for (let run = 0; run < 20; run++) {
      const running = call()
      await clock.advance(1)
      await running
    }
    const before = driver.operations.length
    const running = [source.query(sleep, [1]), call()]
    await settle()
    expect(sent(before)).toHaveLength(1)
    await clock.advance(100)
    await Promise.all(running)
  })

  it('takes templates, and tells what is wrong with a call as a connection does', async () => {
    await open()
    const { rows } = await source.query(sql`SELECT sleep(${0})`)
    expect(rows).toHaveLength(1)
    const error = await failure(source.query(sleep, []))
    expect(error.sqlState).toBe('07001')
    expect((await failure(source.query(sleep, [0], { timeout: -1 }))).sqlState).toBe('HY024')
  })

  it('gives rows as the call wants them', async () => {
    await open()
    await source.execute('CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER)')
    const insert = 'INSERT INTO account (id, balance) VALUES (?, ?)'
    for (let id = 1; id <= 40; id++) {
      const { updateCount, generatedKeys } = await source.execute(insert, [id, id], { generatedKeys: ['id'] })
      expect([updateCount, generatedKeys]).toEqual([1, [{ id }]])
    }
    const select = 'SELECT balance FROM account WHERE id = ?'
    for (let id = 1; id <= 40; id++) {
      expect((await source.query(select, [id])).rows).toEqual([{ balance: id }])
      expect((await source.query(select, [id], { rowMode: 'array' })).rows).toEqual([[id]])
    }
  })

  it('leaves a transaction and a borrowed connection alone', async () => {
    await open()
    const connection = await source.getConnection()
    const running = [source.query(sleep, [1]), source.query(sleep, [1])]
    const before = driver.operations.length
    await connection.query('SELECT sleep(0)')
    expect(sent(before)).toEqual(['execute SELECT sleep(0)'])
    await connection.close()
    await clock.advance(2)
    await Promise.all(running)
  })

  it('tells the closing of a handle for each statement', async () => {
    await open()
    let told = 0
    source.addConnectionEventListener({ connectionClosed: () => told++ })
    expect(await together(two)).toBe(2)
    expect(told).toBe(2)
  })
})

describe('a deadline of a shared statement', () => {
  it.each([
    ['of the call', {}, { timeout: 3 }],
    ['by the setting queryTimeout', { queryTimeout: 3 }, undefined],
  ])('%s ends it by a cancel when it is alone', async (_, settings, options) => {
    await open(settings)
    const before = driver.operations.length
    const error = failure(source.query(sleep, [60_000], options))
    await clock.advance(3)
    expect((await error).sqlState).toBe('HYT00')
    await clock.advance(0)
    expect(sent(before)).toEqual([`execute ${sleep}`, 'cancel'])
    const next = source.query(sleep, [0])
    await clock.advance(1)
    await next
    expect(driver.open).toBe(1)
  })

  it('releases the caller alone while others share the connection', async () => {
    await open()
    const before = driver.operations.length
    const [short, long] = [failure(source.query(sleep, [100], { timeout: 3 })), source.query(sleep, [1])]
    await clock.advance(3)
    expect((await short).sqlState).toBe('HYT00')
    const borrowed = source.getConnection()
    await clock.advance(97)
    await clock.advance(1)
    await long
    expect(sent(before)).not.toContain('cancel')
    await (await borrowed).close()
  })

  it('a cancel that has no effect costs the session after a while', async () => {
    await open()
    driver.failNext('execute', 'hang')
    const error = failure(source.query(sleep, [0], { timeout: 3 }))
    await clock.advance(3)
    const next = source.query(sleep, [0])
    await clock.advance(6_000)
    expect((await error).sqlState).toBe('HYT00')
    await next
    expect(source.statistics().counters.closed.broken).toBe(1)
  })

  it('a cancel that hangs does not hold back what follows the end of the session', async () => {
    await open()
    driver.failNext('execute', 'hang')
    driver.failNext('cancel', 'hang')
    const error = failure(source.query(sleep, [0], { timeout: 3 }))
    const next = source.query(sleep, [0], { timeout: 4 })
    const told = failure(next)
    await clock.advance(4)
    expect([(await error).sqlState, (await told).sqlState]).toEqual(['HYT00', 'HYT00'])
    const later = source.query(sleep, [0])
    await clock.advance(6_000)
    await later
    expect(driver.open).toBe(1)
  })

  it('costs the session where statements cannot be stopped', async () => {
    await open({ cancel: 'none' })
    const error = failure(source.query(sleep, [100], { timeout: 3 }))
    await clock.advance(3)
    expect((await error).sqlState).toBe('HYT00')
    const next = source.query(sleep, [0])
    await clock.advance(200)
    await next
    expect(source.statistics().counters.closed.broken).toBe(1)
  })
})

describe('the death of a shared connection', () => {
  it('sends statements again that were not executed, and fails the others', async () => {
    await open()
    driver.failNext('execute', connectionLost('unknown-outcome'))
    const [first, second] = [failure(source.query(sleep, [1])), failure(source.query(sleep, [1]))]
    await clock.advance(2)
    expect((await first).retry).toBe('unknown-outcome')
    expect((await second).retry).toBe('unknown-outcome')
    driver.failNext('execute', connectionLost('connect'))
    const again = source.query(sleep, [1])
    await clock.advance(3)
    expect((await again).rows).toHaveLength(1)
  })

  it('is told to listeners once, before the callers', async () => {
    await open()
    const told: string[] = []
    source.addConnectionEventListener({ connectionErrorOccurred: () => told.push('listener') })
    driver.failNext('execute', connectionLost('unknown-outcome'))
    const running = [1, 2].map(() => failure(source.query(sleep, [1])).then(() => told.push('caller')))
    await clock.advance(2)
    await Promise.all(running)
    expect(told).toEqual(['listener', 'caller', 'caller'])
  })
})
