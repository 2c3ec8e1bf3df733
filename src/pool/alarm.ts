import type { Clock, Timer } from '../spi/clock.ts'

/**
 * One timer for any number of things that fall due. It is set when something is due sooner than what it is set for;
 * things that are no longer due are not taken back: it rings, finds nothing, and is set for what is left.
 */
export class Alarm {
  /** When it rings; `Infinity` when it is not set, `-Infinity` when it has ended. */
  dueAt = Infinity
  readonly #clock: Clock
  readonly #keepAlive: boolean
  readonly #ring: (now: number, late: number) => number
  #timer: Timer | undefined

  /**
   * @param ring Does what is due and returns when the next thing is, `Infinity` for never. It is told how late it is.
   * @param keepAlive Whether what it waits for is a reason to keep the process running.
   */
  constructor(clock: Clock, keepAlive: boolean, ring: (now: number, late: number) => number) {
    this.#clock = clock
    this.#keepAlive = keepAlive
    this.#ring = ring
  }

  /** Rings at that time at the latest. */
  set(dueAt: number, now: number): void {
    if (dueAt >= this.dueAt) return
    this.#timer?.cancel()
    this.dueAt = dueAt
    this.#timer = this.#clock.setTimer(() => this.#onTimer(), Math.max(0, dueAt - now), {
      keepAlive: this.#keepAlive,
    })
  }

  /** For good: it cannot be set again. */
  end(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.dueAt = -Infinity
  }

  #onTimer(): void {
    this.#timer = undefined
    const now = this.#clock.now()
    const early = this.dueAt - now
    this.dueAt = Infinity
    // Timers are rounded to milliseconds and limited in length: what is left is waited for.
    const next = early > 0 ? now + early : this.#ring(now, -early)
    if (next !== Infinity) this.set(next, now)
  }
}
