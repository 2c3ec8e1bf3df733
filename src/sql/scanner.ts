import { SQLFeatureNotSupportedException, SQLSyntaxErrorException } from '../api/sql-exception.ts'
import type { Dialect } from './dialect.ts'

/** What a scan finds in a text: the code, without what stands in literals, names and comments. */
export interface ScannedText {
  /** The positions of the `?` markers. */
  readonly markers: readonly number[]
  /** The words of the code in upper case, in order; keywords and unquoted names alike. */
  readonly words: readonly string[]
}

const newline = 10
const carriageReturn = 13

/**
 * Divides one statement into code and the rest, by the lexical rules of a dialect.
 *
 * @throws SQLSyntaxErrorException 42601 for an empty text, an open literal, name or comment, a marker that is not
 *   portable; `SQLFeatureNotSupportedException` 0A000 for several statements in one text.
 */
export function scan(text: string, dialect: Dialect): ScannedText {
  const rules = dialect.lexical
  const markers: number[] = []
  const words: string[] = []
  let native: number | undefined
  let ended = false
  let lastToken: '' | ';' | 'word' | 'END after ;' | 'other' = ''
  let position = 0

  while (position < text.length) {
    const character = text[position]!
    if (isSpace(character)) {
      position++
      continue
    }
    const afterComment = skipComment(text, position, dialect)
    if (afterComment !== undefined) {
      position = afterComment
      continue
    }
    if (character === ';') {
      // Inside the body of a trigger statements end with semicolons; the trigger itself ends with `; END`.
      if (!isTrigger(words) || lastToken === 'END after ;') ended = true
      lastToken = ';'
      position++
      continue
    }
    if (ended) {
      throw new SQLFeatureNotSupportedException(
        `Several statements in one text${at(text, position)}: run them one by one, or with connection.script()`,
        { sqlState: '0A000', reason: 'feature' },
      )
    }
    const quote = rules.quotes.find((rule) => text.startsWith(rule.open, position))
    if (quote !== undefined) {
      position = skipQuoted(text, position, quote)
      lastToken = 'other'
    } else if (character === '?') {
      if (/[0-9?]/.test(text[position + 1] ?? '')) throw notPortable(text, position, 2)
      markers.push(position)
      position++
      lastToken = 'other'
    } else if (rules.nativeMarkers.includes(character) && isWordCharacter(text[position + 1])) {
      native ??= position
      position++
      lastToken = 'other'
    } else if (isWordCharacter(character)) {
      const start = position
      while (position < text.length && isWordCharacter(text[position])) position++
      const word = text.slice(start, position).toUpperCase()
      lastToken = word === 'END' && lastToken === ';' ? 'END after ;' : 'word'
      words.push(word)
    } else {
      position++
      lastToken = 'other'
    }
  }

  if (native !== undefined) throw notPortable(text, native, 12)
  if (lastToken === '' || (lastToken === ';' && words.length === 0)) {
    throw new SQLSyntaxErrorException('The text holds no statement', { sqlState: '42601', reason: 'syntax' })
  }
  return { markers, words }
}

function isTrigger(words: readonly string[]): boolean {
  return words[0] === 'CREATE' && (words[1] === 'TRIGGER' || words[2] === 'TRIGGER')
}

/** The position after the comment that begins here, or undefined when none does. */
function skipComment(text: string, start: number, dialect: Dialect): number | undefined {
  const rules = dialect.lexical
  if (text.startsWith('--', start)) {
    for (let position = start + 2; position < text.length; position++) {
      const code = text.charCodeAt(position)
      if (code === newline) return position
      if (code === carriageReturn && rules.lineCommentEndsAtCarriageReturn) return position
    }
    return text.length
  }
  if (!text.startsWith('/*', start)) return undefined
  let depth = 1
  let position = start + 2
  while (depth > 0) {
    const end = text.indexOf('*/', position)
    if (end === -1) {
      if (rules.blockCommentMayStayOpen) return text.length
      throw open('comment', text, start)
    }
    const inner = rules.blockCommentsNest ? text.indexOf('/*', position) : -1
    if (inner !== -1 && inner < end) {
      depth++
      position = inner + 2
    } else {
      depth--
      position = end + 2
    }
  }
  return position
}

function skipQuoted(
  text: string,
  start: number,
  quote: { open: string; close: string; doubled: boolean },
): number {
  let position = start + quote.open.length
  for (;;) {
    const end = text.indexOf(quote.close, position)
    if (end === -1) throw open(quote.open === "'" ? 'literal' : 'name', text, start)
    if (!quote.doubled || text[end + 1] !== quote.close) return end + 1
    position = end + 2
  }
}

function open(what: string, text: string, position: number): SQLSyntaxErrorException {
  return new SQLSyntaxErrorException(`The ${what} that begins${at(text, position)} is not ended`, {
    sqlState: '42601',
    reason: 'syntax',
  })
}

function notPortable(text: string, position: number, length: number): SQLSyntaxErrorException {
  const marker = /^.\w*/.exec(text.slice(position, position + length))?.[0] ?? ''
  return new SQLSyntaxErrorException(
    `'${marker}'${at(text, position)} is not a parameter: write ? for each one`,
    {
      sqlState: '42601',
      reason: 'syntax',
    },
  )
}

/** Where in the text, for people: ` at line 2, column 7`. */
function at(text: string, position: number): string {
  const before = text.slice(0, position)
  const line = before.split('\n').length
  return ` at line ${line}, column ${position - before.lastIndexOf('\n')}`
}

function isSpace(character: string): boolean {
  return character <= ' ' || character === '\u00a0' || character === '\ufeff'
}

function isWordCharacter(character: string | undefined): boolean {
  return character !== undefined && /[A-Za-z0-9_$\u0080-\uffff]/.test(character)
}
