import type { PoolEngine } from './engine.ts'
import { PoolClosedError } from './errors.ts'

/** What was found out: what answered, after that many milliseconds; or why nothing did, and when that was. */
export type Finding<T> =
  { readonly answered: T; readonly took: number } | { readonly error: unknown; readonly at: number }

/**
 * Asks whether there is an answer at all, and never waits for a borrower. The idle resource used last is asked; where
 * there is none, or it does not answer, one is made, which the pool then has. When every place is taken one is made
 * beyond the limit and unmade at once, so that a full pool can be told from a dead database.
 *
 * All who ask at the same time share one question, so it costs one resource beyond the limit at the most.
 */
export class HealthCheck<T, Lent> {
  /** Resources beyond the limit: 0 or 1. */
  control = 0
  readonly #engine: PoolEngine<T, Lent>
  #underWay: Promise<Finding<T>> | undefined
  #tellClosed: (finding: Finding<T>) => void = nothing
  /** Of the last attempt beyond the limit: the next one is not made before its pause is over. */
  #failure: { readonly error: unknown; readonly at: number; readonly nextAt: number } | undefined

  constructor(engine: PoolEngine<T, Lent>) {
    this.#engine = engine
  }

  run(): Promise<Finding<T>> {
    if (this.#engine.isClosed) return Promise.resolve(this.#closed())
    if (this.#underWay !== undefined) return this.#underWay
    const closed = new Promise<Finding<T>>((resolve) => {
      this.#tellClosed = resolve
    })
    this.#underWay = Promise.race([this.#ask(), closed]).finally(() => {
      this.#underWay = undefined
    })
    return this.#underWay
  }

  stop(): void {
    this.#tellClosed(this.#closed())
  }

  async #ask(): Promise<Finding<T>> {
    const { clock, idle, caretaker, connector } = this.#engine
    const startedAt = clock.now()
    const slot = idle.last
    if (slot !== undefined && (await new Promise((told) => caretaker.check(slot, told)))) {
      return { answered: slot.resource!, took: clock.now() - startedAt }
    }
    // The check may have been given up with the pool.
    if (this.#engine.isClosed) return this.#closed()
    const now = clock.now()
    // The pauses are the pool's: asking more often must not mean logging in more often.
    if (connector.failure !== undefined && now < connector.failure.nextAt) return connector.failure
    try {
      const attempt = connector.attempt()
      if (attempt === undefined) return await this.#askOutside()
      return { answered: await attempt, took: clock.now() - now }
    } catch (error) {
      return { error, at: clock.now() }
    }
  }

  async #askOutside(): Promise<Finding<T>> {
    const { clock, factory, connector } = this.#engine
    const startedAt = clock.now()
    if (this.#failure !== undefined && startedAt < this.#failure.nextAt) return this.#failure
    this.control++
    try {
      const answered = await factory.create(connector.deadline())
      const took = clock.now() - startedAt
      this.#failure = undefined
      await factory.destroy(answered)
      return { answered, took }
    } catch (error) {
      const at = clock.now()
      this.#failure = { error, at, nextAt: at + connector.pause(1, error) }
      return this.#failure
    } finally {
      this.control--
      this.#engine.placeFreed()
    }
  }

  #closed(): Finding<T> {
    const { clock, name } = this.#engine
    return { error: new PoolClosedError(name), at: clock.now() }
  }
}

function nothing(): void {}
