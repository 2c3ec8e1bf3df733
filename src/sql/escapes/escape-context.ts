import type { Dialect } from '../dialect.ts'
import type { Part } from '../fragment.ts'
import type { Lexer } from '../lexer.ts'
import type { StatementShape } from '../statement-shape.ts'

/** What ends a part of the text that is read as one: the end of all, the `}` of an escape, also `,` and `)`. */
export type Stop = 'end' | 'escape' | 'argument'

/** The text in which an escape stands, as far as its reader needs it. */
export interface EscapeContext {
  readonly text: string
  readonly dialect: Dialect
  readonly lexer: Lexer
  readonly shape: StatementShape
  /** `@p1` receives a return value. */
  returnMarker: boolean
  /**
   * Reads on, up to what ends this part, or a word outside parentheses; the lexer stands on it then. Within an escape
   * comments become a space, because a translation may put its pieces on one line.
   */
  read(stop: Stop, word?: string): Part[]
}
