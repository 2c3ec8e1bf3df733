import type { Dialect, DialectName } from '../dialect.ts'
import { mssqlDialect } from './mssql.ts'
import { mysqlDialect, type MysqlDialectOptions } from './mysql.ts'
import { pgDialect, type PgDialectOptions } from './pg.ts'
import { sqliteDialect } from './sqlite.ts'

/** Settings of a session that its lexer depends on. Those of another database are not looked at. */
export interface DialectOptions extends PgDialectOptions, MysqlDialectOptions {}

/** The dialect of a database, as its session is set. The same settings give the same object. */
export function dialectFor(name: DialectName, options: DialectOptions = {}): Dialect {
  switch (name) {
    case 'mssql':
      return mssqlDialect
    case 'sqlite':
      return sqliteDialect
    case 'pg': {
      const { standardConformingStrings = true } = options
      return remembered(`pg ${standardConformingStrings}`, () => pgDialect(options))
    }
    case 'mysql': {
      const { noBackslashEscapes = false, ansiQuotes = false, flavor = 'mysql' } = options
      return remembered(`mysql ${noBackslashEscapes} ${ansiQuotes} ${flavor}`, () => mysqlDialect(options))
    }
  }
}

/** One for each combination of settings. */
const known = new Map<string, Dialect>()

function remembered(key: string, make: () => Dialect): Dialect {
  let dialect = known.get(key)
  if (dialect === undefined) known.set(key, (dialect = make()))
  return dialect
}
