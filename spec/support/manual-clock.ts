import type { Clock, Timer } from '../../src/spi/clock.ts'

interface Pending {
  readonly due: number
  readonly order: number
  readonly callback: () => void
  readonly keepAlive: boolean
}

/** Time that stands still until a spec moves it. */
export class ManualClock implements Clock {
  #now = 0
  #slept = 0
  #order = 0
  readonly #pending = new Set<Pending>()

  now(): number {
    return this.#now
  }

  timeOfDay(): number {
    return 1_700_000_000_000 + this.#now + this.#slept
  }

  setTimer(callback: () => void, delay: number, options?: { keepAlive?: boolean }): Timer {
    const pending = {
      due: this.#now + Math.max(0, delay),
      order: this.#order++,
      callback,
      keepAlive: options?.keepAlive ?? true,
    }
    this.#pending.add(pending)
    return { cancel: () => void this.#pending.delete(pending) }
  }

  /** Timers that have not fired; those that would keep a process alive can be asked for alone. */
  timers(options: { keepAlive?: boolean } = {}): number {
    if (options.keepAlive === undefined) return this.#pending.size
    return [...this.#pending].filter((pending) => pending.keepAlive === options.keepAlive).length
  }

  /** Moves time on, firing timers in order, and lets promises settle after each. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds
    await settle()
    let standing = 0
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#pending.delete(next)
      standing = next.due > this.#now ? 0 : standing + 1
      if (standing > 10_000) throw new Error(`timers are set again and again for the same time, ${this.#now}`)
      this.#now = Math.max(this.#now, next.due)
      next.callback()
      await settle()
    }
    this.#now = end
    await settle()
  }

  /** Moves time without letting anything happen in between, as a stalled event loop does. */
  jump(milliseconds: number): void {
    this.#now += milliseconds
  }

  /** The machine sleeps: only the time of day goes on. Also what somebody does who sets it. */
  sleep(milliseconds: number): void {
    this.#slept += milliseconds
  }

  #next(end: number): Pending | undefined {
    let first: Pending | undefined
    for (const pending of this.#pending) {
      if (pending.due > end) continue
      if (
        first === undefined ||
        pending.due < first.due ||
        (pending.due === first.due && pending.order < first.order)
      ) {
        first = pending
      }
    }
    return first
  }
}

/** Lets all promise callbacks that are ready run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
