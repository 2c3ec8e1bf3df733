import type { SQLException } from '../../src/api/sql-exception.ts'
import type { Deadline } from '../../src/spi/deadline.ts'
import type { OpenChannel } from './channel.ts'
import { connectError } from './connect-error.ts'
import type { OpenOptions } from './protocol.ts'
import { SqliteConnection } from './sqlite-connection.ts'

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
