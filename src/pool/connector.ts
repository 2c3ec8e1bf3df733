import { SQLException, SQLInvalidAuthorizationSpecException } from '../api/sql-exception.ts'
import { CallDeadline } from '../session/call-deadline.ts'
import { Alarm } from './alarm.ts'
import type { PoolEngine } from './engine.ts'
import { SlotState } from './slot.ts'
import type { Slot } from './slot.ts'

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

/** The weight of the newest measurement in a mean. */
const weight = 1 / 8

/**
 * Decides when to connect. For waiters, as many as justified; for the reserve of minimumIdle; after a failure one at a
 * time, with growing pauses. A connect belongs to nobody: its connection goes to whoever is first when it is made.
 */
export class Connector<T, Lent> {
  failure: ConnectFailure | undefined
  readonly #engine: PoolEngine<T, Lent>
  readonly #alarm: Alarm
  readonly #stopped = new AbortController()
  /** Of a successful connect, and of a use; in milliseconds, undefined until measured. */
  #meanConnect: number | undefined
  #meanUse: number | undefined

  constructor(engine: PoolEngine<T, Lent>) {
    this.#engine = engine
    this.#alarm = new Alarm(engine.clock, false, () => {
      this.pump()
      return Infinity
    })
  }

  /** Starts the connects that are wanted now. */
  pump(): void {
    while (this.#isWanted()) this.#connect()
  }

  stop(): void {
    this.#alarm.end()
    this.#stopped.abort()
  }

  /** Whether this use is to be measured: the first ones, then some, for reading the clock costs as much as lending. */
  measures(uses: number): boolean {
    return (uses & 15) === 0 || uses < 16
  }

  used(milliseconds: number): void {
    this.#meanUse = mean(this.#meanUse, milliseconds)
  }

  /** Why nobody need wait: the last connect was refused for good, and it is too early to try again. */
  refusal(now: number): SQLException | undefined {
    const { failure } = this
    if (failure === undefined || now >= failure.nextAt || !isFinal(failure.error)) return undefined
    return this.#engine.slots.total === this.#engine.slots.counts[SlotState.closing]
      ? failure.error
      : undefined
  }

  #isWanted(): boolean {
    const { slots, waiters, limits, isClosed, clock, caretaker } = this.#engine
    if (slots.total >= limits.maximumPoolSize || isClosed) return false
    const { counts } = slots
    const connecting = counts[SlotState.connecting]!
    const validating = counts[SlotState.validating]!
    const resetting = counts[SlotState.resetting]!
    const soon = connecting + resetting + (caretaker.shaken ? 0 : validating)
    const unserved = waiters.size - soon
    const forWaiters = unserved > 0
    const forReserve =
      limits.minimumIdle > 0 &&
      slots.total < limits.softPoolSize &&
      counts[SlotState.idle]! + connecting + resetting + validating - waiters.size < limits.minimumIdle
    if (!forWaiters && !forReserve) return false
    if (this.failure !== undefined) {
      // One probe at a time while the database is down.
      if (connecting > 0) return false
      const now = clock.now()
      const { at, nextAt } = this.failure
      const dueAt = forWaiters ? nextAt : Math.max(nextAt, at + pauseWithoutWaiters)
      if (now >= dueAt) return true
      this.#alarm.set(dueAt, now)
      return false
    }
    if (limits.maxConcurrentConnects !== 'auto' && connecting >= limits.maxConcurrentConnects) return false
    return !forWaiters || !this.#returnsServeSooner(unserved, connecting)
  }

  /**
   * Whether those in the queue will have been served by returned connections before a connect could help: the time in
   * which the queue drains is below the mean connect. A guess, so it is looked at again after a connect's time.
   */
  #returnsServeSooner(unserved: number, connecting: number): boolean {
    const { slots, waiters, clock } = this.#engine
    const inUse = slots.counts[SlotState.inUse]!
    const first = waiters.first
    if (
      this.#meanConnect === undefined ||
      this.#meanUse === undefined ||
      inUse === 0 ||
      first === undefined
    ) {
      return false
    }
    const now = clock.now()
    // No connection came back while the first one waited, or it would have got it: uses are that long by now.
    const use = Math.max(this.#meanUse, (now - first.since) * inUse)
    const drain = (unserved * use) / (inUse + connecting)
    if (drain >= this.#meanConnect) return false
    this.#alarm.set(now + Math.max(1, this.#meanConnect), now)
    return true
  }

  #connect(): void {
    const { slots, clock, factory, limits, name } = this.#engine
    const slot = slots.open()
    const startedAt = clock.now()
    const deadline = new CallDeadline(clock, `connect of ${name}`, {
      timeout: limits.loginTimeout,
      signal: this.#stopped.signal,
    })
    let made: Promise<T>
    try {
      made = factory.create(deadline)
    } catch (error) {
      made = Promise.reject(error)
    }
    made.then(
      (resource) => this.#connected(slot, resource, startedAt),
      (error: unknown) => this.#failed(slot, error, startedAt),
    )
  }

  #connected(slot: Slot<T>, resource: T, startedAt: number): void {
    const { clock, events } = this.#engine
    const now = clock.now()
    this.#meanConnect = mean(this.#meanConnect, now - startedAt)
    const { failure } = this
    this.failure = undefined
    if (failure !== undefined) {
      events.emit('recovered', { attempts: failure.attempts + 1, took: now - failure.since })
    }
    this.#engine.adopt(slot, resource, startedAt)
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
    const nextAt = sameAttempt ? before.nextAt : now + this.#pause(attempts, error)
    this.failure = { error, at: now, since: before?.since ?? startedAt, attempts, nextAt }
    events.emit('connectFailed', { error, attempt: attempts, retryIn: nextAt - now })
    // Others may still be served by what is in use; when there is nothing, waiting would only delay the bad news.
    const closing = slots.counts[SlotState.closing]!
    const nothingElse = slots.total - closing === 1
    if (nothingElse && isFinal(error)) this.#engine.rejectWaiters(error)
    this.#engine.abandon(slot)
  }

  #pause(attempts: number, error: unknown): number {
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

function mean(before: number | undefined, newest: number): number {
  return before === undefined ? newest : before + (newest - before) * weight
}
