import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDataSource, decimal, param, sql, type PooledDataSource } from '../../../src/index.ts'
import { toJSON } from '../../../src/json.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import type { PostgresDatabase } from '../../support/postgres-database.ts'
import { describePostgres } from '../../support/postgres.ts'

await describePostgres('a data source on PostgreSQL', (server) => {
  let database: PostgresDatabase
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
    const work = Array.from({ length: 40 }, () => source.query('SELECT pg_sleep(0.01)'))
    const watch = (async () => {
      for (let i = 0; i < 5; i++) most = Math.max(most, (await database.sessions()).length)
    })()
    await Promise.all([...work, watch])
    expect(most).toBeGreaterThan(1)
    expect(most).toBeLessThanOrEqual(4)
  })

  it('a unique violation has the portable reason, and the pool is as it was', async () => {
    const twice = source.execute("INSERT INTO account (id, owner, balance) VALUES (1, 'twice', 0)")
    await expect(twice).rejects.toMatchObject({ sqlState: '23505', reason: 'unique', fatal: false })
    expect(source.statistics()).toMatchObject({ inUse: 0 })
  })

  it('an array is a value where it says so', async () => {
    const { rows } = await source.query('SELECT ?::int[] AS list', [param([1, 2, null], 'ARRAY')])
    expect(rows).toEqual([{ list: [1, 2, null] }])
    await expect(source.query('SELECT ?', [[1, 2]])).rejects.toMatchObject({ sqlState: 'HY105' })
  })

  it('a list of 1,000, 1,000 rows at once, a count through JSON', async () => {
    const rows = Array.from({ length: 1_000 }, (_, n) => [n + 1_000, `owner ${n}`, '0'])
    await source.execute(sql`INSERT INTO account (id, owner, balance) VALUES ${sql.rows(rows)}`)
    const ids = sql.list(rows.map(([id]) => id!))
    const counted = await source.query(
      sql`SELECT count(*) AS n FROM account WHERE id IN (${ids})`,
      undefined,
      {
        types: { n: 'INTEGER' },
      },
    )
    expect(JSON.stringify(toJSON(counted.rows))).toBe('[{"n":1000}]')
  })

  it('maxRows fetches no more', async () => {
    const { rows } = await source.query('SELECT generate_series(1, 100000000) AS n', [], {
      maxRows: 2,
    })
    expect(rows).toEqual([{ n: 1 }, { n: 2 }])
  })

  it('prepareThreshold decides from which run on a text is prepared', async () => {
    const prepared = async (settings: object): Promise<number> => {
      await using one = createDataSource({ url: database.url, maximumPoolSize: 1, ...settings })
      for (let run = 0; run < 3; run++) await one.query('SELECT 1 + ?', [run])
      const count = 'SELECT count(*)::int AS n FROM pg_prepared_statements WHERE NOT from_sql'
      return (await one.query<{ n: number }>(count)).rows[0]!.n
    }
    expect(await prepared({})).toBe(1)
    expect(await prepared({ prepareThreshold: 0 })).toBe(0)
    expect(await prepared({ prepareThreshold: 4 })).toBe(0)
  })

  it('networkTimeout gives up a connection that is silent while an answer is awaited', async () => {
    await using proxy = await FaultProxy.start({ target: database.settings })
    const settings = { ...database.settings, port: proxy.port, driver: 'pg', maximumPoolSize: 1 }
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
})
