/** Time as the pool and the sessions see it; replaced by a manual clock in specs. */
export interface Clock {
  /** Monotonic milliseconds, from any beginning. */
  now(): number
  /** Calls back once, after at least `delay` milliseconds. */
  setTimer(callback: () => void, delay: number, options?: TimerOptions): Timer
}

/** Options of a {@link Timer}. */
export interface TimerOptions {
  /** Whether the timer keeps the process running. Default: true. Housekeeping never does. */
  readonly keepAlive?: boolean
}

/** A call to come. */
export interface Timer {
  /** Idempotent, also after it fired. */
  cancel(): void
}
