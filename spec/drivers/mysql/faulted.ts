import type { MariaDbAccess } from '../../support/mariadb-access.ts'
import type { MariaDbDatabase } from '../../support/mariadb-database.ts'
import type { FaultedDatabase } from '../faults/faulted-database.ts'

/** A database of MariaDB for the specs of faults. */
export function faulted(server: MariaDbAccess, database: MariaDbDatabase): FaultedDatabase {
  return {
    settings: { ...database.settings, driver: 'mysql' },
    sessions: async () => (await database.sessions()).map(({ id }) => id),
    sleeps: async (session) =>
      (await database.sessions()).some(({ id, state }) => id === session && state === 'User sleep'),
    terminate: (session) => server.terminate(session),
    sleep: (seconds) => `SELECT SLEEP(${seconds})`,
    session: 'SELECT CONNECTION_ID() AS id',
    // So many that the server sends some of them while it makes the others.
    endlessRows:
      "SELECT seq, IF(seq > 5000, SLEEP(60), 0) AS s, REPEAT('x', 1000) AS filler FROM seq_1_to_9999",
  }
}
