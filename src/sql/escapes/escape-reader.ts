import type { DialectName } from '../dialect.ts'
import { joined, trim, type Part } from '../fragment.ts'
import type { TokenKind } from '../lexer.ts'
import { notSupported, syntaxError, tooComplex } from '../text-fault.ts'
import type { EscapeContext } from './escape-context.ts'
import { FunctionTranslator } from './function-translator.ts'

/**
 * Translates the escapes of JDBC 4.3, section 13.4: `{d}` `{t}` `{ts}` `{fn}` `{oj}` `{escape}` `{limit}` `{call}`,
 * `{? = call}`. Their keywords may be in any case, and white space may stand before them. Other braces are left alone.
 */
export class EscapeReader {
  readonly #context: EscapeContext
  readonly #family: DialectName
  readonly #functions: FunctionTranslator
  /** Where the escapes begin that are being read, the innermost last. */
  readonly #starts: number[] = []

  constructor(context: EscapeContext, family: DialectName) {
    this.#context = context
    this.#family = family
    this.#functions = new FunctionTranslator(context, family, this)
  }

  /** The translation of the escape behind whose brace the lexer stands; undefined, and nothing read, when it is none. */
  read(start: number): Part[] | undefined {
    const { lexer, text } = this.#context
    const place = lexer.place
    const kind = this.skip()
    const keyword = kind === 'word' ? lexer.token.toLowerCase() : kind === 'question' ? '?' : ''
    if (!keywords.has(keyword) || (keyword === '?' && !this.#isCallWithResult())) {
      lexer.goTo(place)
      return undefined
    }
    if (this.#starts.length === deepest) {
      throw tooComplex(`More than ${deepest} escapes are nested %`, text, start)
    }
    this.#starts.push(start)
    const parts = this.#translate(keyword)
    this.#starts.pop()
    if (keyword === 'call' || keyword === '?') this.#expectEndOfStatement()
    return parts
  }

  /** The next token that is not space and no comment. */
  skip(): TokenKind {
    const { lexer } = this.#context
    let kind = lexer.next()
    while (kind === 'space' || kind === 'comment') kind = lexer.next()
    if (kind === 'end' && this.#starts.length > 0) throw this.open()
    return kind
  }

  /** The escape that is being read lacks its brace. */
  open(): Error {
    const { text } = this.#context
    return syntaxError('The escape that begins % is not ended', text, this.#starts.at(-1) ?? text.length)
  }

  /** The escape that is being read is not as it must be. */
  wrong(fault: string): Error {
    return syntaxError(`The escape that begins % ${fault}`, this.#context.text, this.#starts.at(-1)!)
  }

  lacking(what: string): Error {
    return notSupported(
      `${this.#family} has no ${what}; the escape begins %`,
      this.#context.text,
      this.#starts.at(-1)!,
    )
  }

  /** A name, perhaps with a qualifier, as written; the lexer stands behind it, on `(` or `}`. */
  name(what: string): string {
    const { lexer, text } = this.#context
    let kind = this.skip()
    const start = lexer.start
    let end = start
    while (kind === 'word' || kind === 'name' || (kind === 'sign' && text[lexer.start] === '.')) {
      end = lexer.end
      kind = this.skip()
    }
    if (end === start || !this.isAt('(', '}')) throw this.wrong(`names no ${what}`)
    return text.slice(start, end)
  }

  /** Behind a name: its arguments in parentheses, none without. The lexer stands on the brace. */
  arguments(): Part[][] {
    const found: Part[][] = []
    if (this.isAt('}')) return found
    do {
      found.push(trim(this.#context.read('argument')))
    } while (this.isAt(','))
    this.closeArguments()
    if (found.length === 1 && found[0]!.length === 0) return []
    if (found.some((parts) => parts.length === 0)) throw this.wrong('has an empty argument')
    return found
  }

  /** From the parenthesis behind the last argument to the brace. */
  closeArguments(): void {
    if (!this.isAt(')')) throw this.wrong('has no ) behind its arguments')
    this.#close()
  }

  isAt(...signs: string[]): boolean {
    const { lexer, text } = this.#context
    return lexer.kind === 'sign' && signs.includes(text[lexer.start]!)
  }

  #translate(keyword: string): Part[] {
    switch (keyword) {
      case 'd':
        return this.#temporal('DATE', 'DATE')
      case 't':
        return this.#temporal('TIME', 'TIME')
      case 'ts':
        // Not DATETIME: how it reads a literal depends on the session's DATEFORMAT.
        return this.#temporal('TIMESTAMP', 'DATETIME2')
      case 'fn':
        return this.#functions.translate()
      case 'oj':
        return this.#outerJoin()
      case 'escape':
        return this.#likeEscape()
      case 'limit':
        return this.#limit()
      case 'call':
        return this.#call()
      default:
        return this.#callWithResult()
    }
  }

  #temporal(type: string, mssqlType: string): Part[] {
    const literal = this.#literal()
    switch (this.#family) {
      case 'pg':
      case 'mysql':
        return [`${type} ${literal}`]
      case 'mssql':
        return [`CAST(${literal} AS ${mssqlType})`]
      case 'sqlite':
        return [literal]
    }
  }

  #outerJoin(): Part[] {
    const parts = trim(this.#context.read('escape'))
    if (parts.length === 0) throw this.wrong('is empty')
    return parts
  }

  #likeEscape(): Part[] {
    const { lexer, text, dialect } = this.#context
    // Where a backslash takes the apostrophe along, '\' would not end.
    alone.lastIndex = lexer.end
    if (!alone.test(text)) return [`ESCAPE ${this.#literal()}`]
    const { end } = lexer
    lexer.goTo([alone.lastIndex - 1, lexer.place[1]])
    lexer.next()
    const takesAlong = dialect.lexical.quotes.some((rule) => rule.open === "'" && rule.backslash)
    return [takesAlong ? "ESCAPE '\\\\'" : `ESCAPE ${text.slice(end, lexer.start).trim()}`]
  }

  #limit(): Part[] {
    const { lexer, shape } = this.#context
    const read = (): Part[] => trim(this.#context.read('argument', 'OFFSET'))
    const { isOrdered } = shape
    const rows = read()
    const offset = lexer.kind === 'word' ? read() : undefined
    if (!this.isAt('}') || rows.length === 0 || offset?.length === 0) {
      throw this.wrong('is not {limit rows} or {limit rows offset start}')
    }
    if (this.#family !== 'mssql') {
      return offset === undefined ? ['LIMIT ', ...rows] : ['LIMIT ', ...rows, ' OFFSET ', ...offset]
    }
    const order = isOrdered ? '' : 'ORDER BY (SELECT NULL) '
    return [`${order}OFFSET `, ...(offset ?? ['0']), ' ROWS FETCH NEXT ', ...rows, ' ROWS ONLY']
  }

  #call(): Part[] {
    const { name, given } = this.#procedure()
    switch (this.#family) {
      case 'pg':
      case 'mysql':
        return [`CALL ${name}(`, ...joined(given), ')']
      case 'mssql':
        return [`EXEC ${name}`, ...this.#procedureArguments(given)]
      case 'sqlite':
        throw this.lacking('procedures')
    }
  }

  #callWithResult(): Part[] {
    const { name, given } = this.#procedure()
    switch (this.#family) {
      case 'pg':
        return [`SELECT * FROM ${name}(`, ...joined(given), ') AS result']
      case 'mysql':
        return [`SELECT ${name}(`, ...joined(given), ')']
      case 'mssql':
        this.#context.returnMarker = true
        return [`EXEC @p1 = ${name}`, ...this.#procedureArguments(given)]
      case 'sqlite':
        throw this.lacking('procedures')
    }
  }

  #procedure(): { name: string; given: Part[][] } {
    const { shape } = this.#context
    if (!shape.empty || this.#starts.length > 1)
      throw this.wrong('is a call, and must be the whole statement')
    shape.word('CALL')
    return { name: this.name('procedure'), given: this.arguments() }
  }

  /** EXEC takes no expressions. */
  #procedureArguments(given: Part[][]): Part[] {
    for (const parts of given) {
      const text = parts.map((part) => (typeof part === 'number' ? '@p0' : part)).join('')
      if (!plainArgument.test(text)) throw this.lacking('expressions as arguments of a procedure')
    }
    return given.length === 0 ? [] : [' ', ...joined(given)]
  }

  #isCallWithResult(): boolean {
    const { lexer } = this.#context
    this.skip()
    if (!this.isAt('=')) return false
    return this.skip() === 'word' && lexer.token.toLowerCase() === 'call'
  }

  #literal(): string {
    if (this.skip() !== 'literal') throw this.wrong('holds no literal')
    const { token } = this.#context.lexer
    this.#close()
    return token
  }

  #close(): void {
    this.skip()
    if (!this.isAt('}')) throw this.wrong('holds more than it may')
  }

  #expectEndOfStatement(): void {
    const { lexer, text } = this.#context
    const { place, start } = lexer
    const kind = this.skip()
    if (kind !== 'end' && !this.isAt(';')) throw syntaxError('A call is followed by more', text, lexer.start)
    lexer.goTo(place)
    lexer.start = start
  }
}

const keywords = new Set(['d', 't', 'ts', 'fn', 'oj', 'escape', 'limit', 'call', '?'])
const deepest = 64
const alone = /\s*'\\'\s*\}/y
const plainArgument =
  /^(?:@[\w@#$]+\s*=\s*)?(?:[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?|0x[\da-f]*|n?'(?:[^']|'')*'|null|default|@[\w@#$]+(?:\s+out(?:put)?)?)$/i
