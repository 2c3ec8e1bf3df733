import type { ColumnMetadata } from '../../src/api/result.ts'
import type { NewStatement } from './protocol.ts'

/** A text that the engine keeps under a number. */
export interface KnownStatement {
  /** 0: it is not kept. */
  readonly number: number
  /** As the engine said last; the same array while they stay the same. */
  columns: readonly ColumnMetadata[]
}

const noColumns: readonly ColumnMetadata[] = Object.freeze([])

/**
 * Which texts the engine keeps: decided here, so that a text travels once, and its columns once. The one that was
 * not used for longest is forgotten on both sides.
 */
export class StatementNumbers {
  readonly #capacity: number
  readonly #known = new Map<string, KnownStatement>()
  #latest = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** The statement, and what the engine must be told of it when it is new. */
  find(sql: string): readonly [known: KnownStatement, text: NewStatement | undefined] {
    const known = this.#known.get(sql)
    if (known !== undefined) {
      this.#known.delete(sql)
      this.#known.set(sql, known)
      return [known, undefined]
    }
    if (this.#capacity === 0) return [{ number: 0, columns: noColumns }, { sql }]
    let forget: number | undefined
    if (this.#known.size >= this.#capacity) {
      const [oldest, { number }] = this.#known.entries().next().value!
      this.#known.delete(oldest)
      forget = number
    }
    const added: KnownStatement = { number: ++this.#latest, columns: noColumns }
    this.#known.set(sql, added)
    return [added, { sql, forget }]
  }
}
