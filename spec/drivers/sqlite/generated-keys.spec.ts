import { expect, it } from 'vitest'
import { createDataSource } from '../../../src/index.ts'

it.each(['inline', 'worker', 'process'])('the rowid is told as the key, mode %s', async (mode) => {
  await using source = createDataSource({ url: 'sqlite::memory:', mode })
  await source.execute(
    'CREATE TABLE town (id INTEGER PRIMARY KEY, name TEXT, made DATE DEFAULT CURRENT_DATE)',
  )
  const text = 'INSERT INTO town (name) VALUES (?), (?) -- two'
  const first = await source.execute(text, ['Ashford', 'Millbridge'], { generatedKeys: ['id'] })
  expect(first).toMatchObject({ rows: [], updateCount: 2, generatedKeys: [{ id: 1 }, { id: 2 }] })
  // Names have no case here; the key is called what it was asked for as.
  const second = await source.execute('REPLACE INTO town (id, name) VALUES (2, ?)', ['Mill'], {
    generatedKeys: ['ID', 'Made'],
  })
  expect(second.generatedKeys).toEqual([{ ID: 2, Made: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) }])
})

it('a name that is no column is refused, and not taken for a text', async () => {
  await using source = createDataSource('sqlite::memory:')
  await source.execute('CREATE TABLE town (id INTEGER PRIMARY KEY, name TEXT)')
  const attempt = source.execute('INSERT INTO town (name) VALUES (?)', ['a'], { generatedKeys: ['no_such'] })
  await expect(attempt).rejects.toMatchObject({ sqlState: '42703' })
  expect((await source.query('SELECT id FROM town')).rows).toEqual([])
})
