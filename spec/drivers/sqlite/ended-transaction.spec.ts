import { afterEach, describe, expect, it } from 'vitest'
import { SQLException } from '../../../src/api/sql-exception.ts'
import { createDataSource, type PooledDataSource } from '../../../src/index.ts'
import { newFile, raw } from './support.ts'

const opened: PooledDataSource[] = []
afterEach(() => Promise.all(opened.splice(0).map((source) => source.close())))

async function stateOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(SQLException)
  return (error as SQLException).sqlState
}

describe('A transaction that SQLite has ended by itself', () => {
  it.each([
    ['because the text said so', 'INSERT OR ROLLBACK INTO t VALUES (1)', '23505'],
    ['because the disk is full', 'INSERT INTO t VALUES (zeroblob(100000))', '53100'],
  ])('%s: its block refuses work that would commit by itself', async (_, text, sqlState) => {
    const path = newFile()
    const database = raw(path)
    database.exec('CREATE TABLE t (id PRIMARY KEY); INSERT INTO t VALUES (1)')
    const source = createDataSource({
      url: `sqlite:${path}`,
      mode: 'inline',
      maximumPoolSize: 1,
      connectionInitSql: 'PRAGMA max_page_count = 5',
    })
    opened.push(source)
    const block = source.transaction(async (tx) => {
      await tx.execute('INSERT INTO t VALUES (2)')
      expect(await stateOf(tx.execute(text))).toBe(sqlState)
      expect(await stateOf(tx.execute('INSERT INTO t VALUES (3)'))).toBe('25P02')
      expect(await stateOf(tx.query('SELECT 1'))).toBe('25P02')
    })
    expect(await stateOf(block)).toBe('40000')
    await source.execute('INSERT INTO t VALUES (4)')
    expect(database.prepare('SELECT id FROM t ORDER BY id').all()).toEqual([{ id: 1 }, { id: 4 }])
  })
})
