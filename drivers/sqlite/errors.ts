import {
  SQLDataException,
  SQLException,
  SQLIntegrityConstraintViolationException,
  SQLNonTransientException,
  SQLRecoverableException,
  SQLSyntaxErrorException,
  SQLTransactionRollbackException,
  SQLTransientException,
  type SQLExceptionDetails,
} from '../../src/api/sql-exception.ts'
import type { Failure } from './protocol.ts'

type Details = Omit<SQLExceptionDetails, 'errorCode' | 'cause'>
type ErrorClass = new (message: string, details: SQLExceptionDetails) => SQLException
type Classified = readonly [ErrorClass, Details]

/**
 * The exception for what SQLite, or the engine, refused: by the extended result code (https://sqlite.org/rescode.html),
 * then by the primary one; code 1 by its text.
 *
 * @param path The database file: named where the file itself is the trouble.
 */
export function toException(failure: Failure, path: string): SQLException {
  const [errorClass, details] = classify(failure)
  const message =
    failure.errcode !== undefined && fileTroubles.has(failure.errcode & 0xff)
      ? `${failure.message} (${path})`
      : failure.message
  return new errorClass(message, {
    ...details,
    errorCode: failure.errcode ?? failure.code,
    cause: causeOf(failure),
  })
}

function classify(failure: Failure): Classified {
  const { errcode, code, ours } = failure
  if (ours !== undefined) return ourOwn[ours]
  if (errcode === undefined) return (code === undefined ? undefined : nodeErrors[code]) ?? internal
  if (errcode === 1)
    return byText.find(([pattern]) => pattern.test(failure.message))?.[1] ?? otherStatementError
  return byCode[errcode] ?? byCode[errcode & 0xff] ?? otherStatementError
}

function causeOf(failure: Failure): Error {
  const { message, code, errcode } = failure
  return Object.assign(
    new Error(message),
    code !== undefined && { code },
    errcode !== undefined && { errcode },
  )
}

/** Read-only, I/O, corrupt, full, cannot open, not a database. */
const fileTroubles = new Set([8, 10, 11, 13, 14, 26])

const internal = nonTransient('HY000', 'internal')
const otherStatementError: Classified = [
  SQLSyntaxErrorException,
  { sqlState: '42000', reason: 'statement-invalid' },
]
const outOfRange: Classified = [SQLDataException, { sqlState: '22003', reason: 'data' }]
const wrongType: Classified = [SQLDataException, { sqlState: '22018', reason: 'data' }]
const unique = constraint('23505', 'unique')
const lockTimeout: Classified = [
  SQLTransientException,
  { sqlState: '55P03', reason: 'lock-timeout', retry: 'transaction' },
]
const lock: Classified = [SQLTransientException, { sqlState: '55P03', reason: 'lock', retry: 'transaction' }]
const cancelled: Classified = [SQLException, { sqlState: '57014', reason: 'cancelled', retry: 'caller' }]

const ourOwn: Record<NonNullable<Failure['ours']>, Classified> = {
  cancelled,
  'out-of-range': outOfRange,
  'wrong-type': wrongType,
}

const nodeErrors: Record<string, Classified> = {
  ERR_OUT_OF_RANGE: outOfRange,
  ERR_INVALID_ARG_VALUE: nonTransient('07006', 'parameter'),
  ERR_INVALID_ARG_TYPE: nonTransient('07006', 'parameter'),
  ERR_INVALID_STATE: [SQLSyntaxErrorException, { sqlState: '42601', reason: 'syntax' }],
}

const byCode: Record<number, Classified> = {
  3: nonTransient('42501', 'permission'),
  4: rolledBack('40000', 'tx-failed'),
  5: lockTimeout,
  517: rolledBack('40001', 'serialization'),
  6: lock,
  7: transient('53200', 'resource'),
  8: nonTransient('25006', 'read-only'),
  // SQLITE_READONLY_DBMOVED: the file was renamed or replaced under the session.
  1032: [
    SQLRecoverableException,
    { sqlState: '08006', reason: 'connection-lost', fatal: true, retry: 'unknown-outcome' },
  ],
  9: cancelled,
  10: [
    SQLRecoverableException,
    { sqlState: '58030', reason: 'connection-lost', fatal: true, retry: 'unknown-outcome' },
  ],
  11: nonTransient('XX001', 'internal'),
  13: transient('53100', 'resource'),
  14: nonTransient('58030', 'resource'),
  15: lockTimeout,
  17: [SQLTransientException, { sqlState: '26000', reason: 'statement-invalid', retry: 'statement' }],
  18: nonTransient('54000', 'limit'),
  19: constraint('23000', 'constraint'),
  275: constraint('23514', 'check'),
  787: constraint('23503', 'foreign-key'),
  1299: constraint('23502', 'not-null'),
  1555: unique,
  // RAISE(ABORT, '…') in a trigger
  1811: nonTransient('45000', 'user-raised'),
  2067: unique,
  2579: unique,
  // STRICT tables
  3091: wrongType,
  20: wrongType,
  21: nonTransient('HY010', 'internal'),
  23: nonTransient('42501', 'permission'),
  25: nonTransient('07009', 'parameter'),
  26: nonTransient('XX001', 'internal'),
}

const byText: readonly (readonly [RegExp, Classified])[] = [
  [/syntax error|unrecognized token|incomplete input/, syntax('42601', 'syntax')],
  [/^no such savepoint/, nonTransient('3B001', 'savepoint')],
  [/^no such function|wrong number of arguments/, syntax('42883', 'undefined-object')],
  [/^no such column|has no column named/, syntax('42703', 'undefined-object')],
  [
    /^no such|^unknown database|no such (table|index|view|trigger|module|collation)/,
    syntax('42P01', 'undefined-object'),
  ],
  [/^duplicate column name/, syntax('42701', 'duplicate-object')],
  [/already exists|^there is already|is already in use/, syntax('42P07', 'duplicate-object')],
  [/^ambiguous column/, syntax('42702', 'statement-invalid')],
  [/no transaction is active/, nonTransient('25P01', 'tx-state')],
  [/within a transaction|- SQL statements in progress/, nonTransient('25001', 'tx-state')],
  [/^too many|too large|stack overflow|is too big|limit exceeded/, nonTransient('54001', 'limit')],
  [/integer overflow/, outOfRange],
  [/malformed JSON|JSON cannot hold/, [SQLDataException, { sqlState: '22032', reason: 'data' }]],
]

function nonTransient(sqlState: string, reason: Details['reason']): Classified {
  return [SQLNonTransientException, { sqlState, reason }]
}

function transient(sqlState: string, reason: Details['reason']): Classified {
  return [SQLTransientException, { sqlState, reason, retry: 'caller' }]
}

function syntax(sqlState: string, reason: Details['reason']): Classified {
  return [SQLSyntaxErrorException, { sqlState, reason }]
}

function constraint(sqlState: string, reason: Details['reason']): Classified {
  return [SQLIntegrityConstraintViolationException, { sqlState, reason }]
}

function rolledBack(sqlState: string, reason: Details['reason']): Classified {
  return [SQLTransactionRollbackException, { sqlState, reason, retry: 'transaction' }]
}
