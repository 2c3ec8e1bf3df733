import { closeStatementBytes } from './frames.ts'
import type { RowShape } from './result-types.ts'

/** A statement that the server has prepared. */
interface Plan {
  readonly id: number
  /** Its columns as they came last; undefined until it was run. */
  shape: RowShape | undefined
}

/** A text that was run on this session. */
export interface KnownStatement {
  readonly sql: string
  uses: number
  plan: Plan | undefined
}

/**
 * What was prepared on one session, as far as it is kept: the text that was not used for longest goes first. The server
 * has a limit for all sessions together (max_prepared_stmt_count), which is why there is one here.
 */
export class StatementCache {
  readonly #capacity: number
  readonly #threshold: number
  readonly #known = new Map<string, KnownStatement>()
  #closed: Buffer[] = []
  /** Before the texts of another database than that of the session. */
  #prefix = ''

  /**
   * @param capacity How many texts are known.
   * @param threshold At its run of this number a text stays prepared; 0: never.
   */
  constructor(capacity: number, threshold: number) {
    this.#capacity = threshold === 0 ? 0 : capacity
    this.#threshold = threshold
  }

  /** The text, as one that is used now, so many times. */
  use(sql: string, times = 1): KnownStatement {
    const key = this.#prefix === '' ? sql : this.#prefix + sql
    let known = this.#known.get(key)
    if (known === undefined) known = { sql, uses: 0, plan: undefined }
    else this.#known.delete(key)
    known.uses += times
    if (this.#capacity === 0) return known
    this.#known.set(key, known)
    if (this.#known.size > this.#capacity) this.#evictOldest()
    return known
  }

  /**
   * The names in a plan are those of the database in which it was prepared, wherever the session is by now: each database
   * has plans of its own.
   *
   * @param database Undefined for that of the session.
   */
  enter(database: string | undefined): void {
    this.#prefix = database === undefined ? '' : `${database}\0`
  }

  /** Whether the text is to stay prepared from now on. */
  keeps({ uses }: KnownStatement): boolean {
    return this.#capacity > 0 && uses >= this.#threshold
  }

  /** The server has it no more, or is to forget it. */
  forget(known: KnownStatement): void {
    if (known.plan !== undefined) this.#closed.push(closeStatementBytes(known.plan.id))
    known.plan = undefined
  }

  forgetAll(): void {
    for (const known of this.#known.values()) this.forget(known)
  }

  /** The session was reset: the server has forgotten all of them by itself. */
  clear(): void {
    this.#known.clear()
    this.#prefix = ''
    this.#closed = []
  }

  /** What closes those that were forgotten, once: it is not answered. */
  takeClosed(): Buffer | undefined {
    if (this.#closed.length === 0) return undefined
    const closed = Buffer.concat(this.#closed)
    this.#closed = []
    return closed
  }

  #evictOldest(): void {
    const [key, known] = this.#known.entries().next().value!
    this.#known.delete(key)
    this.forget(known)
  }
}
