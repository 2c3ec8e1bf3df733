import type { SQLException } from '../api/sql-exception.ts'
import type { SharedSession } from '../spi/shared-session.ts'
import { LinkedList } from './container.ts'
import type { Slot } from './slot.ts'
import { cheapTime } from './statement-cost.ts'

/** So many statements at most are under way on one connection. */
export const mostTogether = 16

/** A slot in use by statements that share it. */
export class SharedUse<T> {
  readonly slot: Slot<T>
  readonly session: SharedSession
  /** Statements under way. */
  count = 0
  /** Those of them for which nobody waits any more. */
  abandoned = 0
  /** Why: the last reason. */
  reason: SQLException | undefined
  /** How long those under way will take together, by the means of their texts, in milliseconds. */
  load = 0
  /** Since when the first one under way has had the session for itself. */
  since = 0
  /** More than one were under way together since it was last drained. */
  mixed = false
  /** Neighbours among those of the same count. */
  previous: SharedUse<T> | undefined = undefined
  next: SharedUse<T> | undefined = undefined
  linked = false

  constructor(slot: Slot<T>, session: SharedSession) {
    this.slot = slot
    this.session = session
  }
}

/** Slots that statements may join, by how many are under way on each: the one with the fewest is found at once. */
export class SharedUses<T> {
  readonly #byCount = Array.from({ length: mostTogether }, () => new LinkedList<SharedUse<T>>())

  /** It has changed, or may be joined again. */
  add(use: SharedUse<T>): void {
    if (use.count > 0 && use.count < mostTogether && use.abandoned === 0) this.#byCount[use.count]!.push(use)
  }

  /** Before its count changes. */
  remove(use: SharedUse<T>): void {
    if (use.linked) this.#byCount[use.count]!.remove(use)
  }

  /**
   * The one with the fewest. One on which a statement takes long, or all together do, is left out until one has ended;
   * so is one that `mayServe` refuses.
   */
  roomiest(now: number, mayServe: (slot: Slot<T>) => boolean): SharedUse<T> | undefined {
    for (const uses of this.#byCount) {
      for (let use = uses.last; use !== undefined; use = uses.last) {
        if (use.load <= cheapTime && now - use.since <= cheapTime && mayServe(use.slot)) return use
        uses.remove(use)
      }
    }
    return undefined
  }
}
