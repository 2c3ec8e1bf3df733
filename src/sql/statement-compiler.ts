import type { CompiledStatement } from './compiled-statement.ts'
import type { Dialect } from './dialect.ts'
import { notText } from './native-sql.ts'
import { translate } from './translator.ts'

/** Texts together longer than this, in characters, are not kept, however few they are. */
const mostCharacters = 1_000_000

/** Compiles texts for one dialect, each once: the cache forgets the one that was not used for longest. */
export class StatementCompiler {
  readonly dialect: Dialect
  readonly #portable: StatementCache
  readonly #asWritten: StatementCache
  #latest: CompiledStatement | undefined

  constructor(dialect: Dialect, capacity: number) {
    this.dialect = dialect
    this.#portable = new StatementCache(capacity)
    this.#asWritten = new StatementCache(capacity)
  }

  /**
   * A text that is run with parameters, be it none of them (`[]`): each `?` is one.
   *
   * @throws SQLSyntaxErrorException as `translate` does; `SQLNonTransientException` HY009 when it is no text.
   */
  compile(text: string): CompiledStatement {
    // Programs run the same text again and again: the last one is found without touching the cache.
    if (this.#latest !== undefined && this.#latest.text === text) return this.#latest
    const compiled = this.#portable.get(text) ?? this.#portable.add(compile(text, this.dialect, false))
    if (this.#portable.capacity > 0) this.#latest = compiled
    return compiled
  }

  /**
   * A text that is run without parameters (not even `[]`): its `?` are left as they are. That differs from
   * {@link StatementCompiler.compile} only where `?` begins operators, on PostgreSQL. A `?` that cannot be an operator
   * is counted, so that forgotten parameters are noticed here too.
   *
   * @throws as `compile` does.
   */
  compileAsWritten(text: string): CompiledStatement {
    if (!this.dialect.questionMarkOperators || typeof text !== 'string' || !text.includes('?')) {
      return this.compile(text)
    }
    return this.#asWritten.get(text) ?? this.#asWritten.add(compile(text, this.dialect, true))
  }
}

class StatementCache {
  readonly capacity: number
  readonly #statements = new Map<string, CompiledStatement>()
  #characters = 0

  constructor(capacity: number) {
    this.capacity = capacity
  }

  get(text: string): CompiledStatement | undefined {
    const known = this.#statements.get(text)
    if (known === undefined) return undefined
    this.#statements.delete(text)
    this.#statements.set(text, known)
    return known
  }

  add(statement: CompiledStatement): CompiledStatement {
    const size = sizeOf(statement)
    if (this.capacity === 0 || size > mostCharacters) return statement
    this.#statements.set(statement.text, statement)
    this.#characters += size
    while (this.#statements.size > this.capacity || this.#characters > mostCharacters) {
      const [text, oldest] = this.#statements.entries().next().value!
      this.#statements.delete(text)
      this.#characters -= sizeOf(oldest)
    }
    return statement
  }
}

function sizeOf({ text, sql }: CompiledStatement): number {
  return sql === text ? text.length : text.length + sql.length
}

function compile(text: string, dialect: Dialect, asWritten: boolean): CompiledStatement {
  if (typeof text !== 'string') throw notText(text)
  const { traits, ...native } = translate(text, dialect, { asWritten })
  return Object.freeze({ ...traits, ...native, text })
}
