import { describe, expect, it } from 'vitest'
import { typeOf } from '../../../drivers/sqlite/result-types.ts'
import { decimal, param, type ParameterValue, type SqlValue } from '../../../src/api/sql-types.ts'
import { newFile, open, raw, refusal, rows, run } from './support.ts'

describe('A declared type', () => {
  it.each([
    ['INTEGER', 'INTEGER'],
    ['int', 'INTEGER'],
    ['MEDIUMINT', 'INTEGER'],
    ['SMALLINT', 'SMALLINT'],
    ['TINYINT(1)', 'SMALLINT'],
    ['BIGINT', 'BIGINT'],
    ['UNSIGNED BIG INT', 'BIGINT'],
    ['INT8', 'BIGINT'],
    ['BOOLEAN', 'BOOLEAN'],
    ['DECIMAL(10,2)', 'DECIMAL'],
    ['numeric', 'DECIMAL'],
    ['REAL', 'DOUBLE'],
    ['DOUBLE PRECISION', 'DOUBLE'],
    ['FLOAT', 'DOUBLE'],
    ['FLOATING POINT', 'DOUBLE'],
    ['VARCHAR(20)', 'VARCHAR'],
    ['TEXT', 'VARCHAR'],
    ['CLOB', 'VARCHAR'],
    ['BLOB', 'VARBINARY'],
    ['VARBINARY(16)', 'VARBINARY'],
    ['DATE', 'DATE'],
    ['TIME', 'TIME'],
    ['DATETIME', 'TIMESTAMP'],
    ['TIMESTAMP', 'TIMESTAMP'],
    ['TIMESTAMP WITH TIME ZONE', 'TIMESTAMP_WITH_TIMEZONE'],
    ['TIMESTAMPTZ', 'TIMESTAMP_WITH_TIMEZONE'],
    ['UUID', 'UUID'],
    ['JSON', 'JSON'],
    ['JSONB', 'JSON'],
    ['INTERVAL', 'OTHER'],
    ['STRING', 'OTHER'],
    ['', 'OTHER'],
    [null, 'OTHER'],
  ] as const)('%s is %s', (declared, type) => {
    expect(typeOf(declared)).toBe(type)
  })
})

describe('A value comes back as its column is declared', () => {
  const bytes = Uint8Array.of(0, 1, 255)
  const megabyte = 'ä😀'.repeat(174_763)
  const manyBytes = Uint8Array.from({ length: 1_048_576 }, (_, n) => n * 7)
  it.each<[declared: string, sent: ParameterValue, received: SqlValue]>([
    ['INTEGER', 42, 42],
    ['INTEGER', -Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER],
    ['INTEGER', -0, 0],
    ['SMALLINT', -32_768, -32_768],
    ['SMALLINT', 32_767, 32_767],
    ['INTEGER', -2_147_483_648, -2_147_483_648],
    ['INTEGER', 2_147_483_647, 2_147_483_647],
    ['BIGINT', 5, 5n],
    ['BIGINT', 9_007_199_254_740_993n, 9_007_199_254_740_993n],
    ['BIGINT', -9_007_199_254_740_993n, -9_007_199_254_740_993n],
    ['BIGINT', 2n ** 63n - 1n, 2n ** 63n - 1n],
    ['BIGINT', -(2n ** 63n), -(2n ** 63n)],
    ['BOOLEAN', true, true],
    ['BOOLEAN', false, false],
    ['REAL', 1.5, 1.5],
    ['REAL', 3, 3],
    ['REAL', Infinity, Infinity],
    ['REAL', -Infinity, -Infinity],
    ['REAL', Number.MIN_VALUE, Number.MIN_VALUE],
    ['REAL', Number.MAX_VALUE, Number.MAX_VALUE],
    ['DECIMAL(10,2)', decimal('12.50'), '12.5'],
    ['DECIMAL(10,2)', decimal('-0.01'), '-0.01'],
    ['DECIMAL(10,2)', decimal('100'), '100'],
    ['DECIMAL', decimal('0.000000123456789012345'), '0.000000123456789012345'],
    ['DECIMAL', decimal('123456789012345'), '123456789012345'],
    ['DECIMAL', decimal('9223372036854775807'), '9223372036854775807'],
    ['DECIMAL', decimal('100000000000000000000000'), '100000000000000000000000'],
    ['DECIMAL', decimal('1.000000000000000000000'), '1'],
    ['DECIMAL', 0.1 + 0.2, '0.3'],
    ['TEXT', 'Zürich \u{1f4a7}', 'Zürich \u{1f4a7}'],
    ['TEXT', '', ''],
    ['TEXT', 'a\0b', 'a\0b'],
    ['TEXT', 12, '12'],
    ['TEXT', megabyte, megabyte],
    ['VARCHAR(3)', '😀', '😀'],
    ['BLOB', manyBytes, manyBytes],
    ['BLOB', bytes, bytes],
    ['BLOB', new Uint8Array(0), new Uint8Array(0)],
    ['BLOB', Buffer.from('xabcx').subarray(1, 4), new Uint8Array([97, 98, 99])],
    ['DATE', '2026-01-31', '2026-01-31'],
    ['DATE', '0001-01-01', '0001-01-01'],
    ['DATE', '9999-12-31', '9999-12-31'],
    ['TIME', '00:00:00', '00:00:00'],
    ['TIME', '23:59:59.999999', '23:59:59.999999'],
    ['TIMESTAMP', '0001-01-01T00:00:00.000001', '0001-01-01T00:00:00.000001'],
    ['TIMESTAMP', '9999-12-31T23:59:59.999999', '9999-12-31T23:59:59.999999'],
    ['TIMESTAMP WITH TIME ZONE', '2026-01-31T12:00:00.123456Z', '2026-01-31T12:00:00.123456Z'],
    ['TIMESTAMP WITH TIME ZONE', new Date('0001-01-01T00:00:00Z'), '0001-01-01T00:00:00.000Z'],
    ['TIMESTAMP WITH TIME ZONE', new Date('9999-12-31T23:59:59.999Z'), '9999-12-31T23:59:59.999Z'],
    ['DATE', param(new Date('2026-01-31T23:59:59.999Z'), 'DATE'), '2026-01-31'],
    ['TIME', param(new Date('2026-01-31T23:59:59.999Z'), 'TIME'), '23:59:59.999'],
    ['TIMESTAMP', param(new Date('2026-01-31T23:59:59.999Z'), 'TIMESTAMP'), '2026-01-31T23:59:59.999'],
    ['TIMESTAMP', new Date('2026-01-31T23:59:59.999Z'), '2026-01-31T23:59:59.999Z'],
    ['UUID', 'AAAAAAAA-0000-4000-8000-00000000000A', 'aaaaaaaa-0000-4000-8000-00000000000a'],
    ['JSON', '{"a":9007199254740993}', '{"a":9007199254740993}'],
    ['BLOB', param(null, 'VARBINARY'), null],
  ])('%s: %o gives %o', async (declared, sent, received) => {
    const connection = await open()
    await run(connection, `CREATE TABLE t (v ${declared})`)
    await run(connection, 'INSERT INTO t VALUES (?)', [sent])
    const [[value]] = (await rows(connection, 'SELECT v FROM t')) as [[SqlValue]]
    expect(value).toStrictEqual(received)
  })

  it('NULL is null whatever the declared type', async () => {
    const connection = await open()
    const types =
      'SMALLINT INTEGER BIGINT BOOLEAN REAL DECIMAL TEXT BLOB DATE TIME TIMESTAMP UUID JSON'.split(' ')
    await run(connection, `CREATE TABLE t (${types.map((type) => `c${type} ${type}`).join(', ')})`)
    await run(
      connection,
      `INSERT INTO t VALUES (${types.map(() => '?').join(', ')})`,
      types.map(() => null),
    )
    expect(await rows(connection, 'SELECT * FROM t')).toEqual([types.map(() => null)])
  })

  it.each(['worker', 'process'] as const)('also across the border of a %s', async (mode) => {
    const connection = await open({ mode })
    await run(
      connection,
      'CREATE TABLE t (i INTEGER, b BIGINT, f BOOLEAN, r REAL, d DECIMAL, s TEXT, x BLOB, n TEXT)',
    )
    await run(connection, 'INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?)', [
      1,
      2n ** 60n,
      true,
      1.5,
      decimal('1.5'),
      'a\0é',
      Buffer.from('xabcx').subarray(1, 4),
      null,
    ])
    const [row] = await rows(connection, 'SELECT * FROM t')
    expect(row).toEqual([1, 2n ** 60n, true, 1.5, '1.5', 'a\0é', expect.any(Uint8Array), null])
    expect([...(row![6] as Uint8Array)]).toEqual([97, 98, 99])
  })
})

describe('An expression has no declared type', () => {
  it('an integer is a number, and a bigint when it is not safe', async () => {
    const connection = await open()
    const result = await run(
      connection,
      "SELECT 1 AS a, 9223372036854775807 AS b, 1.5 AS c, 'x' AS d, x'00' AS e",
    )
    expect(result.rows).toEqual([[1, 9223372036854775807n, 1.5, 'x', Uint8Array.of(0)]])
    expect(result.columns.map(({ type, databaseType }) => [type, databaseType])).toEqual(
      Array.from({ length: 5 }, () => ['OTHER', '']),
    )
  })

  it('whole numbers are sent as integers, so that 5 / 2 is 2', async () => {
    const connection = await open()
    expect(await rows(connection, 'SELECT ? / ?, typeof(?), ? / ?', [5, 2, 5, 5.5, 2])).toEqual([
      [2, 'integer', 2.75],
    ])
    expect(
      await rows(connection, 'SELECT typeof(?), ? / ?', [param(5, 'DOUBLE'), param(5, 'DOUBLE'), 2]),
    ).toEqual([['real', 2.5]])
  })
})

describe('A stored value that its column does not promise is refused by name', () => {
  it.each([
    ['INTEGER', "'abc'", '22018'],
    ['INTEGER', '1.5', '22018'],
    ['INTEGER', '9007199254740993', '22003'],
    ['BIGINT', "'abc'", '22018'],
    ['BIGINT', '1e300', '22003'],
    ['BOOLEAN', '2', '22018'],
    ['BOOLEAN', "'yes'", '22018'],
    ['DECIMAL', "'abc'", '22018'],
    ['DECIMAL', '9e999', '22003'],
    ['TEXT', "x'00'", '22018'],
    ['BLOB', "'text'", '22018'],
    ['DATE', "x'00'", '22018'],
  ])('%s holding %s', async (declared, literal, sqlState) => {
    const path = newFile()
    const connection = await open({ path })
    raw(path).exec(`CREATE TABLE t (v ${declared}); INSERT INTO t VALUES (${literal})`)
    const error = await refusal(run(connection, 'SELECT v FROM t'))
    expect(error).toMatchObject({ name: 'SQLDataException', sqlState, reason: 'data', fatal: false })
    expect(await rows(connection, 'SELECT 1')).toEqual([[1]])
  })
})

describe('A value that SQLite could not keep is refused before it is sent', () => {
  it.each<[what: string, value: unknown, sqlState: string]>([
    ['NaN', Number.NaN, '22003'],
    ['a bigint beyond 64 bits', 2n ** 63n, '22003'],
    ['a decimal of 38 digits', decimal('12345678901234567890123456789012345.678'), '22003'],
    ['a decimal of 16 digits', decimal('1234567890.123456'), '22003'],
    ['a whole decimal beyond 64 bits', decimal('12345678901234567890'), '22003'],
    ['a decimal that is no number', param('abc', 'DECIMAL'), '22018'],
    ['half a surrogate pair', 'a\ud800', '22021'],
    ['an invalid Date', new Date(Number.NaN), '22007'],
    ['a Date beyond year 9999', new Date(8.64e15), '22008'],
    ['an array', [1], '0A000'],
    ['a typed array', param([1], 'ARRAY'), '0A000'],
    ['a DataView', new DataView(new ArrayBuffer(1)), '07006'],
    ['an object', {}, '07006'],
    ['a fraction as INTEGER', param(1.5, 'INTEGER'), '22003'],
    ['too much for SMALLINT', param(32_768, 'SMALLINT'), '22003'],
    ['too much for BIGINT', param(2n ** 63n, 'BIGINT'), '22003'],
    ['too many digits for DOUBLE', param(2n ** 60n + 1n, 'DOUBLE'), '22003'],
    ['text as BOOLEAN', param('yes', 'BOOLEAN'), '22018'],
    ['text as VARBINARY', param('yes', 'VARBINARY'), '22018'],
    ['a number as DATE', param(5, 'DATE'), '22018'],
  ])('%s', async (_what, value, sqlState) => {
    const connection = await open()
    const error = await refusal(run(connection, 'SELECT ?', [value as ParameterValue]))
    expect(error).toMatchObject({ sqlState, fatal: false })
    expect(error.message).toMatch(/^Parameter 1 /)
    expect(await rows(connection, 'SELECT ?', ['next'])).toEqual([['next']])
  })

  it('bytes are sent as they were when the statement was given', async () => {
    const connection = await open()
    const bytes = Uint8Array.of(1, 2, 3)
    const answer = rows(connection, 'SELECT ?', [bytes])
    bytes.fill(0)
    expect(await answer).toEqual([[Uint8Array.of(1, 2, 3)]])
  })
})

describe('Hostile labels', () => {
  it.each(['__proto__', 'constructor', 'a"b', '\u2028', '', 'x'.repeat(100_000)])('%#', async (label) => {
    const connection = await open({ mode: 'worker' })
    const { columns } = await run(connection, `SELECT 1 AS "${label.replaceAll('"', '""')}"`)
    expect(columns.map(({ name }) => name)).toEqual([label])
  })

  it('1,600 columns', async () => {
    const connection = await open({ mode: 'worker' })
    const list = Array.from({ length: 1_600 }, (_, at) => `${at} AS c${at}`).join(', ')
    const result = await run(connection, `SELECT ${list}`)
    expect(result.columns).toHaveLength(1_600)
    expect(result.rows[0]!.at(-1)).toBe(1_599)
  })
})
