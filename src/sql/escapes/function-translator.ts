import type { DialectName } from '../dialect.ts'
import { fill, joined, lengthOf, trim, type Part } from '../fragment.ts'
import { tooComplex } from '../text-fault.ts'
import type { EscapeContext } from './escape-context.ts'
import type { EscapeReader } from './escape-reader.ts'
import { functionColumns, functionNames, functionTable } from './function-table.ts'

/** Translates what stands in `{fn …}`: by the table, or as it is when JDBC names no such function. */
export class FunctionTranslator {
  readonly #context: EscapeContext
  readonly #escapes: Pick<
    EscapeReader,
    'name' | 'arguments' | 'closeArguments' | 'isAt' | 'wrong' | 'lacking'
  >
  readonly #column: number
  readonly #longest: number

  constructor(
    context: EscapeContext,
    family: DialectName,
    escapes: Pick<EscapeReader, 'name' | 'arguments' | 'closeArguments' | 'isAt' | 'wrong' | 'lacking'>,
  ) {
    this.#context = context
    this.#escapes = escapes
    this.#column = functionColumns.indexOf(family)
    // Arguments that are repeated, within others that are: without a limit a short text becomes a very long one.
    this.#longest = 65_536 + 8 * context.text.length
  }

  translate(): Part[] {
    const written = this.#escapes.name('function')
    const name = written.toUpperCase()
    const hasParentheses = this.#escapes.isAt('(')
    const given = this.#arguments(name)
    if (!functionNames.has(name)) {
      return hasParentheses ? [`${written}(`, ...joined(given), ')'] : [written]
    }
    const [key, values] = this.#lookUp(name, given)
    const template = this.#template(key, written, values.length)
    const parts = fill(template, values)
    if (lengthOf(parts) > this.#longest) {
      throw tooComplex('The translation becomes too long %', this.#context.text, this.#context.lexer.start)
    }
    return parts
  }

  #arguments(name: string): Part[][] {
    const separator = separators[name]
    if (separator === undefined || !this.#escapes.isAt('(')) return this.#escapes.arguments()
    const first = trim(this.#context.read('argument', separator))
    if (this.#context.lexer.kind !== 'word') throw this.#escapes.wrong(`lacks ${separator} in ${name}`)
    const given = [first, trim(this.#context.read('argument'))]
    while (this.#escapes.isAt(',')) given.push(trim(this.#context.read('argument')))
    this.#escapes.closeArguments()
    if (given.some((parts) => parts.length === 0)) throw this.#escapes.wrong('has an empty argument')
    return given
  }

  /** The key of the row, and the arguments that are values. */
  #lookUp(name: string, given: Part[][]): [key: string, values: Part[][]] {
    if (countsIn.has(name) && given.length > 1) {
      const unit = keywordOf(given.at(-1))
      if (unit === 'OCTETS') throw this.#escapes.lacking(`${name} in octets`)
      if (unit === 'CHARACTERS') given.pop()
    }
    const at = keywordArguments[name]
    if (at === undefined) return [`${name}/${given.length}`, given]
    if (given.length !== (name === 'TIMESTAMPADD' || name === 'TIMESTAMPDIFF' ? 3 : 2)) {
      throw this.#escapes.wrong(`has a wrong number of arguments for ${name}`)
    }
    const values = given.toSpliced(at, 1)
    const word = keywordOf(given[at])
    if (name !== 'CONVERT') return [`${name} ${word}`, values]
    const type = word.startsWith('SQL_') ? word : `SQL_${word}`
    return [`${name} ${type}`, values]
  }

  #template(key: string, written: string, count: number): string {
    const holes = Array.from({ length: count }, (_, index) => index + 1)
    const scaled = /^CONVERT SQL_(?:DECIMAL|NUMERIC)(\(\d+(?:,\d+)?\))$/.exec(key)?.[1]
    if (scaled !== undefined) return `CAST(#1 AS DECIMAL${scaled})`
    // JDBC's has two arguments; more of them mean the same on every database.
    const row = functionTable.get(key.startsWith('CONCAT/') && count > 1 && count < 10 ? 'CONCAT/2' : key)
    if (row === undefined) {
      const [name, keyword] = key.split(' ')
      throw this.#escapes.wrong(
        keyword === undefined
          ? `has a wrong number of arguments for ${name!.split('/')[0]}`
          : `names nothing that ${name} knows: ${keyword.slice(0, 40)}`,
      )
    }
    const template = typeof row === 'string' ? row : row[this.#column]
    if (template === undefined) throw this.#escapes.lacking(key.replace(/\/\d+$/, ''))
    if (template === '=') return `${written}(${holes.map((hole) => `#${hole}`).join(', ')})`
    const operator = /^\(%1 (\|\||\+) %2\)$/.exec(template)?.[1]
    return operator === undefined || count === 2
      ? template
      : `(${holes.map((hole) => `%${hole}`).join(` ${operator} `)})`
  }
}

/** Which argument is a keyword, from 0. */
const keywordArguments: Readonly<Record<string, number>> = {
  EXTRACT: 0,
  TIMESTAMPADD: 0,
  TIMESTAMPDIFF: 0,
  CONVERT: 1,
}
/** The word between two arguments. */
const separators: Readonly<Record<string, string>> = { EXTRACT: 'FROM', POSITION: 'IN' }
/** Their last argument may say in what is counted: CHARACTERS or OCTETS. */
const countsIn = new Set(['CHAR_LENGTH', 'CHARACTER_LENGTH', 'POSITION', 'SUBSTRING'])

function keywordOf(parts: readonly Part[] | undefined): string {
  const [part] = parts ?? []
  return parts?.length === 1 && typeof part === 'string' ? part.toUpperCase().replaceAll(/\s/g, '') : '?'
}
