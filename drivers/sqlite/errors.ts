import { SQLNonTransientException, type SQLException } from '../../src/api/sql-exception.ts'
import {
  bySqlState,
  connectFailure,
  lostSession,
  ordinaryStatement,
  type Classification,
  type ErrorContext,
} from '../../src/spi/classification.ts'
import { byNumber } from '../../src/sql/sqlstates.ts'
import type { Failure } from './protocol.ts'

/**
 * Classifies an error of `node:sqlite`, or of the engine: by the extended result code (its `errcode`,
 * https://sqlite.org/rescode.html), then by the primary one; code 1, which says nothing, by its text.
 *
 * Most errors undo the statement alone; a few may have ended the transaction, and so does `ON CONFLICT ROLLBACK`
 * (https://sqlite.org/lang_transaction.html, section 3.1): `isTransaction` has the last word.
 *
 * @param context Default: a statement outside a transaction.
 */
export function classify(error: unknown, context: ErrorContext = ordinaryStatement): Classification {
  const { message = '', code, errcode, ours } = (error ?? {}) as Partial<Failure>
  if (ours !== undefined) return bySqlState(ourOwn[ours], errcode, context)
  if (context.phase === 'connect' && (errcode !== undefined || code === undefined)) {
    return connectFailure(errcode, ((errcode ?? 0) & 0xff) === notADatabase)
  }
  if (errcode === undefined) return bySqlState(nodeErrors[code ?? ''] ?? 'HY000', code, context)
  if (errcode === 1) {
    return bySqlState(byText.find(([pattern]) => pattern.test(message))?.[1] ?? '42000', errcode, context)
  }
  const primary = errcode & 0xff
  if (errcode === moved) return lostSession(context, errcode)
  if (primary === ioError) return lostSession(context, errcode, '58030')
  if (errcode === trigger && message === 'FOREIGN KEY constraint failed') {
    // ON DELETE RESTRICT is a trigger to SQLite.
    return bySqlState('23503', errcode, context)
  }
  return bySqlState(numbers.get(errcode) ?? numbers.get(primary) ?? '42000', errcode, context, known[primary])
}

/**
 * The exception for what SQLite, or the engine, refused.
 *
 * @param path The database file: named where the file itself is the trouble.
 */
export function toException(failure: Failure, path: string, context?: ErrorContext): SQLException {
  const { class: errorClass, ...details } = classify(failure, context)
  const message =
    failure.errcode !== undefined && fileTroubles.has(failure.errcode & 0xff)
      ? `${failure.message} (${path})`
      : failure.message
  return new errorClass(message, { ...details, cause: causeOf(failure) })
}

function causeOf(failure: Failure): Error {
  const { message, code, errcode } = failure
  return Object.assign(
    new Error(message),
    code !== undefined && { code },
    errcode !== undefined && { errcode },
  )
}

/** SQLITE_READONLY_DBMOVED: the file was renamed or replaced under the session. */
const moved = 1032
const ioError = 10
const notADatabase = 26
/** SQLITE_CONSTRAINT_TRIGGER: RAISE(ABORT, '…') in a trigger. */
const trigger = 1811

/** Read-only, I/O, corrupt, full, cannot open, not a database. */
const fileTroubles = new Set([8, 10, 11, 13, 14, 26])

const ourOwn: Record<NonNullable<Failure['ours']>, string> = {
  cancelled: '57014',
  'out-of-range': '22003',
  'wrong-type': '22018',
}

/** What `node:sqlite` refuses before SQLite sees it, by Node's code. */
const nodeErrors: Record<string, string> = {
  ERR_OUT_OF_RANGE: '22003',
  ERR_INVALID_ARG_VALUE: '07006',
  ERR_INVALID_ARG_TYPE: '07006',
  ERR_INVALID_STATE: '42601',
}

const numbers = byNumber({
  '07009': [25],
  '22018': [20, 3091],
  '23000': [19],
  '23502': [1299],
  '23503': [787],
  '23505': [1555, 2067, 2579],
  '23514': [275],
  '25006': [8],
  '26000': [17],
  '40000': [4],
  '40001': [517],
  '42501': [3, 23],
  '45000': [trigger],
  '53100': [13],
  '53200': [7],
  '54000': [18],
  '55P03': [5, 6, 15],
  '57014': [9],
  '58030': [14],
  HY010: [21],
  XX001: [11, notADatabase],
})

/** What the SQLSTATE alone does not say, by the primary code. */
const known: Record<number, Partial<Classification>> = {
  4: { transaction: 'unknown' },
  6: { reason: 'lock' },
  7: { transaction: 'unknown' },
  9: { transaction: 'unknown' },
  13: { transaction: 'unknown' },
  14: { class: SQLNonTransientException, reason: 'resource', retry: 'no' },
}

const byText: readonly (readonly [RegExp, string])[] = [
  [/syntax error|unrecognized token|incomplete input/, '42601'],
  [/^no such savepoint/, '3B001'],
  [/^no such function|wrong number of arguments/, '42883'],
  [/^no such column|has no column named/, '42703'],
  [/^no such|^unknown database|no such (table|index|view|trigger|module|collation)/, '42P01'],
  [/^duplicate column name/, '42701'],
  [/already exists|^there is already|is already in use/, '42P07'],
  [/^ambiguous column/, '42702'],
  [/^not authorized/, '42501'],
  [/no transaction is active/, '25P01'],
  [/within a transaction|- SQL statements in progress/, '25001'],
  [/^too many|too large|stack overflow|is too big|limit exceeded/, '54001'],
  [/integer overflow/, '22003'],
  [/malformed JSON|JSON cannot hold/, '22032'],
]
