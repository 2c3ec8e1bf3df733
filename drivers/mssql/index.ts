import { BaseConnectionPoolDataSource } from '../../src/session/base-data-source.ts'
import type { Driver } from '../../src/spi/driver.ts'
import { mssqlDialect } from '../../src/sql/dialects/mssql.ts'
import { connect, describeTarget } from './connect.ts'
import { mssqlDescriptor, type MssqlSettings } from './settings.ts'
import { loadTediousClient } from './tedious-module.ts'

export type { BulkRows, BulkValue } from './bulk-load.ts'
export { classify } from './errors.ts'
export { MssqlSession } from './mssql-session.ts'

/**
 * SQL Server by the package `tedious`, 20.3 or newer, which is loaded at the first connect. It was proved on a test
 * double of SQL Server, not on a server of Microsoft.
 */
export const mssqlDriver: Driver = {
  ...mssqlDescriptor,
  loadClient: loadTediousClient,
  createConnectionPoolDataSource(settings, context) {
    const own = settings as MssqlSettings
    return new BaseConnectionPoolDataSource({
      description: describeTarget(own),
      driverName: mssqlDescriptor.name,
      dialect: mssqlDialect,
      context,
      connect: (options) => connect(own, options, context),
    })
  },
}
