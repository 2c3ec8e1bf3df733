import { Alarm } from './alarm.ts'
import type { PoolEngine } from './engine.ts'
import { SlotState } from './slot.ts'
import type { Slot } from './slot.ts'

/** Connections above softPoolSize go one at a time, this part of overflowTimeout apart: gradually, against storms. */
const overflowStep = 1 / 10

/** Steps of the golden ratio keep any number of points apart: the next is always in one of the widest gaps. */
const goldenStep = (Math.sqrt(5) - 1) / 2

/**
 * What time does to a pool: connections grow old, stay idle too long, want a sign of life. One timer, set for the next
 * thing that is due, never for less; it does not keep the process running.
 */
export class Housekeeper<T, Lent> {
  readonly #engine: PoolEngine<T, Lent>
  readonly #alarm: Alarm
  /** Idle connections whose end is so near that their successors are made. */
  ageing = 0
  /** Where in the last tenth of a lifetime the next one ends, from 0 to below 1. */
  #spread: number | undefined
  #nextOverflowAt = -Infinity

  constructor(engine: PoolEngine<T, Lent>) {
    this.#engine = engine
    this.#alarm = new Alarm(engine.clock, false, (now, late) => this.#ring(now, late))
  }

  /** A slot has its resource: its last day is drawn. */
  created(slot: Slot<T>, now: number): void {
    const { limits } = this.#engine
    if (limits.maxLifetime === Infinity) return
    slot.expiresAt = now + this.#lifetime()
    this.#alarm.set(slot.expiresAt - this.#lead(), now)
  }

  /** maxLifetime is another: all get a new last day. Those that had it already go over a tenth of a lifetime. */
  redrawLifetimes(now: number): void {
    const { limits, slots } = this.#engine
    for (const slot of slots.all) {
      if (slot.resource === undefined) continue
      slot.expiresAt = slot.createdAt + this.#lifetime()
      if (slot.expiresAt <= now) slot.expiresAt = now + this.#nextSpread() * (limits.maxLifetime / 10)
    }
  }

  /** The limits have changed: what is due is found anew. */
  lookSoon(now: number): void {
    this.#alarm.set(now, now)
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

  #lifetime(): number {
    return this.#engine.limits.maxLifetime * (1 - 0.025 - 0.075 * this.#nextSpread())
  }

  /** By chance, that pools made together differ; within a pool apart, that connections made together do not go together. */
  #nextSpread(): number {
    this.#spread = this.#spread === undefined ? this.#engine.random() : (this.#spread + goldenStep) % 1
    return this.#spread
  }

  /** How long before a connection's end its successor is made, where some are to be idle at any time. */
  #lead(): number {
    const { minimumIdle, loginTimeout, maxLifetime } = this.#engine.limits
    return minimumIdle === 0 ? 0 : Math.min(loginTimeout, maxLifetime / 100)
  }

  stop(): void {
    this.#alarm.end()
  }

  #ring(now: number, late: number): number {
    this.#engine.sleep.late(late)
    this.#endLives(now)
    const lead = this.#lead()
    this.ageing = 0
    if (lead > 0) for (const slot of this.#engine.idle) if (now >= slot.expiresAt - lead) this.ageing++
    for (const slot of this.#engine.idle) this.#look(slot, now)
    // What was closed is missed below minimumIdle.
    this.#engine.connector.pump()
    return this.#nextDue(now)
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
    return slots.total - slots.counts[SlotState.closing]! > limits.softPoolSize + this.ageing
  }

  #nextDue(now: number): number {
    const { limits, idle, slots } = this.#engine
    const lead = this.#lead()
    let next = Infinity
    for (const slot of slots.all) {
      if (slot.doom !== undefined || slot.state >= SlotState.closing) continue
      const ageingAt = slot.expiresAt - lead
      next = Math.min(next, now < ageingAt ? ageingAt : slot.expiresAt)
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
