import { CallDeadline } from '../session/call-deadline.ts'
import type { Deadline } from '../spi/deadline.ts'
import { Alarm } from './alarm.ts'
import type { PoolEngine } from './engine.ts'
import { SlotState } from './slot.ts'
import type { Waiter } from './waiter.ts'

/** How long `close()` waits for borrowers when the call does not say, in milliseconds. HikariCP's. */
const defaultDrainTimeout = 10_000

/** Lends in place of a pool that closes. */
export type Successor<Lent> = (deadline: Deadline) => Promise<Lent>

/** The end of a pool: what is idle goes at once, what is lent when it comes back or the time is up. */
export class Shutdown<T, Lent> {
  /** Of physical closes, for the aggregate. */
  readonly failures: unknown[] = []
  readonly #engine: PoolEngine<T, Lent>
  readonly #timer: Alarm
  readonly #startedAt: number
  readonly #promise: Promise<void>
  #resolve: () => void = nothing
  #reject: (error: AggregateError) => void = nothing

  constructor(engine: PoolEngine<T, Lent>) {
    this.#engine = engine
    this.#startedAt = engine.clock.now()
    this.#timer = new Alarm(engine.clock, true, () => this.#abort())
    this.#promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  begin(drainTimeout = defaultDrainTimeout): Promise<void> {
    for (const slot of this.#engine.slots.all) {
      // A connect is cancelled by its deadline; what it may still bring is closed on arrival.
      if (slot.state === SlotState.connecting || slot.state === SlotState.inUse) continue
      this.#engine.retire(slot, 'poolClosed')
    }
    this.placeFreed()
    return this.within(drainTimeout)
  }

  /** A later call can shorten the time, never lengthen it. */
  within(drainTimeout: number | undefined): Promise<void> {
    if (this.#engine.slots.counts[SlotState.inUse]! > 0 && drainTimeout !== undefined) {
      const now = this.#engine.clock.now()
      if (now >= this.#startedAt + drainTimeout) this.#abort()
      else this.#timer.set(this.#startedAt + drainTimeout, now)
    }
    return this.#promise
  }

  /** Those who wait go on waiting there, in their order, with what is left of their time. */
  moveWaiters(successor: Successor<Lent>): void {
    const { waiters } = this.#engine
    for (let waiter = waiters.shift(); waiter !== undefined; waiter = waiters.shift()) {
      waiter.stop?.()
      successor(this.#deadlineOf(waiter)).then(waiter.resolve, waiter.reject)
    }
  }

  placeFreed(): void {
    const { slots, health } = this.#engine
    if (slots.counts[SlotState.inUse] === 0) this.#timer.end()
    if (slots.total + health.control > 0) return
    if (this.failures.length === 0) this.#resolve()
    else
      this.#reject(new AggregateError(this.failures, `${this.#engine.name}: not everything could be closed`))
  }

  #deadlineOf({ deadline, since }: Waiter<Lent>): Deadline {
    if (deadline !== undefined && deadline.expiresAt !== Infinity) return deadline
    const { clock, limits, name } = this.#engine
    const timeout = Math.max(0, since + limits.connectionTimeout - clock.now())
    return new CallDeadline(clock, `getConnection on ${name}`, { timeout, outer: deadline })
  }

  #abort(): number {
    for (const slot of this.#engine.slots.all) {
      if (slot.state === SlotState.inUse) this.#engine.retire(slot, 'poolClosed')
    }
    return Infinity
  }
}

function nothing(): void {}
