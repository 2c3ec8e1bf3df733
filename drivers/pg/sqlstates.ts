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
} from '../../src/api/sql-exception.ts'

type ErrorClass = new (message: string, details: SQLExceptionDetails) => SQLException

/** What a SQLSTATE means. */
export interface Meaning {
  readonly class: ErrorClass
  readonly reason: SQLReason
  readonly retry: SQLRetry
}

/** By the whole SQLSTATE, then by its class (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
export function meaningOf(sqlState: string): Meaning {
  return byState[sqlState] ?? byClass[sqlState.slice(0, 2)] ?? other
}

function permanent(reason: SQLReason, errorClass: ErrorClass = SQLNonTransientException): Meaning {
  return { class: errorClass, reason, retry: 'no' }
}

function passing(
  reason: SQLReason,
  retry: SQLRetry,
  errorClass: ErrorClass = SQLTransientException,
): Meaning {
  return { class: errorClass, reason, retry }
}

const other = permanent('internal', SQLException)
const data = permanent('data', SQLDataException)
const constraint = (reason: SQLReason): Meaning => permanent(reason, SQLIntegrityConstraintViolationException)
const rolledBack = (reason: SQLReason): Meaning =>
  passing(reason, 'transaction', SQLTransactionRollbackException)
const invalid = permanent('statement-invalid', SQLSyntaxErrorException)
const missing = permanent('undefined-object', SQLSyntaxErrorException)
const duplicate = permanent('duplicate-object', SQLSyntaxErrorException)
const cancelled: Meaning = { class: SQLException, reason: 'cancelled', retry: 'caller' }
const lost = passing('connection-lost', 'unknown-outcome', SQLRecoverableException)
const cannotConnect = passing('connect-failed', 'connect', SQLTransientConnectionException)

const byClass: Readonly<Record<string, Meaning>> = {
  '00': permanent('state', SQLException),
  '01': permanent('state', SQLException),
  '02': permanent('state', SQLException),
  '03': permanent('statement-invalid'),
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
  '53': passing('resource', 'caller'),
  '54': permanent('limit'),
  '55': permanent('state'),
  '57': passing('resource', 'caller'),
  '58': passing('resource', 'caller'),
  '72': rolledBack('serialization'),
  F0: permanent('internal'),
  HV: permanent('internal'),
  P0: permanent('user-raised'),
  XX: permanent('internal'),
}

const byState: Readonly<Record<string, Meaning>> = {
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
