// What docs/types.md says goes in, against the drivers.
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { encodeParameters as encodeForMySql } from '../../drivers/mysql/parameters.ts'
import { encodeParameters } from '../../drivers/pg/parameters.ts'
import { toNative } from '../../drivers/sqlite/parameters.ts'
import { decimal, param, SQLException, type ParameterValue } from '../../src/index.ts'
import { bindParameters } from '../../src/session/parameters.ts'
import type { BoundParameters } from '../../src/spi/physical-connection.ts'
import { pgDialect } from '../../src/sql/dialects/pg.ts'
import { StatementCompiler } from '../../src/sql/statement-compiler.ts'
import { tableAfter } from './tables.ts'

/** By the first cell of a row. */
const samples: Readonly<Record<string, readonly unknown[]>> = {
  '`null`': [null],
  '`true`, `false`': [true, false],
  'whole `number` of 32 bits': [0, -0, -(2 ** 31), 2 ** 31 - 1],
  'whole `number` within 2^53': [2 ** 31, -(2 ** 53) + 1],
  'other finite `number`': [0.5, 1e300, 2 ** 53],
  '`NaN`': [Number.NaN],
  '`Infinity`': [Infinity, -Infinity],
  '`bigint` of 64 bits': [0n, -(2n ** 63n), 2n ** 63n - 1n],
  'larger `bigint`': [2n ** 63n, -(2n ** 63n) - 1n],
  '`string`': ['', 'text'],
  '`string` with NUL': ['a\0b'],
  '`string` with half a surrogate pair': ['\ud800'],
  '`Uint8Array`': [new Uint8Array(), Buffer.of(1)],
  '`Date`': [new Date(0)],
  array: [[], [1]],
  "`decimal('…')` to 15 digits": [decimal('12.50'), decimal('0.00000123456789012345')],
  "`decimal('…')` of 38 digits": [decimal('12345678901234567890123456789012345.678')],
  "`param(…, 'BOOLEAN')`": [param(true, 'BOOLEAN')],
  "`param(…, 'SMALLINT')`": [param(5, 'SMALLINT')],
  "`param(…, 'INTEGER')`": [param(5, 'INTEGER')],
  "`param(…, 'BIGINT')`": [param(5, 'BIGINT'), param('5', 'BIGINT')],
  "`param(…, 'REAL')`": [param(5, 'REAL')],
  "`param(…, 'DOUBLE')`": [param(5, 'DOUBLE')],
  "`param(…, 'VARCHAR')`": [param('5', 'VARCHAR'), param(5, 'VARCHAR')],
  "`param(…, 'VARBINARY')`": [param(Uint8Array.of(5), 'VARBINARY')],
  "`param(…, 'DATE')`": [param('2026-01-31', 'DATE'), param(new Date(0), 'DATE')],
  "`param(…, 'TIME')`": [param('12:00:00', 'TIME'), param(new Date(0), 'TIME')],
  "`param(…, 'TIMESTAMP')`": [param('2026-01-31T12:00:00', 'TIMESTAMP'), param(new Date(0), 'TIMESTAMP')],
  "`param(…, 'TIMESTAMP_WITH_TIMEZONE')`": [param(new Date(0), 'TIMESTAMP_WITH_TIMEZONE')],
  "`param(…, 'UUID')`": [param('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'UUID')],
  "`param(…, 'JSON')`": [param('{}', 'JSON')],
  "`param([…], 'ARRAY')`": [param([1, 2], 'ARRAY')],
  "`param(null, 'INTEGER')`": [param(null, 'INTEGER')],
}

const pgNames: Readonly<Record<number, string>> = {
  0: 'open',
  16: 'bool',
  17: 'bytea',
  20: 'int8',
  21: 'int2',
  23: 'int4',
  700: 'float4',
  701: 'float8',
  1043: 'varchar',
  1082: 'date',
  1083: 'time',
  1114: 'timestamp',
  1184: 'timestamptz',
  1700: 'numeric',
  2950: 'uuid',
}

const mySqlNames: Readonly<Record<number, string>> = {
  1: 'TINYINT',
  3: 'INT',
  5: 'DOUBLE',
  6: 'NULL',
  8: 'BIGINT',
  10: 'DATE',
  11: 'TIME(6)',
  12: 'DATETIME(6)',
  246: 'DECIMAL',
  252: 'BLOB',
  253: 'VARCHAR',
  [8 | 0x8000]: 'BIGINT UNSIGNED',
}

describe('what goes in', () => {
  const dialect = pgDialect()
  const statement = new StatementCompiler(dialect, 8).compile('SELECT ?')
  const database = new DatabaseSync(':memory:')
  const asked = database.prepare('SELECT typeof(?) AS type')

  const sentTo = {
    pg: (bound: BoundParameters) => pgNames[encodeParameters(bound).types[0]!],
    mysql: (bound: BoundParameters) => mySqlNames[encodeForMySql(bound, Infinity).types[0]!],
    sqlite: (bound: BoundParameters) =>
      String(asked.get(...(toNative({}, bound) as [string]))!['type']).toUpperCase(),
  }
  const outcome = (send: (bound: BoundParameters) => unknown, value: unknown): unknown => {
    try {
      return send(bindParameters(statement, [value as ParameterValue], dialect))
    } catch (error) {
      if (error instanceof SQLException) return error.sqlState
      throw error
    }
  }
  const rows = tableAfter('types.md', '<!-- outgoing -->')

  it('is shown for each kind of value', () => {
    expect(rows.map(([value]) => value)).toEqual(Object.keys(samples))
  })

  it.each(rows)('%s: %s on PostgreSQL, %s on SQLite, %s on MySQL', (kind, pg, sqlite, mysql) => {
    const choices = mysql.replace(', in UTC', '').split(', or ')
    const chosen = new Set<unknown>()
    for (const value of samples[kind]!) {
      expect([outcome(sentTo.pg, value), outcome(sentTo.sqlite, value)]).toEqual([pg, sqlite])
      chosen.add(outcome(sentTo.mysql, value))
    }
    expect(chosen).toEqual(new Set(choices))
  })
})
