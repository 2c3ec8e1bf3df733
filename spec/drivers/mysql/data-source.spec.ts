import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDataSource, decimal, sql, type PooledDataSource } from '../../../src/index.ts'
import { toJSON } from '../../../src/json.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import type { MariaDbDatabase } from '../../support/mariadb-database.ts'
import { describeMariaDb, describeOwnMariaDb } from '../../support/mariadb.ts'

await describeMariaDb('a data source on MariaDB', (server) => {
  let database: MariaDbDatabase
  let source: PooledDataSource

  beforeAll(async () => {
    database = await server.database()
    source = createDataSource({ url: database.url, maximumPoolSize: 4 })
    await source.execute(
      'CREATE TABLE account (id BIGINT PRIMARY KEY, owner VARCHAR(100) NOT NULL, balance NUMERIC(38, 3) NOT NULL)',
    )
  })
  afterAll(() => source.close())

  it('runs the program that runs on SQLite: batch, transfer with retries, savepoint, stream', async () => {
    await source.batch(
      'INSERT INTO account (id, owner, balance) VALUES (?, ?, ?)',
      Array.from({ length: 100 }, (_, id) => [BigInt(id), `owner ${id}`, decimal('1000.000')]),
    )
    const transfer = (from: number, to: number): Promise<void> =>
      source.transaction({ isolation: 'serializable', retries: 50 }, async (tx) => {
        const move = 'UPDATE account SET balance = balance + ? WHERE id = ?'
        await tx.execute(move, [decimal('-12.345'), from])
        await tx.transaction(async (nested) => {
          await nested.execute(move, [decimal('12.345'), to])
        })
      })
    await Promise.all(Array.from({ length: 60 }, (_, n) => transfer(n % 5, (n + 1) % 5)))
    const total = await source.query<{ total: string }>('SELECT sum(balance) AS total FROM account')
    expect(total.rows).toEqual([{ total: '100000.000' }])
    let seen = 0
    for await (const row of source.stream<{ id: bigint }>('SELECT id FROM account ORDER BY id', [], {
      fetchSize: 7,
    })) {
      expect(row.id).toBe(BigInt(seen))
      if (++seen === 50) break
    }
    expect(source.statistics()).toMatchObject({ inUse: 0 })
  })

  it('never has more sessions than the maximum, as the server counts them', async () => {
    let most = 0
    const work = Array.from({ length: 40 }, () => source.query('SELECT SLEEP(0.01)'))
    const watch = (async () => {
      for (let i = 0; i < 5; i++) most = Math.max(most, (await database.sessions()).length)
    })()
    await Promise.all([...work, watch])
    expect(most).toBeGreaterThan(1)
    expect(most).toBeLessThanOrEqual(4)
  })

  it('a list of 1,000, 1,000 rows at once, a count through JSON', async () => {
    const rows = Array.from({ length: 1_000 }, (_, n) => [n + 1_000, `owner ${n}`, '0'])
    await source.execute(sql`INSERT INTO account (id, owner, balance) VALUES ${sql.rows(rows)}`)
    const ids = sql.list(rows.map(([id]) => id!))
    const text = sql`SELECT count(*) AS n FROM account WHERE id IN (${ids})`
    const counted = await source.query(text, undefined, { types: { n: 'INTEGER' } })
    expect(JSON.stringify(toJSON(counted.rows))).toBe('[{"n":1000}]')
  })

  it('maxRows fetches no more', async () => {
    const { rows } = await source.query('SELECT seq AS n FROM seq_1_to_100000000', [], { maxRows: 2 })
    expect(rows).toEqual([{ n: 1n }, { n: 2n }])
    expect((await source.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
  })

  it.each([
    ['date', new Date('2026-01-31T00:00:00Z'), new Date('2026-01-31T12:34:56.789Z')],
    ['portable', '2026-01-31', '2026-01-31T12:34:56.789999'],
  ] as const)("types: '%s', prepared or not, streamed or not", async (types, day, at) => {
    await using one = createDataSource({ url: database.url, types, maximumPoolSize: 1 })
    const text = `SELECT CAST('2026-01-31' AS DATE) AS day, CAST('2026-01-31 12:34:56.789999' AS DATETIME(6)) AS at,
      CAST('12:34:56' AS TIME) AS clock, CAST(NULL AS DATE) AS none, 12.50 AS price`
    const expected = { day, at, clock: '12:34:56', none: null, price: '12.50' }
    for (let run = 0; run < 4; run++) expect((await one.query(text)).rows).toStrictEqual([expected])
    const streamed: unknown[] = []
    for await (const row of one.stream(text)) streamed.push(row)
    expect(streamed).toStrictEqual([expected])
  })

  it('networkTimeout gives up a connection that is silent while an answer is awaited', async () => {
    await using proxy = await FaultProxy.start({ target: database.settings })
    const settings = { ...database.settings, port: proxy.port, driver: 'mysql', maximumPoolSize: 1 }
    await using impatient = createDataSource({ ...settings, networkTimeout: '150ms' })
    await impatient.query('SELECT 1')
    await proxy.set({ kind: 'stall' })
    await expect(impatient.execute('CREATE TABLE never (n int)')).rejects.toMatchObject({
      reason: 'connection-lost',
      retry: 'unknown-outcome',
    })
    await using patient = createDataSource({ ...settings, queryTimeout: '300ms', validationTimeout: '200ms' })
    await proxy.set({ kind: 'pass' })
    await patient.query('SELECT 1')
    await proxy.set({ kind: 'stall' })
    await expect(patient.execute('CREATE TABLE never (n int)')).rejects.toMatchObject({ reason: 'timeout' })
    await proxy.set({ kind: 'pass' })
  })

  it('statementTimeout is kept by the server itself', async () => {
    await using limited = createDataSource({
      ...database.settings,
      driver: 'mysql',
      maximumPoolSize: 1,
      statementTimeout: '100ms',
    })
    const text = 'SELECT COUNT(*) FROM seq_1_to_1000000 AS a, seq_1_to_1000000 AS b WHERE a.seq + b.seq < 0'
    await expect(limited.query(text)).rejects.toMatchObject({
      name: 'SQLTimeoutException',
      errorCode: 1969,
      reason: 'timeout',
      fatal: false,
    })
    expect((await limited.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
    expect(limited.statistics().counters.closed.broken).toBe(0)
  })
})

await describeOwnMariaDb('the health of a data source on MariaDB', (start) => {
  it('is told while all connections are lent, the server stops, and starts again', async () => {
    const server = await start()
    const password = 'never-to-be-shown'
    await server.query(`CREATE USER borrower IDENTIFIED BY '${password}'`)
    const settings = { ...server.settings('mysql'), driver: 'mysql', user: 'borrower', password }
    const { database: _, ...nowhere } = settings
    await using source = createDataSource({ ...nowhere, maximumPoolSize: 3 }, { name: 'jdbc/health' })
    const borrowed = await Promise.all(Array.from({ length: 3 }, () => source.getConnection()))
    const before = await source.health({ timeout: '2s' })
    expect(before).toMatchObject({ ok: true, lastError: undefined })
    expect(before.serverVersion).toContain('MariaDB')

    await server.kill()
    const down = await source.health({ timeout: '2s' })
    expect(down).toMatchObject({ ok: false, lastError: { reason: 'connect-failed' } })
    expect(JSON.stringify(down) + String(down.lastError?.stack)).not.toContain(password)

    await server.start()
    while (!(await source.health({ timeout: '2s' })).ok);
    for (const connection of borrowed) await connection.close().catch(() => undefined)
    expect((await source.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
  })

  it('waits for a server that has no room', async () => {
    const server = await start({ config: { max_connections: 12 } })
    const database = await server.database()
    const raw = []
    for (let n = 0; n < 12; n++)
      raw.push(await database.connect().catch((error: { errno: number }) => error.errno))
    await using source = createDataSource({ ...database.settings, driver: 'mysql', connectionTimeout: '10s' })
    const waiting = source.query('SELECT 1 AS n')
    while (source.statistics().counters.connectFailed === 0)
      await new Promise((resolve) => setTimeout(resolve, 2))
    for (const one of raw) if (typeof one === 'object') await one.end()
    expect((await waiting).rows).toEqual([{ n: 1 }])
  })
})
