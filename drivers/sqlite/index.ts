import { resolve } from 'node:path'
import { BaseConnectionPoolDataSource } from '../../src/session/base-data-source.ts'
import type { ConnectionPoolDataSource, Driver, DriverContext } from '../../src/spi/driver.ts'
import type { OpenChannel } from './channel.ts'
import { connect } from './connect.ts'
import { sqliteDialect } from './dialect.ts'
import { InlineChannel } from './inline-channel.ts'
import { ProcessChannel } from './process-channel.ts'
import type { OpenOptions } from './protocol.ts'
import { requireNode } from './node-version.ts'
import { sqliteDescriptor, type SqliteMode, type SqliteSettings } from './settings.ts'
import { TemporaryDatabase } from './temporary-database.ts'
import { WorkerChannel } from './worker-channel.ts'

export type { Classification, ErrorContext, TransactionEffect } from '../../src/spi/classification.ts'
export { classify } from './errors.ts'

/** SQLite by `node:sqlite`. */
export const sqliteDriver: Driver = {
  ...sqliteDescriptor,
  async loadClient() {
    requireNode()
    return { name: 'node:sqlite', version: process.versions['sqlite'] }
  },
  createConnectionPoolDataSource(settings, context) {
    return createSource(settings as SqliteSettings, context)
  },
}

const channels: Record<SqliteMode, OpenChannel> = {
  inline: (listener) => new InlineChannel(listener),
  worker: (listener) => new WorkerChannel(listener),
  process: (listener) => new ProcessChannel(listener),
}

function createSource(settings: SqliteSettings, context: DriverContext): ConnectionPoolDataSource {
  const { mode, path, readOnly, busyTimeout, journalMode, synchronous, foreignKeys } = settings
  const temporary = path === ':memory:' ? new TemporaryDatabase() : undefined
  // Later changes of the working folder do not move the database.
  const file = temporary === undefined ? resolve(path) : undefined
  const common = {
    busyTimeout,
    journalMode,
    foreignKeys,
    nativeValues: context.session.types === 'native',
  }
  return new BaseConnectionPoolDataSource({
    description: `SQLite database ${file ?? 'in memory'} (${mode})`,
    driverName: sqliteDescriptor.name,
    dialect: sqliteDialect,
    context,
    connect({ deadline }) {
      const options: OpenOptions =
        temporary === undefined
          ? { ...common, path: file!, readOnly, synchronous }
          : { ...common, path: temporary.path, readOnly: false, synchronous: 'off' }
      return connect(channels[mode], options, context.session.statementCacheSize, deadline)
    },
    close() {
      temporary?.remove()
      return Promise.resolve()
    },
  })
}
