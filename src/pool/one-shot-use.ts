import type { SQLException } from '../api/sql-exception.ts'
import type { OneShotSession } from '../spi/one-shot-session.ts'
import { LinkedList } from './container.ts'
import type { Slot } from './slot.ts'
import { cheapTime } from './statement-cost.ts'

/** So many statements at most are under way on one connection. */
export const mostTogether = 16

/** A slot in use by statements without a handle. */
export class OneShotUse<T> {
  readonly slot: Slot<T>
  readonly session: OneShotSession
  /** Others may join. */
  readonly isJoinable: boolean
  /** Statements under way. */
  count = 0
  /** Those of them that are to end. */
  abandoned = 0
  /** Why: the last reason. */
  reason: SQLException | undefined
  /** How long those under way will take together, by the means of their texts, in milliseconds. */
  load = 0
  /** Since when the first one under way has had the session for itself. */
  since: number
  /** More than one were under way together since it was last drained. */
  mixed = false
  /** Neighbours among those of the same count. */
  previous: OneShotUse<T> | undefined = undefined
  next: OneShotUse<T> | undefined = undefined
  linked = false

  constructor(slot: Slot<T>, session: OneShotSession, isJoinable: boolean, since: number) {
    this.slot = slot
    this.session = session
    this.isJoinable = isJoinable && session.pipelining
    this.since = since
  }
}

/** Slots that statements may join, by how many are under way on each: the one with the fewest is found at once. */
export class JoinableUses<T> {
  readonly #byCount = Array.from({ length: mostTogether }, () => new LinkedList<OneShotUse<T>>())

  /** It has changed, or may be joined again. */
  add(use: OneShotUse<T>): void {
    const { count, abandoned, isJoinable } = use
    if (isJoinable && count > 0 && count < mostTogether && abandoned === 0) this.#byCount[count]!.push(use)
  }

  /** Before its count changes. */
  remove(use: OneShotUse<T>): void {
    if (use.linked) this.#byCount[use.count]!.remove(use)
  }

  /**
   * The one with the fewest. One on which a statement takes long, or all together do, is left out until one has ended;
   * so is one that `mayServe` refuses.
   */
  roomiest(now: number, mayServe: (slot: Slot<T>) => boolean): OneShotUse<T> | undefined {
    for (const uses of this.#byCount) {
      for (let use = uses.last; use !== undefined; use = uses.last) {
        if (use.load <= cheapTime && now - use.since <= cheapTime && mayServe(use.slot)) return use
        uses.remove(use)
      }
    }
    return undefined
  }
}
