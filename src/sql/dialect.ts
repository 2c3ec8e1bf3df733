import type { IsolationLevel } from '../api/executor.ts'
import type { SessionChange, StatementTraits } from './compiled-statement.ts'

/** The databases whose SQL is known. */
export type DialectName = 'pg' | 'mysql' | 'mssql' | 'sqlite'

/** What makes the SQL of one database different: data, no behaviour. */
export interface Dialect {
  readonly name: string
  readonly lexical: LexicalRules
  /** What the JDBC escapes (`{fn …}`, `{d '…'}`) become. Default: they are left as they are. */
  readonly escapes?: DialectName | undefined
  /** What a `?` becomes: itself, or this followed by its number. Default: `?`. */
  readonly marker?: '?' | '$' | '@p' | undefined
  /** Where a marker must not touch an identifier, which would swallow it: a space is put between. Default: `none`. */
  readonly markerGuard?: 'none' | 'after' | 'both' | undefined
  /** Operators begin with `?`: `??` is written for one. Default: false, and `??` is refused. */
  readonly questionMarkOperators?: boolean | undefined
  /** Which statements hold others, with semicolons. Default: none. */
  readonly bodies?: 'trigger' | 'atomic' | 'compound' | 'batch' | undefined
  /** Around a name; inside it the closing character is doubled. */
  readonly identifierQuote: readonly [open: string, close: string]
  /** The most parameters that one statement may have. */
  readonly maxParameters: number
  readonly defaultIsolation: IsolationLevel
  readonly dataDefinitionIsTransactional: boolean
  /**
   * What a text does, by its first word, or its first two, in upper case. A word that is missing: changes data and
   * the session. `WITH` is what follows it; `CREATE TEMP` is also found behind `OR REPLACE`, `GLOBAL`, `LOCAL`, and
   * is not for what goes `ON COMMIT DROP`; `DECLARE HOLD` is a cursor `WITH HOLD`.
   */
  readonly verbs: Readonly<Record<string, StatementTraits>>
  /** Words in upper case by which any statement changes the session (advisory locks), and `:=`. Default: none. */
  readonly sessionWords?: Readonly<Record<string, SessionChange>> | undefined
  /** Those of them that change the transaction alone when they are called with TRUE at the end. Default: none. */
  readonly localCalls?: readonly string[] | undefined
  /** By this word a changing statement answers with rows. Default: `RETURNING`. */
  readonly returningWord?: string | undefined
  /**
   * How an INSERT tells columns of the rows that it inserts. `returning`: RETURNING behind it; `output`: OUTPUT
   * INSERTED before its rows; `driver`: the text is left as it is, the driver knows. Default: it cannot.
   */
  readonly generatedKeys?: 'returning' | 'output' | 'driver' | undefined
}

/** How a text is divided into code and what is not code (literals, names, comments). */
export interface LexicalRules {
  /** What stands between these is no code. */
  readonly quotes: readonly QuoteRule[]
  readonly lineComment: '--'
  /** `--` begins a comment only before a space, a control character or the end. Default: false. */
  readonly lineCommentNeedsSpace?: boolean | undefined
  /** A line comment also ends at CR. */
  readonly lineCommentEndsAtCarriageReturn: boolean
  /** `#` begins a line comment. Default: false. */
  readonly hashComments?: boolean | undefined
  readonly blockCommentsNest: boolean
  /** An open block comment at the end of the text is legal. */
  readonly blockCommentMayStayOpen: boolean
  /** Behind `/*`: what follows, up to the end of the comment, is code (`!`). Default: none. */
  readonly executableComments?: readonly string[] | undefined
  /** `E'…'` has backslash escapes, also where it goes on after a newline. Default: false. */
  readonly escapeLiterals?: boolean | undefined
  /** `$tag$…$tag$` is a literal. Default: false. */
  readonly dollarQuotes?: boolean | undefined
  /** ASCII characters of a name beside letters, digits and `_`. Default: `$`. */
  readonly nameCharacters?: string | undefined
  /** Those of them with which a name can begin. Default: none. */
  readonly nameStarts?: string | undefined
  /** First characters of the database's own named parameters (`:name`, `@name`, `$name`). */
  readonly nativeMarkers: readonly string[]
  /** What stands before the number in the database's own numbered parameters. Default: it has none. */
  readonly numberedMarkers?: '$' | '@p' | undefined
}

/** How a quoted token begins and ends: a literal, a name. */
export interface QuoteRule {
  /** One character. */
  readonly open: string
  /** One character. */
  readonly close: string
  /** The closing character doubled stands for itself. */
  readonly doubled: boolean
  /** A backslash takes the next character along. Default: false. */
  readonly backslash?: boolean | undefined
  /** A literal, not a name. Default: whether `open` is an apostrophe. */
  readonly literal?: boolean | undefined
}
