import { BaseConnectionPoolDataSource } from '../../src/session/base-data-source.ts'
import type { Driver } from '../../src/spi/driver.ts'
import { pgDialect } from '../../src/sql/dialects/pg.ts'
import { connect, describeTarget } from './connect.ts'
import { pgDescriptor, type PgSettings } from './settings.ts'

export { classify, type Classification, type ErrorContext } from './errors.ts'

/** PostgreSQL by the package `pg`, 8.23.1 or newer, which is loaded at the first connect. */
export const pgDriver: Driver = {
  ...pgDescriptor,
  createConnectionPoolDataSource(settings, context) {
    const own = settings as PgSettings
    return new BaseConnectionPoolDataSource({
      description: describeTarget(own),
      driverName: pgDescriptor.name,
      dialect: pgDialect(),
      context,
      connect: (options) => connect(own, options, context),
    })
  },
}
