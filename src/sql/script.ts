import type { StatementTraits } from './compiled-statement.ts'
import type { Dialect } from './dialect.ts'
import { Lexer } from './lexer.ts'
import { StatementShape } from './statement-shape.ts'

/**
 * What each statement of a text does, in their order. The text is taken as the database's own: its escapes and
 * markers are not looked at.
 *
 * @throws SQLSyntaxErrorException 42601 for a text with something that is not ended.
 */
export function scriptTraits(text: string, dialect: Dialect): StatementTraits[] {
  const lexer = new Lexer(text, dialect.lexical)
  const all: StatementTraits[] = []
  let shape = new StatementShape(dialect)
  for (;;) {
    const kind = lexer.next()
    switch (kind) {
      case 'end':
        if (!shape.empty) all.push(shape.traits)
        return all
      case 'space':
      case 'edge':
      case 'comment':
        break
      case 'word':
        shape.word(lexer.token)
        break
      case 'sign':
        if (text[lexer.start] === ';') shape.semicolon()
        else shape.sign(text[lexer.start]!)
        break
      default:
        shape.other()
    }
    if (!shape.ended) continue
    all.push(shape.traits)
    shape = new StatementShape(dialect)
  }
}
