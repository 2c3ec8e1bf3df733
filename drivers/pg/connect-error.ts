import { SQLException } from '../../src/api/sql-exception.ts'
import { classify, noTls } from './errors.ts'

/** Why a session could not be opened, in one wording: to where, what happened, what to do. */
export function connectError(error: unknown, description: string): SQLException {
  if (error instanceof SQLException) return error
  const { class: errorClass, ...details } = classify(error, { phase: 'connect', transactionStatus: 'none' })
  const text = messageOf(error)
  return new errorClass(`Cannot connect to ${description}: ${text}${remedy(text)}`, {
    ...details,
    cause: error,
  })
}

/** Several addresses were tried: each failure is one of the errors within. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((inner) => (inner instanceof Error ? inner.message : String(inner))).join('; ')
  }
  return error instanceof Error ? error.message : String(error)
}

function remedy(text: string): string {
  if (/unsupported startup parameter/i.test(text)) {
    return ". Is PgBouncer in front? Then set pooler: 'transaction', or 'session' as the pooler is configured"
  }
  if (noTls.test(text)) {
    return ". To go without TLS, say so: tls: { mode: 'disable' }, or ?sslmode=disable in the URL"
  }
  if (/certificate|self[- ]signed|altnames/i.test(text)) {
    return ". Give its authority with tls: { ca }, or ask for less with tls: { mode: 'verify-ca' } or 'require'"
  }
  return ''
}
