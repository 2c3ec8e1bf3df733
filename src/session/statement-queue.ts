import type { SQLException } from '../api/sql-exception.ts'
import type { Clock, Timer } from '../spi/clock.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { PhysicalConnection } from '../spi/physical-connection.ts'
import { givenUp } from './session-errors.ts'

/** One turn on the physical connection: a statement, or several calls that belong together. */
export interface Operation<T> {
  /** What runs, for warnings: the text of the statement. */
  readonly what: string
  /** With several calls, `proceed` is asked between them: it throws when the turn was stopped meanwhile. */
  readonly run: (proceed: () => void) => Promise<T>
  readonly deadline?: Deadline | undefined
  /** Nothing that comes after it depends on its outcome: it may be sent before the one before has answered. */
  readonly pipelinable?: boolean
  /** It ends a transaction: closing the connection waits for it rather than cancelling it. */
  readonly ending?: boolean
  /** It cleans up after a handle: the closing of the next one must not refuse it. */
  readonly restoring?: boolean
}

/** What the queue asks of the session that it belongs to. */
export interface QueueOwner {
  readonly physical: PhysicalConnection
  readonly clock: Clock
  /** How long a cancelled operation may take to settle, in milliseconds, before the session is given up. */
  readonly cancelGrace: number
  /** What an error of the driver means for this data source. */
  judge(error: unknown): SQLException
  /** After each operation, before its outcome is told. */
  settled(error: SQLException | undefined): void
  /** The session cannot be used any more. Listeners are told before this returns. */
  lost(error: SQLException): void
}

interface Entry {
  readonly operation: Operation<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: SQLException) => void
  stopDeadline: (() => void) | undefined
  /** The deadline passed while it ran: the cancel, and why. */
  cancelled: { readonly error: SQLException; readonly request: Promise<void> } | undefined
  graceTimer: Timer | undefined
  /** What the driver has answered; only a cancel is still under way. */
  answer: { readonly error: SQLException | undefined; readonly value: unknown } | undefined
  told: boolean
}

/** How many pipelined operations may be unanswered. */
const pipelineDepth = 64

/** Operations on one physical connection, in order, one at a time unless the driver can do more. */
export class StatementQueue {
  readonly #owner: QueueOwner
  readonly #inFlight: Entry[] = []
  #waiting: Entry[] = []
  #drained: (() => void)[] | undefined

  constructor(owner: QueueOwner) {
    this.#owner = owner
  }

  get isIdle(): boolean {
    return this.#inFlight.length === 0 && this.#waiting.length === 0
  }

  /** The text of the statement that runs now, if one does. */
  get running(): string | undefined {
    return this.#inFlight.find((entry) => entry.operation.ending !== true)?.operation.what
  }

  run<T>(operation: Operation<T>): Promise<T> {
    return this.#add(operation, false)
  }

  /** Like {@link StatementQueue.run}, before all that wait. */
  runFirst<T>(operation: Operation<T>): Promise<T> {
    return this.#add(operation, true)
  }

  /** Refuses all that wait. What runs goes on. */
  rejectWaiting(error: SQLException): void {
    const waiting = this.#waiting
    this.#waiting = waiting.filter((entry) => entry.operation.restoring === true)
    for (const entry of waiting) if (entry.operation.restoring !== true) this.#tell(entry, error)
  }

  /** Refuses all, also what runs: the session is gone. */
  rejectAll(error: SQLException): void {
    const all = [...this.#inFlight.splice(0), ...this.#waiting.splice(0)]
    for (const entry of all) this.#tell(entry, error)
    this.#afterEach()
  }

  /** Ends statements that run, as their deadline would. Settles when nothing is in flight any more. */
  stopRunning(error: SQLException): Promise<void> {
    // Over a copy: one that is given up leaves.
    for (const entry of this.#inFlight.slice()) {
      if (entry.operation.ending !== true) this.#expire(entry, error)
    }
    if (this.#inFlight.length === 0) return Promise.resolve()
    return new Promise((resolve) => (this.#drained ??= []).push(resolve))
  }

  #add<T>(operation: Operation<T>, first: boolean): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const entry: Entry = {
        operation,
        resolve: resolve as (value: unknown) => void,
        reject,
        stopDeadline: undefined,
        cancelled: undefined,
        graceTimer: undefined,
        answer: undefined,
        told: false,
      }
      const expired = operation.deadline?.error
      if (expired !== undefined) {
        this.#tell(entry, expired)
        return
      }
      if (this.#waiting.length === 0 && this.#mayStart(entry)) {
        this.#start(entry)
      } else {
        if (first) this.#waiting.splice(this.#firstPlace(), 0, entry)
        else this.#waiting.push(entry)
        this.#startNext()
      }
      if (!entry.told) {
        entry.stopDeadline = operation.deadline?.onExpired((error) => this.#expire(entry, error))
      }
    })
  }

  /** Behind the cleaning up after an earlier handle, which knows what that one left open. */
  #firstPlace(): number {
    const place = this.#waiting.findIndex((entry) => entry.operation.restoring !== true)
    return place === -1 ? this.#waiting.length : place
  }

  #startNext(): void {
    while (this.#waiting.length > 0 && this.#mayStart(this.#waiting[0]!)) {
      this.#start(this.#waiting.shift()!)
    }
  }

  #mayStart(entry: Entry): boolean {
    if (this.#inFlight.length === 0) return true
    // Stopping one would harm the others: a cancel hits whichever runs, and without one the session is given up.
    const physical = this.#owner.physical
    const alone = (other: Entry): boolean =>
      other.operation.pipelinable !== true || other.operation.deadline !== undefined
    return (
      physical.capabilities.pipelining &&
      this.#inFlight.length < pipelineDepth &&
      !alone(entry) &&
      !this.#inFlight.some(alone)
    )
  }

  #start(entry: Entry): void {
    this.#inFlight.push(entry)
    let running: Promise<unknown>
    try {
      running = entry.operation.run(() => {
        if (entry.cancelled !== undefined) throw entry.cancelled.error
      })
    } catch (error) {
      running = Promise.reject(error)
    }
    running.then(
      (value) => this.#finish(entry, undefined, value),
      (error: unknown) => this.#finish(entry, this.#judge(entry, error), undefined),
    )
  }

  /** Why a turn was stopped is ours to say; everything else is the driver's error. */
  #judge(entry: Entry, error: unknown): SQLException {
    const stopped = entry.cancelled?.error
    return stopped !== undefined && error === stopped ? stopped : this.#owner.judge(error)
  }

  /** The driver has answered. A cancel that is still under way is waited for: it must not hit what comes next. */
  #finish(entry: Entry, error: SQLException | undefined, value: unknown): void {
    if (!this.#inFlight.includes(entry)) return
    if (entry.cancelled !== undefined) {
      const { request, error: reason } = entry.cancelled
      entry.cancelled = undefined
      const outcome = error === undefined || error.fatal ? error : reason
      entry.answer = { error: outcome, value }
      const done = (): void => this.#finish(entry, outcome, value)
      request.then(done, done)
      return
    }
    this.#takeOut(entry)
    // Listeners hear of a lost session before the application does (ruling 4).
    if (error?.fatal === true) this.#owner.lost(error)
    this.#owner.settled(error)
    this.#tell(entry, error, value)
    this.#afterEach()
  }

  #expire(entry: Entry, error: SQLException): void {
    if (entry.told || entry.answer !== undefined || entry.cancelled !== undefined) return
    const waiting = this.#waiting.indexOf(entry)
    if (waiting !== -1) {
      this.#waiting.splice(waiting, 1)
      this.#tell(entry, error)
      return
    }
    const { physical, clock, cancelGrace } = this.#owner
    if (physical.capabilities.cancel !== 'server') {
      this.#giveUp(entry, error)
      return
    }
    const request = physical.cancel()
    request.catch(() => this.#giveUp(entry, error))
    entry.cancelled = { error, request }
    entry.graceTimer = clock.setTimer(() => this.#giveUp(entry, error), cancelGrace)
  }

  /** The operation cannot be stopped alone: its session goes with it. */
  #giveUp(entry: Entry, error: SQLException): void {
    if (entry.told) return
    this.#takeOut(entry)
    this.#owner.lost(givenUp(error))
    this.#tell(entry, error)
    this.#afterEach()
  }

  #takeOut(entry: Entry): void {
    const at = this.#inFlight.indexOf(entry)
    // Nearly always it is the only one: the array is kept, as making it anew costs more than all else here.
    if (at === this.#inFlight.length - 1) this.#inFlight.pop()
    else if (at !== -1) this.#inFlight.splice(at, 1)
  }

  #tell(entry: Entry, error: SQLException | undefined, value?: unknown): void {
    if (entry.told) return
    entry.told = true
    entry.stopDeadline?.()
    entry.graceTimer?.cancel()
    // What has happened is told as it happened, also when the session is lost before the cancel is over.
    const answer = entry.answer ?? { error, value }
    if (answer.error === undefined) entry.resolve(answer.value)
    else entry.reject(answer.error)
  }

  #afterEach(): void {
    this.#startNext()
    if (this.#drained === undefined || this.#inFlight.length > 0) return
    const drained = this.#drained
    this.#drained = undefined
    for (const resolve of drained) resolve()
  }
}
