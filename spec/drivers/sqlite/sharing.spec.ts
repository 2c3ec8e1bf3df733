import { describe, expect, it } from 'vitest'
import { createDataSource, type PooledDataSource } from '../../../src/index.ts'
import { untilShared } from '../../support/until-shared.ts'
import { modes, newFile } from './support.ts'

const select = 'SELECT balance FROM account WHERE id = ?'

async function filled(mode: string): Promise<PooledDataSource> {
  const path = newFile()
  const source = createDataSource({ url: `sqlite:${path}`, mode, maximumPoolSize: 2, sharing: 'pipelined' })
  await source.execute('CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)')
  await source.batch(
    'INSERT INTO account (id, balance) VALUES (?, ?)',
    Array.from({ length: 500 }, (_, id) => [id, 2 * id]),
  )
  await untilShared(source, select, [0])
  return source
}

describe.each(modes)('Sharing on SQLite (%s)', (mode) => {
  it('gives each caller his own answer, beside transactions', async () => {
    await using source = await filled(mode)
    const answers = Array.from({ length: 400 }, async (_, id) => {
      const { rows } = await source.query<{ balance: number }>(select, [id])
      return rows[0]?.balance
    })
    const transfer = source.transaction(async (tx) => {
      await tx.execute('UPDATE account SET balance = balance + 1 WHERE id = 499')
      await tx.execute('UPDATE account SET balance = balance - 1 WHERE id = 499')
    })
    expect(await Promise.all(answers)).toEqual(answers.map((_, id) => 2 * id))
    await transfer
    expect(source.statistics()).toMatchObject({ inUse: 0, waiting: 0 })
  })
})
