import { fits, type EncodedParameters } from './parameters.ts'
import type { RowShape } from './result-types.ts'

/** A statement prepared by the server, for certain types of its parameters. */
export interface Plan {
  readonly name: string
  readonly types: readonly number[]
  /** Undefined until the server has described it. */
  shape: RowShape | undefined
}

/** A text that was run on this session. */
export interface KnownStatement {
  readonly sql: string
  uses: number
  readonly plans: Plan[]
}

/** As many combinations of types of one text are prepared. */
const plansOfOneText = 4

/** What was prepared on one session, as far as it is kept: the text that was not used for longest goes first. */
export class StatementCache {
  readonly #capacity: number
  readonly #threshold: number
  readonly #prefix: string
  readonly #known = new Map<string, KnownStatement>()
  #latest: KnownStatement | undefined
  #plans = 0
  #names = 0
  #closed: string[] = []

  /**
   * @param capacity How many texts are known, and how many plans there are.
   * @param threshold At its run of this number a text is prepared; 0: never.
   * @param prefix Of the names of plans. No two sessions have the same: a pooler that mixes them up is noticed.
   */
  constructor(capacity: number, threshold: number, prefix: string) {
    this.#capacity = threshold === 0 ? 0 : capacity
    this.#threshold = threshold
    this.#prefix = prefix
  }

  /** The text, as one that is used now. */
  find(sql: string): KnownStatement {
    if (this.#latest?.sql === sql) return this.#latest
    let known = this.#known.get(sql)
    if (known === undefined) known = { sql, uses: 0, plans: [] }
    else this.#known.delete(sql)
    if (this.#capacity === 0) return known
    this.#known.set(sql, known)
    this.#latest = known
    if (this.#known.size > this.#capacity) this.#evictOldest()
    return known
  }

  /** A plan that takes these values. Where NULL comes and goes there is one plan, not two. */
  match({ plans }: KnownStatement, parameters: EncodedParameters): Plan | undefined {
    for (const plan of plans) if (fits(plan.types, parameters)) return plan
    return undefined
  }

  /** A plan to prepare, when its time has come. */
  plan(known: KnownStatement, { types }: EncodedParameters): Plan | undefined {
    known.uses++
    if (this.#capacity === 0 || known.uses < this.#threshold || known.plans.length >= plansOfOneText)
      return undefined
    const plan: Plan = { name: `${this.#prefix}${++this.#names}`, types, shape: undefined }
    known.plans.push(plan)
    this.#plans++
    while (this.#plans > this.#capacity && this.#known.size > 1) this.#evictOldest()
    return plan
  }

  /** The server has it no more, or never had it. */
  forget(known: KnownStatement, plan: Plan): void {
    const at = known.plans.indexOf(plan)
    if (at === -1) return
    known.plans.splice(at, 1)
    this.#drop(plan)
  }

  /** The names of plans that the server is to close, once. */
  takeClosed(): readonly string[] {
    if (this.#closed.length === 0) return noNames
    const closed = this.#closed
    this.#closed = []
    return closed
  }

  #evictOldest(): void {
    const [sql, known] = this.#known.entries().next().value!
    this.#known.delete(sql)
    for (const plan of known.plans.splice(0)) this.#drop(plan)
  }

  #drop(plan: Plan): void {
    this.#plans--
    this.#closed.push(plan.name)
  }
}

const noNames: readonly string[] = []
