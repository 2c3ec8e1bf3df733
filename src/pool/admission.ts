import { AsyncLocalStorage } from 'node:async_hooks'
import type { PoolEngine } from './engine.ts'
import { NestedAcquisitionError, PoolExhaustedError } from './errors.ts'
import { SlotState } from './slot.ts'
import { snapshotOf } from './statistics.ts'

/** A function that is running, with a connection of that pool. */
interface Holding {
  readonly pool: object
  /** The one around it. */
  readonly outer: Holding | undefined
  /** What it started may outlive it, and holds nothing any more. */
  ended: boolean
}

/**
 * Of all pools, so that a function inside another is known to hold both connections. Before the first use it costs
 * nothing; Node below 24 makes every promise of the process a little dearer from then on.
 */
const holdings = new AsyncLocalStorage<Holding>()

/** Who may join the queue: not more than maxWaiters, and not who is waited for by the queue. */
export class Admission<T, Lent> {
  readonly #engine: PoolEngine<T, Lent>
  #warned = false

  constructor(engine: PoolEngine<T, Lent>) {
    this.#engine = engine
  }

  /**
   * Runs a function that holds a connection. Only what such a function awaits is known to ask while it holds one: a
   * connection that a task takes by itself may be given back by another.
   */
  within<R>(work: () => Promise<R>): Promise<R> {
    if (this.#engine.limits.nestedAcquisition === 'allow') return work()
    return this.#run(work)
  }

  async #run<R>(work: () => Promise<R>): Promise<R> {
    const holding: Holding = { pool: this.#engine, outer: holdings.getStore(), ended: false }
    try {
      return await holdings.run(holding, work)
    } finally {
      holding.ended = true
    }
  }

  /** Why somebody for whom nothing is idle is not to wait. */
  refusal(): Error | undefined {
    const { waiters, slots, limits, name, connector } = this.#engine
    // A pool that was made smaller may have more in use.
    const free = Math.max(0, limits.maximumPoolSize - slots.counts[SlotState.inUse]!)
    // Who is served by a connect to come does not count; while connects fail that is one at the most.
    const { failure } = connector
    const coming = failure === undefined ? free : Math.min(1, free)
    if (waiters.size >= limits.maxWaiters + coming) {
      return new PoolExhaustedError(name, 0, snapshotOf(this.#engine), failure?.error, {
        what: `${waiters.size} callers wait already, and no more may`,
        raise: 'maxWaiters',
      })
    }
    return free === 0 && this.#isNested() ? this.#nested() : undefined
  }

  #isNested(): boolean {
    if (this.#engine.limits.nestedAcquisition === 'allow') return false
    for (let holding = holdings.getStore(); holding !== undefined; holding = holding.outer) {
      if (holding.pool === this.#engine && !holding.ended) return true
    }
    return false
  }

  #nested(): Error | undefined {
    const { limits, events, name } = this.#engine
    const snapshot = snapshotOf(this.#engine)
    events.emit('nestedAcquisition', { snapshot })
    if (limits.nestedAcquisition === 'error') return new NestedAcquisitionError(name, snapshot)
    if (!this.#warned) {
      this.#warned = true
      const { message, stack } = new NestedAcquisitionError(name, snapshot)
      process.emitWarning(message, {
        type: 'WellheadWarning',
        code: 'WELLHEAD_NESTED_ACQUISITION',
        detail: stack?.slice(stack.indexOf('\n') + 1),
      })
    }
    return undefined
  }
}
