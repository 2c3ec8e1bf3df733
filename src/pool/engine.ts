import type { Clock } from '../spi/clock.ts'
import type { Deadline } from '../spi/deadline.ts'
import { Administration } from './administration.ts'
import { Admission } from './admission.ts'
import { Caretaker } from './caretaker.ts'
import { Connector } from './connector.ts'
import { LinkedList } from './container.ts'
import { PoolClosedError } from './errors.ts'
import { PoolEventStream } from './events.ts'
import type { PoolMember } from './events.ts'
import { HealthCheck } from './health-check.ts'
import { Housekeeper } from './housekeeper.ts'
import { LeakWatch } from './leak-watch.ts'
import { Lending } from './lending.ts'
import type { OneShots } from './one-shots.ts'
import type { PoolLimits } from './settings.ts'
import { Shutdown } from './shutdown.ts'
import type { Successor } from './shutdown.ts'
import type { SlotFactory } from './slot-factory.ts'
import { SleepWatch } from './sleep-watch.ts'
import { SlotState, SlotTable } from './slot.ts'
import type { CloseReason, Slot } from './slot.ts'
import { PoolCounter } from './statistics.ts'
import type { CreateReason } from './statistics.ts'
import { UnheardEvents } from './unheard-events.ts'
import { WaitingLine } from './waiting-line.ts'

export interface PoolEngineOptions<T, Lent> {
  /** For messages. */
  readonly name: string
  readonly factory: SlotFactory<T, Lent>
  readonly limits: PoolLimits
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
}

/**
 * The moves of a pool: lending, taking back, handing over, giving up. Who waits, and for how long, is the matter of the
 * {@link WaitingLine}; when to connect that of the {@link Connector}; checks and resets are the {@link Caretaker}'s, what
 * time does to idle slots the {@link Housekeeper}'s, what is not given back the {@link LeakWatch}'s.
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
  /** Nobody gets anything, and nothing is made: see {@link Administration}. */
  suspended = false
  readonly slots = new SlotTable<T>()
  /** The one used last is taken first: the others can grow cold and be closed. */
  readonly idle = new LinkedList<Slot<T>>()
  readonly sleep: SleepWatch
  readonly admission: Admission<T, Lent>
  readonly waiters: WaitingLine<T, Lent>
  readonly events: PoolEventStream
  readonly counter = new PoolCounter()
  readonly connector: Connector<T, Lent>
  readonly caretaker: Caretaker<T, Lent>
  readonly housekeeper: Housekeeper<T, Lent>
  readonly leaks: LeakWatch<T, Lent>
  readonly health: HealthCheck<T, Lent>
  readonly administration: Administration<T, Lent>
  /** Of pools of connections. */
  oneShots: OneShots<T, Lent> | undefined
  readonly #lending: Lending<T, Lent>
  #shutdown: Shutdown<T, Lent> | undefined

  constructor({ name, factory, limits, clock, random }: PoolEngineOptions<T, Lent>) {
    this.name = name
    this.factory = factory
    this.limits = limits
    this.clock = clock
    this.random = random
    this.events = new PoolEventStream(name, new UnheardEvents(name))
    this.sleep = new SleepWatch(clock, () => this.caretaker.suspectIdle())
    this.admission = new Admission(this)
    this.waiters = new WaitingLine(this)
    this.connector = new Connector(this)
    this.caretaker = new Caretaker(this)
    this.housekeeper = new Housekeeper(this)
    this.leaks = new LeakWatch(this)
    this.#lending = new Lending(this)
    this.health = new HealthCheck(this)
    this.administration = new Administration(this)
  }

  get isClosed(): boolean {
    return this.#shutdown !== undefined
  }

  /** Lends a resource, now or as soon as one is free. */
  acquire(deadline?: Deadline): Promise<Lent> {
    if (this.events.lists.requested !== undefined)
      this.events.emit('requested', { waiting: this.waiters.size })
    if (this.#shutdown !== undefined) return this.#refuse(new PoolClosedError(this.name))
    if (deadline !== undefined) {
      // A timeout that has passed still gets what is there: 0 means "without waiting".
      const error = deadline.error
      if (error !== undefined && error.reason !== 'timeout') return this.#refuse(error)
    }
    const stack = this.leaks.isOn ? this.leaks.sample() : undefined
    // Whoever comes while others wait goes behind them, whatever is idle.
    if (this.waiters.size === 0 && !this.suspended) {
      const slot = this.idle.last
      if (slot !== undefined) {
        const now = this.clock.now()
        if (this.isFresh(slot, now)) {
          this.idle.remove(slot)
          const lent = this.#lend(slot)
          if (lent !== undefined) {
            this.#lending.begins(slot, lent, now, now, stack)
            if (this.idle.size < this.limits.minimumIdle) this.connector.pump()
            return Promise.resolve(lent)
          }
        }
      }
    }
    return this.#wait(deadline, stack)
  }

  /** Takes back what was lent. False, and nothing happens, when it is not. */
  release(slot: Slot<T>): boolean {
    if (!slot.lent) return false
    this.#lending.ends(slot)
    this.reuse(slot)
    return true
  }

  /** A slot that was in use, and is no more. */
  reuse(slot: Slot<T>): void {
    const reason = this.unfit(slot)
    if (reason !== undefined) this.retire(slot, reason)
    else if (this.factory.needsReset(slot.resource!)) this.caretaker.reset(slot)
    else this.handOver(slot)
  }

  /** Takes back what was lent, never to be lent again. */
  discard(slot: Slot<T>, reason: CloseReason, error?: unknown): boolean {
    if (!slot.lent) return false
    this.#lending.ends(slot)
    this.retire(slot, slot.doom ?? reason, error)
    return true
  }

  /** The resource is dead: closed at once when idle, else when its borrower lets it go. */
  died(slot: Slot<T>, error: unknown): void {
    this.caretaker.suspectIdle()
    if (slot.linked) this.retire(slot, 'broken', error)
    else if (slot.state < SlotState.closing) slot.doom ??= 'broken'
  }

  /** A slot that is free for use: to the first waiter, or to rest. As for `now`, see {@link Lending.begins}. */
  offer(slot: Slot<T>, now = -1): void {
    const reason = this.unfit(slot)
    if (reason !== undefined) this.retire(slot, reason)
    else this.handOver(slot, now)
  }

  /** As {@link PoolEngine.offer}, for a slot that is known to be fit. */
  handOver(slot: Slot<T>, now = -1): void {
    const waiter = this.suspended ? undefined : this.waiters.shift()
    if (waiter === undefined) {
      this.#rest(slot)
      return
    }
    const { oneShot } = waiter
    if (oneShot !== undefined && this.oneShots!.canRun(slot, oneShot)) {
      waiter.stop?.()
      const at = now < 0 ? this.clock.now() : now
      this.oneShots!.begin(slot, oneShot, at, at - waiter.since)
      return
    }
    const lent = this.#lend(slot)
    if (lent === undefined) {
      this.waiters.takeBack(waiter)
      this.dispatch()
      return
    }
    if (waiter.stop !== undefined) waiter.stop()
    waiter.resolve(lent)
    this.#lending.begins(slot, lent, waiter.since, now, waiter.stack)
  }

  /** A connect has succeeded. */
  adopt(slot: Slot<T>, resource: T, reason: CreateReason, startedAt: number): void {
    const now = this.clock.now()
    slot.resource = resource
    slot.createdAt = now
    slot.aliveAt = now
    this.caretaker.shaken = false
    this.counter.made(reason, now - startedAt)
    this.factory.attach(slot)
    this.housekeeper.created(slot, now)
    if (this.events.lists.created !== undefined) {
      this.events.emit('created', { member: this.member(slot, now), took: now - startedAt })
    }
    this.offer(slot, now)
  }

  /** A connect has failed, and left nothing behind. */
  abandon(slot: Slot<T>): void {
    this.slots.transition(slot, SlotState.closed)
    this.placeFreed()
  }

  /** Closes a resource that nobody holds. Its place is free when it is gone. */
  retire(slot: Slot<T>, reason: CloseReason, error?: unknown): void {
    if (slot.state >= SlotState.closing) return
    if (slot.linked) this.idle.remove(slot)
    this.slots.transition(slot, SlotState.closing)
    slot.lent = false
    if (slot.borrowing !== undefined) this.leaks.forget(slot, slot.borrowing)
    slot.giveUpStep?.()
    let gone: Promise<void>
    try {
      gone = this.factory.destroy(slot.resource!, reason)
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
    if (slot.uses >= this.limits.maxUses) return 'maxUses'
    return this.isTooMany() ? 'resized' : undefined
  }

  /** More than maximumPoolSize, which has become smaller. */
  isTooMany(): boolean {
    const { total, counts } = this.slots
    return total - counts[SlotState.closing]! > this.limits.maximumPoolSize
  }

  /** Lends what is idle to those who wait; what was idle for long is checked first. */
  dispatch(): void {
    const { idle, waiters } = this
    const { counts } = this.slots
    // A listener may suspend the pool meanwhile.
    while (!this.suspended && idle.size > 0 && waiters.size > counts[SlotState.validating]!) {
      const slot = idle.pop()!
      const now = this.clock.now()
      if (now >= slot.expiresAt) this.retire(slot, 'maxLifetime')
      else if (this.isFresh(slot, now)) this.handOver(slot)
      else if (!this.caretaker.refresh(slot)) return
    }
  }

  /** Something is gone: somebody may connect in its place, or the end be reached. */
  placeFreed(): void {
    this.administration.placeFreed()
    if (this.#shutdown !== undefined) {
      this.#shutdown.placeFreed()
    } else {
      // Who counted on what was to be made in this place may do better with what is idle.
      this.dispatch()
      this.connector.pump()
    }
  }

  /** See `ResourcePool.close`. With a successor those who wait are not sent away. */
  close(drainTimeout?: number, successor?: Successor<Lent>): Promise<void> {
    if (this.#shutdown !== undefined) return this.#shutdown.within(drainTimeout)
    this.#shutdown = new Shutdown(this)
    this.connector.stop()
    this.housekeeper.stop()
    this.leaks.stop()
    this.health.stop()
    this.waiters.end()
    if (successor !== undefined) this.#shutdown.moveWaiters(successor)
    else this.waiters.rejectAll(new PoolClosedError(this.name))
    return this.#shutdown.begin(drainTimeout)
  }

  member(slot: Slot<T>, now: number): PoolMember {
    return { id: slot.label, age: now - slot.createdAt, uses: slot.uses }
  }

  isFresh(slot: Slot<T>, now: number): boolean {
    if (now >= this.sleep.nextLookAt) this.sleep.look(now)
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

  #wait(deadline: Deadline | undefined, stack: string | undefined): Promise<Lent> {
    const now = this.clock.now()
    const refusal = this.connector.refusal(now) ?? this.admission.refusal()
    if (refusal !== undefined) return this.#refuse(refusal)
    const lent = this.waiters.join(now, deadline, stack)
    if (this.idle.size > 0) this.dispatch()
    this.connector.pump()
    this.leaks.pressed(now)
    return lent
  }

  #refuse(error: Error): Promise<never> {
    this.counter.rejected++
    return Promise.reject(error)
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
    this.placeFreed()
  }
}
