import {
  SQLNonTransientException,
  SQLTimeoutException,
  SQLTransientException,
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
import { bySeverity, fatalNumbers, known, numbers } from './error-numbers.ts'

/** What of an error of `tedious` is read. */
interface TdsError {
  /** `ETIMEOUT`, `ESOCKET` …; `EREQUEST` for what the server refused. */
  readonly code?: string | undefined
  /** The number, the severity, and the text of the server. */
  readonly number?: number | undefined
  readonly class?: number | undefined
  readonly message?: string | undefined
  /** Of a refused login: its number is one that passes. */
  readonly isTransient?: boolean | undefined
  /** Of a socket: Node's error. */
  readonly cause?: unknown
}

/**
 * Classifies an error of `tedious`: of the server by its severity (20 and above ends the session) and its number; of
 * the client by its code. Several errors of one request come as an `AggregateError`: what ended most decides.
 *
 * What became of the open transaction is said by the number, for a session with `XACT_ABORT` off; the server tells of
 * a rollback of its own as well (ENVCHANGE), and has the last word.
 *
 * @param context Default: a statement outside a transaction.
 */
export function classify(error: unknown, context: ErrorContext = ordinaryStatement): Classification {
  if (!(error instanceof AggregateError) || error.errors.length === 0) {
    return classifyOne(error ?? {}, context)
  }
  const all = error.errors.map((one: unknown) => classify(one, context))
  const heaviest = all.reduce((first, next) => (weight(next) > weight(first) ? next : first))
  const transaction = all
    .map((one) => one.transaction)
    .reduce((first, next) => (effects.indexOf(next) > effects.indexOf(first) ? next : first))
  return { ...heaviest, transaction }
}

function weight({ fatal, sqlState }: Classification): number {
  if (fatal) return 2
  // 2627, then 3609 "The transaction ended in the trigger": the cause is the first.
  return sqlState.startsWith('40') && sqlState !== '40000' ? 1 : 0
}

/** From the least to the most. */
const effects: readonly TransactionEffect[] = ['none', 'statement', 'unknown', 'failed', 'ended']

function classifyOne(error: TdsError, context: ErrorContext): Classification {
  const { number, code } = error
  if (number === undefined) return ofClient(code, error, context)
  const severity = error.class ?? 16
  const stopped = fatalNumbers.has(number)
  if (stopped || severity >= 20) {
    if (context.phase === 'connect') return connectFailure(number, false)
    return lostSession(context, number, stopped ? '57P01' : undefined)
  }
  if (number === constraint) return bySqlState(constraintState(error.message ?? ''), number, context)
  // RAISERROR and THROW of an application.
  if (number >= 50_000) return bySqlState('45000', number, context)
  const classified = bySqlState(
    numbers.get(number) ?? bySeverity[severity] ?? '42000',
    number,
    context,
    known[number],
  )
  return classified.reason === 'connect-failed' && context.phase !== 'connect'
    ? { ...classified, ...busy }
    : classified
}

const constraint = 547

/** "The INSERT statement conflicted with the FOREIGN KEY constraint …": the keywords are in every language. */
function constraintState(message: string): string {
  if (/FOREIGN KEY|REFERENCE/.test(message)) return '23503'
  return /CHECK/.test(message) ? '23514' : '23000'
}

/** Refused for want of resources after the login: whether it had begun is not known. */
const busy = {
  class: SQLTransientException,
  reason: 'resource',
  retry: 'caller',
  transaction: 'unknown',
} as const

function ofClient(code: string | undefined, error: TdsError, context: ErrorContext): Classification {
  if (context.phase === 'connect') {
    if (code === 'ELOGIN' && error.isTransient !== true) return bySqlState('28000', code, context)
    if (code === 'EFEDAUTH') return bySqlState('28000', code, context)
    if (code === 'EENCRYPT') return connectFailure(code, true)
    const { code: socketCode } = (error.cause ?? {}) as { readonly code?: string }
    return connectFailure(socketCode ?? code)
  }
  switch (code) {
    case 'ETIMEOUT':
      return bySqlState('57014', code, context, { class: SQLTimeoutException, reason: 'timeout' })
    case 'ECANCEL':
      return bySqlState('57014', code, context)
    case 'EPARAM':
      return bySqlState('07006', code, context)
    case 'ESOCKET':
    case 'ECLOSE':
      return lostSession(context, code)
    case 'EINVALIDSTATE': {
      // Nothing was sent: the session had ended before, or is busy.
      const over = /\bFinal\b/.test(error.message ?? '')
      if (over) return lostSession({ ...context, phase: 'idle' }, code)
      return bySqlState('HY010', code, context, { class: SQLNonTransientException, reason: 'protocol' })
    }
    default:
      return bySqlState('HY000', code, context)
  }
}
