import { nameAfterClass } from './error-name.ts'

/**
 * What went wrong, in words that mean the same on every database. A closed list: a new reason is a decision.
 */
export type SQLReason =
  | 'unique'
  | 'foreign-key'
  | 'not-null'
  | 'check'
  | 'exclusion'
  | 'constraint'
  | 'deadlock'
  | 'serialization'
  | 'lock'
  | 'lock-timeout'
  | 'timeout'
  | 'cancelled'
  | 'connection-lost'
  | 'connect-failed'
  | 'closed'
  | 'auth'
  | 'permission'
  | 'read-only'
  | 'tx-state'
  | 'tx-failed'
  | 'savepoint'
  | 'cursor'
  | 'syntax'
  | 'undefined-object'
  | 'duplicate-object'
  | 'statement-invalid'
  | 'parameter'
  | 'data'
  | 'feature'
  | 'limit'
  | 'resource'
  | 'state'
  | 'protocol'
  | 'user-raised'
  | 'xa'
  | 'internal'

/**
 * What may be tried again after an error.
 *
 * - `no`: the same request fails again.
 * - `statement`: only this statement, on the same connection.
 * - `transaction`: the whole transaction, from its beginning.
 * - `connect`: nothing was executed; on another connection.
 * - `caller`: only the application knows (a timeout, a cancel).
 * - `unknown-outcome`: it may have been committed. Never retried automatically.
 */
export type SQLRetry = 'no' | 'statement' | 'transaction' | 'connect' | 'caller' | 'unknown-outcome'

/** The data of an {@link SQLException} beside its message. */
export interface SQLExceptionDetails {
  /** Five characters of SQL:2016 part 2, section 24 (`23505`), `HY…` where only ODBC has a code. */
  readonly sqlState: string
  readonly reason: SQLReason
  /** The database's own code, as its manual prints it. Default: none. */
  readonly errorCode?: number | string | undefined
  /** The physical connection cannot be used any more. Default: false. */
  readonly fatal?: boolean | undefined
  /** Default: `no`. */
  readonly retry?: SQLRetry | undefined
  /** The error of the driver, unchanged. */
  readonly cause?: unknown
}

/**
 * The root of all errors that a data source raises (`java.sql.SQLException`).
 * No message and no field ever holds a password or a parameter value.
 */
export class SQLException extends Error {
  readonly sqlState: string
  readonly errorCode: number | string | undefined
  readonly reason: SQLReason
  readonly fatal: boolean
  readonly retry: SQLRetry

  constructor(message: string, details: SQLExceptionDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.sqlState = details.sqlState
    this.errorCode = details.errorCode
    this.reason = details.reason
    this.fatal = details.fatal ?? false
    this.retry = details.retry ?? 'no'
  }

  static {
    nameAfterClass(this)
  }
}

/** A warning of the database that stopped nothing (`java.sql.SQLWarning`). */
export class SQLWarning extends SQLException {
  static {
    nameAfterClass(this)
  }
}

/** The same request fails again unless its cause is mended (`java.sql.SQLNonTransientException`). */
export class SQLNonTransientException extends SQLException {
  static {
    nameAfterClass(this)
  }
}

/** The same request may succeed later (`java.sql.SQLTransientException`). */
export class SQLTransientException extends SQLException {
  static {
    nameAfterClass(this)
  }
}

/** The connection is lost; a new one and the whole transaction again may succeed (`java.sql.SQLRecoverableException`). */
export class SQLRecoverableException extends SQLException {
  static {
    nameAfterClass(this)
  }
}

/** Class 22: a value does not fit (`java.sql.SQLDataException`). */
export class SQLDataException extends SQLNonTransientException {
  static {
    nameAfterClass(this)
  }
}

/** Class 0A: the database or the driver has no such feature (`java.sql.SQLFeatureNotSupportedException`). */
export class SQLFeatureNotSupportedException extends SQLNonTransientException {
  static {
    nameAfterClass(this)
  }
}

/** Class 23 (`java.sql.SQLIntegrityConstraintViolationException`). */
export class SQLIntegrityConstraintViolationException extends SQLNonTransientException {
  static {
    nameAfterClass(this)
  }
}

/** Class 28: user or password refused (`java.sql.SQLInvalidAuthorizationSpecException`). */
export class SQLInvalidAuthorizationSpecException extends SQLNonTransientException {
  static {
    nameAfterClass(this)
  }
}

/** Class 08, and trying again does not help: a closed handle, a refused address (`java.sql.SQLNonTransientConnectionException`). */
export class SQLNonTransientConnectionException extends SQLNonTransientException {
  static {
    nameAfterClass(this)
  }
}

/** Class 42 (`java.sql.SQLSyntaxErrorException`). */
export class SQLSyntaxErrorException extends SQLNonTransientException {
  static {
    nameAfterClass(this)
  }
}

/** A deadline passed (`java.sql.SQLTimeoutException`). */
export class SQLTimeoutException extends SQLTransientException {
  static {
    nameAfterClass(this)
  }
}

/** Class 40: the database rolled the transaction back (`java.sql.SQLTransactionRollbackException`). */
export class SQLTransactionRollbackException extends SQLTransientException {
  static {
    nameAfterClass(this)
  }
}

/** Class 08, and trying again may help (`java.sql.SQLTransientConnectionException`). */
export class SQLTransientConnectionException extends SQLTransientException {
  static {
    nameAfterClass(this)
  }
}

/**
 * A row of a batch failed; later rows were not tried (`java.sql.BatchUpdateException`).
 * A driver always stops at the first failure. `cause` is the failure itself.
 */
export class BatchUpdateException extends SQLException {
  /**
   * The counts of the rows before the failing one. When the batch was its own transaction they were rolled back. Empty
   * where a value was refused before anything was sent.
   */
  readonly updateCounts: readonly number[]
  /** The position of the failing row, from 0. */
  readonly index: number

  constructor(index: number, updateCounts: readonly number[], cause: SQLException) {
    super(`Row ${index} of the batch failed: ${cause.message}`, cause)
    this.cause = cause
    this.index = index
    this.updateCounts = updateCounts
  }

  static {
    nameAfterClass(this)
  }
}
