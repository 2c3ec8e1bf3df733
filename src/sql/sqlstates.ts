import {
  SQLDataException,
  SQLException,
  SQLFeatureNotSupportedException,
  SQLIntegrityConstraintViolationException,
  SQLInvalidAuthorizationSpecException,
  SQLNonTransientConnectionException,
  SQLNonTransientException,
  SQLRecoverableException,
  SQLSyntaxErrorException,
  SQLTransactionRollbackException,
  SQLTransientConnectionException,
  SQLTransientException,
  type SQLExceptionDetails,
  type SQLReason,
  type SQLRetry,
} from '../api/sql-exception.ts'

/** One of the classes of exceptions. */
export type SQLExceptionClass = new (message: string, details: SQLExceptionDetails) => SQLException

/** What a SQLSTATE means. */
export interface SQLStateMeaning {
  readonly class: SQLExceptionClass
  readonly reason: SQLReason
  readonly retry: SQLRetry
}

/**
 * What a SQLSTATE means, whichever database gave it: by the whole of it, then by its class. The spelling is that of the
 * standard, and of PostgreSQL where it is finer (https://www.postgresql.org/docs/current/errcodes-appendix.html);
 * drivers whose databases spell otherwise translate first.
 */
export function meaningOf(sqlState: string): SQLStateMeaning {
  return byState[sqlState] ?? byClass[sqlState.slice(0, 2)] ?? other
}

/**
 * A table that is easy to read, by SQLSTATE, as one that is easy to ask: by the number of the database.
 *
 * @throws TypeError when a number stands in two places.
 */
export function byNumber(groups: Readonly<Record<string, readonly number[]>>): ReadonlyMap<number, string> {
  const numbers = new Map<number, string>()
  for (const [sqlState, group] of Object.entries(groups)) {
    for (const number of group) {
      if (numbers.has(number)) throw new TypeError(`${number} is ${numbers.get(number)} and ${sqlState}`)
      numbers.set(number, sqlState)
    }
  }
  return numbers
}

function permanent(
  reason: SQLReason,
  errorClass: SQLExceptionClass = SQLNonTransientException,
): SQLStateMeaning {
  return { class: errorClass, reason, retry: 'no' }
}

function passing(
  reason: SQLReason,
  retry: SQLRetry,
  errorClass: SQLExceptionClass = SQLTransientException,
): SQLStateMeaning {
  return { class: errorClass, reason, retry }
}

const other = permanent('internal', SQLException)
const data = permanent('data', SQLDataException)
const constraint = (reason: SQLReason): SQLStateMeaning =>
  permanent(reason, SQLIntegrityConstraintViolationException)
const rolledBack = (reason: SQLReason): SQLStateMeaning =>
  passing(reason, 'transaction', SQLTransactionRollbackException)
const invalid = permanent('statement-invalid', SQLSyntaxErrorException)
const missing = permanent('undefined-object', SQLSyntaxErrorException)
const duplicate = permanent('duplicate-object', SQLSyntaxErrorException)
const cancelled: SQLStateMeaning = { class: SQLException, reason: 'cancelled', retry: 'caller' }
const lost = passing('connection-lost', 'unknown-outcome', SQLRecoverableException)
const cannotConnect = passing('connect-failed', 'connect', SQLTransientConnectionException)

const byClass: Readonly<Record<string, SQLStateMeaning>> = {
  '00': permanent('state', SQLException),
  '01': permanent('state', SQLException),
  '02': permanent('state', SQLException),
  '03': permanent('statement-invalid'),
  '07': permanent('parameter'),
  '08': passing('connection-lost', 'unknown-outcome', SQLRecoverableException),
  '09': permanent('user-raised'),
  '0A': permanent('feature', SQLFeatureNotSupportedException),
  '0B': permanent('tx-state'),
  '0F': permanent('data'),
  '0L': permanent('permission'),
  '0P': permanent('permission'),
  '0Z': permanent('internal'),
  '10': permanent('data'),
  '20': permanent('user-raised'),
  '21': permanent('statement-invalid'),
  '22': data,
  '23': constraint('constraint'),
  '24': permanent('cursor'),
  '25': permanent('tx-state'),
  '26': passing('statement-invalid', 'statement'),
  '27': permanent('user-raised'),
  '28': permanent('auth', SQLInvalidAuthorizationSpecException),
  '2B': permanent('state'),
  '2D': permanent('tx-state'),
  '2F': permanent('user-raised'),
  '34': permanent('cursor'),
  '38': permanent('user-raised'),
  '39': permanent('user-raised'),
  '3B': permanent('savepoint'),
  '3D': missing,
  '3F': missing,
  '40': rolledBack('tx-failed'),
  '42': invalid,
  '44': constraint('check'),
  '45': permanent('user-raised'),
  '53': passing('resource', 'caller'),
  '54': permanent('limit'),
  '55': permanent('state'),
  '57': passing('resource', 'caller'),
  '58': passing('resource', 'caller'),
  '72': rolledBack('serialization'),
  F0: permanent('internal'),
  HV: permanent('internal'),
  HY: permanent('internal'),
  P0: permanent('user-raised'),
  XA: permanent('xa'),
  XX: permanent('internal'),
}

const byState: Readonly<Record<string, SQLStateMeaning>> = {
  '08001': cannotConnect,
  '08003': permanent('closed', SQLNonTransientConnectionException),
  '08004': cannotConnect,
  '08P01': permanent('protocol'),
  '0B000': permanent('tx-state'),
  '22P05': data,
  '23001': constraint('foreign-key'),
  '23502': constraint('not-null'),
  '23503': constraint('foreign-key'),
  '23505': constraint('unique'),
  '23514': constraint('check'),
  '23P01': constraint('exclusion'),
  '25006': permanent('read-only'),
  '25007': permanent('tx-state'),
  '25P02': permanent('tx-failed'),
  // The session is ended by its idle time-out: always FATAL.
  '25P03': lost,
  '25P04': lost,
  '26000': passing('statement-invalid', 'statement'),
  '2BP01': permanent('state'),
  '40001': rolledBack('serialization'),
  '40003': passing('tx-failed', 'unknown-outcome', SQLTransactionRollbackException),
  '40P01': rolledBack('deadlock'),
  '42501': permanent('permission', SQLSyntaxErrorException),
  '42601': permanent('syntax', SQLSyntaxErrorException),
  '42602': permanent('syntax', SQLSyntaxErrorException),
  '42622': permanent('limit', SQLSyntaxErrorException),
  '42701': duplicate,
  '42710': duplicate,
  '42712': duplicate,
  '42723': duplicate,
  '42P03': duplicate,
  '42P04': duplicate,
  '42P05': duplicate,
  '42P06': duplicate,
  '42P07': duplicate,
  '42703': missing,
  '42704': missing,
  '42883': missing,
  '42P01': missing,
  '42P02': permanent('parameter', SQLSyntaxErrorException),
  '42P18': permanent('parameter', SQLSyntaxErrorException),
  '53300': cannotConnect,
  '55006': passing('lock', 'transaction'),
  '55P03': passing('lock-timeout', 'transaction'),
  '57014': cancelled,
  '57P01': lost,
  '57P02': lost,
  '57P03': cannotConnect,
  '57P04': lost,
  '57P05': lost,
}
