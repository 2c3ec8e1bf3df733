import { beforeAll, expect, it } from 'vitest'
import { createDataSource, sql } from '../../../src/index.ts'
import type { PostgresDatabase } from '../../support/postgres-database.ts'
import { describePostgres } from '../../support/postgres.ts'

await describePostgres('generated keys on PostgreSQL', (server) => {
  let database: PostgresDatabase

  beforeAll(async () => {
    database = await server.database()
    const raw = await database.connect()
    await raw.query(`CREATE TABLE town (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name TEXT NOT NULL,
      made TIMESTAMPTZ NOT NULL DEFAULT TIMESTAMPTZ '2026-01-31 12:00:00Z', "Odd ""Name" INT DEFAULT 7)`)
    await raw.end()
  })

  it('are those that the database made, in the order of the rows', async () => {
    await using source = createDataSource({ url: database.url, types: 'date' })
    const towns = sql.rows([['Ashford'], ['Millbridge']])
    const result = await source.execute(sql`INSERT INTO town (name) VALUES ${towns};`, undefined, {
      generatedKeys: ['id', 'Odd "Name', 'made'],
    })
    const made = new Date('2026-01-31T12:00:00Z')
    expect(result).toMatchObject({
      rows: [],
      columns: [],
      updateCount: 2,
      generatedKeys: [
        { id: 1n, 'Odd "Name': 7, made },
        { id: 2n, 'Odd "Name': 7, made },
      ],
    })
  })

  it('come by the plan that the server keeps', async () => {
    await using source = createDataSource({ url: database.url, maximumPoolSize: 1 })
    const text = 'INSERT INTO town (name) VALUES (?)'
    for (let run = 0; run < 5; run++) await source.execute(text, ['x'], { generatedKeys: ['id'] })
    await source.execute(text, ['x'])
    const { rows } = await source.query(
      `SELECT statement, generic_plans + custom_plans AS runs FROM pg_prepared_statements WHERE statement LIKE 'INSERT%'`,
    )
    expect(rows).toEqual([{ statement: 'INSERT INTO town (name) VALUES ($1) RETURNING "id"', runs: 4n }])
  })

  it('are none where nothing was inserted', async () => {
    await using source = createDataSource(database.url)
    const text = 'INSERT INTO town (name) SELECT name FROM town WHERE id = ?'
    const result = await source.execute(text, [-1], { generatedKeys: ['id'] })
    expect(result).toMatchObject({ generatedKeys: [], updateCount: 0 })
  })

  it('of a column that is missing insert nothing', async () => {
    await using source = createDataSource(database.url)
    const attempt = source.execute('INSERT INTO town (name) VALUES (?)', ['lost'], { generatedKeys: ['ID'] })
    await expect(attempt).rejects.toMatchObject({ sqlState: '42703' })
    const { rows } = await source.query(`SELECT id FROM town WHERE name = 'lost'`)
    expect(rows).toEqual([])
  })
})
