import type { IsolationLevel } from '../../src/api/executor.ts'
import { SQLNonTransientConnectionException } from '../../src/api/sql-exception.ts'
import type { ServerFacts, SessionState } from '../../src/spi/physical-connection.ts'
import { frontend } from './frontend-messages.ts'
import type { Pooler } from './pooler.ts'
import { ScriptRequest } from './script-request.ts'
import { missingParameter, promised } from './session-parameters.ts'
import type { Wire } from './wire.ts'

/** What a session is like when it begins. */
export interface SessionFacts {
  /** What the server, or the log of the pooler, calls it. */
  readonly name: string
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

const factsText = `SELECT current_setting('default_transaction_isolation'), current_setting('default_transaction_read_only'), current_schema(), pg_backend_pid()`
const formatsText = `, current_setting('IntervalStyle'), current_setting('bytea_output'), current_setting('extra_float_digits')`

/**
 * Asks for what a handle has to restore: one round trip.
 *
 * @param text What is to be set first.
 * @throws SQLNonTransientConnectionException 08001 when the values that come would not be those that are promised.
 */
export async function openSession(wire: Wire, pooler: Pooler, text: string): Promise<SessionFacts> {
  const isShared = pooler === 'transaction'
  const facts = isShared ? factsText + formatsText : factsText
  const missing = missingParameter(wire.parameters)
  if (missing !== undefined) throw swallowed(missing)
  const answers = await new Promise<readonly (readonly (string | null)[])[]>((resolve, reject) => {
    wire.send(
      new ScriptRequest(
        'harmless',
        ({ failure, answers: rows }) => (failure === undefined ? resolve(rows) : reject(failure)),
        reject,
      ),
      frontend.query(`${text}; ${facts}`).take(),
    )
  })
  const [isolation, readOnly, schema, processId, ...formats] = answers.at(-1) ?? []
  if (isShared) checkFormats(formats)
  return {
    name: isShared ? nameOfClient(wire) : `pg ${processId ?? ''}`,
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

let clients = 0

/** A client of a pooler has no process of the server; the log of the pooler knows it by its port. */
function nameOfClient({ client }: Wire): string {
  const { localPort } = client.connection.stream
  clients++
  return localPort === undefined ? `pg client ${clients}` : `pg client at port ${localPort}`
}

/** Nobody can ask for them in the name of all connections to the server. */
function checkFormats([interval, bytea, digits]: readonly (string | null)[]): void {
  const found = { IntervalStyle: interval, bytea_output: bytea }
  for (const [name, value] of Object.entries(found)) {
    const wanted = promised[name as keyof typeof found]
    if (value !== wanted) throw wrongFormat(name, value, wanted)
  }
  // All numbers above 0 mean the same.
  if (!(Number(digits) > 0)) throw wrongFormat('extra_float_digits', digits, promised.extra_float_digits)
}

function wrongFormat(name: string, value: string | null | undefined, wanted: string): Error {
  return new SQLNonTransientConnectionException(
    `The connections to the server that the pooler gives have ${name} = ${value ?? ''}, and values can only be read with ${wanted}: ALTER ROLE … SET ${name} = '${wanted}'`,
    { sqlState: '08001', reason: 'connect-failed' },
  )
}

function swallowed(name: string): Error {
  return new SQLNonTransientConnectionException(
    `The session has not got ${name} as it was asked for. Is PgBouncer in front, with options in ignore_startup_parameters? Then set pooler: 'transaction', or 'session' as the pooler is configured`,
    { sqlState: '08001', reason: 'connect-failed' },
  )
}
