import { inspect } from 'node:util'
import { beforeAll, expect, it } from 'vitest'
import type { MariaDbDatabase } from '../../support/mariadb-database.ts'
import { describeMariaDb } from '../../support/mariadb.ts'
import { execute, failure, open } from './support.ts'

const secret = "geheim' for key 'x"

await describeMariaDb('messages of MariaDB', (server) => {
  let database: MariaDbDatabase
  beforeAll(async () => {
    database = await server.database()
    const connection = await open(database.settings)
    await connection.executeScript(`
      CREATE TABLE holds (
        word VARCHAR(99) PRIMARY KEY, number INT, day DATE, moment DATETIME, id UUID, price DECIMAL(3, 1),
        one ENUM('a', 'b'), ascii VARCHAR(99) CHARACTER SET latin1, small BIGINT UNSIGNED);
      CREATE TABLE parts (n INT) PARTITION BY LIST (n) (PARTITION p VALUES IN (1));
      CREATE TABLE parent (word VARCHAR(99) PRIMARY KEY);
      CREATE TABLE child (word VARCHAR(99), FOREIGN KEY (word) REFERENCES parent (word))`)
    await execute(connection, 'INSERT INTO holds (word) VALUES (?)', secret)
  })

  it.each([
    ['INSERT INTO holds (word) VALUES (?)', secret],
    ['INSERT INTO holds (word, number) VALUES (UUID(), ?)', secret],
    ['INSERT INTO holds (word, day) VALUES (UUID(), ?)', secret],
    ['INSERT INTO holds (word, moment) VALUES (UUID(), ?)', secret],
    ['INSERT INTO holds (word, id) VALUES (UUID(), ?)', secret],
    ['INSERT INTO holds (word, price) VALUES (UUID(), ?)', secret],
    ['INSERT INTO holds (word, one) VALUES (UUID(), ?)', secret],
    ['INSERT INTO holds (word, ascii) VALUES (UUID(), ?)', `${secret} 語`],
    ['UPDATE holds SET number = 1 WHERE word = ? + 1', secret],
    ["INSERT INTO holds (word, day) SELECT UUID(), STR_TO_DATE(?, '%Y')", secret],
    ['INSERT INTO parts VALUES (?)', 4_711_471],
    ['INSERT INTO holds (word, small) VALUES (UUID(), CAST(? AS UNSIGNED) - 9999999)', 4_711_471],
    ['INSERT INTO child VALUES (?)', secret],
    ['INSERT INTO holds (word, number) VALUES (UUID(), CAST(? AS DATE))', secret],
  ])('hold no value: %s', async (text, value) => {
    const connection = await open(database.settings)
    for (let run = 0; run < 2; run++) {
      const error = await failure(execute(connection, text, value))
      expect(error.message).not.toMatch(/geheim|4711471/)
      expect(error.sqlState).not.toBe('HY000')
    }
  })

  it('hold no value in a warning either, nor in what is shown of it', async () => {
    const connection = await open({ ...database.settings, serverSettings: { sql_mode: '' } })
    for (const text of ['SELECT CAST(? AS INT)', 'SELECT CAST(? AS DATE)', "SELECT STR_TO_DATE(?, '%Y')"]) {
      const { warnings = [] } = await execute(connection, text, secret)
      expect(warnings, text).not.toEqual([])
      for (const { message } of warnings) expect(message).not.toContain('geheim')
    }
    const error = await failure(open({ ...database.settings, password: 'geheim' }))
    expect(inspect(error, { depth: 9 })).not.toContain('geheim')
  })
})
