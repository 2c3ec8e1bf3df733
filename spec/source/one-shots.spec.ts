import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sqliteDialect } from '../../drivers/sqlite/dialect.ts'
import type { SQLException } from '../../src/api/sql-exception.ts'
import { DriverTable, loaded } from '../../src/source/driver-table.ts'
import type { DataSourceSettings } from '../../src/source/data-source-settings.ts'
import { createDataSourceWith } from '../../src/source/managed-data-source.ts'
import type { PooledDataSource } from '../../src/source/pooled-data-source.ts'
import { BaseConnectionPoolDataSource, type PhysicalConnection } from '../../src/spi.ts'
import { connectionLost, ScriptedDriver } from '../../src/testing/index.ts'
import { ManualClock } from '../support/manual-clock.ts'

const sleep = 'SELECT sleep(?)'

const failure = (promise: Promise<unknown>): Promise<SQLException> =>
  promise.then(
    () => Promise.reject(new Error('it resolved')),
    (error: SQLException) => error,
  )

describe('a statement of a data source, on a connection of its own', () => {
  let driver: ScriptedDriver
  let clock: ManualClock
  let source: PooledDataSource

  async function open(settings: DataSourceSettings = {}): Promise<void> {
    source = createDataSourceWith(
      new DriverTable([loaded(driver)]),
      { driver: 'scripted', maximumPoolSize: 1, ...settings },
      { name: 'jdbc/account', clock, random: () => 0.5 },
    )
    await source.query(sleep, [0])
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

  it('is told of its deadline when it has ended, and the connection is free', async () => {
    await open()
    const before = driver.operations.length
    const error = failure(source.query(sleep, [60_000], { timeout: 3 })).then((told) => {
      expect(source.statistics()).toMatchObject({ inUse: 0, idle: 1 })
      return told
    })
    await clock.advance(3)
    expect(await error).toMatchObject({ sqlState: 'HYT00', message: expect.stringContaining('3 ms') })
    expect(driver.operations.slice(before).map(({ text }) => text)).toEqual([`execute ${sleep}`, 'cancel'])
  })

  it('is told what it has done although a cancel came too late', async () => {
    await open()
    driver.failNext('cancel', 'hang')
    const running = source.query(sleep, [5], { timeout: 3 })
    await clock.advance(3)
    await clock.advance(6_000)
    expect((await running).rows).toHaveLength(1)
    expect(source.statistics().counters.closed.broken).toBe(1)
  })

  it.each([
    ['close', () => source.close({ drainTimeout: 0 })],
    ["evict('all')", () => source.evict('all')],
  ])('is told at once when %s takes its connection', async (_, end) => {
    await open({ cancel: 'none' })
    const error = failure(source.query(sleep, [60_000]))
    const ended = end()
    expect(await error).toMatchObject({ sqlState: '08003', message: expect.stringContaining('by the pool') })
    await clock.advance(60_000)
    await ended
  })

  it('is refused when a listener has closed its connection', async () => {
    await open()
    const before = driver.operations.length
    source.on('acquired', () => void source.close({ drainTimeout: 0 }))
    expect(await failure(source.query(sleep, [0]))).toMatchObject({ sqlState: '08003', reason: 'closed' })
    expect(driver.operations.slice(before).filter(({ text }) => text.startsWith('execute'))).toEqual([])
  })

  it("is told that it was held for too long by evict('leaked')", async () => {
    await open({ leakDetectionThreshold: 2_000 })
    const told: string[] = []
    source.on('leakSuspected', ({ running }) => told.push(`running: ${running}`))
    const error = failure(source.query(sleep, [60_000]))
    await clock.advance(2_000)
    expect(told).toEqual(['running: true'])
    expect(await source.evict('leaked')).toBe(1)
    expect((await error).message).toContain('leakDetectionThreshold')
  })

  it('meets a dead connection, and is sent over another one', async () => {
    await open()
    driver.failNext('execute', connectionLost('connect'))
    expect((await source.query(sleep, [0])).rows).toHaveLength(1)
    driver.failNext('execute', connectionLost('unknown-outcome'))
    expect(await failure(source.query(sleep, [0]))).toMatchObject({ retry: 'unknown-outcome', fatal: true })
  })

  it('is followed by a reset where each use is to find a session as it was made', async () => {
    await open({ sessionReset: 'always' })
    const before = driver.operations.length
    await Promise.all([source.query(sleep, [0]), source.query(sleep, [0]), clock.advance(10)])
    expect(driver.operations.slice(before).map(({ text }) => text.split(' ')[0])).toEqual([
      'execute',
      'reset',
      'execute',
      'reset',
    ])
  })

  it('goes to the successor of its data source', async () => {
    await open()
    const borrowed = await source.getConnection()
    const waiting = source.query(sleep, [0])
    const successor = createDataSourceWith(
      new DriverTable([loaded(driver)]),
      { driver: 'scripted' },
      { name: 'jdbc/next', clock },
    )
    const closed = source.close({ successor })
    expect((await waiting).rows).toHaveLength(1)
    expect((await source.query(sleep, [0])).rows).toHaveLength(1)
    await borrowed.close()
    await closed
    expect(successor.statistics()).toMatchObject({ inUse: 0, total: 1 })
    await successor.close()
  })
})

describe('a session with a fault', () => {
  /** A driver whose only session is this one. */
  function sourceOf(session: Partial<PhysicalConnection>): PooledDataSource {
    const nothing = async (): Promise<void> => {}
    const physical = {
      id: 'faulty',
      capabilities: { pipelining: false, cancel: 'none' },
      server: { productName: 'none', productVersion: '1', supportedIsolations: [] },
      initialState: { readOnly: false, isolation: 'serializable', schema: '' },
      transactionStatus: 'none',
      onDeath: undefined,
      close: nothing,
      destroy: nothing,
      ...session,
    } as unknown as PhysicalConnection
    const driver = {
      name: 'faulty',
      urlSchemes: ['faulty'],
      settings: {},
      parseUrl: () => ({}),
      createConnectionPoolDataSource: (_: unknown, context: never) =>
        new BaseConnectionPoolDataSource({
          description: 'nothing',
          driverName: 'faulty',
          dialect: sqliteDialect,
          context,
          connect: async () => physical,
        }),
    }
    return createDataSourceWith(new DriverTable([loaded(driver)]), {
      driver: 'faulty',
      sessionReset: 'never',
    })
  }

  it('that a statement leaves in a transaction is closed, and the caller told', async () => {
    const source = sourceOf({
      async execute(this: { transactionStatus: string }) {
        this.transactionStatus = 'open'
        return { columns: [], rows: [], updateCount: 1 }
      },
    })
    await source.start()
    const error = await failure(source.execute('UPDATE account SET balance = 0'))
    expect(error).toMatchObject({ sqlState: '25000', reason: 'tx-state', fatal: true })
    expect(source.statistics().counters.closed.broken).toBe(1)
    await source.close()
  })

  it('that throws instead of rejecting costs the session, and nothing more', async () => {
    const source = sourceOf({
      execute: () => {
        throw new TypeError('a fault of the driver')
      },
    })
    await source.start()
    const error = await failure(source.query('SELECT 1'))
    expect(error).toMatchObject({ reason: 'internal', fatal: true })
    expect(source.statistics()).toMatchObject({ inUse: 0, counters: { closed: { broken: 1 } } })
    await source.close()
  })
})
