import type { PoolEngine } from './engine.ts'
import type { Slot } from './slot.ts'

/** What is noted when something is lent and comes back: counts, times, events, and who is to be watched. */
export class Lending<T, Lent> {
  readonly #engine: PoolEngine<T, Lent>

  constructor(engine: PoolEngine<T, Lent>) {
    this.#engine = engine
  }

  /**
   * @param askedAt When it was asked for.
   * @param now -1 when nobody has looked at the clock: that costs as much as lending.
   * @param stack Of the one who asked, if it was captured.
   */
  begins(slot: Slot<T>, lent: Lent, askedAt: number, now: number, stack: string | undefined): void {
    const { counter, connector, events, leaks, clock } = this.#engine
    const { lists } = events
    const measured = connector.measures(counter.acquired) || lists.released !== undefined
    const at = now < 0 && (measured || leaks.isOn || lists.acquired !== undefined) ? clock.now() : now
    slot.measured = measured
    slot.lentAt = at
    if (measured) counter.wait.record(at - askedAt)
    if (leaks.isOn) leaks.lent(slot, lent, stack)
    if (lists.acquired !== undefined) {
      events.emit('acquired', { member: this.#engine.member(slot, at), waited: at - askedAt })
    }
  }

  ends(slot: Slot<T>): void {
    const { counter, connector, events, leaks, clock } = this.#engine
    const { lentAt, measured, borrowing } = slot
    slot.lent = false
    counter.released++
    if (borrowing !== undefined) leaks.returned(slot, borrowing)
    slot.lentAt = -1
    if (!measured && events.lists.released === undefined) return
    const now = clock.now()
    const used = lentAt < 0 ? 0 : now - lentAt
    if (measured) {
      counter.use.record(used)
      connector.used(used)
    }
    if (events.lists.released !== undefined) {
      events.emit('released', { member: this.#engine.member(slot, now), used })
    }
  }
}
