import { CallDeadline } from '../session/call-deadline.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { PoolEngine } from './engine.ts'
import { SlotState } from './slot.ts'
import type { Slot } from './slot.ts'

/**
 * Asks resources whether they live, and makes them as new. Each step has `validationTimeout`; one that misses it costs
 * the resource, never the caller's time beyond that.
 */
export class Caretaker<T, Lent> {
  /** A check failed, and no check or connect has succeeded since: those under way are not counted on. */
  shaken = false
  readonly #engine: PoolEngine<T, Lent>

  constructor(engine: PoolEngine<T, Lent>) {
    this.#engine = engine
  }

  /**
   * Asks whether an idle resource still lives; then it rests again, or serves a waiter, or goes.
   *
   * @param told What it answered; false when it was given up meanwhile.
   */
  check(slot: Slot<T>, told?: (valid: boolean) => void): void {
    const { idle, slots, clock, factory, events } = this.#engine
    if (slot.linked) idle.remove(slot)
    slots.transition(slot, SlotState.validating)
    const startedAt = clock.now()
    this.#within(
      slot,
      'validation',
      (deadline) => factory.validate(slot.resource!, deadline),
      (answer, error) => {
        const now = clock.now()
        const valid = answer === true
        if (events.lists.validated !== undefined) {
          events.emit('validated', { member: this.#engine.member(slot, now), valid, took: now - startedAt })
        }
        // A listener may have closed the pool.
        if (slot.state !== SlotState.validating) {
          told?.(false)
          return
        }
        if (valid) this.#passed(slot, now)
        else this.#failed(slot, error)
        told?.(valid)
      },
      () => told?.(false),
    )
  }

  /** Something has happened that idle resources may not have survived: each is asked before it is lent again. */
  suspectIdle(): void {
    for (const slot of this.#engine.idle) slot.suspect = true
  }

  /**
   * For somebody who waits, a resource that was idle and may have died: it is asked, or replaced without asking
   * (`onStale`). False when as many are being made as are waited for.
   */
  refresh(slot: Slot<T>): boolean {
    const { limits, slots, idle, waiters } = this.#engine
    const { counts } = slots
    if (limits.onStale === 'validate') {
      this.check(slot)
    } else {
      const closing = counts[SlotState.closing]!
      // Where the pool has become smaller, a place may go with its connection.
      const places = Math.max(0, limits.maximumPoolSize - slots.total + closing)
      const coming = counts[SlotState.validating]! + counts[SlotState.connecting]! + Math.min(closing, places)
      if (coming >= waiters.size) {
        idle.push(slot)
        return false
      }
      this.#engine.retire(slot, 'stale')
    }
    return true
  }

  /** Makes it as new, after one borrower and before the next is chosen. */
  reset(slot: Slot<T>): void {
    const { slots, clock, factory, events } = this.#engine
    slots.transition(slot, SlotState.resetting)
    const startedAt = clock.now()
    this.#within(
      slot,
      'session reset',
      (deadline) => factory.reset(slot.resource!, deadline).then(() => true),
      (done, error) => {
        const now = clock.now()
        if (events.lists.reset !== undefined) {
          events.emit('reset', { member: this.#engine.member(slot, now), took: now - startedAt, error })
        }
        if (slot.state !== SlotState.resetting) return
        if (done === true) this.#engine.offer(slot)
        else this.#engine.retire(slot, 'resetFailed', error)
      },
    )
  }

  #passed(slot: Slot<T>, now: number): void {
    const { waiters, slots, idle, housekeeper } = this.#engine
    this.shaken = false
    slot.suspect = false
    slot.aliveAt = now
    const reason = this.#engine.unfit(slot)
    if (reason !== undefined) {
      this.#engine.retire(slot, reason)
      // It was checked for somebody: whom another may serve.
      this.#engine.dispatch()
    } else if (waiters.size > 0 && !this.#engine.suspended) {
      this.#engine.handOver(slot, now)
    } else {
      // Nobody used it: it goes back to its place among the cold, and stays as old as it was.
      slots.transition(slot, SlotState.idle)
      let warmer = idle.first
      while (warmer !== undefined && warmer.idleSince <= slot.idleSince) warmer = warmer.next
      idle.insert(slot, warmer)
      housekeeper.rested(slot, now)
    }
  }

  /** One dead connection makes all idle ones suspect: they are asked together, so an outage costs one timeout. */
  #failed(slot: Slot<T>, error: unknown): void {
    this.shaken = true
    this.#engine.retire(slot, 'invalid', error)
    if (!this.#engine.isClosed) for (const other of this.#engine.idle) this.check(other)
    this.#engine.connector.pump()
  }

  /** Nothing is settled when the slot is given up meanwhile. */
  #within<R>(
    slot: Slot<T>,
    what: string,
    step: (deadline: Deadline) => Promise<R>,
    settle: (outcome: R | undefined, error: unknown) => void,
    givenUp: () => void = nothing,
  ): void {
    const { clock, name, limits } = this.#engine
    const deadline = new CallDeadline(clock, `${what} of ${name}`, { timeout: limits.validationTimeout })
    let settled = false
    let stop = nothing
    const end = (): void => {
      settled = true
      slot.giveUpStep = undefined
      stop()
    }
    slot.giveUpStep = () => {
      end()
      givenUp()
    }
    const once = (outcome: R | undefined, error: unknown): void => {
      if (settled) return
      end()
      settle(outcome, error)
    }
    let work: Promise<R>
    try {
      work = step(deadline)
    } catch (error) {
      work = Promise.reject(error)
    }
    stop = deadline.onExpired((error) => once(undefined, error))
    work.then(
      (outcome) => once(outcome, undefined),
      (error: unknown) => once(undefined, error),
    )
  }
}

function nothing(): void {}
