import { types } from 'pg'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { createDataSource } from '../../../src/index.ts'
import type { PostgresDatabase } from '../../support/postgres-database.ts'
import { describePostgres } from '../../support/postgres.ts'

const text = `SELECT 1::int8 AS id, DATE '2026-01-31' AS day, TIMESTAMP '2026-01-31 12:34:56.789999' AS at,
  TIMESTAMPTZ '2026-01-31 12:34:56.789999+02' AS moment, TIME '12:34:56' AS clock, 12.50::numeric AS price,
  '{"a":[1]}'::jsonb AS doc, '\\x0102'::bytea AS bytes, ARRAY[TIMESTAMP '2026-01-31 12:00:00'] AS moments, NULL::date AS none`

await describePostgres('types presets on PostgreSQL', (server) => {
  let database: PostgresDatabase

  beforeAll(async () => {
    database = await server.database()
  })

  it("'date' makes a Date of each date and timestamp, prepared or not, streamed or not", async () => {
    await using source = createDataSource({ url: database.url, types: 'date', maximumPoolSize: 1 })
    const expected = {
      id: 1n,
      day: new Date('2026-01-31T00:00:00Z'),
      at: new Date('2026-01-31T12:34:56.789Z'),
      moment: new Date('2026-01-31T10:34:56.789Z'),
      clock: '12:34:56',
      price: '12.50',
      doc: '{"a": [1]}',
      bytes: Uint8Array.of(1, 2),
      moments: ['2026-01-31T12:00:00'],
      none: null,
    }
    for (let run = 0; run < 4; run++) {
      const { rows } = await source.query(text)
      expect(rows).toStrictEqual([expected])
    }
    expect(await collected(source.stream(text))).toStrictEqual([expected])
  })

  it("'date' refuses infinity and years that no Date holds, and the connection lives on", async () => {
    await using source = createDataSource({ url: database.url, types: 'date', maximumPoolSize: 1 })
    const beyond = [
      "DATE 'infinity'",
      "TIMESTAMP '-infinity'",
      "TIMESTAMPTZ 'infinity'",
      "DATE '5874897-12-31'",
      "TIMESTAMP '290000-01-01'",
    ]
    for (const literal of beyond) {
      const refusal = source.query(`SELECT ${literal} AS expires`)
      await expect(refusal).rejects.toMatchObject({
        sqlState: '22008',
        fatal: false,
        message: expect.stringContaining("'expires'"),
      })
      const streamed = source.stream(`SELECT ${literal} AS expires`)
      await expect(streamed.next()).rejects.toMatchObject({ sqlState: '22008' })
    }
    const { rows } = await source.query(
      "SELECT DATE '0044-03-15 BC' AS ides, 'infinity'::date AS never",
      [],
      {
        types: { never: 'VARCHAR' },
      },
    )
    expect(rows).toEqual([{ ides: new Date('-000043-03-15T00:00:00Z'), never: 'infinity' }])
    expect(source.statistics().total).toBe(1)
  })

  it("'native' gives what pg gives by itself, prepared or not, streamed or not", async () => {
    const client = await database.connect()
    // The session of Wellhead is in UTC: what pg makes of the texts depends on it.
    await client.query("SET TimeZone = 'UTC'")
    const oracle = await client.query(text)
    await client.end()
    await using source = createDataSource({ url: database.url, types: 'native', maximumPoolSize: 1 })
    for (let run = 0; run < 4; run++) {
      const { rows } = await source.query(text)
      expect(rows).toStrictEqual(oracle.rows.map((row) => ({ ...row })))
    }
    expect(await collected(source.stream(text))).toStrictEqual(oracle.rows.map((row) => ({ ...row })))
    const { columns, rows } = await source.query(text)
    expect(columns[0]).toEqual({ name: 'id', type: 'BIGINT', databaseType: 'int8' })
    expect(rows[0]).toMatchObject({ id: '1', doc: { a: [1] }, bytes: Buffer.of(1, 2) })
  })

  it("'native' follows what the application has set in pg.types", async () => {
    const before = types.getTypeParser(1700)
    onTestFinished(() => types.setTypeParser(1700, before))
    types.setTypeParser(1700, (digits) => `own ${digits}`)
    await using source = createDataSource({ url: database.url, types: 'native' })
    await using portable = createDataSource({ url: database.url })
    const numeric = 'SELECT 1.50::numeric AS n'
    expect((await source.query(numeric)).rows).toEqual([{ n: 'own 1.50' }])
    expect((await portable.query(numeric)).rows).toEqual([{ n: '1.50' }])
  })
})

async function collected(rows: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const row of rows) all.push(row)
  return all
}
