/** Time as the pool and the sessions see it; replaced by a manual clock in specs. */
export interface Clock {
  /** Monotonic milliseconds, from any beginning. */
  now(): number
  /**
   * The time of day in milliseconds. It goes on while the machine sleeps, which `now` need not: that the two part is how
   * a sleep is noticed. Default: it is not noticed.
   */
  timeOfDay?(): number
  /** Calls back once, after at least `delay` milliseconds; for 0 when what has arrived meanwhile was handled. */
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
