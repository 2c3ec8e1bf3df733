import type { MssqlAccess } from '../../support/mssql.ts'
import type { FaultedDatabase } from '../faults/faulted-database.ts'
import { tlsOf } from './support.ts'

/** A new database of SQL Server, or of its double, for the specs of faults. */
export async function faulted(server: MssqlAccess): Promise<FaultedDatabase> {
  const settings = await server.database()
  const sessions = (): ReturnType<MssqlAccess['sessions']> => server.sessions(settings.database)
  return {
    settings: { ...settings, ...tlsOf(server), driver: 'mssql' },
    sessions: async () => (await sessions()).map(({ spid }) => spid),
    sleeps: async (session) => (await sessions()).some(({ spid, isActive }) => spid === session && isActive),
    terminate: (session) => server.kill(session),
    sleep: (seconds) => `WAITFOR DELAY '00:00:${seconds < 10 ? '0' : ''}${seconds.toFixed(3)}'`,
    session: 'SELECT @@SPID AS id',
    // They end before a minute is over, but not before their reader is told.
    endlessRows: "SELECT value, REPLICATE(N'x', 1000) AS x FROM GENERATE_SERIES(1, 300000)",
  }
}
