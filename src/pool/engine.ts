import type { SQLException } from '../api/sql-exception.ts'
import type { Clock } from '../spi/clock.ts'
import type { Deadline } from '../spi/deadline.ts'
import { Alarm } from './alarm.ts'
import { Caretaker } from './caretaker.ts'
import { Connector } from './connector.ts'
import { LinkedList } from './container.ts'
import { CannotConnectError, PoolClosedError, PoolExhaustedError } from './errors.ts'
import type { PoolSnapshot } from './errors.ts'
import { PoolEventStream } from './events.ts'
import type { PoolMember } from './events.ts'
import { Housekeeper } from './housekeeper.ts'
import type { PoolLimits } from './settings.ts'
import { Shutdown } from './shutdown.ts'
import { SlotState, SlotTable } from './slot.ts'
import type { CloseReason, Slot } from './slot.ts'
import { PoolCounter } from './statistics.ts'
import type { PoolStatistics } from './statistics.ts'
import { Waiter } from './waiter.ts'

/** What the engine needs to know of the things it pools. */
export interface SlotFactory<T, Lent> {
  /** Obeys the deadline, and leaves nothing behind when it fails. */
  create(deadline: Deadline): Promise<T>
  /** Settles when it is gone: until then it counts. `abort`: without a goodbye, it is not expected to answer. */
  destroy(resource: T, abort: boolean): Promise<void>
  validate(resource: T, deadline: Deadline): Promise<boolean>
  needsReset(resource: T): boolean
  reset(resource: T, deadline: Deadline): Promise<void>
  isBroken(resource: T): boolean
  /** The resource is in its slot; before it is lent for the first time. */
  attach(slot: Slot<T>): void
  /** What the borrower gets: made at the moment of the hand-over, synchronously. */
  lend(resource: T): Lent
}

export interface PoolEngineOptions<T, Lent> {
  /** For messages. */
  readonly name: string
  readonly factory: SlotFactory<T, Lent>
  readonly limits: PoolLimits
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
}

/** While someone waits the queue's timer rings this often at least, so that it never outlives the queue for long. */
const queueTimerPeriod = 1_000

/**
 * The moves of a pool: lending, taking back, handing over, giving up. When to connect is the {@link Connector}'s
 * matter, checks and resets are the {@link Caretaker}'s, what time does to idle slots the {@link Housekeeper}'s.
 *
 * Everything happens in one go: no step of a move waits. Where something was waited for (a connect, a check, a reset,
 * a close) the slot has a state of its own meanwhile, and what is done afterwards is decided anew.
 */
export class PoolEngine<T, Lent> {
  readonly name: string
  readonly factory: SlotFactory<T, Lent>
  readonly clock: Clock
  readonly random: () => number
  readonly limits: PoolLimits
  readonly slots = new SlotTable<T>()
  /** The one used last is taken first: the others can grow cold and be closed. */
  readonly idle = new LinkedList<Slot<T>>()
  /** First come, first served. */
  readonly waiters = new LinkedList<Waiter<Lent>>()
  readonly events: PoolEventStream
  readonly counter = new PoolCounter()
  readonly connector: Connector<T, Lent>
  readonly caretaker: Caretaker<T, Lent>
  readonly housekeeper: Housekeeper<T, Lent>
  readonly #queueTimer: Alarm
  #shutdown: Shutdown<T, Lent> | undefined

  constructor({ name, factory, limits, clock, random }: PoolEngineOptions<T, Lent>) {
    this.name = name
    this.factory = factory
    this.limits = limits
    this.clock = clock
    this.random = random
    this.events = new PoolEventStream(name)
    this.connector = new Connector(this)
    this.caretaker = new Caretaker(this)
    this.housekeeper = new Housekeeper(this)
    this.#queueTimer = new Alarm(clock, true, (now) => this.#expireWaiters(now))
  }

  get isClosed(): boolean {
    return this.#shutdown !== undefined
  }

  /** Lends a resource, now or as soon as one is free. */
  acquire(deadline?: Deadline): Promise<Lent> {
    const { lists } = this.events
    if (lists.requested !== undefined) this.events.emit('requested', { waiting: this.waiters.size })
    if (this.#shutdown !== undefined) return this.#refuse(new PoolClosedError(this.name))
    if (deadline !== undefined) {
      // A timeout that has passed still gets what is there: 0 means "without waiting".
      const error = deadline.error
      if (error !== undefined && error.reason !== 'timeout') return this.#refuse(error)
    }
    // Whoever comes while others wait goes behind them, whatever is idle.
    if (this.waiters.size === 0) {
      const slot = this.idle.last
      if (slot !== undefined) {
        const now = this.clock.now()
        if (this.#isFresh(slot, now)) {
          this.idle.remove(slot)
          const lent = this.#lend(slot)
          if (lent !== undefined) {
            if (this.connector.measures(this.counter.acquired) || lists.released !== undefined)
              slot.lentAt = now
            if (lists.acquired !== undefined) {
              this.events.emit('acquired', { member: this.member(slot, now), waited: 0 })
            }
            if (this.idle.size < this.limits.minimumIdle) this.connector.pump()
            return Promise.resolve(lent)
          }
        }
      }
    }
    return this.#wait(deadline)
  }

  /** Takes back what was lent. False, and nothing happens, when it is not. */
  release(slot: Slot<T>): boolean {
    if (!slot.lent) return false
    this.#takeBack(slot)
    const reason = this.unfit(slot)
    if (reason !== undefined) this.retire(slot, reason)
    else if (this.factory.needsReset(slot.resource!)) this.caretaker.reset(slot)
    else this.handOver(slot)
    return true
  }

  /** Takes back what was lent, never to be lent again. */
  discard(slot: Slot<T>, reason: CloseReason, error?: unknown): boolean {
    if (!slot.lent) return false
    this.#takeBack(slot)
    this.retire(slot, slot.doom ?? reason, error)
    return true
  }

  /** The resource is dead: closed at once when idle, else when its borrower lets it go. */
  died(slot: Slot<T>, error: unknown): void {
    for (const other of this.idle) other.suspect = true
    if (slot.linked) this.retire(slot, 'broken', error)
    else if (slot.state < SlotState.closing) slot.doom ??= 'broken'
  }

  /** A slot that is free for use: to the first waiter, or to rest. */
  offer(slot: Slot<T>): void {
    const reason = this.unfit(slot)
    if (reason !== undefined) this.retire(slot, reason)
    else this.handOver(slot)
  }

  /** As {@link PoolEngine.offer}, for a slot that is known to be fit. */
  handOver(slot: Slot<T>): void {
    const waiter = this.waiters.shift()
    if (waiter === undefined) {
      this.#rest(slot)
      return
    }
    const lent = this.#lend(slot)
    if (lent === undefined) {
      this.#putBack(waiter)
      return
    }
    if (waiter.stop !== undefined) waiter.stop()
    waiter.resolve(lent)
    const { lists } = this.events
    if (this.connector.measures(this.counter.acquired) || lists.released !== undefined) {
      slot.lentAt = this.clock.now()
    }
    if (lists.acquired !== undefined) {
      const now = this.clock.now()
      this.events.emit('acquired', { member: this.member(slot, now), waited: now - waiter.since })
    }
  }

  /** A connect has succeeded. */
  adopt(slot: Slot<T>, resource: T, startedAt: number): void {
    const now = this.clock.now()
    slot.resource = resource
    slot.createdAt = now
    slot.aliveAt = now
    this.caretaker.shaken = false
    this.counter.created++
    this.factory.attach(slot)
    this.housekeeper.created(slot, now)
    if (this.events.lists.created !== undefined) {
      this.events.emit('created', { member: this.member(slot, now), took: now - startedAt })
    }
    this.offer(slot)
  }

  /** A connect has failed, and left nothing behind. */
  abandon(slot: Slot<T>): void {
    this.slots.transition(slot, SlotState.closed)
    this.#placeFreed()
  }

  /** Closes a resource that nobody holds. Its place is free when it is gone. */
  retire(slot: Slot<T>, reason: CloseReason, error?: unknown): void {
    if (slot.state >= SlotState.closing) return
    if (slot.linked) this.idle.remove(slot)
    this.slots.transition(slot, SlotState.closing)
    slot.lent = false
    slot.giveUpStep?.()
    const abort = reason === 'broken' || reason === 'invalid' || reason === 'resetFailed'
    let gone: Promise<void>
    try {
      gone = this.factory.destroy(slot.resource!, abort)
    } catch (failure) {
      gone = Promise.reject(failure)
    }
    gone.then(
      () => this.#gone(slot, reason, error),
      (failure: unknown) => {
        this.#shutdown?.failures.push(failure)
        this.#gone(slot, reason, error ?? failure)
      },
    )
  }

  /** Why it must not be lent again, if so. */
  unfit(slot: Slot<T>): CloseReason | undefined {
    if (slot.doom !== undefined) return slot.doom
    if (this.#shutdown !== undefined) return 'poolClosed'
    if (this.factory.isBroken(slot.resource!)) return 'broken'
    return slot.uses >= this.limits.maxUses ? 'maxUses' : undefined
  }

  /** Lends what is idle to those who wait; what was idle for long is checked first. */
  dispatch(): void {
    while (this.idle.size > 0 && this.waiters.size > this.slots.counts[SlotState.validating]!) {
      const slot = this.idle.pop()!
      const now = this.clock.now()
      if (now >= slot.expiresAt) this.retire(slot, 'maxLifetime')
      else if (this.#isFresh(slot, now)) this.handOver(slot)
      else this.caretaker.check(slot)
    }
  }

  /** Sends all who wait away. */
  rejectWaiters(error: Error): void {
    for (let waiter = this.waiters.shift(); waiter !== undefined; waiter = this.waiters.shift()) {
      this.#leave(waiter, error)
    }
  }

  /** See `ResourcePool.close`. */
  close(drainTimeout?: number): Promise<void> {
    if (this.#shutdown !== undefined) return this.#shutdown.within(drainTimeout)
    this.#shutdown = new Shutdown(this)
    this.connector.stop()
    this.housekeeper.stop()
    this.#queueTimer.end()
    this.rejectWaiters(new PoolClosedError(this.name))
    return this.#shutdown.begin(drainTimeout)
  }

  snapshot(): PoolSnapshot {
    const { counts, total } = this.slots
    return {
      total,
      idle: counts[SlotState.idle]!,
      inUse: counts[SlotState.inUse]!,
      waiting: this.waiters.size,
      maximum: this.limits.maximumPoolSize,
    }
  }

  statistics(): PoolStatistics {
    const { counts } = this.slots
    return {
      ...this.snapshot(),
      connecting: counts[SlotState.connecting]!,
      validating: counts[SlotState.validating]!,
      resetting: counts[SlotState.resetting]!,
      closing: counts[SlotState.closing]!,
      soft: this.limits.softPoolSize,
      counters: this.counter.read(),
    }
  }

  member(slot: Slot<T>, now: number): PoolMember {
    return { id: slot.label, age: now - slot.createdAt, uses: slot.uses }
  }

  #isFresh(slot: Slot<T>, now: number): boolean {
    return now - slot.aliveAt < this.limits.validateAfterIdle && !slot.suspect && now < slot.expiresAt
  }

  #lend(slot: Slot<T>): Lent | undefined {
    this.slots.transition(slot, SlotState.inUse)
    try {
      const lent = this.factory.lend(slot.resource!)
      slot.lent = true
      slot.uses++
      this.counter.acquired++
      return lent
    } catch (error) {
      this.retire(slot, 'broken', error)
      return undefined
    }
  }

  #takeBack(slot: Slot<T>): void {
    slot.lent = false
    this.counter.released++
    const measured = slot.lentAt >= 0
    if (!measured && this.events.lists.released === undefined) return
    const now = this.clock.now()
    const used = measured ? now - slot.lentAt : 0
    slot.lentAt = -1
    if (measured) this.connector.used(used)
    if (this.events.lists.released !== undefined) {
      this.events.emit('released', { member: this.member(slot, now), used })
    }
  }

  #wait(deadline: Deadline | undefined): Promise<Lent> {
    const now = this.clock.now()
    const refusal = this.connector.refusal(now)
    if (refusal !== undefined) return this.#refuse(refusal)
    return new Promise((resolve, reject) => {
      const waiter = new Waiter(resolve, reject, now, deadline)
      this.waiters.push(waiter)
      if (deadline !== undefined) waiter.stop = deadline.onExpired((error) => this.#expire(waiter, error))
      if (deadline === undefined || deadline.expiresAt === Infinity) {
        this.#queueTimer.set(now + Math.min(this.limits.connectionTimeout, queueTimerPeriod), now)
      }
      if (this.idle.size > 0) this.dispatch()
      this.connector.pump()
    })
  }

  /** Of those without a deadline of their own the first is the next: all have the same time. */
  #expireWaiters(now: number): number {
    for (const waiter of this.waiters) {
      if (waiter.deadline !== undefined && waiter.deadline.expiresAt !== Infinity) continue
      const dueAt = waiter.since + this.limits.connectionTimeout
      if (dueAt > now) return Math.min(dueAt, now + queueTimerPeriod)
      this.#expire(waiter)
    }
    return Infinity
  }

  #expire(waiter: Waiter<Lent>, reason?: SQLException): void {
    if (!waiter.linked) return
    this.waiters.remove(waiter)
    this.#leave(waiter, this.#inTheQueue(waiter, reason))
  }

  /** What to tell a caller whose time is up: who is to blame, everyone else or the database. */
  #inTheQueue(waiter: Waiter<Lent>, reason: SQLException | undefined): Error {
    if (reason !== undefined && reason.reason !== 'timeout') return reason
    const now = this.clock.now()
    const waited = now - waiter.since
    const { failure } = this.connector
    const { counts } = this.slots
    if (failure !== undefined) {
      return new CannotConnectError(this.name, waited, this.snapshot(), failure.error, now - failure.at)
    }
    if (counts[SlotState.connecting]! > 0 && counts[SlotState.inUse] === 0) {
      return new CannotConnectError(this.name, waited, this.snapshot(), reason, undefined)
    }
    return new PoolExhaustedError(this.name, waited, this.snapshot(), reason)
  }

  #leave(waiter: Waiter<Lent>, error: Error): void {
    waiter.stop?.()
    this.counter.rejected++
    waiter.reject(error)
    if (this.events.lists.timedOut !== undefined) {
      const waited = this.clock.now() - waiter.since
      this.events.emit('timedOut', { waited, error, snapshot: this.snapshot() })
    }
  }

  #refuse(error: Error): Promise<never> {
    this.counter.rejected++
    return Promise.reject(error)
  }

  /** The slot meant for it failed at the last moment: it is the first again, unless its time is up. */
  #putBack(waiter: Waiter<Lent>): void {
    const error = waiter.deadline?.error
    if (this.#shutdown !== undefined) this.#leave(waiter, new PoolClosedError(this.name))
    else if (error !== undefined) this.#leave(waiter, this.#inTheQueue(waiter, error))
    else {
      this.waiters.unshift(waiter)
      this.dispatch()
    }
  }

  #rest(slot: Slot<T>): void {
    const now = this.clock.now()
    this.slots.transition(slot, SlotState.idle)
    slot.idleSince = now
    slot.aliveAt = now
    slot.suspect = false
    this.idle.push(slot)
    this.housekeeper.rested(slot, now)
  }

  #gone(slot: Slot<T>, reason: CloseReason, error: unknown): void {
    this.slots.transition(slot, SlotState.closed)
    this.counter.closed[reason]++
    if (this.events.lists.closed !== undefined) {
      this.events.emit('closed', { member: this.member(slot, this.clock.now()), reason, error })
    }
    this.#placeFreed()
  }

  #placeFreed(): void {
    if (this.#shutdown !== undefined) this.#shutdown.placeFreed()
    else this.connector.pump()
  }
}
