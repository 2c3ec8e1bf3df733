export { sqliteDialect } from '../../src/sql/dialects/sqlite.ts'
