// What docs/types.md says every database keeps, on the databases there are.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createDataSource,
  decimal,
  param,
  SQLException,
  type ParameterValue,
  type PooledDataSource,
} from '../../src/index.ts'
import { describeMariaDb } from '../support/mariadb.ts'
import { describePostgres } from '../support/postgres.ts'
import { tableAfter } from './tables.ts'

/** A type of the page, its column, and values that come back as they are. */
const kept: readonly (readonly [type: string, column: string, values: readonly ParameterValue[]])[] = [
  ['BOOLEAN', 'BOOLEAN', [true, false, null]],
  ['SMALLINT', 'SMALLINT', [-32_768, 32_767, 0, null]],
  ['INTEGER', 'INTEGER', [-(2 ** 31), 2 ** 31 - 1, null]],
  ['BIGINT', 'BIGINT', [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n, null]],
  ['REAL', 'REAL', [1.1, -123_456, 0.000_123_456, null]],
  ['DOUBLE', 'DOUBLE PRECISION', [0.1, Number.MAX_VALUE, 2.225_073_858_507_201_4e-308, 0, null]],
  ['DECIMAL', 'NUMERIC', [null]],
  ['VARCHAR', 'VARCHAR(40)', ['', 'NULL', ' \t\n', '😀 naïve \u2028 "quoted" \\ \' $1 ?', null]],
  ['VARCHAR', 'TEXT', ['ä😀'.repeat(174_763)]],
  ['VARBINARY', 'BLOB', [new Uint8Array(), Uint8Array.of(0, 255), new Uint8Array(1_048_576), null]],
  ['DATE', 'DATE', ['1000-01-01', '9999-12-31', '2024-02-29', null]],
  ['TIME', 'TIME', ['00:00:00', '23:59:59.999999', null]],
  ['TIMESTAMP', 'TIMESTAMP', ['1000-01-01T00:00:00', '9999-12-31T23:59:59.999999', null]],
  [
    'TIMESTAMP_WITH_TIMEZONE',
    'TIMESTAMP WITH TIME ZONE',
    ['1970-01-01T00:00:01Z', '2038-01-19T03:14:07.999999Z', null],
  ],
  ['UUID', 'UUID', ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', null]],
  ['JSON', 'JSON', ['{"a": [1, "x", null]}', null]],
]

/** A column, what is stored in it, and what comes back, or the SQLSTATE: on PostgreSQL, and on SQLite. */
const beyond: readonly (readonly [column: string, value: ParameterValue, pg: unknown, sqlite: unknown])[] = [
  ['SMALLINT', 32_768, '22003', 32_768],
  ['INTEGER', 2 ** 31, '22003', 2 ** 31],
  ['INTEGER', param(2 ** 31, 'INTEGER'), '22003', '22003'],
  ['BIGINT', 2n ** 63n, '22003', '22003'],
  ['REAL', 1.234_567_89, 1.234_567_9, 1.234_567_89],
  ['DOUBLE PRECISION', Number.NaN, Number.NaN, '22003'],
  ['DOUBLE PRECISION', -Infinity, -Infinity, -Infinity],
  ['DOUBLE PRECISION', 5e-324, 5e-324, 5e-324],
  ['NUMERIC', decimal('12.50'), '12.50', '12.5'],
  ['NUMERIC', decimal('1234567890.123456'), '1234567890.123456', '22003'],
  ['NUMERIC', 2n ** 64n, '18446744073709551616', '22003'],
  ['VARCHAR(3)', 'abcd', '22001', 'abcd'],
  ['VARCHAR(3)', 'a\0b', '22021', 'a\0b'],
  ['DATE', '0044-03-15 BC', '0044-03-15 BC', '0044-03-15 BC'],
  ['DATE', 'infinity', 'infinity', 'infinity'],
  ['DATE', 'some day', '22007', 'some day'],
  ['TIME', '12:00:00.1234567', '12:00:00.123457', '12:00:00.1234567'],
  ['TIMESTAMP', '2026-01-31T12:00:00.1234567', '2026-01-31T12:00:00.123457', '2026-01-31T12:00:00.1234567'],
  [
    'TIMESTAMP WITH TIME ZONE',
    '2026-01-31T12:00:00+02:00',
    '2026-01-31T10:00:00Z',
    '2026-01-31T12:00:00+02:00',
  ],
  ['TIMESTAMP WITH TIME ZONE', new Date(500), '1970-01-01T00:00:00.5Z', '1970-01-01T00:00:00.500Z'],
  [
    'UUID',
    'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
  ],
  ['DOUBLE PRECISION', -0, 0, 0],
]

/** How a database calls a type that has another name on SQLite. */
const columnTypes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  pg: { BLOB: 'BYTEA' },
  mysql: {
    REAL: 'FLOAT',
    NUMERIC: 'DECIMAL(38, 15)',
    TEXT: 'LONGTEXT',
    BLOB: 'LONGBLOB',
    TIME: 'TIME(6)',
    TIMESTAMP: 'DATETIME(6)',
    'TIMESTAMP WITH TIME ZONE': 'TIMESTAMP(6) NULL',
  },
}

const decimals = ['12.5', '-0.000000000000123', '123456789012345', '9223372036854775807', '0']

it('is shown for each type of the page', () => {
  const types = tableAfter('types.md', '## What every database keeps').flatMap(([type]) => type!.split(', '))
  const named = types.filter((type) => /^[A-Z_]+$/.test(type))
  expect(new Set(named)).toEqual(new Set([...kept.map(([type]) => type), 'ARRAY']))
})

describe('on SQLite', () => {
  keeps('sqlite', () => Promise.resolve('sqlite::memory:'))
})

await describePostgres('on PostgreSQL', (server) => {
  keeps('pg', async () => (await server.database()).url)
})

await describeMariaDb('on MariaDB', (server) => {
  keeps('mysql', async () => (await server.database()).url)
})

function keeps(database: 'pg' | 'sqlite' | 'mysql', url: () => Promise<string>): void {
  let source: PooledDataSource
  let tables = 0
  beforeAll(async () => {
    source = createDataSource(await url())
  })
  afterAll(() => source.close())

  it.each(kept)('%s in a column %s is kept', async (_, column, values) => {
    for (const value of values) {
      // MySQL reads no Z in a text.
      const isInstant = database === 'mysql' && typeof value === 'string' && value.endsWith('Z')
      const sent = isInstant ? param(value, 'TIMESTAMP_WITH_TIMEZONE') : value
      expect(await stored(source, column, sent)).toStrictEqual(value)
    }
  })

  it.each(decimals)('DECIMAL %s is kept', async (digits) => {
    const back = await stored(source, 'NUMERIC', decimal(digits))
    // A column of a fixed scale fills up with zeros.
    expect(database === 'mysql' ? String(back).replace(/\.?0+$/, '') || '0' : back).toBe(digits)
  })

  if (database === 'mysql') return

  it.each(beyond)('beyond it, in a column %s: %o', async (column, value, pg, sqlite) => {
    expect(await stored(source, column, value)).toStrictEqual(database === 'pg' ? pg : sqlite)
  })

  it('arrays are refused by SQLite alone', async () => {
    const array = stored(source, database === 'pg' ? 'BIGINT[]' : 'TEXT', param([1n, 2n], 'ARRAY'))
    expect(await array).toEqual(database === 'pg' ? [1n, 2n] : '0A000')
  })

  /** What comes back of a value from a column, or the SQLSTATE. */
  async function stored(from: PooledDataSource, column: string, value: ParameterValue): Promise<unknown> {
    const type = columnTypes[database]?.[column] ?? column
    const table = `promise_${++tables}`
    try {
      await from.execute(`CREATE TABLE ${table} (v ${type})`)
      await from.execute(`INSERT INTO ${table} (v) VALUES (?)`, [value])
      const { rows } = await from.query<{ v: unknown }>(`SELECT v FROM ${table}`)
      return rows[0]!.v
    } catch (error) {
      if (error instanceof SQLException) return error.sqlState
      throw error
    }
  }
}
