import { SQLException, SQLInvalidAuthorizationSpecException } from '../api/sql-exception.ts'
import { CallDeadline } from '../session/call-deadline.ts'
import type { Deadline } from '../spi/deadline.ts'
import { Alarm } from './alarm.ts'
import { DrainEstimate, mean } from './drain-estimate.ts'
import type { PoolEngine } from './engine.ts'
import { SlotState } from './slot.ts'
import type { Slot } from './slot.ts'
import type { CreateReason } from './statistics.ts'

/** The database cannot be reached, or refuses. */
export interface ConnectFailure {
  /** Of the last attempt. */
  readonly error: unknown
  readonly at: number
  /** When the first attempt of this outage began. */
  readonly since: number
  readonly attempts: number
  readonly nextAt: number
}

/** In milliseconds: the first pause, the longest, and the one after a refused password. */
const firstPause = 100
const longestPause = 1_000
const pauseAfterRefusal = 30_000
/** While nobody waits: refilling the reserve can take its time. */
const pauseWithoutWaiters = 10_000
/** Between connects while connections die and none has been made since: the database may be down, and nobody knows yet. */
const pauseAmongDeaths = 200

/**
 * Decides when to connect. For waiters, as many as justified; for the reserve of minimumIdle; after a failure one at a
 * time, with growing pauses. A connect belongs to nobody: its connection goes to whoever is first when it is made.
 */
export class Connector<T, Lent> {
  failure: ConnectFailure | undefined
  readonly #engine: PoolEngine<T, Lent>
  readonly #alarm: Alarm
  readonly #stopped = new AbortController()
  /** Connects under way, the first one first. */
  readonly #underWay = new Set<Promise<T>>()
  readonly #drain: DrainEstimate<T, Lent>
  /** Of a successful connect; in milliseconds, undefined until measured. */
  #meanConnect: number | undefined
  /** When the last connect began. */
  #triedAt = -Infinity
  /** Connections that had died when the last connect succeeded. */
  #deathsBefore = 0
  /** Whether the reserve has been filled by returns is seen then. */
  #reserveLookAt = -Infinity

  constructor(engine: PoolEngine<T, Lent>) {
    this.#engine = engine
    this.#drain = new DrainEstimate(engine)
    this.#alarm = new Alarm(engine.clock, false, () => {
      this.pump()
      return Infinity
    })
  }

  /** Starts the connects that are wanted now. */
  pump(): void {
    for (let reason = this.#wanted(); reason !== undefined; reason = this.#wanted())
      void this.#connect(reason)
  }

  /** Something has changed: whoever waits need not wait for the end of a pause. */
  retryNow(): void {
    if (this.failure !== undefined) this.failure = { ...this.failure, nextAt: this.#engine.clock.now() }
    this.pump()
  }

  /** Makes what is to be kept ready, and one in any case, to see that it can be done. Rejects with the first failure. */
  async start(): Promise<void> {
    this.pump()
    const { slots, clock } = this.#engine
    const { failure } = this
    const nothingIsThere = slots.total === slots.counts[SlotState.closing]
    if (this.#underWay.size === 0 && (failure !== undefined || nothingIsThere)) {
      if (failure !== undefined && clock.now() < failure.nextAt) throw failure.error
      void this.attempt()
    }
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  /**
   * For somebody who wants to know whether it can be done: the connect that is under way, else one made now. Undefined
   * when there is no place for it.
   */
  attempt(): Promise<T> | undefined {
    for (const first of this.#underWay) return first
    const { slots, limits } = this.#engine
    return slots.total < limits.maximumPoolSize ? this.#connect('probe') : undefined
  }

  /** The time of one connect; the pool's end ends it. */
  deadline(): Deadline {
    const { clock, name, limits } = this.#engine
    return new CallDeadline(clock, `connect of ${name}`, {
      timeout: limits.loginTimeout,
      signal: this.#stopped.signal,
    })
  }

  stop(): void {
    this.#alarm.end()
    this.#stopped.abort()
  }

  /** Whether this use is to be measured: the first ones, then some, for reading the clock costs as much as lending. */
  measures(uses: number): boolean {
    return (uses & 15) === 0 || uses < 16
  }

  /** Of a use, in milliseconds; undefined until one was measured. */
  get meanUse(): number | undefined {
    return this.#drain.meanUse
  }

  used(milliseconds: number): void {
    this.#drain.used(milliseconds)
  }

  /** Why nobody need wait: the last connect was refused for good, and it is too early to try again. */
  refusal(now: number): SQLException | undefined {
    const { failure } = this
    if (failure === undefined || now >= failure.nextAt || !isFinal(failure.error)) return undefined
    return this.#engine.slots.total === this.#engine.slots.counts[SlotState.closing]
      ? failure.error
      : undefined
  }

  /** For whom a connect is wanted now. */
  #wanted(): CreateReason | undefined {
    const { slots, waiters, limits, isClosed, suspended, clock, caretaker, housekeeper } = this.#engine
    if (slots.total >= limits.maximumPoolSize || isClosed || suspended) return undefined
    const { counts } = slots
    const { ageing } = housekeeper
    const connecting = counts[SlotState.connecting]!
    const validating = counts[SlotState.validating]!
    const resetting = counts[SlotState.resetting]!
    const soon = connecting + resetting + (caretaker.shaken ? 0 : validating)
    const unserved = waiters.size - soon
    const forWaiters = unserved > 0
    const forReserve =
      waiters.size === 0 &&
      slots.total < limits.softPoolSize + ageing &&
      counts[SlotState.idle]! + connecting + resetting + validating < limits.minimumIdle + ageing
    if (!forWaiters && !forReserve) return undefined
    const reason = forWaiters ? 'waiter' : 'minimumIdle'
    if (this.failure !== undefined) {
      // One probe at a time while the database is down.
      if (connecting > 0) return undefined
      const now = clock.now()
      const { at, nextAt } = this.failure
      const dueAt = forWaiters ? nextAt : Math.max(nextAt, at + pauseWithoutWaiters)
      if (now >= dueAt) return reason
      this.#alarm.set(dueAt, now)
      return undefined
    }
    if (connecting > 0 && this.#manyDied()) {
      const now = clock.now()
      const dueAt = this.#triedAt + pauseAmongDeaths
      if (now < dueAt) {
        this.#alarm.set(dueAt, now)
        return undefined
      }
    }
    if (limits.maxConcurrentConnects !== 'auto' && connecting >= limits.maxConcurrentConnects) {
      return undefined
    }
    const elided = forWaiters ? this.#returnsServeSooner(unserved, connecting) : this.#returnsFillReserve()
    return elided ? undefined : reason
  }

  /** More than one connection died since a connect last succeeded: an outage looks like that at first. */
  #manyDied(): boolean {
    return this.#deaths() > this.#deathsBefore + 1
  }

  #deaths(): number {
    const { broken, invalid } = this.#engine.counter.closed
    return broken + invalid
  }

  /** Whether returned connections will have served the queue before a connect could help. */
  #returnsServeSooner(unserved: number, connecting: number): boolean {
    if (this.#meanConnect === undefined) return false
    const now = this.#engine.clock.now()
    const again = this.#drain.lookAgainIn(now, unserved, connecting, this.#meanConnect)
    if (again === undefined) return false
    this.#alarm.set(now + again, now)
    return true
  }

  /** What is lent for a moment is no reason to make another: only what is still missing after a connect's time. */
  #returnsFillReserve(): boolean {
    const { clock, slots } = this.#engine
    const connect = this.#meanConnect ?? 0
    if (slots.counts[SlotState.inUse] === 0 || (this.#drain.meanUse ?? 0) >= connect) return false
    const now = clock.now()
    if (now >= this.#reserveLookAt) {
      // Long ago is another time: what is missing now began now.
      const isNew = now > this.#reserveLookAt + connect
      if (!isNew) return false
      this.#reserveLookAt = now + connect
    }
    this.#alarm.set(this.#reserveLookAt, now)
    return true
  }

  #connect(reason: CreateReason): Promise<T> {
    const { slots, clock, factory } = this.#engine
    const slot = slots.open()
    const startedAt = clock.now()
    this.#triedAt = startedAt
    let made: Promise<T>
    try {
      made = factory.create(this.deadline())
    } catch (error) {
      made = Promise.reject(error)
    }
    this.#underWay.add(made)
    made.then(
      (resource) => {
        this.#underWay.delete(made)
        this.#connected(slot, resource, reason, startedAt)
      },
      (error: unknown) => {
        this.#underWay.delete(made)
        this.#failed(slot, error, startedAt)
      },
    )
    return made
  }

  #connected(slot: Slot<T>, resource: T, reason: CreateReason, startedAt: number): void {
    const { clock, events } = this.#engine
    const now = clock.now()
    this.#meanConnect = mean(this.#meanConnect, now - startedAt)
    this.#deathsBefore = this.#deaths()
    const { failure } = this
    this.failure = undefined
    if (failure !== undefined) {
      events.emit('recovered', { attempts: failure.attempts + 1, took: now - failure.since })
    }
    this.#engine.adopt(slot, resource, reason, startedAt)
    this.pump()
  }

  #failed(slot: Slot<T>, error: unknown, startedAt: number): void {
    const { clock, counter, events, slots } = this.#engine
    counter.connectFailed++
    if (this.#engine.isClosed) {
      this.#engine.abandon(slot)
      return
    }
    const now = clock.now()
    const before = this.failure
    // Connects that were under way together are one attempt, and lengthen the pause once.
    const sameAttempt = before !== undefined && startedAt < before.at
    const attempts = (before?.attempts ?? 0) + (sameAttempt ? 0 : 1)
    const nextAt = sameAttempt ? before.nextAt : now + this.pause(attempts, error)
    this.failure = { error, at: now, since: before?.since ?? startedAt, attempts, nextAt }
    events.emit('connectFailed', { error, attempt: attempts, retryIn: nextAt - now })
    // Others may still be served by what is in use; when there is nothing, waiting would only delay the bad news.
    const closing = slots.counts[SlotState.closing]!
    const nothingElse = slots.total - closing === 1
    if (nothingElse && isFinal(error)) this.#engine.waiters.rejectAll(error)
    this.#engine.abandon(slot)
  }

  /** Until the next attempt, after that many in a row failed. */
  pause(attempts: number, error: unknown): number {
    const { random } = this.#engine
    // A database counts wrong passwords, and locks the account.
    if (error instanceof SQLInvalidAuthorizationSpecException) return pauseAfterRefusal * (1 + random() / 4)
    return Math.min(longestPause, firstPause * 2 ** (attempts - 1)) * (1 - random() / 2)
  }
}

/** The same attempt would fail again: a refused password, a database file that is a folder, a missing package. */
function isFinal(error: unknown): error is SQLException {
  return error instanceof SQLException && error.retry === 'no'
}
