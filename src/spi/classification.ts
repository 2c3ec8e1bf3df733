import {
  SQLNonTransientConnectionException,
  SQLRecoverableException,
  SQLTransientConnectionException,
  type SQLRetry,
} from '../api/sql-exception.ts'
import { meaningOf, type SQLStateMeaning } from '../sql/sqlstates.ts'
import type { TransactionStatus } from './physical-connection.ts'

/**
 * What an error did to the transaction that was open.
 *
 * - `none`: none was open.
 * - `statement`: only the statement is undone. The transaction lives, and a COMMIT keeps what came before.
 * - `failed`: it accepts nothing but a rollback.
 * - `ended`: the database has rolled it back. What is sent next would commit by itself, so the session room refuses it.
 * - `unknown`: that depends, on settings or on how far the database had come. Where it says itself how things stand
 *   (`PhysicalConnection.transactionStatus`), that is what counts; elsewhere a rollback is sent.
 */
export type TransactionEffect = 'none' | 'statement' | 'failed' | 'ended' | 'unknown'

/** What went on when an error came. */
export interface ErrorContext {
  /**
   * What was under way: `harmless` cannot have changed anything; `commit` may have been the end of a transaction;
   * `connect` is before there is a session, `idle` between two requests.
   */
  readonly phase: 'connect' | 'idle' | 'harmless' | 'statement' | 'commit'
  /** As the database said last. */
  readonly transactionStatus: TransactionStatus
}

/** What an error means on every database, and what is left after it. */
export interface Classification extends SQLStateMeaning {
  /** The spelling of the standard, and of PostgreSQL where it is finer. */
  readonly sqlState: string
  /** The database's own code, as its manual prints it; for a socket its code (`ECONNRESET`). */
  readonly errorCode: number | string | undefined
  /** The session is lost. */
  readonly fatal: boolean
  readonly transaction: TransactionEffect
}

/** What every driver exports as `classify`: by the error of its client, and by what went on. */
export type Classifier = (error: unknown, context?: ErrorContext) => Classification

/** A statement in auto-commit mode: what a classifier takes when it is told nothing else. */
export const ordinaryStatement: ErrorContext = Object.freeze({
  phase: 'statement',
  transactionStatus: 'none',
})

/** An error that leaves the session alive, by its SQLSTATE, but for what is known better. */
export function bySqlState(
  sqlState: string,
  errorCode: Classification['errorCode'],
  { transactionStatus }: ErrorContext,
  known: Partial<Classification> = {},
): Classification {
  const transaction = transactionStatus === 'none' ? 'none' : (known.transaction ?? 'statement')
  return { ...meaningOf(sqlState), sqlState, errorCode, fatal: false, ...known, transaction }
}

/** The session is lost, for a reason of the database (its SQLSTATE) or of the wire (08006). */
export function lostSession(
  context: ErrorContext,
  errorCode?: Classification['errorCode'],
  sqlState = '08006',
): Classification {
  const { phase, transactionStatus } = context
  const undone = phase === 'commit' ? 'unknown' : 'ended'
  return {
    class: SQLRecoverableException,
    sqlState,
    errorCode,
    reason: 'connection-lost',
    fatal: true,
    retry: retryOfLoss(context),
    transaction: transactionStatus === 'none' ? 'none' : undone,
  }
}

/** What may be done again when the session was lost, by how far the database can have come. */
function retryOfLoss({ phase, transactionStatus }: ErrorContext): SQLRetry {
  if (phase === 'commit') return 'unknown-outcome'
  // Whatever was done in the transaction went with it.
  if (transactionStatus === 'open' || transactionStatus === 'failed') return 'transaction'
  return phase === 'statement' ? 'unknown-outcome' : 'connect'
}

/** Another try gives the same answer, until somebody mends it. */
const permanent = /^(ENOTFOUND|ENOENT|EACCES|ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_OSSL)/

/**
 * No session could be opened, and the database has not said why (08001).
 *
 * @param final Whether another try is pointless. Default: by the code of the socket's error.
 */
export function connectFailure(
  errorCode: Classification['errorCode'],
  final = permanent.test(String(errorCode)),
): Classification {
  return {
    class: final ? SQLNonTransientConnectionException : SQLTransientConnectionException,
    sqlState: '08001',
    errorCode,
    reason: 'connect-failed',
    fatal: false,
    retry: final ? 'no' : 'connect',
    transaction: 'none',
  }
}
