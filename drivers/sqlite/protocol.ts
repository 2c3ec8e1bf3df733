import type { ColumnMetadata } from '../../src/api/result.ts'
import type { SqlValue } from '../../src/api/sql-types.ts'

/** What SQLite stores, as node:sqlite takes it: every `number` is a REAL, every `bigint` an INTEGER. */
export type NativeValue = null | number | bigint | string | Uint8Array

/** How a database is opened. */
export interface OpenOptions {
  readonly path: string
  readonly readOnly: boolean
  readonly journalMode: 'wal' | 'delete'
  readonly synchronous: 'off' | 'normal' | 'full'
  readonly foreignKeys: boolean
  /** Milliseconds. */
  readonly busyTimeout: number
  /** Values are given as `node:sqlite` gives them by itself. */
  readonly nativeValues: boolean
}

/** A text that the other side has not seen, and the number of one that it may forget. */
export interface NewStatement {
  readonly sql: string
  readonly forget?: number | undefined
}

/** The values for `?` in order; or one object with the values of a text that names its parameters. */
export type NativeArguments = readonly NativeValue[] | readonly [named: Readonly<Record<string, NativeValue>>]

/**
 * What the connection asks of the engine. Plain data: it may cross to a thread or a process.
 * A statement goes by its number; its text only the first time. Number 0 is kept nowhere.
 */
export type Request =
  | readonly ['open', options: OpenOptions]
  | readonly ['execute', statement: number, text: NewStatement | undefined, parameters: NativeArguments]
  | readonly ['batch', sql: string, rows: readonly NativeArguments[]]
  | readonly ['script', text: string]
  | readonly ['stream', sql: string, parameters: NativeArguments, fetchSize: number]
  | readonly ['fetch', fetchSize: number]
  | readonly ['end']
  | readonly ['begin', readOnly: boolean]
  | readonly ['commit']
  | readonly ['rollback', savepoint: string | undefined]
  | readonly ['savepoint', name: string]
  | readonly ['release', name: string]
  | readonly ['query only', on: boolean]
  | readonly ['ping']
  | readonly ['reset']
  | readonly ['close']

/** One for each request, in the same order. The second member: whether a transaction is open now. */
export type Answer =
  | readonly ['done', inTransaction: boolean]
  | readonly ['opened', inTransaction: boolean, version: string]
  | readonly [
      'result',
      inTransaction: boolean,
      rows: SqlValue[][],
      updateCount: number,
      columns?: readonly ColumnMetadata[],
    ]
  | readonly [
      'portion',
      inTransaction: boolean,
      rows: SqlValue[][],
      last: boolean,
      columns?: readonly ColumnMetadata[],
    ]
  | readonly ['counts', inTransaction: boolean, counts: number[], failure?: Failure]
  | readonly ['ended', inTransaction: boolean, outcome: 'committed' | 'rolled-back']
  | readonly ['failed', inTransaction: boolean, failure: Failure]

/** An error as data: what node:sqlite said, or what we say by an SQLSTATE of our own. */
export interface Failure {
  readonly message: string
  /** Node's: `ERR_SQLITE_ERROR`. */
  readonly code?: string | undefined
  /** SQLite's extended result code. */
  readonly errcode?: number | undefined
  /** Ours, for what SQLite has no code for. */
  readonly ours?: 'cancelled' | 'out-of-range' | 'wrong-type' | undefined
}

/** To the engine: the requests of one turn; or the number of a request that is to stop waiting for a lock. */
export type ToEngine = readonly Request[] | number

/** From the engine: answers; or the number of the request that waits for a lock. Requests count from 0. */
export type FromEngine = readonly Answer[] | number
