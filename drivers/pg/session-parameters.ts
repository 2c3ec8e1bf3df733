import type { PgClient } from './pg-module.ts'
import type { PgSettings } from './settings.ts'

/** Those of which poolers see to it that each connection to the server has them as its client wants them. */
const tracked = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  // Texts were read by these rules before they are sent.
  standard_conforming_strings: 'on',
}

/** On these depends how values are read. */
export const promised = {
  IntervalStyle: 'postgres',
  extra_float_digits: '3',
  bytea_output: 'hex',
}

/** The session as Wellhead promises it: UTC, ISO dates, numbers with all their digits; and what the settings ask for. */
export function sessionParameters(settings: PgSettings): Record<string, string> {
  const { statementTimeout, lockTimeout, idleInTransactionTimeout } = settings
  return {
    ...settings.serverSettings,
    ...tracked,
    ...promised,
    ...timeout('statement_timeout', statementTimeout),
    ...timeout('lock_timeout', lockTimeout),
    ...timeout('idle_in_transaction_session_timeout', idleInTransactionTimeout),
  }
}

/** With what otherwise belongs to the first message: a pooler keeps it to itself, and RESET ALL does not come back to it. */
export function ownParameters(settings: PgSettings): Record<string, string> {
  const { applicationName } = settings
  return { ...sessionParameters(settings), client_encoding: 'UTF8', application_name: applicationName }
}

/** For the first message: it costs no round trip, and RESET ALL comes back to it. */
export function startupOptions(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => `-c ${escaped(name)}=${escaped(value)}`)
    .join(' ')
}

/** Poolers refuse other parameters in the first message, and `options` altogether (`pg` has them from PGOPTIONS too). */
export function startBehindPooler(client: PgClient): void {
  const usual = client.getStartupConf
  client.getStartupConf = () => {
    const { options: _, ...parameters } = usual.call(client)
    return { ...parameters, ...tracked }
  }
}

/** One that has come otherwise than it was asked for: something between here and the server has swallowed it. */
export function missingParameter(reported: ReadonlyMap<string, string>): string | undefined {
  return Object.entries(tracked).find(([name, value]) => (reported.get(name) ?? value) !== value)?.[0]
}

function timeout(name: string, milliseconds: number): Record<string, string> {
  return milliseconds === Infinity ? {} : { [name]: String(Math.ceil(milliseconds)) }
}

/** A space would end the option. */
function escaped(text: string): string {
  return text.replace(/[\\\s]/g, '\\$&')
}
