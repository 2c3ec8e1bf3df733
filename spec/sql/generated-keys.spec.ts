import { describe, expect, it } from 'vitest'
import type { DialectName } from '../../src/sql/dialect.ts'
import { dialectFor } from '../../src/sql/dialects/index.ts'
import type { MysqlDialectOptions } from '../../src/sql/dialects/mysql.ts'
import { withGeneratedKeys } from '../../src/sql/generated-keys.ts'
import { StatementCompiler } from '../../src/sql/statement-compiler.ts'

function keyed(
  dialect: DialectName,
  text: string,
  names: readonly string[] = ['id'],
  options?: MysqlDialectOptions,
): ReturnType<typeof withGeneratedKeys> {
  const rules = dialectFor(dialect, options)
  return withGeneratedKeys(new StatementCompiler(rules, 8).compile(text), names, rules)
}

describe('RETURNING is written behind the statement, and before what comes after it', () => {
  it.each<[DialectName, string, string]>([
    ['pg', 'INSERT INTO t (a) VALUES (?)', 'INSERT INTO t (a) VALUES ($1) RETURNING "id"'],
    ['pg', 'insert into t values (1) ;', 'insert into t values (1) RETURNING "id" ;'],
    ['pg', 'INSERT INTO t VALUES (1)-- ?', 'INSERT INTO t VALUES (1) RETURNING "id"-- ?'],
    [
      'pg',
      'INSERT INTO t VALUES (1) /* /* a */ RETURNING */ ; -- b',
      'INSERT INTO t VALUES (1) RETURNING "id" /* /* a */ RETURNING */ ; -- b',
    ],
    ['pg', 'INSERT INTO t SELECT ?', 'INSERT INTO t SELECT $1 RETURNING "id"'],
    ['pg', 'INSERT INTO t DEFAULT VALUES', 'INSERT INTO t DEFAULT VALUES RETURNING "id"'],
    [
      'pg',
      "INSERT INTO t VALUES ('RETURNING', $$;$$)",
      `INSERT INTO t VALUES ('RETURNING', $$;$$) RETURNING "id"`,
    ],
    [
      'pg',
      'INSERT INTO "returning" ("returning") VALUES (1)',
      'INSERT INTO "returning" ("returning") VALUES (1) RETURNING "id"',
    ],
    [
      'pg',
      'WITH a AS (DELETE FROM u RETURNING x) INSERT INTO t SELECT x FROM a',
      'WITH a AS (DELETE FROM u RETURNING x) INSERT INTO t SELECT x FROM a RETURNING "id"',
    ],
    [
      'pg',
      'INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = excluded.a',
      'INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = excluded.a RETURNING "id"',
    ],
    ['sqlite', 'REPLACE INTO t VALUES (?)', 'REPLACE INTO t VALUES (?) RETURNING "id"'],
    ['sqlite', 'INSERT OR IGNORE INTO t VALUES (1)', 'INSERT OR IGNORE INTO t VALUES (1) RETURNING "id"'],
    ['sqlite', 'INSERT INTO t VALUES (1) /* open', 'INSERT INTO t VALUES (1) RETURNING "id" /* open'],
    ['sqlite', 'INSERT INTO [a;b] VALUES (:x)', 'INSERT INTO [a;b] VALUES (:x) RETURNING "id"'],
  ])('%s: %s', (dialect, text, sql) => {
    const statement = keyed(dialect, text)
    expect(statement.sql).toBe(sql)
    expect(statement).toMatchObject({ text, returnsRows: true, readOnly: false, generatedKeys: ['id'] })
  })

  it('by MariaDB, code in a comment included; not by MySQL, whose driver answers', () => {
    const text = 'INSERT INTO t VALUES (1) /*!50000 ON DUPLICATE KEY UPDATE a = 2 */ # end'
    expect(keyed('mysql', text, ['id'], { flavor: 'mariadb' }).sql).toBe(
      'INSERT INTO t VALUES (1) /*!50000 ON DUPLICATE KEY UPDATE a = 2 */ RETURNING `id` # end',
    )
    expect(keyed('mysql', text)).toMatchObject({ sql: text, generatedKeys: ['id'] })
  })
})

describe('OUTPUT is written before that which gives the rows', () => {
  it.each([
    ['INSERT INTO t (a) VALUES (?)', 'INSERT INTO t (a) OUTPUT INSERTED.[id] VALUES (@p1)'],
    ['INSERT t DEFAULT VALUES;', 'INSERT t OUTPUT INSERTED.[id] DEFAULT VALUES;'],
    ['INSERT INTO t SELECT a FROM u', 'INSERT INTO t OUTPUT INSERTED.[id] SELECT a FROM u'],
    ['INSERT INTO t (a) (SELECT 1)', 'INSERT INTO t (a) OUTPUT INSERTED.[id] (SELECT 1)'],
    ['INSERT INTO t (a) ((SELECT 1))', 'INSERT INTO t (a) OUTPUT INSERTED.[id] ((SELECT 1))'],
    [
      'INSERT TOP (5) INTO [values] WITH (TABLOCK) ([select], b) /* VALUES */ VALUES (1, (SELECT 2))',
      'INSERT TOP (5) INTO [values] WITH (TABLOCK) ([select], b) /* VALUES */ OUTPUT INSERTED.[id] VALUES (1, (SELECT 2))',
    ],
    [
      'WITH a (x) AS (SELECT 1) INSERT INTO t (x) SELECT x FROM a UNION ALL SELECT 2',
      'WITH a (x) AS (SELECT 1) INSERT INTO t (x) OUTPUT INSERTED.[id] SELECT x FROM a UNION ALL SELECT 2',
    ],
  ])('%s', (text, sql) => {
    expect(keyed('mssql', text).sql).toBe(sql)
  })

  it('not where a procedure gives them', () => {
    for (const text of ['INSERT INTO t EXEC p', 'INSERT INTO t (a) EXECUTE p 1', 'INSERT INTO t']) {
      expect(() => keyed('mssql', text)).toThrow(expect.objectContaining({ sqlState: '0A000' }))
    }
  })
})

describe('names', () => {
  it('are quoted by the rules of the database', () => {
    const names = ['id', 'Größe', 'a"b', 'c]d', 'e`f', '*', 'id, "x"']
    expect(keyed('pg', 'INSERT INTO t VALUES (1)', names).sql).toBe(
      'INSERT INTO t VALUES (1) RETURNING "id", "Größe", "a""b", "c]d", "e`f", "*", "id, ""x"""',
    )
    expect(keyed('mssql', 'INSERT INTO t VALUES (1)', names).sql).toBe(
      'INSERT INTO t OUTPUT INSERTED.[id], INSERTED.[Größe], INSERTED.[a"b], INSERTED.[c]]d], INSERTED.[e`f], INSERTED.[*], INSERTED.[id, "x"] VALUES (1)',
    )
    expect(keyed('mysql', 'INSERT INTO t VALUES (1)', ['e`f'], { flavor: 'mariadb' }).sql).toBe(
      'INSERT INTO t VALUES (1) RETURNING `e``f`',
    )
  })

  it.each<[unknown]>([
    [true],
    ['id'],
    [{}],
    [null],
    [['']],
    [[1]],
    [[null]],
    [['a', 'a']],
    [['a\0']],
    [['\ud800']],
  ])('%j are none', (names) => {
    expect(() => keyed('pg', 'INSERT INTO t VALUES (1)', names as string[])).toThrow(
      expect.objectContaining({ sqlState: 'HY024', reason: 'parameter' }),
    )
  })
})

describe('a statement that cannot tell keys is refused', () => {
  const dialects: DialectName[] = ['pg', 'mysql', 'mssql', 'sqlite']
  it.each(dialects)('%s: because it inserts nothing', (dialect) => {
    const others = ['UPDATE t SET a = 1', 'DELETE FROM t', 'SELECT 1', 'WITH a AS (SELECT 1) SELECT * FROM a']
    for (const text of [...others, 'EXPLAIN INSERT INTO t VALUES (1)', '(SELECT 1)']) {
      expect(() => keyed(dialect, text), text).toThrow(expect.objectContaining({ sqlState: '0A000' }))
    }
  })

  it.each<[DialectName, string]>([
    ['pg', 'INSERT INTO t VALUES (1) RETURNING a'],
    ['pg', 'INSERT INTO t VALUES (1) /* x */ returning *;'],
    ['sqlite', 'INSERT INTO t VALUES (1) RETURNING a'],
    ['mssql', 'INSERT INTO t OUTPUT INSERTED.a VALUES (1)'],
  ])('%s: because it answers already: %s', (dialect, text) => {
    expect(() => keyed(dialect, text)).toThrow(expect.objectContaining({ sqlState: '42601' }))
  })

  it('because the dialect has no way', () => {
    const rules = { ...dialectFor('pg'), generatedKeys: undefined }
    const statement = new StatementCompiler(rules, 8).compile('INSERT INTO t VALUES (1)')
    expect(() => withGeneratedKeys(statement, ['id'], rules)).toThrow(
      expect.objectContaining({ sqlState: '0A000' }),
    )
  })
})

describe('the rewriting', () => {
  const rules = dialectFor('pg')
  const compiler = new StatementCompiler(rules, 8)
  const statement = compiler.compile('INSERT INTO t VALUES (?)')

  it('is done once for a text and its keys', () => {
    const names = ['id', 'at']
    const first = withGeneratedKeys(statement, names, rules)
    expect(withGeneratedKeys(statement, ['id', 'at'], rules)).toBe(first)
    names[0] = 'other'
    expect(first.generatedKeys).toEqual(['id', 'at'])
    expect(withGeneratedKeys(statement, names, rules).sql).toBe(
      'INSERT INTO t VALUES ($1) RETURNING "other", "at"',
    )
  })

  it('leaves the statement itself as it is; no names ask for nothing', () => {
    expect(statement.sql).toBe('INSERT INTO t VALUES ($1)')
    expect(withGeneratedKeys(statement, undefined, rules)).toBe(statement)
    expect(withGeneratedKeys(statement, [], rules)).toBe(statement)
  })

  it('of a long text takes time in proportion to its length', () => {
    const values = Array.from({ length: 20_000 }, () => '((((1))))').join(', ')
    expect(keyed('mssql', `INSERT INTO t VALUES ${values}`).sql).toMatch(/^INSERT INTO t OUTPUT INSERTED/)
  })
})
