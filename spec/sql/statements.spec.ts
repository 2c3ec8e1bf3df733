import { describe, expect, it } from 'vitest'
import type { SessionChange } from '../../src/sql/compiled-statement.ts'
import type { DialectName } from '../../src/sql/dialect.ts'
import { dialectFor } from '../../src/sql/dialects/index.ts'
import { nativeSQL } from '../../src/sql/native-sql.ts'
import { translate } from '../../src/sql/translator.ts'
import { dialects, refusal } from './support.ts'

describe('one statement', () => {
  it.each(['SELECT 1; SELECT 2', 'DELETE FROM t;\n/* */ ; DROP TABLE t', 'SELECT 1;}', "SELECT 1;'"])(
    '%j is refused everywhere',
    (text) => {
      for (const dialect of dialects) expect(refusal(text, dialect).sqlState).toMatch(/0A000|42601/)
    },
  )

  it('the second one is named', () => {
    expect(refusal('SELECT 1;\n  SELECT 2', 'pg')).toMatchObject({
      name: 'SQLFeatureNotSupportedException',
      sqlState: '0A000',
      reason: 'feature',
      position: 12,
      line: 2,
      column: 3,
    })
  })

  it.each(dialects)('%s: empty ones are none', (dialect) => {
    for (const text of ['SELECT 1;', ';SELECT 1 ; ; -- end\n;', "SELECT ';'", '{fn abs(1)} ;']) {
      expect(nativeSQL(text, dialect).parameterCount).toBe(0)
    }
    for (const text of ['', ' ', ';', '-- x', '/* x */ ;;']) {
      expect(refusal(text, dialect)).toMatchObject({ sqlState: '42601', position: text.length })
    }
  })

  it.each<[DialectName, string]>([
    ['sqlite', 'CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE t SET a = 1; DELETE FROM u; END'],
    [
      'sqlite',
      'EXPLAIN QUERY PLAN CREATE TEMP TRIGGER r AFTER INSERT ON t BEGIN SELECT CASE a WHEN 1 THEN 2 END; END;',
    ],
    ['pg', 'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT $1; END;'],
    ['pg', 'CREATE OR REPLACE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC DELETE FROM t; END'],
    ['pg', 'CREATE RULE r AS ON INSERT TO t DO (DELETE FROM u; DELETE FROM v)'],
    ['pg', 'DO $$ BEGIN DELETE FROM t; END $$;'],
    [
      'mysql',
      'CREATE PROCEDURE p() BEGIN IF a THEN SELECT 1; END IF; CASE a WHEN 1 THEN SELECT 1; END CASE; END',
    ],
    [
      'mysql',
      'CREATE DEFINER=`a`@`b` TRIGGER r AFTER INSERT ON t FOR EACH ROW l: BEGIN LOOP DELETE FROM t; END LOOP; END;',
    ],
    ['mysql', 'BEGIN NOT ATOMIC SELECT 1; BEGIN SELECT 2; END; END;'],
    ['mssql', 'CREATE OR ALTER PROC p AS DELETE FROM t; DELETE FROM u'],
    [
      'mssql',
      'IF @a = 1 BEGIN DELETE FROM t; SELECT CASE WHEN 1 = 1 THEN 2 END; END ELSE BEGIN DELETE FROM u; END;',
    ],
    ['mssql', 'BEGIN TRY DELETE FROM t; END TRY BEGIN CATCH THROW; END CATCH;'],
  ])('%s: a body belongs to its statement: %j', (dialect, text) => {
    expect(nativeSQL(text, dialect)).toEqual({ sql: text, parameterCount: 0 })
    // All that follows the AS of a procedure of SQL Server is its body.
    if (!text.includes(' PROC p')) {
      expect(refusal(`${text.replace(/;$/, '')}; DROP TABLE t`, dialect).sqlState).toBe('0A000')
    }
  })

  it.each<[DialectName, string]>([
    ['pg', 'SELECT 1 AS begin; SELECT 2'],
    ['pg', 'CREATE TABLE t (a int); DROP TABLE u'],
    ['mysql', 'BEGIN; DELETE FROM t'],
    ['mysql', 'CREATE TABLE t (event INT); DROP TABLE u'],
    ['mysql', 'SELECT 1 /*!50000 ; DROP TABLE t */'],
    ['mssql', 'BEGIN TRAN; DELETE FROM t'],
    ['mssql', 'CREATE TABLE t (event INT); DROP TABLE u'],
    ['mssql', 'DECLARE @a INT = 1; SELECT @a'],
    ['sqlite', 'CREATE TABLE t (trigger); DROP TABLE u'],
  ])('%s: %j are several', (dialect, text) => {
    expect(refusal(text, dialect).sqlState).toBe('0A000')
  })
})

const read = { readOnly: true, changesSession: false, transactionControl: false, returnsRows: true }
const write = { readOnly: false, changesSession: false, transactionControl: false, returnsRows: false }
const changing = (what: SessionChange): object => ({ ...write, changesSession: what })
const control = { ...write, transactionControl: true }
const unknown = { ...write, changesSession: 'unseen', returnsRows: true }
const answer = { ...write, returnsRows: true }

describe('traits', () => {
  it.each<[DialectName | 'all', text: string, traits: object]>([
    ['all', '/* c */ select 1', read],
    ['all', '(SELECT 1) UNION (SELECT 2)', read],
    ['all', "SELECT 'INTO', upper(replace(a, 'x', 'y')) FROM t", read],
    ['all', 'WITH x AS (SELECT 1), y AS (SELECT 2) SELECT * FROM x', read],
    ['all', 'WITH x AS (SELECT 1) DELETE FROM t', write],
    ['all', 'INSERT INTO t SELECT * FROM u', write],
    ['all', 'CREATE TABLE t (a INT)', write],
    ['all', 'FROBNICATE', unknown],
    ['all', 'COMMIT', control],
    ['pg', 'WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x', answer],
    ['pg', 'INSERT INTO t VALUES (1) RETURNING id', answer],
    ['pg', 'SELECT * INTO u FROM t', write],
    ['pg', 'SELECT * INTO TEMP u FROM t', changing('temporary')],
    ['pg', 'SELECT * INTO pg_temp.u FROM t', changing('temporary')],
    ['pg', 'SELECT * FROM t FOR NO KEY UPDATE', answer],
    ['pg', 'SELECT pg_advisory_lock(1)', { ...read, changesSession: 'locks' }],
    ['pg', 'SELECT pg_advisory_xact_lock(1)', read],
    ['pg', 'EXPLAIN DELETE FROM t', read],
    ['pg', 'EXPLAIN (ANALYZE) DELETE FROM t', answer],
    ['pg', 'CREATE OR REPLACE TEMPORARY VIEW v AS SELECT 1', changing('temporary')],
    ['pg', 'CREATE TEMP TABLE t (a int) ON COMMIT DELETE ROWS', changing('temporary')],
    ['pg', 'CREATE TEMP TABLE t ON COMMIT DROP AS SELECT 1', write],
    ['pg', 'CREATE TABLE IF NOT EXISTS pg_temp.t (a int)', changing('temporary')],
    ['pg', 'DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT 1', changing('cursors')],
    ['pg', 'DECLARE c CURSOR FOR WITH hold AS (SELECT 1) SELECT * FROM hold', write],
    ['pg', 'CLOSE c', write],
    ['pg', "SELECT set_config('a.b', ?, true)", read],
    ['pg', "SELECT set_config('a.b', lower(?), /* local */ TRUE), 1", read],
    ['pg', "SELECT set_config('a.b', ?, false)", { ...read, changesSession: 'settings' }],
    ['pg', "SELECT set_config('a.b', ?, ?)", { ...read, changesSession: 'settings' }],
    ['pg', "SELECT set_config('a.b', 'x', NOT true)", { ...read, changesSession: 'settings' }],
    [
      'pg',
      "SELECT set_config('a', set_config('b', 'c', false), true)",
      { ...read, changesSession: 'settings' },
    ],
    ['pg', "SELECT set_config('a', set_config('b', 'c', true), true)", read],
    ['pg', 'SELECT set_config', { ...read, changesSession: 'settings' }],
    ['pg', 'SET search_path = x', changing('settings')],
    ['pg', 'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY', changing('settings')],
    ['pg', 'RESET ALL', changing('settings')],
    ['pg', 'SET LOCAL search_path = x', write],
    ['pg', 'LISTEN c', changing('listening')],
    ['pg', 'PREPARE p AS SELECT 1', changing('prepared')],
    ['pg', 'EXECUTE p', { ...answer, changesSession: 'prepared' }],
    ['pg', "LOAD 'x'", changing('attachments')],
    ['pg', 'DO $$ SELECT 1 $$', changing('unseen')],
    ['pg', 'CALL p()', unknown],
    ['pg', '{call p()}', unknown],
    ['pg', "PREPARE TRANSACTION 'a'", control],
    ['pg', 'START TRANSACTION', control],
    ['mysql', 'SHOW TABLES', read],
    ['mysql', 'SELECT @a := 1', { ...read, changesSession: 'settings' }],
    ['mysql', 'SELECT 1 INTO @a', changing('settings')],
    ['mysql', 'SELECT * FROM t LOCK IN SHARE MODE', answer],
    ['mysql', 'SELECT GET_LOCK(?, 1)', { ...read, changesSession: 'locks' }],
    ['mysql', 'USE x', changing('settings')],
    ['mysql', 'START TRANSACTION', control],
    ['mysql', 'CREATE TEMPORARY TABLE t (a INT)', changing('temporary')],
    ['mysql', 'REPLACE INTO t VALUES (1)', write],
    ['mssql', 'BEGIN TRANSACTION', control],
    ['mssql', 'EXEC p', unknown],
    ['mssql', 'SELECT * INTO #t FROM u', changing('temporary')],
    ['mssql', 'CREATE TABLE #t (a INT)', changing('temporary')],
    ['mssql', 'DELETE FROM t OUTPUT deleted.a WHERE a = 1', answer],
    ['sqlite', 'PRAGMA cache_size', { ...answer, changesSession: 'settings' }],
    ['sqlite', 'ATTACH ? AS x', changing('attachments')],
    ['sqlite', 'CREATE TEMP TABLE t (a)', changing('temporary')],
    ['sqlite', 'DELETE FROM t RETURNING a', answer],
    ['sqlite', 'EXPLAIN DELETE FROM t', read],
    ['sqlite', 'ROLLBACK TO s', control],
  ])('%s: %j', (which, text, traits) => {
    for (const dialect of which === 'all' ? dialects : [which]) {
      expect(translate(text, dialectFor(dialect)).traits).toEqual(traits)
    }
  })
})
