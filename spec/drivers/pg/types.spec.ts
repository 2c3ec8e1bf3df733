import { beforeAll, expect, it } from 'vitest'
import { decimal, param, type ParameterValue } from '../../../src/api/sql-types.ts'
import type { PostgresDatabase } from '../../support/postgres-database.ts'
import { describePostgres } from '../../support/postgres.ts'
import { compiled, execute, failure, open, valueOf } from './support.ts'

const digits38 = '12345678901234567890123456789012345.678'
const smallest38 = `0.${'0'.repeat(37)}1`
const megabyte = 'ä😀'.repeat(174_763)
const bytes = Uint8Array.from({ length: 1_048_576 }, (_, n) => n * 7)

/** A column's type, what is stored, and what comes back where it is not the same. */
const matrix: readonly (readonly [type: string, value: ParameterValue, back?: unknown])[] = [
  ['boolean', true],
  ['boolean', false],
  ['smallint', -32_768],
  ['smallint', 32_767],
  ['integer', -2_147_483_648],
  ['integer', 2_147_483_647],
  ['bigint', 9_007_199_254_740_993n],
  ['bigint', -9_223_372_036_854_775_808n],
  ['bigint', 9_223_372_036_854_775_807n],
  ['bigint', 5, 5n],
  ['bigint', -9_007_199_254_740_993n],
  ['real', 1.1],
  ['real', 3.402_823_5e38],
  ['real', 1e-45],
  ['real', -Infinity],
  ['real', NaN],
  ['double precision', 0.1],
  ['double precision', 5e-324],
  ['double precision', 1.797_693_134_862_315_7e308],
  ['double precision', -1.797_693_134_862_315_7e308],
  ['double precision', Infinity],
  ['double precision', -Infinity],
  ['double precision', NaN],
  ['numeric', decimal(digits38), digits38],
  ['numeric(38, 3)', decimal(`-${digits38}`), `-${digits38}`],
  ['numeric(38, 0)', decimal('9'.repeat(38)), '9'.repeat(38)],
  ['numeric(38, 0)', decimal(`-${'9'.repeat(38)}`), `-${'9'.repeat(38)}`],
  ['numeric(38, 38)', decimal(smallest38), smallest38],
  ['numeric', decimal('0'), '0'],
  ['numeric', Infinity, 'Infinity'],
  ['numeric', 2n ** 64n, '18446744073709551616'],
  ['numeric(10, 2)', 12.5, '12.50'],
  ['numeric', NaN, 'NaN'],
  ['text', ''],
  ['text', '😀 naïve \u2028 "quoted" \\ \' $1 ?'],
  ['text', 'NULL'],
  ['text', megabyte],
  ['varchar(3)', 'abc'],
  ['varchar(3)', '😀😀😀'],
  ['varchar(3)', ''],
  ['char(5)', 'ab', 'ab   '],
  ['bytea', new Uint8Array()],
  ['bytea', Uint8Array.of(0, 1, 254, 255)],
  ['bytea', bytes],
  ['date', '0001-01-01'],
  ['date', '9999-12-31'],
  ['date', 'infinity'],
  ['date', '-infinity'],
  ['date', new Date('2026-01-31T23:59:59Z'), '2026-01-31'],
  ['time', '00:00:00'],
  ['time', '00:00:00.000001'],
  ['time', '23:59:59.999999'],
  ['timestamp', '0001-01-01T00:00:00'],
  ['timestamp', '0001-01-01T00:00:00.000001'],
  ['timestamp', '9999-12-31T23:59:59.999999'],
  ['timestamp', 'infinity'],
  ['timestamp', '-infinity'],
  ['timestamptz', '0001-01-01T00:00:00Z'],
  ['timestamptz', '2026-01-31T12:00:00.123456Z'],
  ['timestamptz', '2026-01-31T12:00:00+05:30', '2026-01-31T06:30:00Z'],
  ['timestamptz', new Date('2026-01-31T12:00:00.5Z'), '2026-01-31T12:00:00.5Z'],
  ['timestamptz', new Date('+010000-01-01T00:00:00Z'), '10000-01-01T00:00:00Z'],
  ['timestamptz', '9999-12-31T23:59:59.999999Z'],
  ['timestamptz', new Date('0001-01-01T00:00:00Z'), '0001-01-01T00:00:00Z'],
  ['timestamptz', 'infinity'],
  ['timestamptz', '-infinity'],
  ['uuid', '00000000-0000-0000-0000-000000000000'],
  ['uuid', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  ['uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['json', '{"a":9007199254740993}'],
  ['json', '""'],
  ['json', '"😀 \\u0000"'],
  ['jsonb', '"😀"'],
  ['jsonb', '{"a": 1234567890123456789012345678901234.5678}'],
  ['jsonb', param('{"a": 1}', 'JSON'), '{"a": 1}'],
  ['interval', '1 day 02:00:00'],
  ['inet', '10.0.0.1/8'],
  ['bigint[]', '{1,NULL,9007199254740993}', [1n, null, 9_007_199_254_740_993n]],
  ['bigint[]', '{}', []],
  ['text[]', '{"","😀"}', ['', '😀']],
  ['text[]', '{"a,b",NULL,"c\\"d"}', ['a,b', null, 'c"d']],
  [
    'boolean[]',
    '{{t,f},{f,t}}',
    [
      [true, false],
      [false, true],
    ],
  ],
]

await describePostgres('types on PostgreSQL', (server) => {
  let database: PostgresDatabase
  beforeAll(async () => {
    database = await server.database()
  })

  it('come back as they were stored, by every way of sending them', async () => {
    const connection = await open(database.settings)
    const types = [...new Set(matrix.map(([type]) => type))]
    await execute(
      connection,
      `CREATE TABLE matrix (id int PRIMARY KEY, ${types.map((type, n) => `c${n} ${type}`).join(', ')})`,
    )
    let id = 0
    for (const [type, value, back = value] of matrix) {
      const column = `c${types.indexOf(type)}`
      // Twice prepared and once not, then NULL by the same plan.
      for (const stored of [value, value, value, null]) {
        await execute(connection, `INSERT INTO matrix (id, ${column}) VALUES (?, ?)`, ++id, stored)
        const found = await valueOf(connection, `SELECT ${column} FROM matrix WHERE id = ?`, id)
        expect(found, `${type}, row ${id}`).toStrictEqual(stored === null ? null : back)
      }
    }
  })

  it('come back as they were stored by a batch, through a stream', async () => {
    const connection = await open(database.settings)
    const types = [...new Set(matrix.map(([type]) => type))]
    for (const [n, type] of types.entries()) {
      const values = matrix.filter((row) => row[0] === type)
      const rows = [...values.map(([, value], id): ParameterValue[] => [id, value]), [values.length, null]]
      await execute(connection, `CREATE TABLE batch_${n} (id int PRIMARY KEY, v ${type})`)
      const { updateCounts, error } = await connection.executeBatch(
        compiled(`INSERT INTO batch_${n} (id, v) VALUES (?, ?)`),
        rows,
      )
      expect([updateCounts.length, error], type).toEqual([rows.length, undefined])
      const stream = connection.stream(compiled(`SELECT v FROM batch_${n} ORDER BY id`), [], 2)
      const found: unknown[] = []
      for (let done = false; !done;) {
        const fetched = await stream.fetch()
        found.push(...fetched.rows.map(([value]) => value))
        done = fetched.done
      }
      expect(found, type).toStrictEqual([...values.map(([, value, back = value]) => back), null])
    }
  })

  it('of parameters alone are those of their values', async () => {
    const connection = await open(database.settings)
    const values = [1, 2 ** 40, 5n, true, 'x', decimal('1.50'), Uint8Array.of(1), new Date(0), null]
    const { rows } = await execute(connection, `SELECT ${values.map(() => '?').join(', ')}`, ...values)
    expect(rows[0]).toEqual([
      1,
      2n ** 40n,
      5n,
      true,
      'x',
      '1.50',
      Uint8Array.of(1),
      '1970-01-01T00:00:00Z',
      null,
    ])
    expect(await valueOf(connection, 'SELECT ? + ?', 2, 3)).toBe(5)
    expect(await valueOf(connection, `SELECT 12345678901234567890.11 - ?`, 0.01)).toBe(
      '12345678901234567890.10',
    )
  })

  it('of columns are told', async () => {
    const connection = await open(database.settings)
    const { columns } = await execute(
      connection,
      `SELECT 1 AS a, count(*) AS b, '{}'::jsonb AS c, now() AS d`,
    )
    expect(columns).toEqual([
      { name: 'a', type: 'INTEGER', databaseType: 'int4' },
      { name: 'b', type: 'BIGINT', databaseType: 'int8' },
      { name: 'c', type: 'JSON', databaseType: 'jsonb' },
      { name: 'd', type: 'TIMESTAMP_WITH_TIMEZONE', databaseType: 'timestamptz' },
    ])
  })

  it('do not depend on the time zone, nor on the styles, of the role or of the process', async () => {
    const raw = await database.connect()
    await raw.query(`ALTER DATABASE ${database.name} SET TimeZone = 'Asia/Kathmandu'`)
    await raw.query(`ALTER DATABASE ${database.name} SET DateStyle = 'German'`)
    await raw.query(`ALTER DATABASE ${database.name} SET bytea_output = 'escape'`)
    await raw.end()
    const connection = await open(database.settings)
    expect(await valueOf(connection, `SELECT TIMESTAMPTZ '2026-01-31 12:00:00+00'`)).toBe(
      '2026-01-31T12:00:00Z',
    )
    await execute(connection, `SET TimeZone = 'Asia/Kathmandu'`)
    expect(await valueOf(connection, `SELECT TIMESTAMPTZ '2026-01-31 12:00:00+00'`)).toBe(
      '2026-01-31T12:00:00Z',
    )
  })

  it('refuse what they do not hold, without showing it', async () => {
    const connection = await open(database.settings)
    const refused: [string, ParameterValue, string][] = [
      ['SELECT ?::smallint', 70_000, '22003'],
      ['SELECT ?::int', 'secret', '22P02'],
      ['SELECT ?::date', '2026-13-01', '22008'],
      ['SELECT ?::text', 'a\0b', '22021'],
      ['SELECT ?::text', '\udc00', '22021'],
    ]
    for (const [text, value, sqlState] of refused) {
      const error = await failure(execute(connection, text, value))
      expect(error.sqlState).toBe(sqlState)
      expect(error.message).not.toMatch(/secret|2026-13|70000/)
    }
    expect(await valueOf(connection, 'SELECT 1')).toBe(1)
  })
})
