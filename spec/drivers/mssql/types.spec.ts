import { beforeAll, expect, it } from 'vitest'
import { encodeParameters } from '../../../drivers/mssql/parameters.ts'
import { decimal, param, type ParameterValue } from '../../../src/api/sql-types.ts'
import { describeMssql } from '../../support/mssql.ts'
import { RawMssql } from '../../support/tds-client.ts'
import type { MssqlSettings } from '../../support/tds-server/database.ts'
import { compiled, execute, failure, open, tlsOf, valueOf } from './support.ts'

const digits38 = '12345678901234567890123456789012345.678'
const smallest38 = `0.${'0'.repeat(37)}1`
const megabyte = 'ä😀'.repeat(174_763)
const bytes = Uint8Array.from({ length: 1_048_576 }, (_, n) => n * 7)

/** A column's type, what is stored, and what comes back where it is not the same. */
const matrix: readonly (readonly [type: string, value: ParameterValue, back?: unknown])[] = [
  ['BIT', true],
  ['BIT', false],
  ['BIT', 1, true],
  ['TINYINT', 0],
  ['TINYINT', 255],
  ['SMALLINT', -32_768],
  ['SMALLINT', param(32_767, 'SMALLINT'), 32_767],
  ['INT', -2_147_483_648],
  ['INT', 2_147_483_647],
  ['BIGINT', 9_007_199_254_740_993n],
  ['BIGINT', -9_223_372_036_854_775_808n],
  ['BIGINT', 9_223_372_036_854_775_807n],
  ['BIGINT', 5, 5n],
  ['REAL', 1.1],
  ['REAL', 16_777_216],
  ['REAL', param(1.175_494_4e-38, 'REAL'), 1.175_494_4e-38],
  ['FLOAT', 0.1],
  // The smallest that has all its digits: SQL Server promises none below it.
  ['FLOAT', 2.225_073_858_507_201_4e-308],
  ['FLOAT', 1.797_693_134_862_315_7e308],
  ['FLOAT', -123_456.789_012_345_6],
  ['DECIMAL(38, 3)', decimal(digits38), digits38],
  ['DECIMAL(38, 3)', decimal(`-${digits38}`), `-${digits38}`],
  ['DECIMAL(38, 0)', decimal('9'.repeat(38)), '9'.repeat(38)],
  ['NUMERIC(38, 0)', decimal(`-${'9'.repeat(38)}`), `-${'9'.repeat(38)}`],
  ['DECIMAL(38, 38)', decimal(smallest38), smallest38],
  ['DECIMAL(38, 0)', 2n ** 64n, '18446744073709551616'],
  ['DECIMAL(10, 2)', 12.5, '12.50'],
  ['DECIMAL(5, 2)', decimal('-0.05'), '-0.05'],
  ['DECIMAL(9, 0)', 999_999_999, '999999999'],
  ['NUMERIC(19, 4)', decimal('123456789012345.6789'), '123456789012345.6789'],
  ['NUMERIC(28, 0)', decimal('9'.repeat(28)), '9'.repeat(28)],
  ['MONEY', decimal('922337203685477.5807'), '922337203685477.5807'],
  ['MONEY', decimal('-922337203685477.5808'), '-922337203685477.5808'],
  ['MONEY', decimal('-0.0001'), '-0.0001'],
  ['SMALLMONEY', decimal('-214748.3648'), '-214748.3648'],
  ['NVARCHAR(MAX)', ''],
  ['NVARCHAR(MAX)', `😀 naïve \u2028 "quoted" \\ ' $1 ? \0`],
  ['NVARCHAR(MAX)', megabyte],
  ['NVARCHAR(4000)', 'x'.repeat(4_000)],
  ['NVARCHAR(6)', '😀😀😀'],
  ['NCHAR(5)', 'ab', 'ab   '],
  ['VARCHAR(20)', 'naïve €'],
  ['VARCHAR(MAX)', 'é'.repeat(9_000)],
  ['CHAR(5)', 'ab', 'ab   '],
  ['VARBINARY(MAX)', new Uint8Array()],
  ['VARBINARY(MAX)', Uint8Array.of(0, 1, 254, 255)],
  ['VARBINARY(MAX)', bytes],
  ['VARBINARY(8000)', new Uint8Array(8_000)],
  ['BINARY(2)', Uint8Array.of(1, 2)],
  ['DATE', '0001-01-01'],
  ['DATE', '9999-12-31'],
  ['DATE', param('2024-02-29', 'DATE'), '2024-02-29'],
  ['DATE', param(new Date('2026-01-31T23:59:59Z'), 'DATE'), '2026-01-31'],
  ['TIME(6)', '00:00:00'],
  ['TIME(6)', '00:00:00.000001'],
  ['TIME(6)', '23:59:59.999999'],
  ['TIME(0)', param('23:59:59', 'TIME'), '23:59:59'],
  ['TIME(3)', param('12:00:00.123', 'TIME'), '12:00:00.123'],
  ['DATETIME2(6)', '0001-01-01T00:00:00'],
  ['DATETIME2(6)', '0001-01-01T00:00:00.000001'],
  ['DATETIME2(6)', param('9999-12-31T23:59:59.999999', 'TIMESTAMP'), '9999-12-31T23:59:59.999999'],
  ['DATETIME2(6)', param('2026-01-31 12:00', 'TIMESTAMP'), '2026-01-31T12:00:00'],
  ['DATETIME2(0)', param('2026-01-31T12:00:00', 'TIMESTAMP'), '2026-01-31T12:00:00'],
  ['DATETIME', '2026-01-31T12:00:00.003'],
  ['DATETIME', '1753-01-01T00:00:00.997'],
  ['SMALLDATETIME', '2026-01-31T12:34:00'],
  ['DATETIMEOFFSET(6)', new Date('2026-01-31T12:00:00.5Z'), '2026-01-31T12:00:00.5Z'],
  ['DATETIMEOFFSET(6)', '2026-01-31T12:00:00.123456Z'],
  [
    'DATETIMEOFFSET(6)',
    param('2026-01-31T12:00:00.000001+05:30', 'TIMESTAMP_WITH_TIMEZONE'),
    '2026-01-31T06:30:00.000001Z',
  ],
  [
    'DATETIMEOFFSET(6)',
    param('2026-12-31T23:00:00-02:00', 'TIMESTAMP_WITH_TIMEZONE'),
    '2027-01-01T01:00:00Z',
  ],
  ['DATETIMEOFFSET(6)', param('2026-01-31T12:00:00Z', 'TIMESTAMP_WITH_TIMEZONE'), '2026-01-31T12:00:00Z'],
  ['UNIQUEIDENTIFIER', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  [
    'UNIQUEIDENTIFIER',
    param('{00112233-4455-6677-8899-aabbccddeeff}', 'UUID'),
    '00112233-4455-6677-8899-aabbccddeeff',
  ],
  ['NVARCHAR(MAX)', param('{"a":9007199254740993}', 'JSON'), '{"a":9007199254740993}'],
]

await describeMssql('types on SQL Server', (server) => {
  let settings: MssqlSettings & object
  beforeAll(async () => {
    settings = { ...(await server.database()), ...tlsOf(server) }
  })

  const types = [...new Set(matrix.map(([type]) => type))]
  /** What becomes no binary is sent as one. */
  const nullOf = (type: string): ParameterValue => (type.includes('BINARY') ? param(null, 'VARBINARY') : null)

  it('come back as they were stored, by every way of sending them', async () => {
    const connection = await open(settings)
    const columns = types.map((type, n) => `c${n} ${type}`).join(', ')
    await execute(connection, `CREATE TABLE matrix (id INT PRIMARY KEY, ${columns})`)
    let id = 0
    for (const [type, value, back = value] of matrix) {
      const column = `c${types.indexOf(type)}`
      for (const stored of [value, value, nullOf(type)]) {
        await execute(connection, `INSERT INTO matrix (id, ${column}) VALUES (?, ?)`, ++id, stored)
        const found = await valueOf(connection, `SELECT ${column} FROM matrix WHERE id = ?`, id)
        expect(found, `${type}, row ${id}`).toStrictEqual(stored === value ? back : null)
      }
    }
  })

  it('come back as they were stored by a batch, through a stream', async () => {
    const connection = await open(settings)
    for (const [n, type] of types.entries()) {
      const values = matrix.filter((row) => row[0] === type)
      const rows = [
        ...values.map(([, value], id): ParameterValue[] => [id, value]),
        [values.length, nullOf(type)],
      ]
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

  it('are named in the words of all databases, and in those of SQL Server', async () => {
    const connection = await open(settings)
    const named = {
      BIT: ['BOOLEAN', 'bit'],
      TINYINT: ['SMALLINT', 'tinyint'],
      SMALLINT: ['SMALLINT', 'smallint'],
      INT: ['INTEGER', 'int'],
      BIGINT: ['BIGINT', 'bigint'],
      REAL: ['REAL', 'real'],
      FLOAT: ['DOUBLE', 'float'],
      'DECIMAL(9, 2)': ['DECIMAL', 'decimal'],
      'NUMERIC(9, 2)': ['DECIMAL', 'numeric'],
      MONEY: ['DECIMAL', 'money'],
      SMALLMONEY: ['DECIMAL', 'smallmoney'],
      'NVARCHAR(5)': ['VARCHAR', 'nvarchar'],
      'VARCHAR(MAX)': ['VARCHAR', 'varchar'],
      'VARBINARY(5)': ['VARBINARY', 'varbinary'],
      'BINARY(5)': ['VARBINARY', 'binary'],
      DATE: ['DATE', 'date'],
      TIME: ['TIME', 'time'],
      DATETIME: ['TIMESTAMP', 'datetime'],
      SMALLDATETIME: ['TIMESTAMP', 'smalldatetime'],
      DATETIME2: ['TIMESTAMP', 'datetime2'],
      DATETIMEOFFSET: ['TIMESTAMP_WITH_TIMEZONE', 'datetimeoffset'],
      UNIQUEIDENTIFIER: ['UUID', 'uniqueidentifier'],
    }
    const columns = Object.keys(named).map((type, n) => `c${n} ${type}`)
    await execute(connection, `CREATE TABLE named (${columns.join(', ')})`)
    const { columns: found } = await execute(connection, 'SELECT * FROM named')
    expect(found.map(({ type, databaseType }) => [type, databaseType])).toEqual(Object.values(named))
  })

  it('of decimals are those that are computed with exactly', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE cash (balance DECIMAL(38, 2))')
    await execute(connection, 'INSERT INTO cash VALUES (?)', decimal('12345678901234567890.11'))
    for (const cent of [decimal('0.01'), 0.01]) {
      await execute(connection, 'UPDATE cash SET balance = balance - ?', cent)
    }
    expect(await valueOf(connection, 'SELECT balance FROM cash')).toBe('12345678901234567890.09')
    expect(await valueOf(connection, 'SELECT ? + ?', 1, 2)).toBe(3)
    expect(await valueOf(connection, 'SELECT ?', decimal('0001.50'))).toBe('1.50')
    expect(await valueOf(connection, 'SELECT ?', param(1.5e-7, 'DECIMAL'))).toBe('0.00000015')
    expect(await valueOf(connection, 'SELECT ?', param('12e3', 'DECIMAL'))).toBe('12000')
    const long = await failure(execute(connection, 'SELECT ?', decimal(`${'9'.repeat(38)}.5`)))
    expect([long.sqlState, long.message]).toEqual(['22003', 'Parameter 1 has more than 38 digits'])
  })

  it('are declared with lengths that do not vary, so that a text has one plan', () => {
    const declared = (...values: ParameterValue[]): string[] =>
      encodeParameters(values, Buffer.alloc(5)).map(({ declaration }) => declaration)
    expect(declared('', 'a', 'b'.repeat(4_000), null)).toEqual(Array(4).fill('nvarchar(4000)'))
    expect(declared('c'.repeat(4_001))).toEqual(['nvarchar(max)'])
    expect(declared(new Uint8Array(), new Uint8Array(8_000))).toEqual(Array(2).fill('varbinary(8000)'))
    expect(declared(new Uint8Array(8_001))).toEqual(['varbinary(max)'])
    expect(declared(decimal('0.5'), decimal('12345.6'), decimal(digits38))).toEqual([
      'decimal(18, 1)',
      'decimal(18, 1)',
      'decimal(38, 3)',
    ])
    expect(declared(1, 2 ** 40, 1n, 2n ** 64n, 0.5, 1e300, true, new Date())).toEqual([
      'int',
      'bigint',
      'bigint',
      'decimal(28, 0)',
      'decimal(18, 1)',
      'float',
      'bit',
      'datetimeoffset(7)',
    ])
    const typed = [
      'BOOLEAN',
      'SMALLINT',
      'REAL',
      'DECIMAL',
      'VARBINARY',
      'DATE',
      'TIME',
      'TIMESTAMP',
      'UUID',
    ] as const
    expect(declared(...typed.map((type) => param(null, type)))).toEqual([
      'bit',
      'smallint',
      'real',
      'decimal(18, 0)',
      'varbinary(8000)',
      'date',
      'time(7)',
      'datetime2(7)',
      'uniqueidentifier',
    ])
  })

  it('refuse what a column does not hold, loudly, and without the value', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE narrow (n TINYINT, s NVARCHAR(3), d DATE, u UNIQUEIDENTIFIER)')
    for (const [column, value, sqlState] of [
      ['n', 300, '22003'],
      ['n', 'secret', '22018'],
      ['s', 'four', '22001'],
      ['d', 'secret', '22007'],
    ] as const) {
      const error = await failure(execute(connection, `INSERT INTO narrow (${column}) VALUES (?)`, value))
      expect(error.sqlState, `${column} ${value}`).toBe(sqlState)
      expect(error.message).not.toContain('secret')
    }
    for (const [value, type] of [
      ['secret', 'BIGINT'],
      ['secret', 'DECIMAL'],
      ['secret', 'BOOLEAN'],
      ['secret', 'VARBINARY'],
      [1.5, 'INTEGER'],
      [Uint8Array.of(1), 'VARCHAR'],
    ] as const) {
      const error = await failure(execute(connection, 'SELECT ?', param(value, type)))
      expect([error.sqlState, error.message]).toEqual(['22018', `Parameter 1 cannot be sent as ${type}`])
    }
    const early = await failure(execute(connection, 'SELECT ?', new Date('0000-12-31T00:00:00Z')))
    expect(early.sqlState).toBe('22008')
  })

  it('take no memory of the packet that they came with', async () => {
    const connection = await open(settings)
    const value = (await valueOf(
      connection,
      'SELECT CAST(? AS VARBINARY(5))',
      Uint8Array.of(1, 2),
    )) as Uint8Array
    expect(Buffer.isBuffer(value)).toBe(false)
    expect(value.buffer.byteLength).toBe(2)
  })

  it("are what tedious gives with types: 'native'", async () => {
    const connection = await open(settings, { types: 'native' })
    const text = `SELECT CAST(9007199254740993 AS BIGINT) AS big, CAST('2026-01-31T12:00:00' AS DATETIME2) AS moment,
      CAST('2026-01-31' AS DATE) AS day, CAST(1.50 AS DECIMAL(5, 2)) AS exact, CAST('x' AS NVARCHAR(5)) AS word,
      CAST(0.5 AS FLOAT) AS inexact, CAST(NULL AS INT) AS nothing`
    const { rows } = await execute(connection, text)
    await using raw = await RawMssql.connect(settings, {
      encrypt: server.encrypts,
      trustServerCertificate: true,
    })
    expect(rows).toEqual((await raw.batch(text)).rows)
  })
})
