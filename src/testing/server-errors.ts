import {
  SQLDataException,
  SQLException,
  SQLFeatureNotSupportedException,
  SQLIntegrityConstraintViolationException,
  SQLNonTransientException,
  SQLRecoverableException,
  SQLSyntaxErrorException,
  SQLTransactionRollbackException,
  SQLTransientException,
} from '../api/sql-exception.ts'

// The errors that databases give, as a driver would classify them: to answer with in a script.

/**
 * The session is lost (08006, fatal). A driver says `transaction` when that was within a transaction, before its COMMIT, and
 * `connect` when nothing was on its way.
 */
export function connectionLost(
  retry: 'connect' | 'transaction' | 'unknown-outcome' = 'unknown-outcome',
): SQLRecoverableException {
  return new SQLRecoverableException('The connection to the scripted database was lost', {
    sqlState: '08006',
    reason: 'connection-lost',
    fatal: true,
    retry,
  })
}

/** The database rolled the transaction back to resolve a deadlock (40P01). Use it with `rollsBack: true`. */
export function deadlock(): SQLTransactionRollbackException {
  return new SQLTransactionRollbackException('Deadlock: the transaction was rolled back', {
    sqlState: '40P01',
    reason: 'deadlock',
    retry: 'transaction',
  })
}

/** The transaction cannot be serialised with another (40001). */
export function serializationFailure(): SQLTransactionRollbackException {
  return new SQLTransactionRollbackException('Another transaction changed the same row', {
    sqlState: '40001',
    reason: 'serialization',
    retry: 'transaction',
  })
}

/** A lock was not granted in time (55P03). */
export function lockTimeout(): SQLTransientException {
  return new SQLTransientException('A lock was not granted in time', {
    sqlState: '55P03',
    reason: 'lock-timeout',
    retry: 'transaction',
  })
}

/** The value of a key exists already (23505). */
export function uniqueViolation(key: string): SQLIntegrityConstraintViolationException {
  return new SQLIntegrityConstraintViolationException(`The value of ${key} exists already`, {
    sqlState: '23505',
    reason: 'unique',
  })
}

/** A column that must have a value was given NULL (23502). */
export function notNullViolation(column: string): SQLIntegrityConstraintViolationException {
  return new SQLIntegrityConstraintViolationException(`${column} must not be NULL`, {
    sqlState: '23502',
    reason: 'not-null',
  })
}

/** The text is not in the subset that the scripted database understands (42601). */
export function syntaxError(message: string): SQLSyntaxErrorException {
  return new SQLSyntaxErrorException(message, { sqlState: '42601', reason: 'syntax' })
}

/** A table or column does not exist (42P01, 42703). */
export function undefinedObject(kind: 'table' | 'column', name: string): SQLSyntaxErrorException {
  return new SQLSyntaxErrorException(`There is no ${kind} ${name}`, {
    sqlState: kind === 'table' ? '42P01' : '42703',
    reason: 'undefined-object',
  })
}

/** A table exists already (42P07). */
export function duplicateTable(name: string): SQLSyntaxErrorException {
  return new SQLSyntaxErrorException(`The table ${name} exists already`, {
    sqlState: '42P07',
    reason: 'duplicate-object',
  })
}

/** A value does not fit its column (22018). */
export function invalidValue(message: string): SQLDataException {
  return new SQLDataException(message, { sqlState: '22018', reason: 'data' })
}

/** The statement was stopped by a request to cancel it (57014). */
export function cancelled(): SQLException {
  return new SQLException('The statement was cancelled', {
    sqlState: '57014',
    reason: 'cancelled',
    retry: 'caller',
  })
}

/** The session or transaction is read-only (25006). */
export function readOnlyTransaction(): SQLNonTransientException {
  return new SQLNonTransientException('The transaction is read-only', {
    sqlState: '25006',
    reason: 'read-only',
  })
}

/** An earlier error failed the transaction: it accepts nothing but a rollback (25P02). */
export function failedTransaction(): SQLNonTransientException {
  return new SQLNonTransientException('The transaction has failed; only a rollback is accepted', {
    sqlState: '25P02',
    reason: 'tx-failed',
  })
}

/** A transaction is, or is not, open (25001, 25000). */
export function transactionState(sqlState: '25000' | '25001'): SQLNonTransientException {
  const message = sqlState === '25001' ? 'A transaction is open already' : 'No transaction is open'
  return new SQLNonTransientException(message, { sqlState, reason: 'tx-state' })
}

/** There is no savepoint of that name (3B001). */
export function undefinedSavepoint(name: string): SQLNonTransientException {
  return new SQLNonTransientException(`There is no savepoint ${name}`, {
    sqlState: '3B001',
    reason: 'savepoint',
  })
}

/** The scripted database has no such feature (0A000). */
export function notSupported(what: string): SQLFeatureNotSupportedException {
  return new SQLFeatureNotSupportedException(`${what} is not supported`, {
    sqlState: '0A000',
    reason: 'feature',
  })
}

/** The caller broke the contract of the port (HY000, reason `protocol`). */
export function protocolViolation(message: string): SQLNonTransientException {
  return new SQLNonTransientException(message, { sqlState: 'HY000', reason: 'protocol' })
}
