import {
  SQLException,
  SQLNonTransientConnectionException,
  SQLNonTransientException,
  SQLTransactionRollbackException,
  type SQLRetry,
} from '../api/sql-exception.ts'

/** Why a handle is closed, for the message of 08003. */
export type ClosedBy = 'application' | 'newer handle' | 'pool' | 'leak' | 'loss'

/** 08003: the handle is closed. */
export function connectionClosed(by: ClosedBy, cause?: SQLException, retry: SQLRetry = 'no'): SQLException {
  const words: Record<ClosedBy, string> = {
    application: 'The connection is closed: close() was called on it',
    'newer handle': 'The connection is closed: its physical connection was handed out again',
    pool: 'The connection is closed: its physical connection was closed by the pool',
    leak: 'The connection is closed: it was held for too long, and the pool took it back (leakDetectionThreshold)',
    loss: `The connection is closed: the session was lost (${cause?.message ?? 'no reason given'})`,
  }
  return new SQLNonTransientConnectionException(words[by], {
    sqlState: '08003',
    reason: 'closed',
    retry,
    cause,
  })
}

/** HY010: a stream is being read. */
export function streamIsOpen(): SQLException {
  return new SQLNonTransientException(
    'A stream is open on this connection: read it to its end or leave its loop before the next statement',
    { sqlState: 'HY010', reason: 'cursor' },
  )
}

/** 24000: the rows went with the transaction in which they were read. */
export function streamWasCutOff(): SQLException {
  return new SQLNonTransientException(
    'The stream is closed: its transaction ended before it was read to its end',
    {
      sqlState: '24000',
      reason: 'cursor',
    },
  )
}

/** 25001: not within a transaction. */
export function inTransaction(message: string): SQLException {
  return new SQLNonTransientException(message, { sqlState: '25001', reason: 'tx-state' })
}

/** 25000: there is no such transaction. */
export function noTransaction(message: string): SQLException {
  return new SQLNonTransientException(message, { sqlState: '25000', reason: 'tx-state' })
}

/** 40000: a transaction was to be committed, and is not. */
export function rolledBack(cause: SQLException | undefined): SQLException {
  return new SQLTransactionRollbackException(
    `The transaction was rolled back by the database${cause === undefined ? '' : `: ${cause.message}`}`,
    {
      sqlState: '40000',
      reason: 'tx-failed',
      retry: cause?.retry === 'transaction' ? 'transaction' : 'no',
      cause,
    },
  )
}

/** 25P02: the database has ended the transaction, the block has not. */
export function transactionIsLost(cause: SQLException | undefined): SQLException {
  return new SQLNonTransientException(
    'The database has ended this transaction; its block can only be left' +
      (cause === undefined ? '' : ` (after: ${cause.message})`),
    { sqlState: '25P02', reason: 'tx-failed', cause },
  )
}

/** 08006: the session is in no known state, and is given up. */
export function restoreFailed(what: string, cause: unknown): SQLException {
  const error = toSQLException(cause)
  return new SQLNonTransientConnectionException(`${what}: ${error.message}`, {
    sqlState: '08006',
    reason: 'connection-lost',
    fatal: true,
    cause: error,
  })
}

/** 08006: something on the session could not be stopped alone. */
export function givenUp(reason: SQLException): SQLException {
  return new SQLException(`The connection was given up: ${reason.message}`, {
    sqlState: '08006',
    reason: 'connection-lost',
    fatal: true,
    retry: 'unknown-outcome',
    cause: reason,
  })
}

/** How many dead connections a call may meet before it fails: `ErrBadConn` of Go's database/sql. */
export const deathsForgiven = 2

/** The connection died, and nothing was executed on it: another one may serve. */
export function foundDead(error: unknown): boolean {
  return (
    error instanceof SQLException && error.retry === 'connect' && (error.fatal || error.reason === 'closed')
  )
}

/** A driver rejects with classified errors. Anything else is a fault of the driver, and costs the session. */
export function toSQLException(error: unknown): SQLException {
  if (error instanceof SQLException) return error
  return new SQLNonTransientException(
    `The driver failed: ${error instanceof Error ? error.message : String(error)}`,
    { sqlState: 'HY000', reason: 'internal', fatal: true, cause: error },
  )
}
