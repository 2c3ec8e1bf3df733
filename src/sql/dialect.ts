import type { IsolationLevel } from '../api/executor.ts'
import type { StatementTraits } from './compiled-statement.ts'

/** What makes the SQL of one database different: data, no behaviour. */
export interface Dialect {
  readonly name: string
  readonly lexical: LexicalRules
  /** Around a name; inside it the closing character is doubled. */
  readonly identifierQuote: readonly [open: string, close: string]
  /** The most parameters that one statement may have. */
  readonly maxParameters: number
  readonly defaultIsolation: IsolationLevel
  readonly dataDefinitionIsTransactional: boolean
  /** What a text does, by its first word in upper case. A word that is missing: changes data and the session. */
  readonly verbs: Readonly<Record<string, StatementTraits>>
}

/** How a text is divided into code and what is not code (literals, names, comments). */
export interface LexicalRules {
  /** Names between these; the closing character doubled stands for itself, except where `doubled` is false. */
  readonly quotes: readonly QuoteRule[]
  readonly lineComment: '--'
  /** A line comment also ends at CR. */
  readonly lineCommentEndsAtCarriageReturn: boolean
  readonly blockCommentsNest: boolean
  /** An open block comment at the end of the text is legal. */
  readonly blockCommentMayStayOpen: boolean
  /** First characters of the database's own parameter markers (`$1`, `:name`, `@name`, `?1`). */
  readonly nativeMarkers: readonly string[]
}

export interface QuoteRule {
  readonly open: string
  readonly close: string
  readonly doubled: boolean
}
