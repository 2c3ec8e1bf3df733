import { BaseConnectionPoolDataSource } from '../../src/session/base-data-source.ts'
import type { Driver } from '../../src/spi/driver.ts'
import { pgDialect } from '../../src/sql/dialects/pg.ts'
import { connect, describeTarget } from './connect.ts'
import { loadPgClient } from './pg-module.ts'
import { pgDescriptor, type PgSettings } from './settings.ts'

export type { CopySource } from './copy-in.ts'
export { classify, type Classification, type ErrorContext, type TransactionEffect } from './errors.ts'
export type { ListenOptions, PgNotification, PgNotifications } from './notifications.ts'
export { PgSession } from './pg-session.ts'

/** PostgreSQL by the package `pg`, 8.23.1 or newer, which is loaded at the first connect. */
export const pgDriver: Driver = {
  ...pgDescriptor,
  loadClient: loadPgClient,
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
