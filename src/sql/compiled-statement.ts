/**
 * What of a session a statement may change beyond the current transaction.
 *
 * - `settings`: by SET, USE, PRAGMA and the like.
 * - `temporary`: temporary tables, views, procedures.
 * - `locks`: those that belong to the session (advisory locks).
 * - `listening`: which notifications come.
 * - `prepared`: statements prepared under a name.
 * - `cursors`: those that outlive the transaction.
 * - `attachments`: libraries, files of databases, connections to other servers.
 * - `unseen`: it runs something that the text does not show, which may do all of it; so may an unknown verb.
 */
export type SessionChange =
  'settings' | 'temporary' | 'locks' | 'listening' | 'prepared' | 'cursors' | 'attachments' | 'unseen'

/** What a text does, as far as its words tell. */
export interface StatementTraits {
  /** It changes no data: a SELECT without a function is not told from one with. */
  readonly readOnly: boolean
  /** What of the session it may change beyond the current transaction. */
  readonly changesSession: SessionChange | false
  /** BEGIN, COMMIT, ROLLBACK, SAVEPOINT and the like, sent as a text. */
  readonly transactionControl: boolean
  /** It may answer with rows; unknown verbs may. In a dialect's table the default is `readOnly`. */
  readonly returnsRows?: boolean | undefined
}

/** A text as one database takes it. */
export interface NativeSQL {
  /** As it is sent. */
  readonly sql: string
  /** How many values the application gives. */
  readonly parameterCount: number
  /**
   * Only where a translation moved or repeated a marker of a database without numbered ones: the value for the
   * native marker at position `i` is number `order[i]` of the application's. Default: as they are given.
   */
  readonly order?: readonly number[] | undefined
  /**
   * Only where the text has the database's own named markers (`:name` on SQLite): the name of each parameter,
   * with its first character, for databases that bind them by name and not by position.
   */
  readonly names?: readonly string[] | undefined
  /** `@p1` receives the return value of a procedure (`{? = call …}` on SQL Server); values begin with `@p2`. */
  readonly returnMarker?: true | undefined
}

/** A text made ready for one dialect: compiled once, used for every run. Its identity is a key for driver caches. */
export interface CompiledStatement extends NativeSQL, StatementTraits {
  /** As the application wrote it. */
  readonly text: string
  readonly returnsRows: boolean
  /**
   * The columns of the inserted rows that are wanted. Where the dialect says `driver`, the driver answers with
   * `RawResult.generatedKeys`; else `sql` asks for them, and they come as its rows. Default: none.
   */
  readonly generatedKeys?: readonly string[] | undefined
}
