import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, it } from 'vitest'
import { createDataSource, type DataSource } from '../../../src/index.ts'
import type { PostgresDatabase } from '../../support/postgres-database.ts'
import { describePostgres } from '../../support/postgres.ts'
import { raceCancels } from '../../support/cancel-race.ts'
import { compiled, execute, failure, open, valueOf } from './support.ts'

const tries = process.env['MODE'] === 'long' ? 10_000 : 1_000

await describePostgres('cancelling on PostgreSQL', (server) => {
  let database: PostgresDatabase
  beforeAll(async () => {
    database = await server.database()
  })

  /** What runs, as the server sees it. */
  async function running(part: string): Promise<number> {
    const sessions = await database.sessions()
    return sessions.filter(({ state, query }) => state === 'active' && query.includes(part)).length
  }

  it('stops the statement on the server, and the session lives on', async () => {
    const connection = await open(database.settings)
    const stopped = failure(execute(connection, 'SELECT pg_sleep(60)'))
    while ((await running('pg_sleep')) === 0) await sleep(2)
    await connection.cancel()
    expect((await stopped).sqlState).toBe('57014')
    expect(await running('pg_sleep')).toBe(0)
    expect(await valueOf(connection, 'SELECT 1')).toBe(1)
  })

  it('leaves a transaction failed', async () => {
    const connection = await open(database.settings)
    await connection.begin({})
    const stopped = failure(execute(connection, 'SELECT pg_sleep(60)'))
    while ((await running('pg_sleep')) === 0) await sleep(2)
    await connection.cancel()
    await stopped
    expect(connection.transactionStatus).toBe('failed')
    await connection.rollback()
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
    const text =
      'SELECT n, pg_sleep(CASE WHEN n > 5 THEN 60 ELSE 0 END)::text FROM generate_series(1, 9) AS s(n)'
    const stream = connection.stream(compiled(text), [], 3)
    expect((await stream.fetch()).rows).toHaveLength(3)
    const stopped = failure(stream.fetch())
    while ((await running('generate_series')) === 0) await sleep(2)
    await connection.cancel()
    expect((await stopped).sqlState).toBe('57014')
    await stream.close()
    expect(await valueOf(connection, 'SELECT 1')).toBe(1)
  })

  it('stops what runs when the connection is cut off: nobody would wait for it', async () => {
    const connection = await open(database.settings)
    const lost = failure(execute(connection, 'SELECT pg_sleep(60)'))
    while ((await running('pg_sleep')) === 0) await sleep(2)
    connection.destroy()
    expect((await lost).fatal).toBe(true)
    await connection.close()
    while ((await running('pg_sleep')) > 0) await sleep(2)
  })

  const text = 'SELECT pg_sleep(0.003)'
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
        driver: 'pg',
        maximumPoolSize: 8,
        minimumIdle: 8,
      })
      await source.start()
      await raceCancels(
        tries,
        (n) => run(source, 2 + (n % 5) * 0.5),
        async (n) => {
          expect((await source.query('SELECT ? AS n', [n])).rows).toEqual([{ n }])
        },
      )
      expect(source.statistics().counters.closed.broken).toBe(0)
    },
    120_000,
  )
})
