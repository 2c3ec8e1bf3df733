import type { Clock } from '../spi/clock.ts'

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(callback, delay, options) {
    // A longer delay would fire at once: Node keeps 31 bits. Whoever waits longer asks again.
    const timer = setTimeout(callback, Math.min(delay, 2_147_483_647))
    if (options?.keepAlive === false) timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}
