import type { LexicalRules, QuoteRule } from './dialect.ts'
import { first, inNumber, isDigit, tablesOf, type LexerTables } from './lexer-tables.ts'
import { syntaxError } from './text-fault.ts'

/**
 * `edge`: begin or end of a comment whose content is code. `sign`: any other single character.
 * `doubled`: `??`; `numbered`: `?` before a digit; `native`: a parameter marker of the database's own.
 */
export type TokenKind =
  | 'end'
  | 'space'
  | 'comment'
  | 'edge'
  | 'word'
  | 'number'
  | 'literal'
  | 'name'
  | 'question'
  | 'doubled'
  | 'numbered'
  | 'native'
  | 'sign'

/** Where a {@link Lexer} can go back to. */
export type LexerPlace = readonly [end: number, edge: number]

/**
 * Divides a text into tokens, one at a time, by the rules of a dialect. Each character is looked at a bounded number
 * of times, whatever the text.
 */
export class Lexer {
  readonly text: string
  kind: TokenKind = 'space'
  start = 0
  end = 0
  readonly #rules: LexicalRules
  readonly #tables: LexerTables
  /** Where the comment begins whose content is code, while inside it; otherwise -1. */
  #edge = -1

  constructor(text: string, rules: LexicalRules) {
    this.text = text
    this.#rules = rules
    this.#tables = tablesOf(rules)
  }

  get token(): string {
    return this.text.slice(this.start, this.end)
  }

  get place(): LexerPlace {
    return [this.end, this.#edge]
  }

  goTo([end, edge]: LexerPlace): void {
    this.end = end
    this.#edge = edge
  }

  /** @throws SQLSyntaxErrorException 42601 when something begins that is not ended. */
  next(): TokenKind {
    const { text } = this
    const start = (this.start = this.end)
    if (start >= text.length) {
      if (this.#edge !== -1) throw this.#open('comment', this.#edge)
      return (this.kind = 'end')
    }
    const code = text.charCodeAt(start)
    switch (code < 128 ? this.#tables.first[code]! : first.word) {
      case first.space:
        return this.#to('space', this.#skipSpace(start + 1))
      case first.word:
        return code === 0xfeff && start === 0 ? this.#to('space', 1) : this.#word(start)
      case first.digit:
        return this.#to('number', this.#skipNumber(start + 1))
      case first.quote:
        return this.#quoted(start, this.#tables.quotes[code]!)
      case first.question:
        return this.#question(start)
      case first.dash:
        if (this.#beginsLineComment(start)) return this.#to('comment', this.#skipLine(start + 2))
        break
      case first.hash:
        return this.#to('comment', this.#skipLine(start + 1))
      case first.slash:
        if (text.charCodeAt(start + 1) === star) return this.#blockComment(start)
        break
      case first.star:
        if (this.#edge === -1 || text.charCodeAt(start + 1) !== slash) break
        this.#edge = -1
        return this.#to('edge', start + 2)
      case first.dollar:
        return this.#dollar(start)
      case first.prefix:
        return this.#named(start)
    }
    return this.#to('sign', start + 1)
  }

  /** Whether a character can stand within a name, so that a marker beside it would be taken for a part of it. */
  isNameCharacter(code: number): boolean {
    return code < 128 ? this.#tables.inName[code] === 1 : code > 127
  }

  #to(kind: TokenKind, end: number): TokenKind {
    this.end = end
    return (this.kind = kind)
  }

  #open(what: string, position: number): Error {
    return syntaxError(`The ${what} that begins % is not ended`, this.text, position)
  }

  #skipSpace(position: number): number {
    while (
      position < this.text.length &&
      this.#tables.first[this.text.charCodeAt(position)] === first.space
    ) {
      position++
    }
    return position
  }

  #skipName(position: number): number {
    while (position < this.text.length && this.isNameCharacter(this.text.charCodeAt(position))) position++
    return position
  }

  /** Ends before `$`: PostgreSQL begins a new token there. */
  #skipNumber(position: number): number {
    while (position < this.text.length && inNumber(this.text.charCodeAt(position))) position++
    return position
  }

  #skipDigits(position: number): number {
    while (isDigit(this.text.charCodeAt(position))) position++
    return position
  }

  #word(start: number): TokenKind {
    const { text } = this
    const end = this.#skipName(start + 1)
    const code = text.charCodeAt(start)
    if (end === start + 1 && (code | 32) === letterE && this.#rules.escapeLiterals) {
      if (text.charCodeAt(end) === apostrophe) return this.#to('literal', this.#skipEscapeLiteral(start, end))
    }
    if (
      code === at &&
      this.#rules.numberedMarkers === '@p' &&
      (text.charCodeAt(start + 1) | 32) === letterP
    ) {
      if (end > start + 2 && this.#skipDigits(start + 2) === end) return this.#to('native', end)
    }
    return this.#to('word', end)
  }

  #question(start: number): TokenKind {
    const next = this.text.charCodeAt(start + 1)
    if (next === question) return this.#to('doubled', start + 2)
    if (isDigit(next)) return this.#to('numbered', this.#skipDigits(start + 1))
    return this.#to('question', start + 1)
  }

  #quoted(start: number, rule: QuoteRule): TokenKind {
    const isLiteral = rule.literal ?? rule.open === "'"
    const end = this.#skipQuoted(start, rule)
    if (end === -1) throw this.#open(isLiteral ? 'literal' : 'name', start)
    return this.#to(isLiteral ? 'literal' : 'name', end)
  }

  /** The position behind what is quoted, or -1 when it is not ended. */
  #skipQuoted(start: number, { close, doubled, backslash }: QuoteRule): number {
    const { text } = this
    if (backslash) return this.#skipBackslashed(start, close)
    let end = text.indexOf(close, start + 1)
    if (doubled) {
      while (end !== -1 && text[end + 1] === close) end = text.indexOf(close, end + 2)
    }
    return end === -1 ? -1 : end + 1
  }

  #skipBackslashed(start: number, close: string): number {
    const { text } = this
    const closing = close.charCodeAt(0)
    for (let position = start + 1; position < text.length; position++) {
      const code = text.charCodeAt(position)
      if (code === backslash) position++
      else if (code === closing) {
        if (text.charCodeAt(position + 1) !== closing) return position + 1
        position++
      }
    }
    return -1
  }

  /** `E'…'`, and its continuations: pieces between apostrophes with a newline between them are one literal. */
  #skipEscapeLiteral(start: number, quote: number): number {
    let end = -1
    for (let next = quote; next !== -1; next = this.#continuation(end)) {
      end = this.#skipBackslashed(next, "'")
      if (end === -1) throw this.#open('literal', start)
    }
    return end
  }

  /** Where a literal goes on: behind white space and line comments with a newline among them. Otherwise -1. */
  #continuation(position: number): number {
    const { text } = this
    let newlines = false
    for (; position < text.length; position++) {
      const code = text.charCodeAt(position)
      if (code === newline || code === carriageReturn) newlines = true
      else if (code === dash && text.charCodeAt(position + 1) === dash) {
        position = this.#skipLine(position + 2) - 1
      } else if (code === apostrophe) return newlines ? position : -1
      else if (this.#tables.first[code] !== first.space) return -1
    }
    return -1
  }

  #beginsLineComment(start: number): boolean {
    const { text } = this
    if (text.charCodeAt(start + 1) !== dash) return false
    if (!this.#rules.lineCommentNeedsSpace || start + 2 === text.length) return true
    const code = text.charCodeAt(start + 2)
    return code <= 32 || code === 127
  }

  #skipLine(position: number): number {
    const { text } = this
    for (; position < text.length; position++) {
      const code = text.charCodeAt(position)
      if (code === newline || (code === carriageReturn && this.#rules.lineCommentEndsAtCarriageReturn)) break
    }
    return position
  }

  #blockComment(start: number): TokenKind {
    const { text } = this
    const mark = this.#rules.executableComments?.find((each) => text.startsWith(each, start + 2))
    if (mark !== undefined && this.#edge === -1) {
      this.#edge = start
      return this.#to('edge', this.#skipDigits(start + 2 + mark.length))
    }
    let depth = 1
    for (let position = start + 2; position < text.length; position++) {
      const code = text.charCodeAt(position)
      if (code === star && text.charCodeAt(position + 1) === slash) {
        position++
        if (--depth === 0) return this.#to('comment', position + 1)
      } else if (this.#rules.blockCommentsNest && code === slash && text.charCodeAt(position + 1) === star) {
        position++
        depth++
      }
    }
    if (this.#rules.blockCommentMayStayOpen) return this.#to('comment', text.length)
    throw this.#open('comment', start)
  }

  /** PostgreSQL: `$1`, `$tag$…$tag$`, or a character like any other. */
  #dollar(start: number): TokenKind {
    const { text } = this
    if (isDigit(text.charCodeAt(start + 1))) return this.#to('native', this.#skipDigits(start + 1))
    let end = start + 1
    while (end < text.length && (inNumber(text.charCodeAt(end)) || text.charCodeAt(end) > 127)) end++
    if (text.charCodeAt(end) !== dollar) return this.#to('sign', start + 1)
    const close = text.indexOf(text.slice(start, end + 1), end + 1)
    if (close === -1) throw this.#open('literal', start)
    return this.#to('literal', close + end + 1 - start)
  }

  /** SQLite: `:name`, and Tcl's `$name::part(index)`. */
  #named(start: number): TokenKind {
    const { text } = this
    let end = this.#skipName(start + 1)
    while (text.charCodeAt(end) === colon && text.charCodeAt(end + 1) === colon) end = this.#skipName(end + 2)
    if (end === start + 1 || (text.charCodeAt(end - 1) === colon && end === start + 3)) {
      return this.#to('sign', start + 1)
    }
    if (text[end] !== '(') return this.#to('native', end)
    while (end < text.length && text[end] !== ')' && this.#tables.first[text.charCodeAt(end)] !== first.space)
      end++
    if (text[end] !== ')') throw this.#open('parameter', start)
    return this.#to('native', end + 1)
  }
}

const newline = 10
const carriageReturn = 13
const dollar = 36
const apostrophe = 39
const star = 42
const dash = 45
const slash = 47
const colon = 58
const question = 63
const at = 64
const backslash = 92
const letterE = 101
const letterP = 112
