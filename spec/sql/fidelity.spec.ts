import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SQLException } from '../../src/api/sql-exception.ts'
import type { DialectName } from '../../src/sql/dialect.ts'
import { nativeSQL, type NativeSQLOptions } from '../../src/sql/native-sql.ts'
import type { TextFault } from '../../src/sql/text-fault.ts'
import { dialects } from './support.ts'

const isLong = process.env['MODE'] === 'long'

/** A stretch of text, and what it must become when its first parameter is number `first`. */
interface Piece {
  readonly source: string
  readonly markers: number
  readonly native: (first: number) => string
}

const same = (source: string): Piece => ({ source, markers: 0, native: () => source })

const content = fc
  .array(
    fc.constantFrom(
      ...Array.from('?\'"`[]{}$\\-/*;#:@!a1é😀 \n\t'),
      '??',
      '--',
      '/*',
      '*/',
      '{fn ',
      "''",
      ';',
      'E',
    ),
    {
      maxLength: 8,
    },
  )
  .map((characters) => characters.join(''))

/** Everything that is opaque on a database, written here by its manual and not by the tables under test. */
function opaque(dialect: DialectName): fc.Arbitrary<Piece> {
  const backslash = dialect === 'mysql'
  const literal = (quote: string) => (text: string) =>
    quote + (backslash ? text.replaceAll('\\', '\\\\') : text).replaceAll(quote, quote + quote) + quote
  const name = (open: string, close: string) => (text: string) =>
    open + text.replaceAll(close, close + close) + close
  const noComment = (text: string): string => text.replaceAll(/[*/]/g, '')
  const forms: ((text: string) => string)[] = [
    literal("'"),
    backslash ? literal('"') : name('"', '"'),
    (text) => `/* ${noComment(text)} */`,
    (text) => `-- ${text.replaceAll(/[\n\r]/g, '')}\n`,
  ]
  if (dialect === 'pg') {
    forms.push(
      (text) => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`,
      (text) => `$a1$${text.replaceAll('$', '')}$b$ $a1$`,
      (text) => `/* ${noComment(text)} /* ? */ ' */`,
    )
  }
  if (dialect === 'mssql') forms.push(name('[', ']'), (text) => `/* /* ${noComment(text)} */ " */`)
  if (dialect === 'sqlite') forms.push((text) => `[${text.replaceAll(']', '')}]`)
  if (dialect === 'mysql') {
    forms.push(
      (text) => `\`${text.replaceAll('`', '``')}\``,
      (text) => `#${text.replaceAll('\n', '')}\n`,
    )
    forms.push((text) => `"${text.replaceAll('\\', '').replaceAll('"', '\\"')}"`)
  }
  if (dialect === 'sqlite') forms.push(name('`', '`'))
  return fc.tuple(fc.constantFrom(...forms), content).map(([form, text]) => same(form(text)))
}

const word = fc.constantFrom('', 'a', 'LIMIT', 'é', '_', 'E', 'x1', 'N')

/** A marker that touches words: the guard is spelled out for each database. */
function marker(dialect: DialectName): fc.Arbitrary<Piece> {
  return fc.tuple(word, word).map(([left, right]) => ({
    source: `${left}?${right}`,
    markers: 1,
    native: (first) => {
      const before = left !== '' && (dialect === 'pg' || dialect === 'mssql') ? ' ' : ''
      const after = right !== '' && dialect !== 'sqlite' ? ' ' : ''
      const sign = { pg: `$${first}`, mssql: `@p${first}`, mysql: '?', sqlite: '?' }[dialect]
      return left + before + sign + after + right
    },
  }))
}

function escape(dialect: DialectName): fc.Arbitrary<Piece> {
  const sign = (number: number): string =>
    ({ pg: `$${number}`, mssql: `@p${number}`, mysql: '?', sqlite: '?' })[dialect]
  return fc.constantFrom<Piece>(
    { source: '{fn ucase(?)}', markers: 1, native: (first) => `UPPER(${sign(first)})` },
    {
      source: "{fn replace(?, 'a?', ?)}",
      markers: 2,
      native: (first) => `replace(${sign(first)}, 'a?', ${sign(first + 1)})`,
    },
    { source: '{oj a JOIN b ON ? }', markers: 1, native: (first) => `a JOIN b ON ${sign(first)}` },
    { source: '{fn lcase({fn ltrim({fn rtrim(x)})})}', markers: 0, native: () => 'LOWER(ltrim(rtrim(x)))' },
    same('{x y}'),
  )
}

const code = fc
  .constantFrom(
    'a',
    '1',
    '1.5',
    'SELECT',
    '(b)',
    '<>',
    '+',
    'x.y',
    'é',
    'CASE',
    'END',
    '-',
    '/',
    '*',
    '|',
    '&',
    '}',
    '~',
  )
  .map(same)

describe('what is neither marker nor escape comes out as it went in', () => {
  it.each(dialects)('%s', (dialect) => {
    const piece = fc.oneof(opaque(dialect), code, marker(dialect), escape(dialect))
    // A sign between two pieces keeps them from being one token; all else may touch.
    const between = fc.constantFrom(',', ' , ', '\n=', ' = ', '\t,\r\n')
    fc.assert(
      fc.property(
        fc.array(fc.tuple(piece, between), { minLength: 1, maxLength: 12, size: 'max' }),
        (pairs) => {
          let source = 'x '
          let expected = 'x '
          let count = 0
          for (const [{ source: text, markers, native }, separator] of pairs) {
            source += text + separator
            expected += native(count + 1) + separator
            count += markers
          }
          expect(nativeSQL(source, dialect)).toEqual({ sql: expected, parameterCount: count })
        },
      ),
      { numRuns: isLong ? 100_000 : 1_000 },
    )
  })
})

describe('whatever the text', () => {
  const pieces = [
    ...Array.from('?\'"`[](){}$:@#;,.-/*\\!=<| \n\r\t1aE'),
    '??',
    '--',
    '/*',
    '*/',
    '/*!',
    '/*M!50000',
    '$$',
    '$a$',
    "E'",
    ':a',
    '@p1',
    '$1',
    '?1',
    '\u00e9',
    '\ud83d\ude00',
    '\ud83d',
    'SELECT ',
    'BEGIN ',
    'END',
    'CASE ',
    'CREATE TRIGGER ',
    'CREATE FUNCTION ',
    'ATOMIC ',
    'WITH ',
    'INTO ',
    '\0',
    '{fn ',
    '{fn concat(',
    '{fn locate(',
    '{fn timestampadd(SQL_TSI_DAY,',
    '{fn extract(year from ',
    '{d ',
    '{ts ',
    '{oj ',
    '{limit ',
    ' offset ',
    '{call p',
    '{? = call f(',
    "{escape '",
    ')}',
  ]
  const options: NativeSQLOptions[] = [
    {},
    { noBackslashEscapes: true },
    { ansiQuotes: true, flavor: 'mariadb' },
    { standardConformingStrings: false },
    { escapeProcessing: false },
  ]

  it(
    'it ends, with a translation or with an error that names the place',
    { timeout: isLong ? 1_200_000 : 20_000 },
    () => {
      fc.assert(
        fc.property(
          fc.array(fc.constantFrom(...pieces), { maxLength: 16, size: 'max' }),
          fc.constantFrom(...dialects),
          fc.constantFrom(...options),
          (parts, dialect, chosen) => {
            const text = parts.join('')
            try {
              const { sql, parameterCount } = nativeSQL(text, dialect, chosen)
              if (!text.includes('{') && (dialect === 'sqlite' || !text.includes('?'))) return sql === text
              return parameterCount >= 0 && sql.length > 0
            } catch (error) {
              if (!(error instanceof SQLException)) throw error
              const { position } = error as SQLException & TextFault
              return position >= 0 && position <= text.length
            }
          },
        ),
        { numRuns: isLong ? 1_000_000 : 20_000 },
      )
    },
  )

  it.each<[what: string, text: string]>([
    [
      'a large insert',
      `INSERT INTO t VALUES ${Array.from({ length: 50_000 }, () => "(?, 'abc', ?)").join(', ')}`,
    ],
    ['open comments', '/*'.repeat(500_000)],
    ['escapes that nest', '{fn abs('.repeat(130_000)],
    ['escapes that repeat what they hold', `${'{fn right(a, '.repeat(60)}1${')}'.repeat(60)}`],
    [
      'names of parameters',
      `SELECT ${Array.from({ length: 150_000 }, (_, index) => `:a${index}`).join(',')}`,
    ],
    ['dollars', `SELECT ${'$a '.repeat(300_000)}`],
    ['literals that go on', `SELECT ${"E'a' -- x\n ".repeat(90_000)}`],
    ['operators', `SELECT a${' ? b'.repeat(100_000)}`],
    ['parentheses', '('.repeat(1_000_000)],
    ['arguments', `{fn concat(${'a,'.repeat(500_000)}a)}`],
    ['a body', `CREATE PROCEDURE p() BEGIN ${'SELECT 1; '.repeat(100_000)}END`],
  ])('a megabyte of it is no matter: %s', (_what, text) => {
    // Some ten milliseconds each; what grows with the square of the length takes minutes, and the test's time is over.
    for (const dialect of dialects) {
      try {
        nativeSQL(text, dialect)
      } catch (error) {
        expect(error).toBeInstanceOf(SQLException)
      }
    }
  })
})
