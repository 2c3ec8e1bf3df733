import { longStall } from '../session/call-deadline.ts'
import type { Clock } from '../spi/clock.ts'

/** The time of day is compared this often at most, in milliseconds: reading it costs a tenth of a lending. */
const lookEvery = 10

/**
 * Notices that the machine slept, or that this process stood still: meanwhile routers and servers may have dropped every
 * connection. On Linux the monotonic clock stands still as well while the machine sleeps, so it is compared to the time
 * of day; elsewhere, and while a process is stopped, it is a timer that comes much too late.
 */
export class SleepWatch {
  /** From then on it is worth looking. */
  nextLookAt: number
  readonly #clock: Clock
  readonly #woken: () => void
  #ahead: number

  /** @param woken Called when there was a gap of a second or more. */
  constructor(clock: Clock, woken: () => void) {
    this.#clock = clock
    this.#woken = woken
    const now = clock.now()
    this.#ahead = this.#aheadAt(now)
    this.nextLookAt = now + lookEvery
  }

  look(now: number): void {
    const ahead = this.#aheadAt(now)
    const gap = ahead - this.#ahead
    this.#ahead = ahead
    this.nextLookAt = now + lookEvery
    // Somebody may also have set the clock: forward it looks the same, and costs a check for each idle connection.
    if (gap >= longStall) this.#woken()
  }

  /** A timer came that late. */
  late(by: number): void {
    if (by >= longStall) this.#woken()
  }

  #aheadAt(now: number): number {
    return this.#clock.timeOfDay === undefined ? 0 : this.#clock.timeOfDay() - now
  }
}
