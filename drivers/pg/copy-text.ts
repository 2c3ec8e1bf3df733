import { SQLSyntaxErrorException } from '../../src/api/sql-exception.ts'
import { pgDialect } from '../../src/sql/dialects/pg.ts'
import { Lexer } from '../../src/sql/lexer.ts'
import { notText } from '../../src/sql/native-sql.ts'
import { checkText } from '../../src/sql/sendable-text.ts'

export type CopyDirection = 'FROM STDIN' | 'TO STDOUT'

const { lexical } = pgDialect()

/**
 * Nothing else must run where a COPY is expected: its answers would find nobody.
 *
 * @throws SQLSyntaxErrorException 42601 for any other text; `SQLNonTransientException` HY009 when it is no text.
 */
export function checkCopyText(text: string, direction: CopyDirection): void {
  if (typeof text !== 'string') throw notText(text)
  checkText(text)
  const words = outerWords(text)
  const at = words.findIndex((word) => word === 'FROM' || word === 'TO')
  if (words[0] === 'COPY' && at !== -1 && `${words[at]} ${words[at + 1]}` === direction) return
  throw new SQLSyntaxErrorException(`The text is not one statement COPY … ${direction}`, {
    sqlState: '42601',
    reason: 'syntax',
  })
}

/** The words outside parentheses, in upper case; none when there is more than one statement. */
function outerWords(text: string): string[] {
  const lexer = new Lexer(text, lexical)
  const words: string[] = []
  let depth = 0
  let ended = false
  for (let kind = lexer.next(); kind !== 'end'; kind = lexer.next()) {
    if (kind === 'space' || kind === 'comment') continue
    const { token } = lexer
    if (token === ';') ended = true
    else if (ended) return []
    else if (token === '(') depth++
    else if (token === ')') depth--
    else if (depth === 0) words.push(kind === 'word' ? token.toUpperCase() : '')
  }
  return words
}
