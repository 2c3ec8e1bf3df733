/** What a text does, as far as its words tell. */
export interface StatementTraits {
  /** It changes no data: a SELECT without a function is not told from one with. */
  readonly readOnly: boolean
  /** It may change the session beyond the current transaction (SET, PRAGMA, temporary objects, unknown verbs). */
  readonly changesSession: boolean
  /** BEGIN, COMMIT, ROLLBACK, SAVEPOINT and the like, sent as a text. */
  readonly transactionControl: boolean
}

/** A text made ready for one dialect: compiled once, used for every run. Its identity is a key for driver caches. */
export interface CompiledStatement extends StatementTraits {
  /** As the application wrote it. */
  readonly text: string
  /** As it is sent. */
  readonly sql: string
  readonly parameterCount: number
}
