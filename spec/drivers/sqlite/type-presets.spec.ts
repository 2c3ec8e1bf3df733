import { describe, expect, it } from 'vitest'
import { createDataSource, type DataSourceSettings, type PooledDataSource } from '../../../src/index.ts'

const text = `SELECT * FROM event`

async function opened(settings: DataSourceSettings): Promise<PooledDataSource> {
  const source = createDataSource({ url: 'sqlite::memory:', ...settings })
  await source.execute(
    'CREATE TABLE event (id BIGINT, day DATE, at TIMESTAMP, moment TIMESTAMP WITH TIME ZONE, clock TIME, ok BOOLEAN, price DECIMAL(10, 2))',
  )
  await source.execute('INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)', [
    1n,
    '2026-01-31',
    '2026-01-31 12:34:56.789999',
    '2026-01-31T12:34:56+02:00',
    '12:34:56',
    true,
    12.5,
  ])
  return source
}

describe("types: 'date' on SQLite", () => {
  it('makes a Date of each date and timestamp, and of nothing else', async () => {
    await using source = await opened({ types: 'date' })
    const { rows, columns } = await source.query(text)
    const expected = {
      id: 1n,
      day: new Date('2026-01-31T00:00:00Z'),
      at: new Date('2026-01-31T12:34:56.789Z'),
      moment: new Date('2026-01-31T10:34:56Z'),
      clock: '12:34:56',
      ok: true,
      price: '12.5',
    }
    expect(rows).toStrictEqual([expected])
    expect(columns[1]).toEqual({ name: 'day', type: 'DATE', databaseType: 'DATE' })
    expect(await collected(source.stream(text))).toStrictEqual([expected])
    const arrays = await source.query(text, [], { rowMode: 'array' })
    expect(arrays.rows).toStrictEqual([Object.values(expected)])
  })

  it('is led by the hints of a statement: to a Date, and away from it', async () => {
    await using source = await opened({ types: 'date' })
    const { rows } = await source.query(`SELECT max(at) AS last, at FROM event`, [], {
      types: { last: 'TIMESTAMP', at: 'VARCHAR' },
    })
    expect(rows).toEqual([{ last: new Date('2026-01-31T12:34:56.789Z'), at: '2026-01-31 12:34:56.789999' }])
  })

  it('refuses what is no date, by the name of the column, and the connection lives on', async () => {
    await using source = await opened({ types: 'date', maximumPoolSize: 1 })
    await source.execute("UPDATE event SET day = 'some day'")
    for (const attempt of [source.query(text), source.stream(text).next()]) {
      await expect(attempt).rejects.toMatchObject({
        sqlState: '22007',
        message: expect.stringContaining("'day'"),
      })
    }
    const { rows } = await source.query('SELECT day FROM event', [], { types: { day: 'VARCHAR' } })
    expect(rows).toEqual([{ day: 'some day' }])
  })
})

describe.each(['inline', 'worker', 'process'])("types: 'native' on SQLite, mode %s", (mode) => {
  it('gives what node:sqlite gives, with the columns as they are', async () => {
    await using source = await opened({ types: 'native', mode })
    const { rows, columns } = await source.query(text)
    const expected = {
      id: 1,
      day: '2026-01-31',
      at: '2026-01-31 12:34:56.789999',
      moment: '2026-01-31T12:34:56+02:00',
      clock: '12:34:56',
      ok: 1,
      price: 12.5,
    }
    expect(rows).toStrictEqual([expected])
    expect(columns[0]).toEqual({ name: 'id', type: 'BIGINT', databaseType: 'BIGINT' })
    expect(await collected(source.stream(text))).toStrictEqual([expected])
    await source.execute('UPDATE event SET id = ?', [2n ** 53n + 1n])
    await expect(source.query('SELECT id FROM event')).rejects.toMatchObject({ sqlState: '22003' })
  })
})

async function collected(rows: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const row of rows) all.push(row)
  return all
}
