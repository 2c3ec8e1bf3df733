import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { functionTable } from '../../src/sql/escapes/function-table.ts'
import { nativeSQL } from '../../src/sql/native-sql.ts'
import { dialects, refusal } from './support.ts'

/** A call, and below it what it is on each database; `0A000` where it is refused. */
const cells = readFileSync(new URL('function-cells.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split(/\n(?! )/)
  .map((block) => block.split('\n  ') as [call: string, ...native: string[]])

describe('every cell of the table', () => {
  it('has its line', () => {
    expect(cells.length).toBe(functionTable.size)
    expect(cells.every((cell) => cell.length === 1 + dialects.length)).toBe(true)
  })

  it.each(cells)('%s', (call, ...native) => {
    dialects.forEach((dialect, index) => {
      for (const text of [`{fn ${call}}`, `{ FN ${call} }`]) {
        if (native[index] === '0A000') expect(refusal(text, dialect).sqlState).toBe('0A000')
        else expect(nativeSQL(text, dialect).sql).toBe(native[index])
      }
    })
  })
})

describe('forms', () => {
  it.each([
    ['{fn current_date}', 'CURRENT_DATE'],
    ['{fn current_timestamp}', 'NOW()'],
    ['{fn user}', 'CURRENT_USER'],
    ['{fn Abs(a)}', 'Abs(a)'],
    ['{fn concat(a, b, ?)}', '(a || b || $1)'],
    ['{fn char_length(a, CHARACTERS)}', 'char_length(a)'],
    ['{fn position(a in b, characters)}', 'POSITION(a IN b)'],
    ['{fn convert(a + 1, DECIMAL(10, 2))}', 'CAST(a + 1 AS DECIMAL(10,2))'],
    ['{fn mod(a + 1, b)}', 'mod(a + 1, b)'],
    // Untyped it would be taken for a regular expression, and refused or worse.
    ['{fn substring(?, ?, 1 + ?)}', 'SUBSTRING($1, CAST($2 AS INTEGER), 1 + $3)'],
    ['{fn year(?)}', 'CAST(EXTRACT(YEAR FROM CAST($1 AS TIMESTAMP)) AS INTEGER)'],
  ])('%j is %j on PostgreSQL', (text, sql) => {
    expect(nativeSQL(text, 'pg').sql).toBe(sql)
  })

  it('an argument that is an expression keeps its meaning', () => {
    expect(nativeSQL('{fn mod(a + 1, -b)}', 'mssql').sql).toBe('((a + 1) % (-b))')
    expect(nativeSQL('{fn right(a, -1)}', 'sqlite').sql).toBe('SUBSTR(a, -(-1), -1)')
  })

  it('what is counted in octets is refused', () => {
    expect(refusal('{fn char_length(a, OCTETS)}', 'pg').sqlState).toBe('0A000')
  })
})

const moment = "{ts '2021-08-15 13:45:59.7'}"
const leapDay = "{ts '2020-02-29 12:00:00'}"

/** Each of these was run on PostgreSQL 15 and MariaDB 10.11 too, with the same result. */
const results: [call: string, result: unknown][] = [
  ['abs(-1)', 1],
  ['ceiling(1.5)', 2],
  ['floor(1.5)', 1],
  ['cot(1)', 0.6420926159343306],
  ['log(10)', Math.LN10],
  ['log10(100)', 2],
  ['mod(7, 3)', 1],
  ['mod(-7 + 0, 3)', -1],
  ['power(2, 3)', 8],
  ['round(1.005, 2)', 1.01],
  ['round(1234.5, -2)', 1200],
  ['truncate(4.35, 2)', 4.35],
  ['truncate(-4.359, 2)', -4.35],
  ['truncate(1299, -2)', 1200],
  ["ascii('A')", 65],
  ['char(8364)', '€'],
  ["char_length('ab ')", 3],
  ["concat('a', 'b')", 'ab'],
  ["concat('a', null)", null],
  ["insert('abcdef', 2, 3, 'XX')", 'aXXef'],
  ["lcase('AB')", 'ab'],
  ["left('abc', 2)", 'ab'],
  ["length('ab  ')", 2],
  ["locate('b', 'abcb')", 2],
  ["locate('b', 'abcb', 3)", 4],
  ["locate('x', 'abcb', 3)", 0],
  ["octet_length('é')", 2],
  ["position('b' in 'abc')", 2],
  ["repeat('ab', 3)", 'ababab'],
  ["right('abc', 2)", 'bc'],
  ["right('abc', 0)", ''],
  ["right('abc', 5)", 'abc'],
  ['space(3)', '   '],
  ["substring('abcdef', 2)", 'bcdef'],
  ["substring('abcdef', 2, 3)", 'bcd'],
  [`dayname(${moment})`, 'Sunday'],
  [`dayofweek(${moment})`, 1],
  [`dayofyear(${moment})`, 227],
  [`monthname(${moment})`, 'August'],
  [`quarter(${moment})`, 3],
  [`second(${moment})`, 59],
  ["week({d '2021-01-01'})", 53],
  [`extract(year from ${moment})`, 2021],
  ["timestampadd(SQL_TSI_WEEK, 1, {ts '2021-01-31 00:00:00'})", '2021-02-07 00:00:00'],
  ["timestampadd(SQL_TSI_QUARTER, -1, {ts '2021-05-15 00:00:00'})", '2021-02-15 00:00:00'],
  [`timestampdiff(SQL_TSI_SECOND, ${leapDay}, ${moment})`, 46_057_559],
  [`timestampdiff(SQL_TSI_MINUTE, ${moment}, ${leapDay})`, -767_625],
  [`timestampdiff(SQL_TSI_HOUR, ${leapDay}, ${moment})`, 12_793],
  [`timestampdiff(SQL_TSI_DAY, ${leapDay}, ${moment})`, 533],
  [`timestampdiff(SQL_TSI_WEEK, ${leapDay}, ${moment})`, 76],
  ["ifnull(null, 'a')", 'a'],
  ["convert('12', SQL_INTEGER)", 12],
  ["convert('2021-08-15', SQL_DATE)", '2021-08-15'],
  ['convert(12, VARCHAR)', '12'],
]

describe('on SQLite', () => {
  const database = new DatabaseSync(':memory:')
  afterAll(() => database.close())

  it.each(results)('{fn %s} is %j', (call, result) => {
    const { sql } = nativeSQL(`SELECT {fn ${call}} AS result`, 'sqlite')
    expect(database.prepare(sql).get()).toEqual({ result })
  })

  it('every cell is understood', () => {
    database.exec('CREATE TABLE t (a, b, c, d)')
    for (const [call] of cells) {
      if (cells.find(([other]) => other === call)![4] === '0A000') continue
      database.prepare(nativeSQL(`SELECT {fn ${call}} FROM t`, 'sqlite').sql).all()
    }
  })
})
