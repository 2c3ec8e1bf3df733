import { SQLNonTransientException } from '../api/sql-exception.ts'
import type { NativeSQL } from './compiled-statement.ts'
import type { DialectName } from './dialect.ts'
import { dialectFor, type DialectOptions } from './dialects/index.ts'
import { translate } from './translator.ts'

/** How a text is translated: the settings of the session that it is for, and what is left alone. */
export interface NativeSQLOptions extends DialectOptions {
  /** Translate the JDBC escapes (`{fn …}`, `{d '…'}`, `{limit …}`). Default: true. */
  readonly escapeProcessing?: boolean | undefined
}

/**
 * The portable text as one database takes it (`java.sql.Connection.nativeSQL`), with parameters given: each `?` is one.
 *
 * @throws SQLSyntaxErrorException 42601 for a text that is not portable or not ended, 54001 for one that is nested too
 *   deep; `SQLFeatureNotSupportedException` 0A000 for several statements and for escapes that the database cannot have.
 *   Both carry `position`, `line` and `column` (see `TextFault`). `SQLNonTransientException` HY009 when it is no text,
 *   HY024 for a dialect that is not known.
 */
export function nativeSQL(sql: string, dialect: DialectName, options: NativeSQLOptions = {}): NativeSQL {
  if (typeof sql !== 'string') throw notText(sql)
  const rules = dialectFor(dialect, options) as ReturnType<typeof dialectFor> | undefined
  if (rules === undefined) {
    throw new SQLNonTransientException(
      `There is no dialect '${dialect}': pg, mysql, mssql, sqlite are known`,
      {
        sqlState: 'HY024',
        reason: 'parameter',
      },
    )
  }
  const { traits: _traits, ...native } = translate(sql, rules, options)
  return native
}

/** HY009 for what is given in place of a text. */
export function notText(value: unknown): SQLNonTransientException {
  return new SQLNonTransientException(`The SQL is ${kindOf(value)}, not a text`, {
    sqlState: 'HY009',
    reason: 'parameter',
  })
}

/** What a value is, without showing it. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
