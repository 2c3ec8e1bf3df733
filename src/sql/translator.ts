import type { NativeSQL, StatementTraits } from './compiled-statement.ts'
import type { Dialect } from './dialect.ts'
import type { EscapeContext, Stop } from './escapes/escape-context.ts'
import { EscapeReader } from './escapes/escape-reader.ts'
import { render, type Part } from './fragment.ts'
import { Lexer } from './lexer.ts'
import { StatementShape } from './statement-shape.ts'
import { notSupported, syntaxError } from './text-fault.ts'

/** How a text is read. */
export interface TranslateOptions {
  /** Translate the JDBC escapes. Default: true. */
  readonly escapeProcessing?: boolean | undefined
  /**
   * Leave each `?` as it is, because no parameters are given: on PostgreSQL it may be an operator. One that cannot be
   * an operator is counted all the same. Default: false.
   */
  readonly asWritten?: boolean | undefined
}

/** A text as the database takes it, and what it does. */
export interface Translation extends NativeSQL {
  readonly traits: StatementTraits & { readonly returnsRows: boolean }
}

/**
 * Reads one statement by the rules of a dialect, once, from its beginning to its end: finds the parameters, translates
 * the JDBC escapes, and tells what the statement does. What is neither comes out as it went in, to the byte.
 *
 * @throws SQLSyntaxErrorException 42601 for a text without a statement, with a NUL or half a surrogate pair, with
 *   something that is not ended, a marker that is not portable, an escape that is wrong; 54001 for escapes that are
 *   nested too deep. `SQLFeatureNotSupportedException` 0A000 for several statements, and for an escape that the
 *   database has nothing for.
 */
export function translate(text: string, dialect: Dialect, options: TranslateOptions = {}): Translation {
  return new Translator(text, dialect, options).run()
}

class Translator implements EscapeContext {
  readonly lexer: Lexer
  readonly shape: StatementShape
  readonly text: string
  readonly dialect: Dialect
  /** `{? = call …}` on a database that binds the return value. */
  returnMarker = false
  readonly #asWritten: boolean
  readonly #escapes: EscapeReader | undefined
  #parameters = 0
  #firstMarker = -1
  #native = -1
  #highestNative = 0
  readonly #names = new Set<string>()

  constructor(
    text: string,
    dialect: Dialect,
    { escapeProcessing = true, asWritten = false }: TranslateOptions,
  ) {
    this.text = text
    this.dialect = dialect
    this.lexer = new Lexer(text, dialect.lexical)
    this.shape = new StatementShape(dialect)
    this.#asWritten = asWritten
    if (escapeProcessing && dialect.escapes !== undefined)
      this.#escapes = new EscapeReader(this, dialect.escapes)
  }

  run(): Translation {
    const { text, shape } = this
    checkCharacters(text)
    const parts = this.read('end')
    if (shape.empty) throw syntaxError('The text holds no statement: it ends', text, text.length)
    if (this.#native !== -1 && this.#firstMarker !== -1) throw this.#mixed()
    const { traits } = shape
    // Nothing was changed: the text itself, and no copy of it, is kept.
    if (parts.length === 1 && parts[0] === text) return { sql: text, ...this.#parametersOf([]), traits }
    const firstNumber = this.returnMarker ? 2 : 1
    const { sql, order } = render(parts, this.dialect, firstNumber, (code) =>
      this.lexer.isNameCharacter(code),
    )
    return { sql, ...this.#parametersOf(order), traits }
  }

  read(stop: Stop, stopWord?: string): Part[] {
    const { lexer, text } = this
    const parts: Part[] = []
    let copied = lexer.end
    // What was copied already, but is one piece with what follows.
    let begun = ''
    let depth = 0
    const copyTo = (position: number): void => {
      const piece = begun + text.slice(copied, position)
      if (piece !== '') parts.push(piece)
      begun = ''
      copied = lexer.end
    }
    for (;;) {
      const kind = lexer.next()
      if (kind === 'end') {
        if (stop !== 'end') throw this.#escapes!.open()
        copyTo(lexer.start)
        return parts
      }
      if (this.shape.ended && kind !== 'space' && kind !== 'comment' && text[lexer.start] !== ';') {
        throw notSupported(
          'Several statements in one text, the second %: run them one by one, or with connection.script()',
          text,
          lexer.start,
        )
      }
      switch (kind) {
        case 'space':
        case 'edge':
          continue
        case 'comment':
          if (stop !== 'end') {
            copyTo(lexer.start)
            parts.push(' ')
          }
          continue
        case 'question': {
          const marker = this.#marker()
          if (marker !== undefined) {
            copyTo(lexer.start)
            parts.push(marker)
          }
          break
        }
        case 'doubled':
          if (this.#doubled()) {
            begun += text.slice(copied, lexer.start + 1)
            copied = lexer.end
          }
          break
        case 'numbered':
          this.#numbered()
          break
        case 'native':
          this.#nativeMarker()
          break
        case 'word':
          if (stopWord !== undefined && depth === 0 && lexer.token.toUpperCase() === stopWord) {
            copyTo(lexer.start)
            return parts
          }
          this.shape.word(lexer.token)
          continue
        case 'sign': {
          const sign = text[lexer.start]!
          if (stop !== 'end' && depth === 0 && endsPart(sign, stop)) {
            copyTo(lexer.start)
            return parts
          }
          if (sign === ';') {
            if (stop !== 'end') throw this.#escapes!.open()
            this.shape.semicolon()
            continue
          }
          if (sign === '{') {
            const start = lexer.start
            const escape = this.#escapes?.read(start)
            if (escape !== undefined) {
              copyTo(start)
              for (const part of escape) parts.push(part)
              this.shape.other()
              continue
            }
          }
          if (sign === '(' || sign === '[' || sign === '{') depth++
          else if (sign === ')' || sign === ']' || sign === '}') depth--
          this.shape.sign(sign)
          continue
        }
        case 'literal':
        case 'name':
        case 'number':
          break
      }
      this.shape.other()
    }
  }

  /** The number of the parameter, or undefined for a `?` that is left as it is. */
  #marker(): number | undefined {
    if (this.#asWritten) {
      if (!this.#mayBeOperator()) this.#parameters++
      return undefined
    }
    if (this.#firstMarker === -1) this.#firstMarker = this.lexer.start
    return this.#parameters++
  }

  #mayBeOperator(): boolean {
    const { lexer, text, shape } = this
    const place = lexer.place
    const { start, end } = lexer
    const beside = isOperator(text[start - 1]) || isOperator(text[end])
    let kind = lexer.next()
    while (kind === 'space' || kind === 'comment') kind = lexer.next()
    const endsOperand = kind === 'end' || (kind === 'sign' && ')],;'.includes(text[lexer.start]!))
    lexer.goTo(place)
    lexer.start = start
    lexer.kind = 'question'
    return !endsOperand && (beside || !shape.expectsOperand)
  }

  #doubled(): boolean {
    if (this.#asWritten) return false
    if (this.dialect.questionMarkOperators) return true
    throw syntaxError(
      `'??' % is no parameter: on PostgreSQL it stands for the operator ?, ${this.dialect.name} has none`,
      this.text,
      this.lexer.start,
    )
  }

  #numbered(): void {
    if (this.#asWritten) return
    throw syntaxError(
      `'${shorten(this.lexer.token)}' % is not portable: write ? for each parameter`,
      this.text,
      this.lexer.start,
    )
  }

  #nativeMarker(): void {
    const { lexer, text, shape } = this
    if (shape.namesArguments && /\s*=/y.test(text.slice(lexer.end, lexer.end + 100))) return
    if (this.#native === -1) this.#native = lexer.start
    const token = lexer.token
    if (this.dialect.lexical.numberedMarkers === undefined) {
      this.#names.add(token)
      return
    }
    const number = Number(/[0-9]+$/.exec(token)![0])
    if (number > this.#highestNative) this.#highestNative = number
  }

  #parametersOf(order: readonly number[]): Omit<NativeSQL, 'sql'> {
    if (this.#native !== -1) return this.#nativeParameters()
    const parameterCount = this.#parameters
    const isMoved = order.length > parameterCount || order.some((parameter, index) => parameter !== index)
    return {
      parameterCount,
      ...(isMoved && (this.dialect.marker ?? '?') === '?' && { order }),
      ...(this.returnMarker && { returnMarker: true }),
    }
  }

  /** Native markers run as they are written. They are counted as the database counts them. */
  #nativeParameters(): Omit<NativeSQL, 'sql'> {
    if (this.shape.definesMarkers) return { parameterCount: 0 }
    if (this.#names.size === 0) return { parameterCount: this.#highestNative }
    return { parameterCount: this.#names.size, names: [...this.#names] }
  }

  #mixed(): Error {
    this.lexer.goTo([this.#native, -1])
    this.lexer.next()
    return syntaxError(
      `'${shorten(this.lexer.token)}' % stands beside ?: a text has either portable parameters or native ones`,
      this.text,
      this.#native,
    )
  }
}

function endsPart(sign: string, stop: Stop): boolean {
  return sign === '}' || (stop === 'argument' && (sign === ',' || sign === ')'))
}

function isOperator(character: string | undefined): boolean {
  return character !== undefined && '+-*/<>=~!@#%^&|`?'.includes(character)
}

/** PostgreSQL and SQLite would end the text at a NUL and run what is before it; half a pair would become U+FFFD. */
function checkCharacters(text: string): void {
  const nul = text.indexOf('\0')
  if (nul !== -1) throw syntaxError('A NUL', text, nul)
  if (!text.isWellFormed()) {
    throw syntaxError('Half a surrogate pair, which is no text,', text, text.search(/\p{Surrogate}/u))
  }
}

function shorten(token: string): string {
  return token.length > 40 ? `${token.slice(0, 40)}…` : token
}
