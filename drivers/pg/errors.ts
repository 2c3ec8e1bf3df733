import {
  SQLDataException,
  SQLException,
  SQLTimeoutException,
  SQLTransientException,
  SQLWarning,
} from '../../src/api/sql-exception.ts'
import {
  bySqlState,
  connectFailure,
  lostSession,
  ordinaryStatement,
  type Classification,
  type ErrorContext,
  type TransactionEffect,
} from '../../src/spi/classification.ts'
import { meaningOf } from '../../src/sql/sqlstates.ts'
import type { ServerError, ServerMessage } from './pg-module.ts'
import { stateOfRefusal, waitedInVain } from './pooler-errors.ts'
import { CopyRefused } from './request.ts'

export type { Classification, ErrorContext, TransactionEffect } from '../../src/spi/classification.ts'

/** What the names of plans begin with. */
export const planPrefix = 'wellhead_'

export type PgNotice = Error & ServerMessage

/** How far a request can have come when its session is lost. */
export type RequestKind = Exclude<ErrorContext['phase'], 'connect' | 'idle'>

/** Ended sessions, whatever the severity is called in the language of the server. */
const fatalStates = new Set(['57P01', '57P02', '57P04', '57P05', '25P03', '25P04'])

/** The session ends with this message. */
export function isFatal({ severity, code }: ServerMessage): boolean {
  return severity === 'FATAL' || severity === 'PANIC' || (code !== undefined && fatalStates.has(code))
}

/**
 * Classifies an error of `pg`, of the server or of the socket: what is known of the session first, then the SQLSTATE,
 * then its class. An error fails the transaction that was open; the server itself says so (ReadyForQuery).
 *
 * @param context Default: a statement outside a transaction.
 */
export function classify(error: unknown, context: ErrorContext = ordinaryStatement): Classification {
  const code = codeOf(error)
  if (error instanceof CopyRefused) return bySqlState('0A000', undefined, context, { transaction: 'unknown' })
  if (!isServerError(error) || code === undefined) {
    return context.phase === 'connect' ? connectTrouble(error, code, context) : lostSession(context, code)
  }
  if (context.phase === 'connect') return connectRefusal(error, code, context)
  if (isFatal(error)) {
    const isUnsent = code === '08P01' && waitedInVain(error.message)
    return lostSession(isUnsent ? { ...context, phase: 'idle' } : context, code, code)
  }
  const transaction: TransactionEffect = context.phase === 'commit' ? 'unknown' : 'failed'
  if (isStalePlan(error)) {
    // Nothing was executed: the plan is asked for before the statement begins.
    const retry = context.transactionStatus === 'none' ? 'statement' : 'transaction'
    return bySqlState(code, code, context, {
      class: SQLTransientException,
      reason: 'statement-invalid',
      retry,
      transaction,
    })
  }
  // A time-out of the server is told from a cancel by its text alone, which may be in any language.
  if (code === '57014' && /statement timeout/i.test(error.message)) {
    return bySqlState(code, code, context, { class: SQLTimeoutException, reason: 'timeout', transaction })
  }
  return bySqlState(code, code, context, { transaction })
}

/** Why there is no session, by the server. */
function connectRefusal({ message }: ServerError, code: string, context: ErrorContext): Classification {
  if (code === '08P01') {
    const state = stateOfRefusal(message)
    return state === undefined ? connectFailure(code, false) : bySqlState(state, code, context)
  }
  // It shuts down: nothing was executed here.
  const lost = meaningOf(code).reason === 'connection-lost'
  return lost ? { ...connectFailure(code, false), sqlState: code } : bySqlState(code, code, context)
}

/** Why there is no session, when the server has not said it: the client, TLS, or the socket. */
function connectTrouble(error: unknown, code: string | undefined, context: ErrorContext): Classification {
  const text = error instanceof Error ? error.message : ''
  if (/^SASL|password/i.test(text)) return bySqlState('28000', code, context)
  return noTls.test(text) ? connectFailure(code, true) : connectFailure(code)
}

/** The server, asked for TLS, has said that it has none. */
export const noTls = /does not support SSL/i

function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

/** The exception for an error of the server, of the socket or of a decoder. */
export function toException(error: unknown, context: ErrorContext): SQLException {
  if (error instanceof SQLException) return error
  const { class: errorClass, ...details } = classify(error, context)
  const message = error instanceof Error ? error.message : String(error)
  const text =
    details.fatal && details.reason === 'connection-lost'
      ? `The connection to PostgreSQL was lost: ${message}`
      : message + remedy(error, message)
  return new errorClass(errorClass === SQLDataException ? withoutValues(text) : text, {
    ...details,
    cause: error,
  })
}

/** A plan that is there twice, or not at all, was prepared on another connection to the server. */
function remedy(error: unknown, message: string): string {
  const code = codeOf(error)
  if ((code !== '26000' && code !== '42P05') || !message.includes(planPrefix)) return ''
  return ". Is PgBouncer in front, in transaction mode? Then set pooler: 'transaction'"
}

/** Messages of class 22 quote the value: it stays with the cause. */
function withoutValues(message: string): string {
  return message.replace(/: "[\s\S]*"$/, '').replace(/"[\s\S]*"/, '"…"')
}

/** NOTICE, WARNING and the like. */
export function toWarnings(notices: readonly PgNotice[]): SQLWarning[] {
  return notices.map((notice) => {
    const sqlState = notice.code ?? '01000'
    // RAISE NOTICE comes as success, RAISE WARNING as a warning without a name.
    const raised = sqlState === '00000' || sqlState === '01000'
    const reason = raised ? 'user-raised' : meaningOf(sqlState).reason
    return new SQLWarning(notice.message ?? '', { sqlState, errorCode: sqlState, reason, cause: notice })
  })
}

/** The plan of a prepared statement is gone, or fits its tables no more. */
export function isStalePlan(error: unknown): boolean {
  if (!isServerError(error)) return false
  const { code, routine } = error
  return code === '26000' || (code === '0A000' && routine === 'RevalidateCachedQuery')
}

function isServerError(error: unknown): error is ServerError {
  return typeof error === 'object' && error !== null && 'severity' in error
}
