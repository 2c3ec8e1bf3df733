import {
  SQLDataException,
  SQLException,
  SQLFeatureNotSupportedException,
  SQLRecoverableException,
  SQLTimeoutException,
  SQLTransientException,
  SQLWarning,
  type SQLExceptionDetails,
  type SQLReason,
  type SQLRetry,
} from '../../src/api/sql-exception.ts'
import type { TransactionStatus } from '../../src/spi/physical-connection.ts'
import type { ServerError, ServerMessage } from './pg-module.ts'
import { CopyRefused } from './request.ts'
import { meaningOf } from './sqlstates.ts'

export type PgNotice = Error & ServerMessage

/** What went on when an error came. */
export interface ErrorContext {
  /**
   * What was under way: `harmless` cannot have changed anything; `commit` may have been the end of a transaction;
   * `connect` is before there is a session.
   */
  readonly phase: 'connect' | 'idle' | 'harmless' | 'statement' | 'commit'
  /** Before it was sent. */
  readonly transactionStatus: TransactionStatus
}

/** How far a request can have come when its session is lost. */
export type RequestKind = Exclude<ErrorContext['phase'], 'connect' | 'idle'>

/** What an error means on every database, and what is left after it. */
export interface Classification {
  readonly class: new (message: string, details: SQLExceptionDetails) => SQLException
  readonly sqlState: string
  /** The SQLSTATE as the server gave it, or the code of the socket's error (`ECONNRESET`). */
  readonly errorCode: string | undefined
  readonly reason: SQLReason
  readonly fatal: boolean
  readonly retry: SQLRetry
}

/** Ended sessions, whatever the severity is called in the language of the server. */
const fatalStates = new Set(['57P01', '57P02', '57P04', '57P05', '25P03', '25P04'])

/** The session ends with this message. */
export function isFatal({ severity, code }: ServerMessage): boolean {
  return severity === 'FATAL' || severity === 'PANIC' || (code !== undefined && fatalStates.has(code))
}

/**
 * Classifies an error of `pg`, of the server or of the socket: what is known of the session first, then the SQLSTATE,
 * then its class.
 *
 * @param context Default: a statement outside a transaction.
 */
export function classify(
  error: unknown,
  context: ErrorContext = { phase: 'statement', transactionStatus: 'none' },
): Classification {
  const code = (error as { readonly code?: unknown } | null)?.code
  const state = typeof code === 'string' && isServerError(error) ? code : undefined
  if (error instanceof CopyRefused) {
    const reason = 'feature'
    return {
      class: SQLFeatureNotSupportedException,
      sqlState: '0A000',
      errorCode: undefined,
      reason,
      fatal: false,
      retry: 'no',
    }
  }
  if (isStalePlan(error)) {
    // Nothing was executed: the plan is asked for before the statement begins.
    const retry = context.transactionStatus === 'none' ? 'statement' : 'transaction'
    return {
      class: SQLTransientException,
      sqlState: state!,
      errorCode: state,
      reason: 'statement-invalid',
      fatal: false,
      retry,
    }
  }
  if (state !== undefined && !(isFatal(error as ServerError) && context.phase !== 'connect')) {
    const { class: errorClass, reason, retry } = meaningOf(state)
    return {
      class: errorClass,
      sqlState: state,
      errorCode: state,
      reason,
      fatal: context.phase === 'connect',
      retry,
    }
  }
  return {
    class: SQLRecoverableException,
    sqlState: state ?? '08006',
    errorCode: state ?? (typeof code === 'string' ? code : undefined),
    reason: 'connection-lost',
    fatal: true,
    retry: retryOfLoss(context),
  }
}

/** What may be done again when the session was lost, by how far the server can have come. */
function retryOfLoss({ phase, transactionStatus }: ErrorContext): SQLRetry {
  if (phase === 'commit') return 'unknown-outcome'
  // Whatever was done in the transaction went with it.
  if (transactionStatus === 'open' || transactionStatus === 'failed') return 'transaction'
  return phase === 'statement' ? 'unknown-outcome' : 'connect'
}

/** The exception for an error of the server, of the socket or of a decoder. */
export function toException(error: unknown, context: ErrorContext): SQLException {
  if (error instanceof SQLException) return error
  const { class: errorClass, ...details } = classify(error, context)
  const message = error instanceof Error ? error.message : String(error)
  // A time-out of the server is told from a cancel by its text alone, which may be in any language.
  if (details.sqlState === '57014' && /statement timeout/i.test(message)) {
    return new SQLTimeoutException(message, { ...details, reason: 'timeout', cause: error })
  }
  const text =
    details.fatal && details.reason === 'connection-lost'
      ? `The connection to PostgreSQL was lost: ${message}`
      : message
  return new errorClass(errorClass === SQLDataException ? withoutValues(text) : text, {
    ...details,
    cause: error,
  })
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
