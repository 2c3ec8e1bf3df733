import type { DeadlineOptions } from '../api/executor.ts'
import type { ColumnMetadata, RowStream } from '../api/result.ts'
import type { SQLException } from '../api/sql-exception.ts'

/** Items of a driver's own, fetched in portions: as a `RawStream` fetches rows. */
export interface LeasedStream<T> {
  /** Of rows: known after the first {@link LeasedStream.fetch}. Default: what comes has no columns. */
  readonly columns?: readonly ColumnMetadata[] | undefined
  /** @param proceed To be called between several steps: it throws when the turn was stopped meanwhile. */
  fetch(proceed: () => void): Promise<{ readonly items: readonly T[]; readonly done: boolean }>
  /** Ends it early: settles when the connection can take the next statement. Idempotent. */
  close(): Promise<void>
}

/**
 * The use of a session by an object of the driver's own. It belongs to the handle, or to the transaction, whose
 * `unwrap` gave the object, and is dead with it: whatever is asked of it then is refused (08003, 25000, 25001).
 *
 * Every turn waits in the statement queue, and ends with the deadline of its options (default: `queryTimeout`) as a
 * statement does: by `PhysicalConnection.cancel`.
 */
export interface SessionLease {
  /**
   * A short turn beside the application's statements: where auto-commit is off it begins no transaction, and closing
   * the handle waits for it.
   */
  control<T>(what: string, run: () => Promise<T>, options?: DeadlineOptions): Promise<T>
  /**
   * A statement that waits for code of the application. Until it has settled others are refused (HY010): one that
   * queued behind it, and was waited for by that code, would never come.
   *
   * @param run As {@link LeasedStream.fetch}.
   */
  runAlone<T>(what: string, run: (proceed: () => void) => Promise<T>, options?: DeadlineOptions): Promise<T>
  /**
   * A statement that gives its items as they are read, with the laws of a stream of rows. The deadline covers each
   * fetch.
   *
   * @param prepare Called at the first `next()`, before anything else.
   */
  stream<T>(prepare: () => LeasedStatement<T>, options?: DeadlineOptions): RowStream<T>
  /** What runs changes the session beyond its end: it is reset before anybody else has it. */
  markDirty(): void
  /**
   * Calls back when the handle is taken back (08003), or the session is lost (the loss). The function returned takes
   * the request back.
   *
   * @throws SQLException 08003 when that has happened already.
   */
  onEnd(callback: (error: SQLException) => void): () => void
}

/** A statement of a driver's own that is about to begin. */
export interface LeasedStatement<T> {
  /** Its text, for warnings. */
  readonly what: string
  open(): LeasedStream<T>
}
