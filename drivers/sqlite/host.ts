import { Engine, isBusy, toFailure, type Outcome } from './engine.ts'
import type { FromEngine, Request, ToEngine } from './protocol.ts'

/** Answers are held back for their companions, but not for longer than this, in milliseconds. */
const heldBackFor = 1
/**
 * Pauses between two tries for a lock, in milliseconds; the last one repeats. Short, because there is no queue for a
 * lock: whoever asks more often gets it sooner.
 */
const pauses = [1, 1, 1, 2, 2, 3, 5] as const

/**
 * Runs the requests that arrive, one after the other, and answers them together. One that meets a lock is tried
 * again in short pauses, in which the thread hears that its caller has given up.
 */
export class EngineHost {
  readonly engine = new Engine()
  readonly #post: (message: FromEngine) => void
  readonly #closed: () => void
  #queue: Request[] = []
  #next = 0
  /** The number of the next request, since the beginning. */
  #number = 0
  #outcomes: Outcome[] = []
  #busyTimeout = 0
  #waiting: { since: number; tries: number; timer: ReturnType<typeof setTimeout> } | undefined
  #stopped = false

  /** @param closed Called after the answer to `close`: nothing will follow. */
  constructor(post: (message: FromEngine) => void, closed: () => void) {
    this.#post = post
    this.#closed = closed
  }

  receive(message: ToEngine): void {
    if (this.#stopped) return
    if (typeof message === 'number') {
      this.#giveUpWaiting(message)
      return
    }
    if (this.#next === this.#queue.length) {
      this.#queue = [...message]
      this.#next = 0
    } else {
      this.#queue.push(...message)
    }
    if (this.#waiting === undefined) this.#work()
  }

  /** Nothing more is done, nothing more is answered. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#waiting?.timer)
    this.engine.close()
  }

  #work(): void {
    let since = performance.now()
    while (this.#next < this.#queue.length && !this.#stopped) {
      const request = this.#queue[this.#next]!
      // Results are read with the help of the database that gave them.
      if (request[0] === 'close' || request[0] === 'reset') this.#flush()
      try {
        if (request[0] === 'open') this.#busyTimeout = request[1].busyTimeout
        this.#outcomes.push(this.engine.run(request))
      } catch (error) {
        if (isBusy(error) && this.#waitForLock()) return
        this.#outcomes.push(this.engine.fail(request, toFailure(error)))
      }
      this.#advance()
      if (request[0] === 'close') {
        this.#flush()
        this.stop()
        this.#closed()
        return
      }
      const now = performance.now()
      if (now - since > heldBackFor) {
        this.#flush()
        since = now
      }
    }
    this.#flush()
  }

  #advance(): void {
    this.#next++
    this.#number++
    this.#waiting = undefined
  }

  #flush(): void {
    if (this.#outcomes.length === 0) return
    const answers = this.engine.seal(this.#outcomes)
    this.#outcomes = []
    this.#post(answers)
  }

  /** False when it was waited for long enough. */
  #waitForLock(): boolean {
    const since = this.#waiting?.since ?? performance.now()
    const tries = (this.#waiting?.tries ?? 0) + 1
    const left = this.#busyTimeout - (performance.now() - since)
    if (left <= 0) return false
    if (tries === 1) {
      this.#flush()
      this.#post(this.#number)
    }
    const pause = Math.min(left, pauses[Math.min(tries, pauses.length) - 1]!)
    this.#waiting = { since, tries, timer: setTimeout(() => this.#work(), pause) }
    return true
  }

  #giveUpWaiting(number: number): void {
    if (this.#waiting === undefined || this.#number !== number) return
    clearTimeout(this.#waiting.timer)
    const failure = { message: 'cancelled while it waited for a lock', ours: 'cancelled' } as const
    this.#outcomes.push(this.engine.fail(this.#queue[this.#next]!, failure))
    this.#advance()
    this.#work()
  }
}
