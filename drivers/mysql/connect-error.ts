import { SQLException } from '../../src/api/sql-exception.ts'
import { classify } from './errors.ts'
import { hostText, type Host } from './hosts.ts'

/** Why a session could not be opened, in one wording: to where, what happened, what to do. */
export function connectError(error: unknown, description: string): SQLException {
  if (error instanceof SQLException && error.reason !== 'connection-lost') return error
  const cause = error instanceof SQLException ? (error.cause ?? error) : error
  const { class: errorClass, ...details } = classify(cause, { phase: 'connect', transactionStatus: 'none' })
  const text = messageOf(cause)
  return new errorClass(`Cannot connect to ${description}: ${text}${remedy(cause, text)}`, {
    ...details,
    cause,
  })
}

/** Why no session could be opened, with any of the hosts that were tried: the error of the last, and what the others said. */
export function noneReached(
  errors: readonly SQLException[],
  hosts: readonly Host[],
  description: string,
): SQLException {
  const last = errors.at(-1)!
  if (hosts.length === 1) return last
  const prefix = `Cannot connect to ${description}: `
  const texts = errors.map(({ message }, at) => {
    return `${hostText(hosts[at]!)}: ${message.startsWith(prefix) ? message.slice(prefix.length) : message}`
  })
  const { sqlState, errorCode, reason, fatal, retry, constructor } = last
  return new (constructor as typeof SQLException)(`${prefix}${texts.join('; ')}`, {
    sqlState,
    errorCode,
    reason,
    fatal,
    retry,
    cause: new AggregateError(errors, texts.join('; ')),
  })
}

/** Several addresses were tried: each failure is one of the errors within. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((inner) => (inner instanceof Error ? inner.message : String(inner))).join('; ')
  }
  return error instanceof Error ? error.message : String(error)
}

function remedy(error: unknown, text: string): string {
  if ((error as { readonly code?: unknown }).code === 'HANDSHAKE_NO_SSL_SUPPORT') {
    return ". To go without TLS, say so: tls: { mode: 'disable' }, or ?ssl-mode=DISABLED in the URL"
  }
  if (/certificate|self[- ]signed|altnames/i.test(text)) {
    return ". Give its authority with tls: { ca }, or ask for less with tls: { mode: 'verify-ca' } or 'require'"
  }
  return ''
}
