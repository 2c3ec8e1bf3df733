import { describe, expect, it } from 'vitest'
import { SQLException } from '../../src/api/sql-exception.ts'
import { pgDialect } from '../../src/sql/dialects/pg.ts'
import { sqliteDialect } from '../../src/sql/dialects/sqlite.ts'
import { StatementCompiler } from '../../src/sql/statement-compiler.ts'

const compiler = new StatementCompiler(sqliteDialect, 8)
const compile = (text: string): ReturnType<StatementCompiler['compile']> => compiler.compile(text)

function failure(text: unknown): SQLException {
  try {
    compiler.compile(text as string)
  } catch (error) {
    if (error instanceof SQLException) return error
    throw error
  }
  throw new Error(`${String(text)} was compiled`)
}

describe('one statement', () => {
  it.each(['SELECT 1; SELECT 2', 'SELECT 1;;SELECT 2', 'DELETE FROM t; -- x\n DROP TABLE t'])(
    '%j is refused',
    (text) => {
      expect(failure(text)).toMatchObject({ sqlState: '0A000', reason: 'feature' })
    },
  )

  it.each([
    'SELECT 1;',
    'SELECT 1 ; ; -- end',
    "SELECT ';'",
    'CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE t SET a = 1; DELETE FROM u; END',
    'CREATE TEMP TRIGGER r AFTER INSERT ON t BEGIN SELECT CASE WHEN 1 THEN 2 END; END;',
  ])('%j is one', (text) => {
    expect(compile(text).sql).toBe(text)
  })

  it('a trigger ends with its END', () => {
    expect(failure('CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END; DROP TABLE t').sqlState).toBe(
      '0A000',
    )
  })

  it.each(['', '   ', '-- nothing', '/* nothing */', ';', ' ;; '])('%j holds none', (text) => {
    expect(failure(text).sqlState).toBe('42601')
  })

  it.each([
    ["SELECT 'a", 'literal'],
    ['SELECT "a', 'name'],
    ['SELECT [a', 'name'],
  ])('%j is not ended', (text, what) => {
    expect(failure(text).message).toContain(`The ${what} that begins at line 1, column 8 is not ended`)
  })

  it.each([null, undefined, 7, {}, Symbol('s')])('%s is no text', (value) => {
    expect(failure(value)).toMatchObject({ sqlState: 'HY009', reason: 'parameter' })
  })
})

describe('traits', () => {
  it.each([
    ['SELECT 1', { readOnly: true, changesSession: false, transactionControl: false }],
    ['/* c */ select 1', { readOnly: true }],
    ['WITH x AS (SELECT 1) SELECT * FROM x', { readOnly: true }],
    ['WITH x AS (SELECT 1) DELETE FROM t', { readOnly: false, changesSession: false }],
    ['INSERT INTO t VALUES (1)', { readOnly: false, changesSession: false }],
    ['CREATE TABLE t (a)', { readOnly: false, changesSession: false }],
    ['CREATE TEMP TABLE t (a)', { changesSession: 'temporary' }],
    ['PRAGMA cache_size = 10', { changesSession: 'settings' }],
    ['ATTACH ? AS x', { changesSession: 'attachments' }],
    ['BEGIN', { transactionControl: true }],
    ['ROLLBACK TO s', { transactionControl: true }],
    ['FROBNICATE', { readOnly: false, changesSession: 'unseen' }],
  ])('%j', (text, traits) => {
    expect(compile(text)).toMatchObject(traits)
  })
})

describe('the cache', () => {
  it('gives one identity to one text, and forgets what was not used for longest', () => {
    const own = new StatementCompiler(sqliteDialect, 2)
    const first = own.compile('SELECT 1')
    const second = own.compile('SELECT 2')
    expect(own.compile('SELECT 1')).toBe(first)
    own.compile('SELECT 3')
    expect(own.compile('SELECT 1')).toBe(first)
    expect(own.compile('SELECT 2')).not.toBe(second)
  })

  it('may be switched off', () => {
    const own = new StatementCompiler(sqliteDialect, 0)
    expect(own.compile('SELECT 1')).not.toBe(own.compile('SELECT 1'))
  })
})

describe('without parameters', () => {
  const pg = new StatementCompiler(pgDialect(), 8)

  it.each([
    ["SELECT j ? 'a' FROM t", 0],
    ["SELECT j ?| array['a'], @? '$.a', ?- l, j ?? 'b'", 0],
    ["SELECT '{}'::jsonb ?'a'", 0],
    ['SELECT f(j) ? g(k)', 0],
    // These cannot be operators: their parameters were forgotten.
    ['SELECT ?', 1],
    ['SELECT * FROM t WHERE a = ?', 1],
    ['SELECT * FROM t WHERE a=?', 1],
    ['INSERT INTO t VALUES (?,?, ?)', 3],
    ['SELECT * FROM t WHERE a = ? AND b LIKE ? -- c\n', 2],
    ['SELECT a FROM t LIMIT ? OFFSET 1', 1],
  ])('%j is sent as it is; %d of its question marks cannot be operators', (text, count) => {
    expect(pg.compileAsWritten(text)).toMatchObject({ sql: text, parameterCount: count })
  })

  it('escapes are translated all the same', () => {
    expect(pg.compileAsWritten("SELECT {fn ucase(a)}, j ? 'a'").sql).toBe("SELECT UPPER(a), j ? 'a'")
  })

  it('is another text only where it differs', () => {
    expect(pg.compileAsWritten('SELECT 1')).toBe(pg.compile('SELECT 1'))
    expect(compiler.compileAsWritten('SELECT ?')).toBe(compiler.compile('SELECT ?'))
    const text = "SELECT j ? 'a'"
    const asWritten = pg.compileAsWritten(text)
    expect(pg.compile(text).sql).toBe("SELECT j $1 'a'")
    expect(pg.compileAsWritten(text)).toBe(asWritten)
  })
})

describe('the size of the cache', () => {
  it('counts characters too', () => {
    const own = new StatementCompiler(sqliteDialect, 100)
    const texts = [1, 2, 3].map((number) => `SELECT ${number} -- ${'x'.repeat(400_000)}`)
    const [first] = texts.map((text) => own.compile(text))
    expect(own.compile(texts[0]!)).not.toBe(first)
  })
})
