import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { createDataSource, type PooledDataSource, type SQLException } from '../../../src/index.ts'
import type { PostgresDatabase } from '../../support/postgres-database.ts'
import { describePostgres } from '../../support/postgres.ts'
import { untilShared, watchTogether } from '../../support/until-shared.ts'

const select = 'SELECT id, balance FROM account WHERE id = ?'
/** Whether it runs within a transaction that has written. */
const within = 'SELECT ?::int AS number, txid_current_if_assigned() IS NOT NULL AS within'
const sleep = 'SELECT pg_sleep(?)'
const size = 3

await describePostgres('sharing on PostgreSQL', (server) => {
  let database: PostgresDatabase
  let oracle: Awaited<ReturnType<PostgresDatabase['connect']>>
  let source: PooledDataSource

  beforeAll(async () => {
    database = await server.database()
    oracle = await database.connect()
    await oracle.query('CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)')
    await oracle.query('INSERT INTO account SELECT id, 2 * id FROM generate_series(0, 999) id')
  })
  afterAll(() => oracle.end())

  beforeEach(async () => {
    source = createDataSource({ url: database.url, maximumPoolSize: size, sharing: 'pipelined' })
    for (const text of [select, within, sleep]) await untilShared(source, text, [0])
  })
  afterEach(() => source.close())

  it('gives each caller his own answer, also beside errors', async () => {
    const watched = watchTogether(source)
    const divide = 'SELECT 100 / ?::int AS part'
    await untilShared(source, divide, [1])
    const answers = await Promise.all(
      Array.from({ length: 600 }, async (_, id) => {
        if (id % 3 > 0) return (await source.query<{ balance: number }>(select, [id])).rows[0]?.balance
        return source.query(divide, [0]).catch((error: SQLException) => error.sqlState)
      }),
    )
    expect(answers).toEqual(Array.from({ length: 600 }, (_, id) => (id % 3 > 0 ? 2 * id : '22012')))
    expect(watched.most).toBeGreaterThan(size)
    expect(source.statistics()).toMatchObject({ inUse: 0, waiting: 0, total: size })
  })

  it('never sends a shared statement into the transaction of a borrower', async () => {
    const watched = watchTogether(source)
    const transactions = Array.from({ length: 40 }, (_, id) =>
      source.transaction(async (tx) => {
        await tx.execute('UPDATE account SET balance = balance WHERE id = ?', [id])
        await tx.query('SELECT pg_sleep(0.002)')
      }),
    )
    const shared = Array.from({ length: 20 }, async () => {
      const seen: boolean[] = []
      for (let number = 0; number < 50; number++) {
        const { rows } = await source.query<{ number: number; within: boolean }>(within, [number])
        expect(rows[0]?.number).toBe(number)
        seen.push(rows[0]!.within)
      }
      return seen
    })
    const [seen] = await Promise.all([Promise.all(shared), ...transactions])
    expect(seen.flat().filter(Boolean)).toEqual([])
    expect(watched.most).toBeGreaterThan(size)
  })

  it('a deadline releases its caller, and harms no neighbour', async () => {
    const [slow, neighbours] = await Promise.all([
      Promise.allSettled(Array.from({ length: size }, () => source.query(sleep, [0.2], { timeout: 50 }))),
      Promise.all(Array.from({ length: 30 }, (_, id) => source.query<{ balance: number }>(select, [id]))),
    ])
    expect(slow.map(({ status }) => status)).toEqual(slow.map(() => 'rejected'))
    expect(neighbours.map(({ rows }) => rows[0]?.balance)).toEqual(neighbours.map((_, id) => 2 * id))
    expect(source.statistics().counters.closed.broken).toBe(0)
  })

  it('alone on its connection it is cancelled on the server', async () => {
    await expect(source.query(sleep, [60], { timeout: 50 })).rejects.toMatchObject({
      sqlState: 'HYT00',
    })
    const running = `SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active'
      AND datname = current_database() AND pid <> pg_backend_pid()`
    expect((await oracle.query(running)).rows).toEqual([])
    expect(source.statistics().counters.closed.broken).toBe(0)
  })

  // A hiccup of the machine can cost the text its standing: then it is alone, and the cancel was meant for it.
  it('a cancel by somebody else is no error of those who share', { retry: 5 }, async () => {
    const running = Promise.all(Array.from({ length: 2 * size }, () => source.query(sleep, [0.5])))
    const ours = `FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active'
      AND datname = current_database() AND pid <> pg_backend_pid()`
    const cancelled: unknown[] = []
    while (cancelled.length === 0)
      cancelled.push(...(await oracle.query(`SELECT pg_cancel_backend(pid) ${ours}`)).rows)
    for (const { rows } of await running) expect(rows).toHaveLength(1)
  })

  it('what only read survives the end of its sessions', async () => {
    const watched = watchTogether(source)
    const callers = Array.from({ length: 40 }, async (_, id) => {
      for (let run = 0; run < 100; run++) {
        const { rows } = await source.query<{ balance: number }>(select, [id])
        expect(rows[0]?.balance).toBe(2 * id)
      }
    })
    await new Promise((resolve) => setTimeout(resolve, 10))
    await oracle.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    )
    await Promise.all(callers)
    expect(source.statistics().counters.closed.broken).toBeGreaterThan(0)
    expect(watched.most).toBeGreaterThan(size)
  })
})
