import { SQLException, SQLWarning } from '../../src/api/sql-exception.ts'
import { bySqlState, type Classification, type ErrorContext } from '../../src/spi/classification.ts'
import { meaningOf } from '../../src/sql/sqlstates.ts'
import { classify } from './errors.ts'
import type { ServerMessage } from './tedious-module.ts'

/** The exception for an error of the server, of the socket or of a decoder. */
export function toException(error: unknown, context: ErrorContext): SQLException {
  return error instanceof SQLException ? error : exceptionOf(error, classify(error, context))
}

export function exceptionOf(error: unknown, classification: Classification): SQLException {
  const { class: errorClass, ...details } = classification
  const message = messageOf(error)
  const text =
    details.fatal && details.reason === 'connection-lost'
      ? `The connection to SQL Server was lost: ${message}`
      : withoutValues(message)
  return new errorClass(text, { ...details, cause: error })
}

/**
 * The first words of a text are taken for the name of a procedure where they are nothing else: a slip of the pen in
 * SELECT becomes a procedure that there is not (2812). Undefined: the error means what it says.
 */
export function misspelled(error: unknown, sql: string, context: ErrorContext): Classification | undefined {
  if ((error as { readonly number?: number }).number !== noProcedure || callWord.test(sql)) return undefined
  return bySqlState('42601', noProcedure, context)
}

const noProcedure = 2812
const callWord = /\bexec(?:ute)?\b/i

/** Several errors of one request, or several addresses that were tried: each is told. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}

/** Told by the server without anybody asking, and without consequence: which database and language it speaks. */
const silent = new Set([5701, 5703])

/** What PRINT and errors of low severity say; undefined for what is no warning. */
export function toWarning(message: ServerMessage): SQLWarning | undefined {
  if (silent.has(message.number)) return undefined
  return new SQLWarning(withoutValues(message.message), {
    sqlState: '01000',
    errorCode: message.number,
    reason: meaningOf('01000').reason,
    cause: message,
  })
}

/** Messages quote values: 220, 244, 245, 248, 2601, 2627, 2628 and others. They stay with the cause. */
function withoutValues(message: string): string {
  return message
    .replace(/(duplicate key value is )\([\s\S]*\)/, '$1(…)')
    .replace(/((?:converting|conversion of) the \w+ value )'[\s\S]*'(?= to | overflowed)/, "$1'…'")
    .replace(/(Truncated value: )'[\s\S]*'/, "$1'…'")
    .replace(/(, value = )\S+/, '$1…')
}
