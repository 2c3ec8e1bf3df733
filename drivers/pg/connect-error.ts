import {
  SQLException,
  SQLInvalidAuthorizationSpecException,
  SQLNonTransientConnectionException,
  SQLTransientConnectionException,
} from '../../src/api/sql-exception.ts'
import { classify } from './errors.ts'

/** Another try gives the same answer, until somebody mends it. */
const permanent = /^(ENOTFOUND|ENOENT|EACCES|ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_OSSL)/

/** Why a session could not be opened, in one wording: to where, what happened, what to do. */
export function connectError(error: unknown, description: string): SQLException {
  if (error instanceof SQLException) return error
  const {
    class: errorClass,
    sqlState,
    errorCode,
    reason,
    retry,
  } = classify(error, {
    phase: 'connect',
    transactionStatus: 'none',
  })
  const text = messageOf(error)
  const message = `Cannot connect to ${description}: ${text}${remedy(text)}`
  const common = { errorCode, cause: error }
  // The server has spoken: 28P01, 3D000, 53300 …
  if (errorCode !== undefined && errorCode === sqlState) {
    return new errorClass(message, { ...common, sqlState, reason, retry })
  }
  if (/^SASL|password/i.test(text)) {
    return new SQLInvalidAuthorizationSpecException(message, { ...common, sqlState: '28000', reason: 'auth' })
  }
  if (permanent.test(errorCode ?? '') || noTls.test(text)) {
    const details = { ...common, sqlState: '08001', reason: 'connect-failed' } as const
    return new SQLNonTransientConnectionException(message, details)
  }
  return new SQLTransientConnectionException(message, {
    ...common,
    sqlState: '08001',
    reason: 'connect-failed',
    retry: 'connect',
  })
}

const noTls = /does not support SSL/i

/** Several addresses were tried: each failure is one of the errors within. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((inner) => (inner instanceof Error ? inner.message : String(inner))).join('; ')
  }
  return error instanceof Error ? error.message : String(error)
}

function remedy(text: string): string {
  if (noTls.test(text)) {
    return ". To go without TLS, say so: tls: { mode: 'disable' }, or ?sslmode=disable in the URL"
  }
  if (/certificate|self[- ]signed|altnames/i.test(text)) {
    return ". Give its authority with tls: { ca }, or ask for less with tls: { mode: 'verify-ca' } or 'require'"
  }
  return ''
}
