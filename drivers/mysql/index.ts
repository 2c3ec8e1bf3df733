import { BaseConnectionPoolDataSource } from '../../src/session/base-data-source.ts'
import type { Driver } from '../../src/spi/driver.ts'
import { mysqlDialect } from '../../src/sql/dialects/mysql.ts'
import { connect, controlConnection, describeTarget } from './connect.ts'
import { loadMySqlClient } from './mysql-module.ts'
import { mySqlDescriptor, type MySqlSettings } from './settings.ts'

export type { LoadResult, LoadSource } from './mysql-session.ts'
export { MySqlSession } from './mysql-session.ts'
export { classify, type MySqlErrorContext } from './errors.ts'

/** MySQL and MariaDB by the package `mysql2`, 3.24 or newer, which is loaded at the first connect. */
export const mysqlDriver: Driver = {
  ...mySqlDescriptor,
  loadClient: loadMySqlClient,
  createConnectionPoolDataSource(settings, context) {
    const own = settings as MySqlSettings
    const control = controlConnection(own, context)
    return new BaseConnectionPoolDataSource({
      description: describeTarget(own),
      driverName: mySqlDescriptor.name,
      dialect: mysqlDialect(),
      context,
      connect: (options) => connect(own, options, context, control),
      close: () => control.close(),
    })
  },
}
