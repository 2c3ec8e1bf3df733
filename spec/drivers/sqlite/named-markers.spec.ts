import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDataSource, type PooledDataSource } from '../../../src/index.ts'

describe.each(['inline', 'worker', 'process'])('SQLite’s own named markers, %s', (mode) => {
  let source: PooledDataSource

  beforeAll(async () => {
    source = createDataSource({ url: 'sqlite::memory:', mode })
    await source.execute('CREATE TABLE town (id INTEGER PRIMARY KEY, name TEXT)')
  })
  afterAll(() => source.close())

  it('take the values in the order of their first appearance', async () => {
    const { rows } = await source.query('SELECT :a AS a, @b AS b, $c AS c, :a AS again', [1, 'two', 3n])
    expect(rows).toEqual([{ a: 1, b: 'two', c: 3, again: 1 }])
  })

  it('serve a batch and a stream', async () => {
    await source.batch('INSERT INTO town (id, name) VALUES (:id, :name)', [
      [1, 'Ashford'],
      [2, 'Millbridge'],
    ])
    const rows: unknown[] = []
    for await (const row of source.stream('SELECT name FROM town WHERE id >= :id ORDER BY id', [1]))
      rows.push(row)
    expect(rows).toEqual([{ name: 'Ashford' }, { name: 'Millbridge' }])
  })

  it('want as many values as there are names', async () => {
    await expect(source.query('SELECT :a, :b', [1])).rejects.toMatchObject({ sqlState: '07001' })
  })

  it('do not mix with ?', async () => {
    await expect(source.query('SELECT :a, ?', [1, 2])).rejects.toMatchObject({ sqlState: '42601' })
  })
})
