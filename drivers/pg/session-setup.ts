import type { IsolationLevel } from '../../src/api/executor.ts'
import type { ServerFacts, SessionState } from '../../src/spi/physical-connection.ts'
import { frontend } from './frontend-messages.ts'
import { ScriptRequest } from './script-request.ts'
import type { Wire } from './wire.ts'

/** What a session is like when it begins. */
export interface SessionFacts {
  readonly server: ServerFacts
  readonly state: SessionState
}

const isolations: readonly IsolationLevel[] = [
  // PostgreSQL gives the guarantees of the next one, as the standard allows.
  'read uncommitted',
  'read committed',
  'repeatable read',
  'serializable',
]

/** Asks for what a handle has to restore: one round trip. */
export async function openSession(wire: Wire): Promise<SessionFacts> {
  const [row] = await new Promise<readonly (readonly (string | null)[])[]>((resolve, reject) => {
    wire.send(
      new ScriptRequest(
        'harmless',
        ({ failure, answers }) => (failure === undefined ? resolve(answers) : reject(failure)),
        reject,
      ),
      frontend
        .query(
          "SELECT current_setting('default_transaction_isolation'), current_setting('default_transaction_read_only'), current_schema()",
        )
        .take(),
    )
  })
  const [isolation, readOnly, schema] = row ?? []
  return {
    server: Object.freeze({
      productName: 'PostgreSQL',
      productVersion: wire.parameters.get('server_version') ?? '',
      supportedIsolations: isolations,
    }),
    state: Object.freeze({
      isolation: isolation as IsolationLevel,
      readOnly: readOnly === 'on',
      schema: schema ?? '',
    }),
  }
}
