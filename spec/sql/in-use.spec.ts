import { afterAll, describe, expect, it } from 'vitest'
import { createDataSource } from '../../src/index.ts'

const source = createDataSource('sqlite::memory:')

afterAll(() => source.close())

describe('portable SQL through a data source', () => {
  it('parameters reach the places to which a translation has moved them', async () => {
    const text = 'SELECT {fn insert(?, ?, ?, ?)} AS a, {fn locate(?, ?)} AS b'
    const parameters = ['abcdef', 2, 3, 'XX', 'b', 'abcb']
    const expected = [{ a: 'aXXef', b: 2 }]
    expect((await source.query(text, parameters)).rows).toEqual(expected)
    await source.withConnection(async (connection) => {
      expect(connection.nativeSQL('SELECT {fn lcase(?)}')).toBe('SELECT LOWER(?)')
      const statement = await connection.prepareStatement(text)
      expect((await statement.query(parameters)).rows).toEqual(expected)
      const rows = []
      for await (const row of connection.stream(text, parameters)) rows.push(row)
      expect(rows).toEqual(expected)
    })
  })

  it('also in a batch', async () => {
    await source.withConnection(async (connection) => {
      await connection.execute('CREATE TABLE words (word TEXT)')
      await connection.batch('INSERT INTO words VALUES ({fn repeat(?, ?)})', [
        ['a', 2],
        ['b', 3],
      ])
      expect((await connection.query('SELECT word FROM words')).rows).toEqual([
        { word: 'aa' },
        { word: 'bbb' },
      ])
      await connection.execute('DROP TABLE words')
    })
  })

  it('forgotten parameters are noticed, and the place of an error is told', async () => {
    await expect(source.query('SELECT ?')).rejects.toMatchObject({ sqlState: '07001' })
    await expect(source.query('SELECT {fn insert(?, ?)}', [1, 2])).rejects.toMatchObject({
      name: 'SQLSyntaxErrorException',
      position: 7,
      line: 1,
      column: 8,
    })
  })

  it('a repeated parameter counts towards what the database takes', async () => {
    const many = Array.from({ length: 11_000 }, () => '{fn right(?, 1 + ?)}').join(', ')
    const parameters = Array.from({ length: 22_000 }, () => 1)
    await expect(source.query(`SELECT ${many}`, parameters)).rejects.toMatchObject({ sqlState: '54000' })
  })
})
