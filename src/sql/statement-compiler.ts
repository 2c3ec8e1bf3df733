import { SQLNonTransientException } from '../api/sql-exception.ts'
import type { CompiledStatement, StatementTraits } from './compiled-statement.ts'
import type { Dialect } from './dialect.ts'
import { scan } from './scanner.ts'

const unknownVerb: StatementTraits = { readOnly: false, changesSession: true, transactionControl: false }
const changingVerbs = ['INSERT', 'UPDATE', 'DELETE', 'MERGE', 'REPLACE']

/** Compiles texts for one dialect, each once: the cache forgets the one that was not used for longest. */
export class StatementCompiler {
  readonly dialect: Dialect
  readonly #capacity: number
  readonly #cache = new Map<string, CompiledStatement>()
  #latest: CompiledStatement | undefined

  constructor(dialect: Dialect, capacity: number) {
    this.dialect = dialect
    this.#capacity = capacity
  }

  /** @throws SQLSyntaxErrorException as `scan` does; `SQLNonTransientException` HY009 when it is no text. */
  compile(text: string): CompiledStatement {
    // Programs run the same text again and again: the last one is found without touching the cache.
    if (this.#latest !== undefined && this.#latest.text === text) return this.#latest
    const known = this.#cache.get(text)
    if (known !== undefined) {
      this.#cache.delete(text)
      this.#cache.set(text, known)
      this.#latest = known
      return known
    }
    const compiled = this.#compile(text)
    if (this.#capacity === 0) return compiled
    if (this.#cache.size >= this.#capacity) this.#cache.delete(this.#cache.keys().next().value!)
    this.#cache.set(text, compiled)
    this.#latest = compiled
    return compiled
  }

  #compile(text: string): CompiledStatement {
    if (typeof text !== 'string') {
      throw new SQLNonTransientException(
        `The SQL is ${text === null ? 'null' : `a ${typeof text}`}, not a text`,
        {
          sqlState: 'HY009',
          reason: 'parameter',
        },
      )
    }
    const { markers, words } = scan(text, this.dialect)
    const traits = traitsOf(words, this.dialect)
    return Object.freeze({ ...traits, text, sql: text, parameterCount: markers.length })
  }
}

/** By the first word, or the first two (`CREATE TEMP`); `WITH` is what follows it. */
function traitsOf(words: readonly string[], dialect: Dialect): StatementTraits {
  const verbs = dialect.verbs
  const [first = '', second = ''] = words
  if (first === 'WITH') {
    const changing = words.find((word) => changingVerbs.includes(word))
    return pick(verbs[changing ?? 'SELECT'])
  }
  return pick(verbs[`${first} ${second}`] ?? verbs[first])
}

function pick(traits: StatementTraits | undefined): StatementTraits {
  const { readOnly, changesSession, transactionControl } = traits ?? unknownVerb
  return { readOnly, changesSession, transactionControl }
}
