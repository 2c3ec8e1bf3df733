import { expect, it } from 'vitest'
import { createDataSource } from '../../src/index.ts'
import { ScriptedDriver } from '../../src/testing/index.ts'

const text = 'INSERT INTO invoice (total) VALUES (?)'

it('a scripted answer with rows is one with keys', async () => {
  const driver = new ScriptedDriver()
  driver.answer(text, ([total]) => [{ id: 42, doubled: Number(total) * 2 }])
  await using source = createDataSource({ driver })
  const result = await source.execute(text, [5], { generatedKeys: ['id', 'doubled'] })
  expect(result).toMatchObject({ rows: [], updateCount: 1, generatedKeys: [{ id: 42, doubled: 10 }] })
  expect((await source.execute(text, [5])).rows).toEqual([{ id: 42, doubled: 10 }])
})

it('a driver that does not give what was asked for is found out', async () => {
  const driver = new ScriptedDriver()
  driver.answer(text, 1)
  await using source = createDataSource({ driver })
  const attempt = source.execute(text, [5], { generatedKeys: ['id'] })
  await expect(attempt).rejects.toMatchObject({ sqlState: 'HY000', reason: 'protocol', fatal: false })
})
