import type { Clock } from '../spi/clock.ts'

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  timeOfDay: () => Date.now(),
  setTimer(callback, delay, options) {
    if (delay <= 0) {
      // A timer of 0 may come before the sockets have been read; this one does not.
      const turn = setImmediate(callback)
      if (options?.keepAlive === false) turn.unref()
      return { cancel: () => clearImmediate(turn) }
    }
    // A longer delay would fire at once: Node keeps 31 bits. Whoever waits longer asks again.
    const timer = setTimeout(callback, Math.min(delay, 2_147_483_647))
    if (options?.keepAlive === false) timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}
