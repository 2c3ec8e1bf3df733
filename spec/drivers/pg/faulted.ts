import type { PostgresAccess } from '../../support/postgres-access.ts'
import type { PostgresDatabase } from '../../support/postgres-database.ts'
import type { FaultedDatabase } from '../faults/faulted-database.ts'

/** A database of PostgreSQL for the specs of faults. */
export function faulted(server: PostgresAccess, database: PostgresDatabase): FaultedDatabase {
  return {
    settings: { ...database.settings, driver: 'pg' },
    sessions: async () => (await database.sessions()).map(({ pid }) => pid),
    sleeps: async (session) =>
      (await database.sessions()).some(
        ({ pid, state, query }) => pid === session && state === 'active' && query.includes('pg_sleep'),
      ),
    terminate: (session) => server.terminate(session),
    sleep: (seconds) => `SELECT pg_sleep(${seconds})`,
    session: 'SELECT pg_backend_pid() AS id',
    endlessRows:
      'SELECT n, pg_sleep(CASE WHEN n > 2 THEN 60 ELSE 0 END)::text AS s FROM generate_series(1, 9) AS g(n)',
  }
}
