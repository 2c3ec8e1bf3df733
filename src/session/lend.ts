import type { Connection } from '../api/connection.ts'

/** Runs, and gives the connection back. A failure of the work is told before one of the giving back. */
export async function lend<T>(
  connection: Connection,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  let value: T
  try {
    value = await work(connection)
  } catch (error) {
    await giveBack(connection)
    throw error
  }
  await connection.close()
  return value
}

/** After a failure, which is told before one of the giving back. */
export async function giveBack(connection: Connection): Promise<void> {
  await connection.close().catch(() => {})
}
