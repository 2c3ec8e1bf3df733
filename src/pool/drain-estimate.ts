import type { PoolEngine } from './engine.ts'
import { SlotState } from './slot.ts'

/** The weight of the newest measurement in a mean. */
const weight = 1 / 8

/** A mean in which the past fades. */
export function mean(before: number | undefined, newest: number): number {
  return before === undefined ? newest : before + (newest - before) * weight
}

/**
 * How soon a queue is served by connections that come back. Two things tell how long a use takes: uses that were
 * measured, and how the queue moves, which is known sooner when uses have become longer. Reading the counter of loans
 * costs nothing, so uses in a queue need not be timed one by one.
 */
export class DrainEstimate<T, Lent> {
  readonly #engine: PoolEngine<T, Lent>
  /** Of a use, measured; in milliseconds, undefined until then. */
  meanUse: number | undefined
  /** Of a use, as this queue moved; undefined until every connection in use came back once. */
  #recentUse: number | undefined
  /** Since then the queue is watched: there is a first in it all the time. */
  #since = -Infinity
  /** What was lent until then. */
  #lent = 0

  constructor(engine: PoolEngine<T, Lent>) {
    this.#engine = engine
  }

  /** A use took that long. */
  used(milliseconds: number): void {
    this.meanUse = mean(this.meanUse, milliseconds)
  }

  /**
   * Whether so many in the queue will have been served before a connect could help; then in how many milliseconds to
   * look again, for it is a guess. Undefined when a connect helps: when the queue takes longer, and when nothing came
   * back for as long as a connect takes, so that nobody waits more than twice as long as necessary.
   *
   * @param connecting Connections that are being made, and will serve as well.
   * @param connect How long a connect takes.
   */
  lookAgainIn(now: number, unserved: number, connecting: number, connect: number): number | undefined {
    const inUse = this.#engine.slots.counts[SlotState.inUse]!
    const first = this.#engine.waiters.first
    if (inUse === 0 || first === undefined) return undefined
    const { acquired } = this.#engine.counter
    if (first.since > this.#since) {
      // Whoever was first when it was last looked has been served, and the queue may have been empty since.
      if (first.since > this.#since + connect) this.#recentUse = undefined
      this.#watchFrom(now, acquired)
    }
    const returned = acquired - this.#lent
    const watched = now - this.#since
    if (returned >= inUse && watched > 0) {
      this.#recentUse = (watched * inUse) / returned
      this.#watchFrom(now, acquired)
    }
    const waited = now - this.#since
    const share = unserved / (inUse + connecting)
    // Some did not come back since: their uses are that long by now.
    const use = Math.max(this.#recentUse ?? this.meanUse ?? 0, waited)
    if (share * use >= connect || (returned === 0 && waited >= connect)) return undefined
    const turn = returned === 0 ? Math.min(connect, connect / share) : connect / share
    return Math.max(1, turn - waited)
  }

  #watchFrom(now: number, acquired: number): void {
    this.#since = now
    this.#lent = acquired
  }
}
