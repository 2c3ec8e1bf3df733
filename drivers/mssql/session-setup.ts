import type { ServerFacts, SessionState } from '../../src/spi/physical-connection.ts'
import { QueryExchange } from './query-exchange.ts'
import { isolationsOf, settingsText } from './session-sql.ts'
import type { MssqlSettings } from './settings.ts'
import type { Wire } from './wire.ts'

/** What a session is like when it begins. */
export interface SessionFacts {
  /** Its number, which KILL takes. */
  readonly spid: number
  readonly server: ServerFacts
  readonly state: SessionState
  /** What brings a session that was reset into this state. */
  readonly settings: string
}

const factsText = `SELECT @@SPID, CAST(SERVERPROPERTY('ProductVersion') AS NVARCHAR(128)), SCHEMA_NAME(),
  snapshot_isolation_state FROM sys.databases WHERE name = DB_NAME()`

/** Makes the session what was asked for, and asks what a handle has to restore: one round trip. */
export async function openSession(wire: Wire, settings: MssqlSettings): Promise<SessionFacts> {
  const own = settingsText(settings)
  const [row = []] = await QueryExchange.command(wire, 'harmless', `${own}\n${factsText}`)
  const [spid, version, schema, snapshot] = row
  return {
    spid: Number(spid),
    server: Object.freeze({
      productName: 'Microsoft SQL Server',
      productVersion: String(version),
      supportedIsolations: isolationsOf(Number(snapshot) === 1),
    }),
    state: Object.freeze({
      isolation: 'read committed',
      readOnly: false,
      schema: (schema as string | null) ?? '',
    }),
    settings: `${wire.client.getInitialSql()}\n${own}`,
  }
}
