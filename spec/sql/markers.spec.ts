import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import type { DialectName } from '../../src/sql/dialect.ts'
import { nativeSQL } from '../../src/sql/native-sql.ts'
import { dialects, refusal } from './support.ts'

describe('markers', () => {
  it.each<[DialectName, string, string, number]>([
    ['pg', 'SELECT ?, ?', 'SELECT $1, $2', 2],
    ['mssql', 'SELECT ?, ?', 'SELECT @p1, @p2', 2],
    ['mysql', 'SELECT ?, ?', 'SELECT ?, ?', 2],
    ['sqlite', 'SELECT ?, ?', 'SELECT ?, ?', 2],
    ['pg', 'a=?-?', 'a=$1-$2', 2],

    // A marker beside a name would be another token.
    ['pg', 'FROM t LIMIT?', 'FROM t LIMIT $1', 1],
    ['pg', 'a=?AND b=?OR c', 'a=$1 AND b=$2 OR c', 2],
    ['pg', 'a$?$b', 'a$ $1 $b', 1],
    ['pg', 'é?é', 'é $1 é', 1],
    ['pg', '"a"?"b"', '"a"$1"b"', 1],
    ['pg', '(?)::int', '($1)::int', 1],
    ['mssql', 'TOP?FROM', 'TOP @p1 FROM', 1],
    ['mssql', '#?# @?@ $?$', '# @p1 # @ @p2 @ $ @p3 $', 3],
    ['mysql', 'LIMIT?', 'LIMIT?', 1],
    ['mysql', 'a=?AND b', 'a=? AND b', 1],
    ['mysql', 'a=?$ ?é', 'a=? $ ? é', 2],
    ['mysql', 'a=?@b', 'a=?@b', 1],
    ['sqlite', 'a=?AND b', 'a=?AND b', 1],

    ['pg', "j ?? 'a'", "j ? 'a'", 0],
    ['pg', 'j ??| ? AND k ??& ?', 'j ?| $1 AND k ?& $2', 2],
    ['pg', 'j @?? ?', 'j @? $1', 1],
    ['pg', 'j ???', 'j ?$1', 1],
    ['pg', 'j ????', 'j ??', 0],
    ['pg', '\'??\' -- ??\n/* ?? */ "??" $$??$$', '\'??\' -- ??\n/* ?? */ "??" $$??$$', 0],

    // Native markers alone.
    ['pg', 'SELECT $2, $1, $2', 'SELECT $2, $1, $2', 2],
    ['pg', 'SELECT $3', 'SELECT $3', 3],
    ['pg', "SELECT j ?? 'a', $1", "SELECT j ? 'a', $1", 1],
    ['pg', 'SELECT {fn ucase($1)}', 'SELECT UPPER($1)', 1],
    ['pg', 'PREPARE p AS SELECT $1', 'PREPARE p AS SELECT $1', 0],
    ['pg', 'CREATE FUNCTION f(int) RETURNS int RETURN $1', 'CREATE FUNCTION f(int) RETURNS int RETURN $1', 0],
    ['mssql', 'SELECT @p1, @P2', 'SELECT @p1, @P2', 2],
    ['mssql', 'SELECT @p1x, @@p1, @q1', 'SELECT @p1x, @@p1, @q1', 0],
    ['mssql', 'DECLARE @p1 INT = 1', 'DECLARE @p1 INT = 1', 0],
    ['mssql', 'EXEC f @p1 = 5, @p2 = ?', 'EXEC f @p1 = 5, @p2 = @p1', 1],
    ['mysql', 'SELECT @p1, :a, $1', 'SELECT @p1, :a, $1', 0],
  ])('%s: %j is %j', (dialect, text, sql, parameterCount) => {
    expect(nativeSQL(text, dialect)).toEqual({ sql, parameterCount })
  })

  it("SQLite's own are counted by name, as the database counts them, and bound by name", () => {
    const native = nativeSQL('SELECT :a + @b + $c::d(e) + :a AS n', 'sqlite')
    expect(native).toEqual({
      sql: 'SELECT :a + @b + $c::d(e) + :a AS n',
      parameterCount: 3,
      names: [':a', '@b', '$c::d(e)'],
    })
    const database = new DatabaseSync(':memory:')
    const values = Object.fromEntries(native.names!.map((name, index) => [name, index + 1]))
    expect(database.prepare(native.sql).get(values)).toEqual({ n: 7 })
    database.close()
  })

  it.each<[DialectName, text: string, marker: string, column: number]>([
    ['pg', 'SELECT ?,\n $1', '$1', 2],
    ['pg', 'SELECT 1,\n $1, ?', '$1', 2],
    ['mssql', 'SELECT ?,\n @P12', '@P12', 2],
    ['sqlite', 'SELECT ?,\n :a', ':a', 2],
    ['sqlite', 'SELECT ?,\n @a', '@a', 2],
    ['sqlite', 'SELECT ?,\n $a', '$a', 2],
  ])('%s: %j mixes', (dialect, text, marker, column) => {
    expect(refusal(text, dialect)).toMatchObject({
      name: 'SQLSyntaxErrorException',
      sqlState: '42601',
      position: text.indexOf(marker),
      line: 2,
      column,
    })
    expect(refusal(text, dialect).message).toContain(
      `'${marker}' at line 2, column ${column} stands beside ?`,
    )
  })

  it.each(dialects)('%s: a digit behind a question mark', (dialect) => {
    expect(refusal('SELECT a,\n  ?1', dialect)).toMatchObject({
      sqlState: '42601',
      position: 12,
      line: 2,
      column: 3,
    })
  })

  it.each(['mysql', 'mssql', 'sqlite'] as const)('%s has no operator that begins with ?', (dialect) => {
    expect(refusal('SELECT a ?? b', dialect)).toMatchObject({ sqlState: '42601', position: 9 })
  })
})
