// Uses a memory database, says where its file is, and ends without closing anything. Run by a spec.
import { sqliteDriver } from '../../../drivers/sqlite/index.ts'
import { noDeadline } from '../../../src/session/call-deadline.ts'
import { systemClock } from '../../../src/session/system-clock.ts'
import { validateSettings } from '../../../src/spi/settings.ts'

const settings = validateSettings(
  sqliteDriver.settings,
  { path: ':memory:', mode: process.argv[2] },
  'careless',
)
const source = sqliteDriver.createConnectionPoolDataSource(settings, {
  dataSourceName: 'careless',
  clock: systemClock,
  session: { queryTimeout: Infinity, validationTimeout: 5_000, statementCacheSize: 10 },
})
const connection = (await source.getPooledConnection({ deadline: noDeadline })).getConnection()
await connection.execute('CREATE TABLE t (id INTEGER)')
const { rows } = await connection.query<{ file: string }>('PRAGMA database_list')
console.log(rows[0]?.file)
process.exitCode = 3
process.exit()
