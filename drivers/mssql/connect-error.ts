import { SQLException } from '../../src/api/sql-exception.ts'
import { classify } from './errors.ts'
import { messageOf } from './exceptions.ts'

/** Why a session could not be opened, in one wording: to where, what happened, what to do. */
export function connectError(error: unknown, description: string): SQLException {
  if (error instanceof SQLException && error.reason !== 'connection-lost') return error
  const cause = error instanceof SQLException ? (error.cause ?? error) : error
  const { class: errorClass, ...details } = classify(cause, { phase: 'connect', transactionStatus: 'none' })
  const text = innermost(cause)
  return new errorClass(`Cannot connect to ${description}: ${text}${remedy(cause, text)}`, {
    ...details,
    cause,
  })
}

/** `tedious` wraps what a socket says, and leaves out what several addresses said. */
function innermost(error: unknown): string {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown }
  return code === 'ESOCKET' && cause instanceof Error ? messageOf(cause) : messageOf(error)
}

function remedy(error: unknown, text: string): string {
  if ((error as { readonly code?: unknown }).code === 'EENCRYPT') {
    return /requires/.test(text)
      ? ". Encrypt: tls: 'verify-full', or ?encrypt=true in the URL"
      : ". To go without TLS, say so: tls: 'disable', or ?encrypt=false in the URL"
  }
  if (/certificate|self[- ]signed|altnames/i.test(text)) {
    return ". Give its authority with tls: { ca }, or ask for less with tls: { mode: 'verify-ca' } or 'require'"
  }
  return ''
}
