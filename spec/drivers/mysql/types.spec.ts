import { beforeAll, expect, it } from 'vitest'
import { decimal, param, type ParameterValue } from '../../../src/api/sql-types.ts'
import type { MariaDbDatabase } from '../../support/mariadb-database.ts'
import { describeMariaDb } from '../../support/mariadb.ts'
import { compiled, execute, failure, open, valueOf } from './support.ts'

const digits38 = '12345678901234567890123456789012345.678'
const smallest38 = `0.${'0'.repeat(37)}1`
const megabyte = 'ä😀'.repeat(174_763)
const bytes = Uint8Array.from({ length: 1_048_576 }, (_, n) => n * 7)

/** A column's type, what is stored, and what comes back where it is not the same. */
const matrix: readonly (readonly [type: string, value: ParameterValue, back?: unknown])[] = [
  ['TINYINT(1)', true],
  ['TINYINT(1)', false],
  ['BOOLEAN', 1, true],
  ['BIT(1)', true],
  ['BIT(1)', false],
  ['BIT(12)', Uint8Array.of(0x0a, 0xff)],
  ['TINYINT', -128],
  ['TINYINT UNSIGNED', 255],
  ['SMALLINT', -32_768],
  ['SMALLINT UNSIGNED', 65_535],
  ['MEDIUMINT', -8_388_608],
  ['MEDIUMINT UNSIGNED', 16_777_215],
  ['INT', -2_147_483_648],
  ['INT', 2_147_483_647],
  ['INT UNSIGNED', 4_294_967_295],
  ['YEAR', 2026],
  ['BIGINT', 9_007_199_254_740_993n],
  ['BIGINT', -9_223_372_036_854_775_808n],
  ['BIGINT', 9_223_372_036_854_775_807n],
  ['BIGINT', 5, 5n],
  ['BIGINT UNSIGNED', 18_446_744_073_709_551_615n],
  ['FLOAT', 1.1],
  ['FLOAT', 16_777_216],
  ['FLOAT', 3.402_823_4e38, 3.402_823_5e38],
  // The smallest that has all its digits: below it a FLOAT has fewer.
  ['FLOAT', 1.175_494_4e-38],
  ['DOUBLE', 0.1],
  ['DOUBLE', 5e-324],
  ['DOUBLE', 1.797_693_134_862_315_7e308],
  ['DOUBLE', -123_456.789_012_345_6],
  ['DECIMAL(38, 3)', decimal(`-${digits38}`), `-${digits38}`],
  ['DECIMAL(38, 0)', decimal('9'.repeat(38)), '9'.repeat(38)],
  ['DECIMAL(65, 0)', decimal(`-${'9'.repeat(65)}`), `-${'9'.repeat(65)}`],
  ['DECIMAL(38, 38)', decimal(smallest38), smallest38],
  ['DECIMAL(65, 0)', 2n ** 64n, '18446744073709551616'],
  ['DECIMAL(10, 2)', 12.5, '12.50'],
  ['LONGTEXT', ''],
  ['LONGTEXT', '😀 naïve \u2028 "quoted" \\ \' $1 ? \0'],
  ['LONGTEXT', megabyte],
  ['VARCHAR(3)', '😀😀😀'],
  ['VARCHAR(300)', 'x'.repeat(251)],
  ['CHAR(5)', 'ab'],
  ["ENUM('a', 'b')", 'b'],
  ["SET('a', 'b')", 'a,b'],
  ['LONGBLOB', new Uint8Array()],
  ['LONGBLOB', Uint8Array.of(0, 1, 254, 255)],
  ['LONGBLOB', bytes],
  ['BINARY(2)', Uint8Array.of(1, 2)],
  ['VARBINARY(5)', Uint8Array.of(0xfb, 0xfe, 0xff)],
  ['DATE', '0001-01-01'],
  ['DATE', '9999-12-31'],
  ['DATE', new Date('2026-01-31T23:59:59Z'), '2026-01-31'],
  ['DATE', param('2026-01-31', 'DATE'), '2026-01-31'],
  ['TIME(6)', '00:00:00'],
  ['TIME(6)', '00:00:00.000001'],
  ['TIME(6)', '23:59:59.999999'],
  ['TIME(6)', '-838:59:59'],
  ['TIME(6)', param('-100:01:02.5', 'TIME'), '-100:01:02.5'],
  ['DATETIME(6)', '0001-01-01T00:00:00'],
  ['DATETIME(6)', '0001-01-01T00:00:00.000001'],
  ['DATETIME(6)', '9999-12-31T23:59:59.999999'],
  ['DATETIME(6)', '2026-01-31T12:00:00.5'],
  ['DATETIME(6)', param('2026-01-31T12:00:00.123456', 'TIMESTAMP'), '2026-01-31T12:00:00.123456'],
  ['TIMESTAMP(6) NULL', new Date('2026-01-31T12:00:00.5Z'), '2026-01-31T12:00:00.5Z'],
  ['TIMESTAMP(6) NULL', '2026-01-31T12:00:00.123456', '2026-01-31T12:00:00.123456Z'],
  [
    'TIMESTAMP(6) NULL',
    param('2026-01-31T12:00:00.000001+05:30', 'TIMESTAMP_WITH_TIMEZONE'),
    '2026-01-31T06:30:00.000001Z',
  ],
  ['TIMESTAMP(6) NULL', param('2026-01-31T12:00:00Z', 'TIMESTAMP_WITH_TIMEZONE'), '2026-01-31T12:00:00Z'],
  ['UUID', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['JSON', '{"a":9007199254740993}'],
  ['INET6', '::1'],
]

await describeMariaDb('types on MariaDB', (server) => {
  let database: MariaDbDatabase
  beforeAll(async () => {
    database = await server.database()
  })

  const types = [...new Set(matrix.map(([type]) => type))]
  const table = (name: string): string =>
    `CREATE TABLE ${name} (id INT PRIMARY KEY, ${types.map((type, n) => `c${n} ${type}`).join(', ')})`

  it('come back as they were stored, by every way of sending them', async () => {
    const connection = await open(database.settings)
    await execute(connection, table('matrix'))
    let id = 0
    for (const [type, value, back = value] of matrix) {
      const column = `c${types.indexOf(type)}`
      // Once prepared for that run, twice kept, then NULL by the same plan.
      for (const stored of [value, value, value, null]) {
        await execute(connection, `INSERT INTO matrix (id, ${column}) VALUES (?, ?)`, ++id, stored)
        const found = await valueOf(connection, `SELECT ${column} FROM matrix WHERE id = ?`, id)
        expect(found, `${type}, row ${id}`).toStrictEqual(stored === null ? null : back)
      }
    }
  })

  it('come back as they were stored by a batch, through a stream', async () => {
    const connection = await open(database.settings)
    for (const [n, type] of types.entries()) {
      const values = matrix.filter((row) => row[0] === type)
      const rows = [...values.map(([, value], id): ParameterValue[] => [id, value]), [values.length, null]]
      await execute(connection, `CREATE TABLE batch_${n} (id INT PRIMARY KEY, v ${type})`)
      const { updateCounts, error } = await connection.executeBatch(
        compiled(`INSERT INTO batch_${n} (id, v) VALUES (?, ?)`),
        rows,
      )
      expect(error, type).toBe(undefined)
      expect(updateCounts).toEqual(rows.map(() => 1))
      const stream = connection.stream(compiled(`SELECT v FROM batch_${n} ORDER BY id`), [], 2)
      const found: unknown[] = []
      for (let done = false; !done;) {
        const batch = await stream.fetch()
        found.push(...batch.rows.map(([value]) => value))
        done = batch.done
      }
      expect(found, type).toStrictEqual([...values.map(([, value, back = value]) => back), null])
    }
  })

  it('of integers are those that LIMIT takes, and of decimals those that are computed with exactly', async () => {
    const connection = await open(database.settings)
    expect((await execute(connection, 'SELECT seq FROM seq_1_to_9 LIMIT ? OFFSET ?', 2, 3)).rows).toEqual([
      [4n],
      [5n],
    ])
    expect((await execute(connection, 'SELECT seq FROM seq_1_to_9 LIMIT ?', 2n)).rows).toHaveLength(2)
    await execute(connection, 'CREATE TABLE money (balance DECIMAL(38, 2))')
    await execute(connection, 'INSERT INTO money VALUES (?)', decimal('12345678901234567890.11'))
    for (const cent of [decimal('0.01'), 0.01]) {
      await execute(connection, 'UPDATE money SET balance = balance - ?', cent)
    }
    expect(await valueOf(connection, 'SELECT balance FROM money')).toBe('12345678901234567890.09')
    expect(await valueOf(connection, 'SELECT ? + ?', 1, 2)).toBe(3n)
  })

  it('refuse what a column does not hold, loudly, also where the server would cut it', async () => {
    const connection = await open({
      ...database.settings,
      serverSettings: { sql_mode: 'STRICT_TRANS_TABLES' },
    })
    await execute(connection, 'CREATE TABLE narrow (n TINYINT, s VARCHAR(3), d DATE, ts TIMESTAMP NULL)')
    for (const [column, value, sqlState] of [
      ['n', 300, '22003'],
      ['n', 'secret', '22018'],
      ['s', 'four', '22001'],
      ['d', 'secret', '22007'],
      ['ts', '2100-01-01T00:00:00', '22007'],
      ['ts', '2026-01-31T12:00:00Z', '22007'],
    ] as const) {
      const error = await failure(execute(connection, `INSERT INTO narrow (${column}) VALUES (?)`, value))
      expect(error.sqlState, `${column} ${value}`).toBe(sqlState)
      expect(error.message).not.toContain('secret')
    }
    await execute(connection, 'CREATE TABLE flags (f TINYINT(1))')
    await execute(connection, 'INSERT INTO flags VALUES (2)')
    const odd = await failure(execute(connection, 'SELECT f FROM flags'))
    expect([odd.sqlState, odd.message]).toEqual(['22018', expect.stringContaining("tinyInt1: 'number'")])
    const numbers = await open({ ...database.settings, tinyInt1: 'number' })
    expect(await valueOf(numbers, 'SELECT f FROM flags')).toBe(2)
  })

  it("are what mysql2 gives with types: 'native'", async () => {
    const connection = await open(database.settings, { types: 'native' })
    const raw = await database.connect()
    const text = `SELECT CAST(9007199254740991 AS SIGNED) AS big, CAST('2026-01-31 12:00:00' AS DATETIME) AS moment,
      CAST('2026-01-31' AS DATE) AS day, CAST('12:00:00.5' AS TIME(1)) AS clock, 1.50 AS exact, X'0102' AS bytes, 'x' AS word, 0.5e0 AS inexact`
    const { rows } = await execute(connection, text)
    const { createConnection } = await import('mysql2/promise')
    const plain = await createConnection(database.settings)
    const [expected] = await plain.execute({ sql: text, rowsAsArray: true })
    expect(rows).toEqual(expected)
    await plain.end()
    await raw.end()
  })
})
