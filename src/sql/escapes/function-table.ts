import type { DialectName } from '../dialect.ts'
import type { FunctionRow } from './function-row.ts'
import { numericFunctions } from './numeric-functions.ts'
import { stringFunctions } from './string-functions.ts'
import { systemFunctions } from './system-functions.ts'
import { temporalFunctions } from './temporal-functions.ts'

/** The order of the cells in a row. */
export const functionColumns: readonly DialectName[] = ['pg', 'mysql', 'mssql', 'sqlite']

/** The functions of JDBC 4.3, appendix C; each cell but those of SQL Server was run on a server. */
export const functionTable: ReadonlyMap<string, FunctionRow> = new Map(
  [numericFunctions, stringFunctions, temporalFunctions, systemFunctions].flatMap((table) =>
    Object.entries(table),
  ),
)

/** The names in the table, so that a wrong number of arguments is told from a function of the application's. */
export const functionNames: ReadonlySet<string> = new Set(
  Array.from(functionTable.keys(), (key) => key.split(/[/ ]/)[0]!),
)
