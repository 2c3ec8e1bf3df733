import { beforeAll, describe, expect, it } from 'vitest'
import { checkKeys, generatedKeysOf } from '../../../drivers/mysql/generated-keys.ts'
import { createDataSource, sql } from '../../../src/index.ts'
import type { MariaDbDatabase } from '../../support/mariadb-database.ts'
import { describeMariaDb } from '../../support/mariadb.ts'

await describeMariaDb('generated keys on MariaDB', (server) => {
  let database: MariaDbDatabase

  beforeAll(async () => {
    database = await server.database()
    const raw = await database.connect()
    await raw.query(`CREATE TABLE town (
      id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(99) NOT NULL,
      made DATETIME NOT NULL DEFAULT '2026-01-31 12:00:00', \`Odd \`\`Name\` INT DEFAULT 7)`)
    await raw.end()
  })

  it('are those that the database made, in the order of the rows', async () => {
    await using source = createDataSource({ url: database.url, types: 'date' })
    const towns = sql.rows([['Ashford'], ['Millbridge']])
    const result = await source.execute(sql`INSERT INTO town (name) VALUES ${towns};`, undefined, {
      generatedKeys: ['id', 'Odd `Name', 'made'],
    })
    const made = new Date('2026-01-31T12:00:00Z')
    expect(result).toMatchObject({
      rows: [],
      columns: [],
      updateCount: 2,
      generatedKeys: [
        { id: 1n, 'Odd `Name': 7, made },
        { id: 2n, 'Odd `Name': 7, made },
      ],
    })
  })

  it('come by the plan that the server keeps, and are none where nothing was inserted', async () => {
    await using source = createDataSource({ url: database.url, maximumPoolSize: 1 })
    const text = 'INSERT INTO town (name) SELECT ? FROM town WHERE id = ?'
    for (let run = 0; run < 5; run++) {
      const { generatedKeys } = await source.execute(text, ['x', 1], { generatedKeys: ['id'] })
      expect(generatedKeys).toHaveLength(1)
    }
    const none = await source.execute(text, ['x', -1], { generatedKeys: ['id'] })
    expect(none).toMatchObject({ generatedKeys: [], updateCount: 0 })
  })

  it('of a column that is missing insert nothing', async () => {
    await using source = createDataSource(database.url)
    const attempt = source.execute('INSERT INTO town (name) VALUES (?)', ['lost'], { generatedKeys: ['no'] })
    await expect(attempt).rejects.toMatchObject({ sqlState: '42703' })
    expect((await source.query(`SELECT id FROM town WHERE name = 'lost'`)).rows).toEqual([])
  })
})

describe('generated keys on MySQL, which tells the first alone', () => {
  it('are counted on from it', () => {
    const { rows, columns } = generatedKeysOf('id', 9_007_199_254_740_993n, 3, 2n)
    expect(rows).toEqual([[9_007_199_254_740_993n], [9_007_199_254_740_995n], [9_007_199_254_740_997n]])
    expect(columns).toEqual([{ name: 'id', type: 'BIGINT', databaseType: 'bigint' }])
  })

  it('are none where none was given', () => {
    expect(generatedKeysOf('id', 0n, 3, 1n).rows).toEqual([])
  })

  it.each([
    'INSERT INTO town (name) VALUES (?)',
    'insert into town (name) values (?), (?)',
    // A key that the application gives is told where it is one.
    'INSERT INTO town (id, name) VALUES (?, ?)',
  ])('are told of %s', (text) => {
    expect(() => checkKeys(text, ['id'])).not.toThrow()
    expect(() => checkKeys(text, ['id', 'made'])).toThrow(expect.objectContaining({ sqlState: '0A000' }))
  })

  it.each([
    // Others may insert in between.
    'INSERT INTO town (name) SELECT name FROM town',
    'INSERT INTO town (name) VALUES (?), (?) ON DUPLICATE KEY UPDATE name = ?',
    'INSERT IGNORE INTO town (name) VALUES (?), (?)',
    // Here the last one is told.
    'INSERT INTO town (id, name) VALUES (?, ?), (?, ?)',
  ])('are refused for %s, before it is sent', (text) => {
    expect(() => checkKeys(text, ['id'])).toThrow(expect.objectContaining({ sqlState: '0A000' }))
  })
})
