import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, it } from 'vitest'
import { mysqlDriver } from '../../../drivers/mysql/index.ts'
import { createDataSource, type DataSource } from '../../../src/index.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import type { MariaDbDatabase } from '../../support/mariadb-database.ts'
import { describeMariaDb, describeOwnMariaDb } from '../../support/mariadb.ts'
import { raceCancels } from '../../support/cancel-race.ts'
import { compiled, execute, failure, open, threadOf, valueOf } from './support.ts'

const tries = process.env['MODE'] === 'long' ? 10_000 : 1_000

await describeMariaDb('cancelling on MariaDB', (server) => {
  let database: MariaDbDatabase
  beforeAll(async () => {
    database = await server.database()
  })

  /** What runs, as the server sees it. */
  async function running(part: string): Promise<number> {
    return (await database.sessions()).filter(({ query }) => query?.includes(part)).length
  }

  it('stops the statement on the server, and the session and its transaction live on', async () => {
    const connection = await open(database.settings)
    await execute(connection, 'CREATE TABLE kept (n INT)')
    await connection.begin({})
    await execute(connection, 'INSERT INTO kept VALUES (1)')
    const stopped = failure(execute(connection, 'SELECT SLEEP(60) FROM kept'))
    while ((await running('SLEEP')) === 0) await sleep(2)
    await connection.cancel()
    expect((await stopped).sqlState).toBe('57014')
    expect(await running('SLEEP')).toBe(0)
    expect(connection.transactionStatus).toBe('open')
    await connection.commit()
    expect(await valueOf(connection, 'SELECT COUNT(*) FROM kept')).toBe(1n)
  })

  it('of an idle session harms nothing', async () => {
    const connection = await open(database.settings)
    for (let n = 0; n < 20; n++) {
      await connection.cancel()
      expect(await valueOf(connection, 'SELECT ?', n)).toBe(n)
    }
  })

  it('stops a fetch of a stream', async () => {
    const connection = await open(database.settings)
    const text = "SELECT seq, IF(seq > 5000, SLEEP(60), 0), REPEAT('x', 100) FROM seq_1_to_9999"
    const stream = connection.stream(compiled(text), [], 3)
    expect((await stream.fetch()).rows).toHaveLength(3)
    const draining = (async () => {
      while (!(await stream.fetch()).done);
    })()
    const stopped = failure(draining)
    while ((await running('seq_1')) === 0) await sleep(2)
    await sleep(50)
    await connection.cancel()
    expect((await stopped).sqlState).toBe('57014')
    await stream.close()
    expect(await valueOf(connection, 'SELECT 1')).toBe(1)
  })

  it('leaves a stream early: the server stops, and the session goes on', async () => {
    const connection = await open(database.settings)
    const stream = connection.stream(
      compiled("SELECT seq, REPEAT('x', 1000) FROM seq_1_to_100000000"),
      [],
      10,
    )
    expect((await stream.fetch()).rows).toHaveLength(10)
    await stream.close()
    expect(await running('seq_1')).toBe(0)
    expect(await valueOf(connection, 'SELECT 1')).toBe(1)
    // One that has come as a whole needs nobody to stop it.
    const short = connection.stream(compiled('SELECT seq FROM seq_1_to_20'), [], 5)
    await short.fetch()
    await short.close()
    expect(await valueOf(connection, 'SELECT 2')).toBe(2)
  })

  it('stops what runs when the connection is cut off: nobody would wait for it', async () => {
    const connection = await open(database.settings)
    const lost = failure(execute(connection, 'SELECT SLEEP(60)'))
    while ((await running('SLEEP')) === 0) await sleep(2)
    connection.destroy()
    expect(await lost).toMatchObject({ fatal: true })
    await connection.close()
    while ((await running('SLEEP')) > 0) await sleep(2)
  })

  const text = 'SELECT SLEEP(0.003)'
  it.each([
    [
      'on a handle',
      (source: DataSource, timeout: number) =>
        source.withConnection((connection) => connection.query(text, [], { timeout })),
    ],
    ['by itself', (source: DataSource, timeout: number) => source.query(text, [], { timeout })],
  ])(
    `never reaches another statement: ${tries} tries aimed at the end of one %s`,
    async (_how, run) => {
      await using source = createDataSource({
        ...database.settings,
        driver: mysqlDriver,
        maximumPoolSize: 8,
        minimumIdle: 8,
      })
      await source.start()
      await raceCancels(
        tries,
        (n) => run(source, 2 + (n % 5) * 0.5),
        async (n) => {
          // A SLEEP that is stopped says so by a 1, and by no error: whatever else is stopped fails.
          expect((await source.query('SELECT ? AS n, SLEEP(0.001) AS s', [n])).rows).toEqual([{ n, s: 0 }])
        },
      )
      expect(source.statistics().counters.closed.broken).toBe(0)
      // The eight of the pool; the one that stops them is in no database.
      expect((await database.sessions()).length).toBeLessThanOrEqual(8)
    },
    120_000,
  )
})

await describeOwnMariaDb('the control session', (start) => {
  it('is one for a source, made when it is needed, and goes with it', async () => {
    const server = await start()
    const { settings } = await server.database()
    const source = createDataSource({ ...settings, driver: mysqlDriver, maximumPoolSize: 3 })
    const timedOut = (): Promise<unknown> =>
      source.query('SELECT SLEEP(60)', [], { timeout: 300 }).catch((error: unknown) => error)
    await source.query('SELECT 1')
    expect(await server.sessions()).toHaveLength(1)
    for (const error of await Promise.all([timedOut(), timedOut(), timedOut()])) {
      expect(error).toMatchObject({ sqlState: 'HYT00' })
    }
    expect((await server.sessions()).filter(({ database }) => database === null)).toHaveLength(1)
    expect(await server.sessions()).toHaveLength(4)
    await source.close()
    while ((await server.sessions()).length > 0) await sleep(5)
  })

  it('that died is made anew', async () => {
    const server = await start()
    const { settings } = await server.database()
    await using source = createDataSource({ ...settings, driver: mysqlDriver, maximumPoolSize: 1 })
    for (let turn = 0; turn < 3; turn++) {
      const error = await failure(source.query('SELECT SLEEP(60)', [], { timeout: 300 }))
      expect(error.sqlState).toBe('HYT00')
      const control = (await server.sessions()).find(({ database }) => database === null)
      expect(await server.terminate(control!.id)).toBe(true)
    }
    expect(source.statistics().counters.closed.broken).toBe(0)
  })

  it('that meets silence costs the session, and keeps nobody waiting: neither the next caller nor close()', async () => {
    const server = await start()
    const { settings } = await server.database()
    await using proxy = await FaultProxy.start({ target: settings })
    const source = createDataSource({
      ...settings,
      driver: mysqlDriver,
      port: proxy.port,
      maximumPoolSize: 1,
      validationTimeout: '500ms',
    })
    await source.query('SELECT 1')
    await proxy.setNext({ kind: 'stall' })
    const error = await failure(source.query('SELECT SLEEP(60)', [], { timeout: 100 }))
    expect(error.sqlState).toBe('HYT00')
    await proxy.setNext({ kind: 'pass' })
    expect((await source.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
    await source.close()
    expect(source.statistics().total).toBe(0)
  })

  it('that cannot be had costs the session, and nothing else', async () => {
    const server = await start({ config: { max_connections: 10 } })
    const database = await server.database()
    await using proxy = await FaultProxy.start({ target: database.settings })
    const connection = await open({ ...database.settings, port: proxy.port })
    const lost = failure(execute(connection, 'SELECT SLEEP(60)'))
    // Behind the proxy another server would be as good: who answers is compared before anything is stopped.
    const other = await start()
    await using elsewhere = await FaultProxy.start({ target: other.settings('mysql') })
    expect(elsewhere.port).not.toBe(proxy.port)
    await server.query('SET GLOBAL max_connections = 10')
    const taken = await Promise.allSettled(Array.from({ length: 9 }, () => database.connect()))
    expect((await failure(connection.cancel())).message).not.toBe('')
    connection.destroy()
    expect(await lost).toMatchObject({ fatal: true })
    for (const raw of taken) if (raw.status === 'fulfilled') await raw.value.end()
    expect(threadOf(connection)).toBeGreaterThan(0)
  })
})
