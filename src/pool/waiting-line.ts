import type { SQLException } from '../api/sql-exception.ts'
import { longStall } from '../session/call-deadline.ts'
import type { Deadline } from '../spi/deadline.ts'
import { Alarm } from './alarm.ts'
import { LinkedList } from './container.ts'
import { ControlledDelay } from './controlled-delay.ts'
import type { PoolEngine } from './engine.ts'
import { CannotConnectError, PoolClosedError, PoolExhaustedError, PoolSuspendedError } from './errors.ts'
import { SlotState } from './slot.ts'
import { snapshotOf } from './statistics.ts'
import { Waiter } from './waiter.ts'

/** While someone waits the timer rings this often at least, so that it never outlives the line for long. */
const timerPeriod = 1_000

/**
 * Those who wait: first come, first served, unless the queue stands and is to be controlled. Whoever is not served leaves
 * when his deadline ends or the time of the pool is up, from wherever he stands, and is told who is to blame.
 */
export class WaitingLine<T, Lent> extends LinkedList<Waiter<Lent>> {
  readonly #engine: PoolEngine<T, Lent>
  readonly #timer: Alarm
  readonly #delay: ControlledDelay<T, Lent>
  #waitedATurn = false

  constructor(engine: PoolEngine<T, Lent>) {
    super()
    this.#engine = engine
    this.#delay = new ControlledDelay(engine)
    this.#timer = new Alarm(engine.clock, true, (now, late) => this.#ring(now, late))
  }

  /** Goes behind all others. */
  join(now: number, deadline: Deadline | undefined, stack: string | undefined): Promise<Lent> {
    return new Promise((resolve, reject) => this.add(new Waiter(resolve, reject, now, deadline, stack)))
  }

  /** Like {@link WaitingLine.join}, for one who is told otherwise than by a promise. */
  add(waiter: Waiter<Lent>): void {
    const { deadline, since } = waiter
    const { connectionTimeout, queue } = this.#engine.limits
    if (this.size === 0) this.#delay.begins(since)
    this.push(waiter)
    if (deadline !== undefined) waiter.stop = deadline.onExpired((error) => this.#expire(waiter, error))
    if (deadline === undefined || deadline.expiresAt === Infinity) {
      this.#timer.set(since + Math.min(connectionTimeout, timerPeriod), since)
    }
    if (queue === 'codel') this.#timer.set(since + this.#delay.interval, since)
  }

  override shift(): Waiter<Lent> | undefined {
    // To a successor of the pool all go, in the order in which they came.
    if (this.size < 2 || this.#engine.limits.queue === 'fifo' || this.#engine.isClosed) return super.shift()
    return this.#delay.stands(this.#engine.clock.now()) ? this.pop() : super.shift()
  }

  /** What was meant for him failed at the last moment: he is where he was, unless it is too late. */
  takeBack(waiter: Waiter<Lent>): void {
    const error = waiter.deadline?.error
    if (this.#engine.isClosed) this.#leave(waiter, new PoolClosedError(this.#engine.name))
    else if (error !== undefined) this.#leave(waiter, this.#blame(waiter, error))
    else this.insert(waiter, this.#firstSince(waiter.since))
  }

  /** Sends all away. */
  rejectAll(error: Error): void {
    for (let waiter = this.shift(); waiter !== undefined; waiter = this.shift()) this.#leave(waiter, error)
  }

  /** The limits have changed: whose time is up is found anew. */
  lookSoon(now: number): void {
    if (this.size > 0) this.#timer.set(now, now)
  }

  /** Nobody will join any more. */
  end(): void {
    this.#timer.end()
  }

  /** The first of those who came no sooner: in front of all, unless the newest was to be served. */
  #firstSince(since: number): Waiter<Lent> | undefined {
    for (const waiter of this) if (waiter.since >= since) return waiter
    return undefined
  }

  /** After a stall what has arrived is handled first: it may bring what somebody waits for. */
  #ring(now: number, late: number): number {
    this.#engine.sleep.late(late)
    this.#waitedATurn = late >= longStall && !this.#waitedATurn
    if (this.#waitedATurn) return now
    return Math.min(this.#refuseLate(now), this.#expireFirst(now))
  }

  /** Where the queue stands: the hopeless. */
  #refuseLate(now: number): number {
    const { limits, name } = this.#engine
    if (limits.queue === 'fifo' || this.size === 0) return Infinity
    const stands = this.#delay.stands(now)
    // Whoever is told may close the pool: who is first is looked up each time.
    for (let waiter = this.first; waiter !== undefined; waiter = this.first) {
      if (!stands || now < this.#delay.endOf(waiter.since)) break
      this.remove(waiter)
      const waited = now - waiter.since
      const refusal = {
        what: `refused after ${Math.round(waited)} ms, for more is asked than can be served`,
        raise: "use queue: 'fifo'",
      }
      this.#leave(waiter, new PoolExhaustedError(name, waited, snapshotOf(this.#engine), undefined, refusal))
    }
    return this.first === undefined ? Infinity : this.#delay.endOf(this.first.since)
  }

  /** Of those without a deadline of their own the first is the next: all have the same time. */
  #expireFirst(now: number): number {
    for (const waiter of this) {
      if (waiter.deadline !== undefined && waiter.deadline.expiresAt !== Infinity) continue
      const dueAt = waiter.since + this.#engine.limits.connectionTimeout
      if (dueAt > now) return Math.min(dueAt, now + timerPeriod)
      this.#expire(waiter)
    }
    return Infinity
  }

  #expire(waiter: Waiter<Lent>, reason?: SQLException): void {
    if (!waiter.linked) return
    this.remove(waiter)
    this.#leave(waiter, this.#blame(waiter, reason))
  }

  /** What to tell a caller whose time is up: everyone else keeps the connections, or the database gives none. */
  #blame(waiter: Waiter<Lent>, reason: SQLException | undefined): Error {
    if (reason !== undefined && reason.reason !== 'timeout') return reason
    const { name, clock, connector, slots } = this.#engine
    const now = clock.now()
    const waited = now - waiter.since
    const snapshot = snapshotOf(this.#engine)
    if (this.#engine.suspended) return new PoolSuspendedError(name, waited, snapshot)
    const { failure } = connector
    if (failure !== undefined) {
      return new CannotConnectError(name, waited, snapshot, failure.error, now - failure.at)
    }
    if (slots.counts[SlotState.connecting]! > 0 && slots.counts[SlotState.inUse] === 0) {
      return new CannotConnectError(name, waited, snapshot, reason, undefined)
    }
    return new PoolExhaustedError(name, waited, snapshot, reason)
  }

  #leave(waiter: Waiter<Lent>, error: Error): void {
    const { counter, events, clock } = this.#engine
    waiter.stop?.()
    counter.rejected++
    waiter.reject(error)
    if (events.lists.timedOut !== undefined) {
      const waited = clock.now() - waiter.since
      events.emit('timedOut', { waited, error, snapshot: snapshotOf(this.#engine) })
    }
  }
}
