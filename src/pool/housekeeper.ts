import { Alarm } from './alarm.ts'
import type { PoolEngine } from './engine.ts'
import { SlotState } from './slot.ts'
import type { Slot } from './slot.ts'

/** Connections above softPoolSize go one at a time, this part of overflowTimeout apart: gradually, against storms. */
const overflowStep = 1 / 10

/**
 * What time does to a pool: connections grow old, stay idle too long, want a sign of life. One timer, set for the next
 * thing that is due, never for less; it does not keep the process running.
 */
export class Housekeeper<T, Lent> {
  readonly #engine: PoolEngine<T, Lent>
  readonly #alarm: Alarm
  #nextOverflowAt = -Infinity

  constructor(engine: PoolEngine<T, Lent>) {
    this.#engine = engine
    this.#alarm = new Alarm(engine.clock, false, (now) => this.#ring(now))
  }

  /** A slot has its resource: its last day is drawn. */
  created(slot: Slot<T>, now: number): void {
    const { limits, random } = this.#engine
    if (limits.maxLifetime === Infinity) return
    slot.expiresAt = now + limits.maxLifetime * (1 - 0.025 - 0.075 * random())
    this.#alarm.set(slot.expiresAt, now)
  }

  /** A slot has become idle, or is idle again after a check. */
  rested(slot: Slot<T>, now: number): void {
    const { limits, slots } = this.#engine
    let dueAt = slot.aliveAt + limits.keepaliveTime
    const leaveAt = slot.idleSince + limits.idleTimeout
    if (leaveAt < dueAt) dueAt = leaveAt
    if (slots.total > limits.softPoolSize) dueAt = Math.min(dueAt, slot.idleSince + limits.overflowTimeout)
    if (dueAt < this.#alarm.dueAt) this.#alarm.set(dueAt, now)
  }

  stop(): void {
    this.#alarm.end()
  }

  #ring(now: number): number {
    this.#endLives(now)
    for (const slot of this.#engine.idle) this.#look(slot, now)
    // What was closed is missed below minimumIdle.
    this.#engine.connector.pump()
    return this.#nextDue()
  }

  #endLives(now: number): void {
    for (const slot of this.#engine.slots.all) {
      if (now < slot.expiresAt || slot.state >= SlotState.closing) continue
      // One that is in use goes when it comes back.
      if (slot.linked) this.#engine.retire(slot, 'maxLifetime')
      else slot.doom ??= 'maxLifetime'
    }
  }

  #look(slot: Slot<T>, now: number): void {
    const { limits, idle } = this.#engine
    if (!slot.linked) return
    // The same sums as in #nextDue: with differences, rounding could make a thing due that is not yet late enough.
    if (idle.size > limits.minimumIdle && now >= slot.idleSince + limits.idleTimeout) {
      this.#engine.retire(slot, 'idleTimeout')
    } else if (
      this.#isOverflowing() &&
      now >= slot.idleSince + limits.overflowTimeout &&
      now >= this.#nextOverflowAt
    ) {
      this.#nextOverflowAt = now + limits.overflowTimeout * overflowStep
      this.#engine.retire(slot, 'overflow')
    } else if (now >= slot.aliveAt + limits.keepaliveTime) {
      this.#engine.caretaker.check(slot)
    }
  }

  #isOverflowing(): boolean {
    const { slots, limits } = this.#engine
    return slots.total - slots.counts[SlotState.closing]! > limits.softPoolSize
  }

  #nextDue(): number {
    const { limits, idle, slots } = this.#engine
    let next = Infinity
    for (const slot of slots.all) {
      if (slot.doom !== undefined || slot.state >= SlotState.closing) continue
      next = Math.min(next, slot.expiresAt)
    }
    const mayLeave = idle.size > limits.minimumIdle
    const overflowing = this.#isOverflowing()
    for (const slot of idle) {
      next = Math.min(next, slot.aliveAt + limits.keepaliveTime)
      if (mayLeave) next = Math.min(next, slot.idleSince + limits.idleTimeout)
      if (overflowing) {
        next = Math.min(next, Math.max(slot.idleSince + limits.overflowTimeout, this.#nextOverflowAt))
      }
    }
    return next
  }
}
