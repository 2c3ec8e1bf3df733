/** The portability layer alone: portable SQL as each database takes it. */
export type { NativeSQL } from './sql/compiled-statement.ts'
export type { DialectName } from './sql/dialect.ts'
export type { DialectOptions } from './sql/dialects/index.ts'
export type { MysqlDialectOptions } from './sql/dialects/mysql.ts'
export type { PgDialectOptions } from './sql/dialects/pg.ts'
export { nativeSQL, type NativeSQLOptions } from './sql/native-sql.ts'
export type { TextFault } from './sql/text-fault.ts'
