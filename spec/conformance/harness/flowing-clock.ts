import type { Clock, Timer, TimerOptions } from '../../../src/spi/clock.ts'
import { ManualClock } from '../../support/manual-clock.ts'

/** Time that passes by itself, a millisecond for each turn of the event loop: minutes take moments. */
export class FlowingClock implements Clock {
  readonly #clock = new ManualClock()
  #flowing = true

  constructor() {
    void this.#flow()
  }

  now(): number {
    return this.#clock.now()
  }

  setTimer(callback: () => void, delay: number, options?: TimerOptions): Timer {
    return this.#clock.setTimer(callback, delay, options)
  }

  /** Timers that have not fired. */
  timers(): number {
    return this.#clock.timers()
  }

  stop(): void {
    this.#flowing = false
  }

  async #flow(): Promise<void> {
    while (this.#flowing) await this.#clock.advance(1)
  }
}
