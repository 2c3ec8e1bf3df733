import { describe, expect, it } from 'vitest'
import type { DialectName } from '../../src/sql/dialect.ts'
import { nativeSQL, type NativeSQLOptions } from '../../src/sql/native-sql.ts'
import { dialects, refusal } from './support.ts'

type Case = [dialect: DialectName | 'all', text: string, markers: number, options?: NativeSQLOptions]

/** What is opaque, by dialect: how many of the question marks are parameters. */
const cases: Case[] = [
  ['all', "SELECT '?', ?", 1],
  ['all', "SELECT 'it''s ?', ?", 1],
  ['all', "SELECT '', ?, ''", 1],
  ['all', 'SELECT 1 -- ?\n, ?', 1],
  ['all', 'SELECT 1 /* ? */, ?', 1],
  ['all', 'SELECT 1 /*/ ? */, ?', 1],
  ['all', 'SELECT 1 /**/, ? /***/ , ?', 2],
  ['all', "SELECT N'?', X'00', ?", 1],
  ['all', '\ufeffSELECT ?', 1],

  ['pg', "SELECT '\\', ?", 1],
  ['pg', "SELECT '\\'?', ?", 1, { standardConformingStrings: false }],
  ['pg', "SELECT E'\\'?', ?", 1],
  ['pg', "SELECT e'\\'?', ?", 1],
  ['pg', "SELECT E'''?\\\\', ?", 1],
  ['pg', "SELECT tablE'\\', ?", 1],
  ['pg', "SELECT E'a'\n  '\\'?', ?", 1],
  ['pg', "SELECT E'a' -- '\n\t'\\'?', ?", 1],
  ['pg', "SELECT E'a' \r '\\'?', ?", 1],
  ['pg', "SELECT E'a' '\\', ?", 1],
  ['pg', "SELECT E'a' /* \n */ '\\', ?", 1],
  ['pg', "SELECT 'a'\n '\\', ?", 1],
  ['pg', "SELECT U&'?', B'1', U&\"?\", ?", 1],
  ['pg', 'SELECT "?""?", ?', 1],
  ['pg', 'SELECT a ` ?', 1],
  ['pg', 'SELECT arr[?], arr[?:?]', 3],
  ['pg', 'SELECT $$ ? $$, ?', 1],
  ['pg', 'SELECT $a$ ? $A$ ? $$ ? $a$, ?', 1],
  ['pg', 'SELECT $é_1$ ? $é_1$, ?', 1],
  ['pg', 'SELECT a$b$ , ?, c$b$', 1],
  ['pg', 'SELECT $1a$ , $ ', 1],
  ['pg', 'SELECT 1$$?$$', 0],
  ['pg', 'SELECT a <--?\n ?', 1],
  ['pg', 'SELECT 1 --?\r, ?', 1],
  ['pg', 'SELECT a # ?, b #> ?', 2],
  ['pg', 'SELECT 1 /* /* ? */ ? */, ?', 1],
  ['pg', 'SELECT a::text, b := ?, c[1:2]', 1],

  ['mysql', "SELECT '\\'?', ?", 1],
  ['mysql', "SELECT '\\', ?", 1, { noBackslashEscapes: true }],
  ['mysql', 'SELECT "?\\"?", ?', 1],
  ['mysql', 'SELECT "\\", ?', 1, { noBackslashEscapes: true }],
  ['mysql', 'SELECT "\\", ?', 1, { ansiQuotes: true }],
  ['mysql', 'SELECT "?""?", ?', 1],
  ['mysql', 'SELECT `?``?\\`, ?', 1],
  ['mysql', "SELECT _utf8'?', @'v?', @`w?`, ?", 1],
  ['mysql', 'SELECT $a$ , ?, $b$', 1],
  ['mysql', 'SELECT 1 --?', 1],
  ['mysql', 'SELECT 1 --;?', 0],
  ['mysql', 'SELECT 1 --\t?\n, ?', 1],
  ['mysql', 'SELECT ?--', 1],
  ['mysql', 'SELECT 1 -- ?\r, ?\n, ?', 1],
  ['mysql', 'SELECT 1 # ?\n, ?', 1],
  ['mysql', 'SELECT 1 /* /* ? */, ?', 1],
  ['mysql', 'SELECT 1 /*! , ? */, ?', 2],
  ['mysql', "SELECT 1 /*!50000 , ?, '*/', ? */, ?", 3],
  ['mysql', 'SELECT /*+ ? */ ?', 1],
  ['mysql', 'SELECT 1 /*M! , ? */', 0],
  ['mysql', 'SELECT 1 /*M! , ? */', 1, { flavor: 'mariadb' }],
  ['mysql', 'SELECT 1 /*M!100100 , ? /* ? */ */', 1, { flavor: 'mariadb' }],

  ['mssql', "SELECT '\\', ?", 1],
  ['mssql', 'SELECT "?""?", ?', 1],
  ['mssql', 'SELECT [a?]]?], ?', 1],
  ['mssql', 'SELECT [a[?], ?', 1],
  ['mssql', 'SELECT $1.50, ?', 1],
  ['mssql', 'SELECT $a$ , ? , $a$', 1],
  ['mssql', 'SELECT * FROM #temp WHERE a = ?', 1],
  ['mssql', 'SELECT 1 --?\r, ?', 1],
  ['mssql', 'SELECT 1 /* /* ? */ ? */, ?', 1],

  ['sqlite', "SELECT '\\', ?", 1],
  ['sqlite', 'SELECT "?""?", `?``?`, ?', 1],
  ['sqlite', 'SELECT [a?] FROM t WHERE c=?', 1],
  ['sqlite', 'SELECT [a[?], ?', 1],
  ['sqlite', 'SELECT 1 -- ?\r, ?\n, ?', 1],
  ['sqlite', 'SELECT 1 /* /* ? */, ?', 1],
  ['sqlite', 'SELECT 1 /* ? ', 0],
]

describe('opaque tokens', () => {
  for (const [which, text, markers, options] of cases) {
    for (const dialect of which === 'all' ? dialects : [which]) {
      it(`${dialect}: ${JSON.stringify(text)} has ${markers} ${options ? JSON.stringify(options) : ''}`, () => {
        if (text.includes('--;?')) return expect(refusal(text, dialect).sqlState).toBe('0A000')
        const { sql, parameterCount } = nativeSQL(text, dialect, options)
        expect(parameterCount).toBe(markers)
        // Nothing but the markers has changed.
        expect(sql.replaceAll(/[$]\d+|@p\d+/g, '?').length).toBe(text.replaceAll(/[$]\d+/g, '?').length)
        if (dialect === 'mysql' || dialect === 'sqlite') expect(sql).toBe(text)
      })
    }
  }
})

describe('what begins must end', () => {
  it.each<[DialectName | 'all', text: string, what: string, NativeSQLOptions?]>([
    ['all', "SELECT 'a", 'literal'],
    ['all', "SELECT 'a''", 'literal'],
    ['all', 'SELECT {fn abs(1)', 'escape'],
    ['all', 'SELECT {fn abs(1', 'escape'],
    ['all', 'SELECT {d', 'escape'],
    ['all', 'SELECT {oj a; b}', 'escape'],
    ['pg', 'SELECT "a', 'name'],
    ['pg', "SELECT E'a\\'", 'literal'],
    ['pg', "SELECT E'a'\n'b\\'", 'literal'],
    ['pg', 'SELECT $a$ $A$', 'literal'],
    ['pg', 'SELECT /* /* */', 'comment'],
    ['mysql', "SELECT 'a\\'", 'literal'],
    ['mysql', 'SELECT "a', 'literal'],
    ['mysql', 'SELECT "a', 'name', { ansiQuotes: true }],
    ['mysql', 'SELECT `a', 'name'],
    ['mysql', 'SELECT /* ', 'comment'],
    ['mysql', 'SELECT /*!50000 1', 'comment'],
    ['mssql', 'SELECT [a]]', 'name'],
    ['mssql', 'SELECT /* /* */', 'comment'],
    ['sqlite', 'SELECT [a', 'name'],
    ['sqlite', 'SELECT :a(b', 'parameter'],
  ])('%s: %j, the %s', (which, text, what, options) => {
    for (const dialect of which === 'all' ? dialects : [which]) {
      expect(refusal(text, dialect, options)).toMatchObject({
        name: 'SQLSyntaxErrorException',
        sqlState: '42601',
        message: `The ${what} that begins at line 1, column 8 is not ended`,
        position: 7,
        line: 1,
        column: 8,
      })
    }
  })

  it.each(dialects)('%s: a NUL, half a surrogate pair: databases would cut or change the text', (dialect) => {
    expect(refusal('SELECT 1,\n\0 2', dialect)).toMatchObject({
      sqlState: '42601',
      position: 10,
      line: 2,
      column: 1,
    })
    expect(refusal("SELECT '\ud83d'", dialect)).toMatchObject({ sqlState: '42601', position: 8 })
    expect(nativeSQL("SELECT '😀'", dialect).sql).toBe("SELECT '😀'")
  })
})
