import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import type { DialectName } from '../../src/sql/dialect.ts'
import { nativeSQL, type NativeSQLOptions } from '../../src/sql/native-sql.ts'
import { dialects, refusal } from './support.ts'

type Row = [text: string, pg: string, mysql: string, mssql: string, sqlite: string | undefined]

const rows: Row[] = [
  [
    "{d '2021-08-15'}",
    "DATE '2021-08-15'",
    "DATE '2021-08-15'",
    "CAST('2021-08-15' AS DATE)",
    "'2021-08-15'",
  ],
  ["{t '10:11:12'}", "TIME '10:11:12'", "TIME '10:11:12'", "CAST('10:11:12' AS TIME)", "'10:11:12'"],
  ["{ts '2021'}", "TIMESTAMP '2021'", "TIMESTAMP '2021'", "CAST('2021' AS DATETIME2)", "'2021'"],
  ["{ TS\n'2021' }", "TIMESTAMP '2021'", "TIMESTAMP '2021'", "CAST('2021' AS DATETIME2)", "'2021'"],
  ["{/* c */d'2021'--\n}", "DATE '2021'", "DATE '2021'", "CAST('2021' AS DATE)", "'2021'"],
  [
    'SELECT * FROM {oj a LEFT OUTER JOIN b ON a.x = b.x /* c */ AND b.y = ?} WHERE z = ?',
    'SELECT * FROM a LEFT OUTER JOIN b ON a.x = b.x   AND b.y = $1 WHERE z = $2',
    'SELECT * FROM a LEFT OUTER JOIN b ON a.x = b.x   AND b.y = ? WHERE z = ?',
    'SELECT * FROM a LEFT OUTER JOIN b ON a.x = b.x   AND b.y = @p1 WHERE z = @p2',
    'SELECT * FROM a LEFT OUTER JOIN b ON a.x = b.x   AND b.y = ? WHERE z = ?',
  ],
  ["a {escape '!'}", "a ESCAPE '!'", "a ESCAPE '!'", "a ESCAPE '!'", "a ESCAPE '!'"],
  ["a {escape '\\'}", "a ESCAPE '\\'", "a ESCAPE '\\\\'", "a ESCAPE '\\'", "a ESCAPE '\\'"],
  [
    'SELECT a FROM t {limit ? offset ?}',
    'SELECT a FROM t LIMIT $1 OFFSET $2',
    'SELECT a FROM t LIMIT ? OFFSET ?',
    'SELECT a FROM t ORDER BY (SELECT NULL) OFFSET @p2 ROWS FETCH NEXT @p1 ROWS ONLY',
    'SELECT a FROM t LIMIT ? OFFSET ?',
  ],
  [
    'SELECT a FROM (SELECT b FROM u ORDER BY b {limit 5}) t {limit 3}',
    'SELECT a FROM (SELECT b FROM u ORDER BY b LIMIT 5) t LIMIT 3',
    'SELECT a FROM (SELECT b FROM u ORDER BY b LIMIT 5) t LIMIT 3',
    'SELECT a FROM (SELECT b FROM u ORDER BY b OFFSET 0 ROWS FETCH NEXT 5 ROWS ONLY) t ' +
      'ORDER BY (SELECT NULL) OFFSET 0 ROWS FETCH NEXT 3 ROWS ONLY',
    'SELECT a FROM (SELECT b FROM u ORDER BY b LIMIT 5) t LIMIT 3',
  ],
  ['{call s.p(?, 1)}', 'CALL s.p($1, 1)', 'CALL s.p(?, 1)', 'EXEC s.p @p1, 1', undefined],
  [' {CALL p} ; -- end', ' CALL p() ; -- end', ' CALL p() ; -- end', ' EXEC p ; -- end', undefined],
  [
    '{? = call f(?, ?)}',
    'SELECT * FROM f($1, $2) AS result',
    'SELECT f(?, ?)',
    'EXEC @p1 = f @p2, @p3',
    undefined,
  ],
  // Side by side, two tokens would become one.
  ["a{d '1'}b", "a DATE '1'b", "a DATE '1'b", "a CAST('1' AS DATE)b", "a '1'b"],
  ["'a'{d '1'}'b'", "'a'DATE '1' 'b'", "'a'DATE '1' 'b'", "'a'CAST('1' AS DATE)'b'", "'a' '1' 'b'"],
  ['1-{oj -1}', '1- -1', '1- -1', '1- -1', '1- -1'],
  ['{oj a}1{oj ?}2', 'a 1 $1 2', 'a 1? 2', 'a 1 @p1 2', 'a 1? 2'],
  // Left alone: other words, and whatever is no code.
  [
    '{x 1} {} {dd ?} }',
    '{x 1} {} {dd $1} }',
    '{x 1} {} {dd ?} }',
    '{x 1} {} {dd @p1} }',
    '{x 1} {} {dd ?} }',
  ],
  [
    "'{d x}' -- {fn\n/* {fn */",
    "'{d x}' -- {fn\n/* {fn */",
    "'{d x}' -- {fn\n/* {fn */",
    "'{d x}' -- {fn\n/* {fn */",
    "'{d x}' -- {fn\n/* {fn */",
  ],
  // Nested, and with functions of the application's own.
  [
    "{fn ucase({fn concat(?, {fn lcase(f(a, 'b,)'))})})}",
    "UPPER(($1 || (LOWER(f(a, 'b,)')))))",
    "UPPER(concat(?, LOWER(f(a, 'b,)'))))",
    "UPPER((@p1 + (LOWER(f(a, 'b,)')))))",
    "UPPER((? || (LOWER(f(a, 'b,)')))))",
  ],
  ['{fn s.mine(?, [b])}', 's.mine($1, [b])', 's.mine(?, [b])', 's.mine(@p1, [b])', 's.mine(?, [b])'],
  ['{fn abs(a -- c\n)}', 'abs(a)', 'abs(a)', 'abs(a)', 'abs(a)'],
]

describe('escapes', () => {
  for (const [text, ...cells] of rows) {
    it.each(dialects.map((dialect, index) => [dialect, cells[index]] as const))(
      `%s: ${JSON.stringify(text)} is %j`,
      (dialect, expected) => {
        if (expected === undefined) expect(refusal(text, dialect)).toMatchObject({ sqlState: '0A000' })
        else expect(nativeSQL(text, dialect).sql).toBe(expected)
      },
    )
  }

  it.each<[DialectName, text: string, sql: string, NativeSQLOptions]>([
    ['mysql', "a {escape '\\'}", "a ESCAPE '\\'", { noBackslashEscapes: true }],
    ['pg', "a {escape '\\'}", "a ESCAPE '\\\\'", { standardConformingStrings: false }],
    ['pg', "SELECT {d '1'}, ?", "SELECT {d '1'}, $1", { escapeProcessing: false }],
  ])('%s: %j is %j with %j', (dialect, text, sql, options) => {
    expect(nativeSQL(text, dialect, options).sql).toBe(sql)
  })

  it('the return value of a procedure is no parameter of the application', () => {
    expect(nativeSQL('{? = call f(?)}', 'pg').parameterCount).toBe(1)
    expect(nativeSQL('{? = call f(?)}', 'mysql').parameterCount).toBe(1)
    expect(nativeSQL('{? = call f(?)}', 'mssql')).toMatchObject({ parameterCount: 1, returnMarker: true })
  })

  it.each([
    ['{d ?}', 'holds no literal'],
    ["{d '1' + 1}", 'holds more than it may'],
    ['{fn }', 'names no function'],
    ['{fn 1(a)}', 'names no function'],
    ['{fn abs(1) + 1}', 'holds more than it may'],
    ['{fn abs(a}', 'has no ) behind its arguments'],
    ['{fn concat(a,)}', 'has an empty argument'],
    ['{fn left(a)}', 'has a wrong number of arguments for LEFT'],
    ['{fn convert(a, SQL_PIZZA)}', 'names nothing that CONVERT knows: SQL_PIZZA'],
    ['{fn extract(a, b)}', 'lacks FROM in EXTRACT'],
    ['{limit }', 'is not {limit rows}'],
    ['{limit 1, 2}', 'is not {limit rows}'],
    ['{limit 1 offset}', 'is not {limit rows}'],
    ['{oj }', 'is empty'],
    ['SELECT {call p()}', 'must be the whole statement'],
    ['{call 1}', 'names no procedure'],
    ['{call p()} + 1', 'A call is followed by more'],
  ])('%j: %s', (text, fault) => {
    for (const dialect of dialects) {
      if (dialect === 'sqlite' && fault.startsWith('A call')) continue
      expect(refusal(text, dialect)).toMatchObject({ name: 'SQLSyntaxErrorException', sqlState: '42601' })
      expect(refusal(text, dialect).message).toContain(fault)
    }
  })

  it('a procedure of SQL Server takes no expressions', () => {
    expect(refusal('{call p(a + ?)}', 'mssql').sqlState).toBe('0A000')
    expect(nativeSQL("{call p(-1.5, N'a''b', NULL, @x = ?, @y OUTPUT)}", 'mssql').sql).toBe(
      "EXEC p -1.5, N'a''b', NULL, @x = @p1, @y OUTPUT",
    )
  })

  it('what is nested too deep, or would become too long, is refused', () => {
    const nested = (count: number): string => `${'{fn abs('.repeat(count)}a${')}'.repeat(count)}`
    expect(nativeSQL(nested(64), 'pg').sql).toBe(`${'abs('.repeat(64)}a${')'.repeat(64)}`)
    expect(refusal(nested(65), 'pg').sqlState).toBe('54001')
    const doubling = `${'{fn right(a, '.repeat(40)}1${')}'.repeat(40)}`
    expect(refusal(doubling, 'sqlite').sqlState).toBe('54001')
  })
})

describe('the order of parameters', () => {
  it.each<[text: string, order: number[] | undefined, values: unknown[], result: unknown]>([
    ['SELECT {fn locate(?, ?)} AS r', [1, 0], ['b', 'abcb'], 2],
    ['SELECT {fn locate(?, ?, ?)} AS r', [1, 2, 0, 1, 2, 0, 2], ['b', 'abcb', 3n], 4],
    ['SELECT {fn insert(?, ?, ?, ?)} AS r', [0, 1, 3, 0, 1, 2], ['abcdef', 2n, 3n, 'XX'], 'aXXef'],
    ['SELECT {fn right(?, ?)} AS r', [0, 1, 1], ['abc', 2n], 'bc'],
    ['SELECT {fn repeat(?, ?)} AS r', [1, 0], ['ab', 3n], 'ababab'],
    [
      'SELECT {fn timestampadd(SQL_TSI_DAY, ?, ?)} || ? AS r',
      [1, 0, 2],
      [-1n, '2021-01-01', '!'],
      '2020-12-31 00:00:00!',
    ],
    ['SELECT {fn concat(?, ?)} AS r', undefined, ['a', 'b'], 'ab'],
  ])('%j', (text, order, values, result) => {
    const native = nativeSQL(text, 'sqlite')
    expect(native.order).toEqual(order)
    expect(native.parameterCount).toBe(values.length)
    const sent = (order ?? [...values.keys()]).map((index) => values[index] as string)
    const database = new DatabaseSync(':memory:')
    expect(database.prepare(native.sql).get(...sent)).toEqual({ r: result })
    database.close()
  })

  it('is no matter where markers have numbers', () => {
    const native = nativeSQL('SELECT {fn insert(?, ?, ?, ?)}', 'pg')
    expect(native).toEqual({
      sql: 'SELECT OVERLAY($1 PLACING $4 FROM CAST($2 AS INTEGER) FOR CAST($3 AS INTEGER))',
      parameterCount: 4,
    })
  })
})
