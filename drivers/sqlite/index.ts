import { resolve } from 'node:path'
import type { SQLException } from '../../src/api/sql-exception.ts'
import { BaseConnectionPoolDataSource } from '../../src/session/base-data-source.ts'
import type { ConnectionPoolDataSource, Driver, DriverContext } from '../../src/spi/driver.ts'
import type { Deadline } from '../../src/spi/deadline.ts'
import type { OpenChannel } from './channel.ts'
import { connectError } from './connect-error.ts'
import { sqliteDialect } from './dialect.ts'
import { InlineChannel } from './inline-channel.ts'
import { ProcessChannel } from './process-channel.ts'
import type { OpenOptions } from './protocol.ts'
import { sqliteDescriptor, type SqliteMode, type SqliteSettings } from './settings.ts'
import { SqliteConnection } from './sqlite-connection.ts'
import { TemporaryDatabase } from './temporary-database.ts'
import { WorkerChannel } from './worker-channel.ts'

/** SQLite by `node:sqlite`. */
export const sqliteDriver: Driver = {
  ...sqliteDescriptor,
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
  const common = { busyTimeout, journalMode, foreignKeys }
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

/** Opens one session. One that misses its deadline is destroyed, and gone before the rejection. */
export async function connect(
  openChannel: OpenChannel,
  options: OpenOptions,
  statementCacheSize: number,
  deadline: Deadline,
): Promise<SqliteConnection> {
  if (deadline.error !== undefined) throw deadline.error
  let missed: SQLException | undefined
  let forget = (): void => {}
  try {
    return await SqliteConnection.open(openChannel, options, statementCacheSize, (connection) => {
      forget = deadline.onExpired((error) => {
        missed = error
        connection.destroy()
      })
    })
  } catch (error) {
    throw missed ?? connectError(error as SQLException, options.path, options.readOnly)
  } finally {
    forget()
  }
}
