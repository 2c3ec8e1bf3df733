import type { ConnectionActivity } from '../spi/pooled-connection.ts'
import { Alarm } from './alarm.ts'
import { captureBorrower } from './borrower-stack.ts'
import { Borrowing } from './borrowing.ts'
import { LinkedList } from './container.ts'
import type { PoolEngine } from './engine.ts'
import { SlotState } from './slot.ts'
import type { Slot } from './slot.ts'

/** A leaked resource on which something runs is looked at again after this time, in milliseconds. */
const lookAgain = 1_000

/**
 * Finds what is not given back: it is held for longer than leakDetectionThreshold, or its handle was dropped without
 * having been closed. Without that setting only the share of leakStackSampling is watched for the second.
 *
 * It takes a resource back only while nothing runs on it: always when its handle was dropped (then nobody can read on
 * either), and when others wait and `leakReclaim` says so (then somebody may).
 */
export class LeakWatch<T, Lent> {
  /** Some lendings are watched: the fast path looks here, and at nothing else. */
  isOn = false
  readonly #engine: PoolEngine<T, Lent>
  readonly #alarm: Alarm
  /** By age, those that were told of in a list of their own: what is due next is found at once. */
  readonly #unreported = new LinkedList<Borrowing<T>>()
  readonly #reported = new LinkedList<Borrowing<T>>()
  /** Their handles are gone, while something still runs. */
  readonly #dropped = new Set<Borrowing<T>>()
  #handles: FinalizationRegistry<Borrowing<T>> | undefined

  constructor(engine: PoolEngine<T, Lent>) {
    this.#engine = engine
    this.#alarm = new Alarm(engine.clock, false, (now) => this.#ring(now))
    this.#setUp()
  }

  /** The limits have changed. What was lent before it was on is not watched. */
  lookSoon(now: number): void {
    this.#setUp()
    if (this.#unreported.size + this.#reported.size > 0) this.#alarm.set(now, now)
  }

  stop(): void {
    this.#alarm.end()
  }

  /** For the one who asks now: where he stands, if his stack is among those to be kept. */
  sample(): string | undefined {
    const { limits, random } = this.#engine
    const share = limits.leakStackSampling
    return share > 0 && (share === 1 || random() < share) ? captureBorrower() : undefined
  }

  /**
   * @param lent The handle, if one was lent.
   * @param stack What {@link LeakWatch.sample} gave when it was asked for.
   */
  lent(slot: Slot<T>, lent: Lent | undefined, stack: string | undefined): void {
    const { limits, factory } = this.#engine
    const threshold = limits.leakDetectionThreshold
    if (threshold === Infinity && stack === undefined) return
    const borrowing = new Borrowing(slot, stack)
    slot.borrowing = borrowing
    this.#unreported.push(borrowing)
    this.#alarm.set(slot.lentAt + threshold, slot.lentAt)
    if (lent !== undefined && factory.lendsHandles) {
      this.#handles ??= new FinalizationRegistry((dropped) => this.#onDropped(dropped))
      this.#handles.register(lent as object, borrowing, borrowing)
    }
  }

  /** A borrower gave it back, late or not. */
  returned(slot: Slot<T>, borrowing: Borrowing<T>): void {
    this.forget(slot, borrowing)
    if (borrowing.reported) this.#engine.events.emit('leakReturned', this.#factsOf(borrowing))
  }

  /** It is lent no more. */
  forget(slot: Slot<T>, borrowing: Borrowing<T>): void {
    slot.borrowing = undefined
    ;(borrowing.reported ? this.#reported : this.#unreported).remove(borrowing)
    this.#dropped.delete(borrowing)
    this.#handles?.unregister(borrowing)
  }

  /** Somebody waits. */
  pressed(now: number): void {
    if (this.#reported.size > 0 && this.#engine.limits.leakReclaim) this.#alarm.set(now, now)
  }

  #setUp(): void {
    const { leakDetectionThreshold, leakStackSampling } = this.#engine.limits
    this.isOn = leakDetectionThreshold !== Infinity || leakStackSampling > 0
  }

  /** Its handle was collected, so nobody can close it any more. */
  #onDropped(borrowing: Borrowing<T>): void {
    if (borrowing.slot.borrowing !== borrowing || this.#take(borrowing, 'dropped')) return
    this.#dropped.add(borrowing)
    const now = this.#engine.clock.now()
    this.#alarm.set(now + lookAgain, now)
  }

  #ring(now: number): number {
    this.#report(now)
    for (const borrowing of Array.from(this.#dropped)) if (isLent(borrowing)) this.#take(borrowing, 'dropped')
    this.#reclaim()
    const isToBeSeen = this.#dropped.size > 0 || (this.#reported.size > 0 && this.#engine.limits.leakReclaim)
    const { first } = this.#unreported
    const dueAt = first === undefined ? Infinity : this.#dueAt(first)
    return isToBeSeen ? Math.min(dueAt, now + lookAgain) : dueAt
  }

  #report(now: number): void {
    const due: Borrowing<T>[] = []
    for (const borrowing of this.#unreported) {
      if (now < this.#dueAt(borrowing)) break
      due.push(borrowing)
    }
    for (const borrowing of due) {
      // A listener may have had one of them given back.
      if (!isLent(borrowing)) continue
      this.#unreported.remove(borrowing)
      this.#reported.push(borrowing)
      borrowing.reported = true
      const running = this.#activityOf(borrowing) === 'running'
      this.#engine.events.emit('leakSuspected', { ...this.#factsOf(borrowing), running })
    }
  }

  #dueAt({ slot }: Borrowing<T>): number {
    return slot.lentAt + this.#engine.limits.leakDetectionThreshold
  }

  /** From those who have it longest, as many as are missing. While the database is down nothing is won by that. */
  #reclaim(): void {
    const { limits, connector, suspended } = this.#engine
    if (!limits.leakReclaim || suspended || connector.failure !== undefined) return
    for (const borrowing of Array.from(this.#reported)) {
      if (!this.#isMissing()) return
      if (isLent(borrowing)) this.#take(borrowing, 'reclaimed')
    }
  }

  /** Somebody waits for whom nothing is being made. */
  #isMissing(): boolean {
    const { slots, waiters, limits } = this.#engine
    const { counts } = slots
    const coming =
      counts[SlotState.connecting]! +
      counts[SlotState.validating]! +
      counts[SlotState.resetting]! +
      counts[SlotState.closing]!
    return slots.total >= limits.maximumPoolSize && waiters.size > coming
  }

  /** What its borrower left behind nobody knows: it is closed. False while something runs on it. */
  #take(borrowing: Borrowing<T>, why: 'dropped' | 'reclaimed'): boolean {
    const activity = this.#activityOf(borrowing)
    if (activity === 'running' || (activity === 'reading' && why === 'reclaimed')) return false
    const facts = this.#factsOf(borrowing)
    this.#engine.retire(borrowing.slot, 'leaked')
    this.#engine.events.emit('leakRecovered', { ...facts, why })
    return true
  }

  #activityOf({ slot }: Borrowing<T>): ConnectionActivity {
    return this.#engine.factory.activity(slot.resource!)
  }

  #factsOf({ slot, stack }: Borrowing<T>) {
    const now = this.#engine.clock.now()
    return { member: this.#engine.member(slot, now), used: now - slot.lentAt, stack }
  }
}

function isLent(borrowing: Borrowing<unknown>): boolean {
  return borrowing.slot.borrowing === borrowing
}
