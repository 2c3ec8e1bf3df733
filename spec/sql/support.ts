import { SQLException } from '../../src/api/sql-exception.ts'
import type { DialectName } from '../../src/sql/dialect.ts'
import { nativeSQL, type NativeSQLOptions } from '../../src/sql/native-sql.ts'
import type { TextFault } from '../../src/sql/text-fault.ts'

export const dialects: readonly DialectName[] = ['pg', 'mysql', 'mssql', 'sqlite']

/** The error of a text that must be refused. */
export function refusal(
  text: string,
  dialect: DialectName,
  options?: NativeSQLOptions,
): SQLException & Partial<TextFault> {
  let sql: string
  try {
    ;({ sql } = nativeSQL(text, dialect, options))
  } catch (error) {
    if (error instanceof SQLException) return error
    throw error
  }
  throw new Error(`${dialect} took ${JSON.stringify(text)} as ${JSON.stringify(sql)}`)
}
