import type { PoolEngine } from './engine.ts'
import { SlotState } from './slot.ts'

/** In milliseconds; RFC 8289 has the same, as the longest time in which a burst is gone again. */
const shortestInterval = 100

/**
 * Controlled delay for a queue of callers (`queue: 'codel'`). A queue that is empty now and then absorbs bursts, and
 * order is fair. One that has not been empty for an interval stands: what comes exceeds what can be served, waiting makes
 * everybody late, and those who came last are the only ones who can still be served in time. So the newest are served
 * first, and who has waited for an interval is refused.
 *
 * Sources: K. Nichols and V. Jacobson, Controlled Delay Active Queue Management, RFC 8289 (the interval); B. Maurer, Fail
 * at Scale, ACM Queue 13 (8), 2015 (the time since the queue was empty in place of the least delay, and newest first).
 */
export class ControlledDelay<T, Lent> {
  readonly #engine: PoolEngine<T, Lent>
  #busySince = 0

  constructor(engine: PoolEngine<T, Lent>) {
    this.#engine = engine
  }

  /** A burst must not be longer than an interval, so an interval is not shorter than a use. */
  get interval(): number {
    return Math.max(shortestInterval, this.#engine.connector.meanUse ?? 0)
  }

  /** When somebody who joined then is refused, if the queue stands until then. */
  endOf(since: number): number {
    return Math.max(since, this.#busySince) + this.interval
  }

  /** Somebody joins an empty queue. */
  begins(now: number): void {
    this.#busySince = now
  }

  /** Whether the queue stands: for so long, with every connection there. Connects to come will shorten it. */
  stands(now: number): boolean {
    const { slots, limits, suspended } = this.#engine
    const { total, counts } = slots
    const missing =
      limits.maximumPoolSize - total + counts[SlotState.connecting]! + counts[SlotState.closing]!
    if (suspended || missing > 0) this.#busySince = now
    // The same sum as in endOf: a difference could be rounded otherwise, and the timer would ring too early for ever.
    return now >= this.#busySince + this.interval
  }
}
