import { durationOption } from '../api/duration.ts'
import type { DeadlineOptions } from '../api/executor.ts'
import { SQLException, SQLNonTransientException, SQLTimeoutException } from '../api/sql-exception.ts'
import type { Clock, Timer } from '../spi/clock.ts'
import type { Deadline } from '../spi/deadline.ts'
import { onAbort } from './abort-listeners.ts'

/**
 * A timer that comes later than this, in milliseconds, says that the process stood still. What has arrived meanwhile is
 * handled before deadlines that have passed during it are told.
 */
export const longStall = 1_000

/**
 * The deadline of one call. Making one costs an object; a timer exists only while someone waits for it.
 */
export class CallDeadline implements Deadline {
  readonly expiresAt: number
  readonly #clock: Clock
  readonly #timeout: number
  readonly #signal: AbortSignal | undefined
  readonly #outer: Deadline | undefined
  readonly #what: string

  /**
   * @param what The call, for the message: `query on jdbc/address`.
   * @param outer A deadline that this one cannot outlast.
   */
  constructor(
    clock: Clock,
    what: string,
    options: { timeout: number; signal?: AbortSignal | undefined; outer?: Deadline | undefined },
  ) {
    this.#clock = clock
    this.#what = what
    this.#timeout = options.timeout
    this.#signal = options.signal
    this.#outer = options.outer
    const own = options.timeout === Infinity ? Infinity : clock.now() + options.timeout
    this.expiresAt = Math.min(own, options.outer?.expiresAt ?? Infinity)
  }

  /** From the options of a call; checks them. */
  static from(
    clock: Clock,
    what: string,
    options: DeadlineOptions | undefined,
    defaultTimeout: number,
    outer?: Deadline,
  ): CallDeadline {
    const timeout =
      options?.timeout === undefined ? defaultTimeout : durationOption('timeout', options.timeout)
    const signal = options?.signal
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw new SQLNonTransientException(`signal is not an AbortSignal (${what})`, {
        sqlState: 'HY024',
        reason: 'parameter',
      })
    }
    return new CallDeadline(clock, what, { timeout, signal, outer })
  }

  get error(): SQLException | undefined {
    if (this.#signal?.aborted === true) return this.#aborted()
    const outer = this.#outer?.error
    if (outer !== undefined) return outer
    if (this.expiresAt !== Infinity && this.#clock.now() >= this.expiresAt) return this.#timedOut()
    return undefined
  }

  remaining(): number {
    if (this.expiresAt === Infinity) return Infinity
    return Math.max(0, this.expiresAt - this.#clock.now())
  }

  onExpired(callback: (error: SQLException) => void): () => void {
    const error = this.error
    if (error !== undefined) {
      callback(error)
      return nothing
    }
    let timer: Timer | undefined
    let stopOuter: (() => void) | undefined
    let stopListening: (() => void) | undefined
    let waitedATurn = false
    const stop = (): void => {
      timer?.cancel()
      stopOuter?.()
      stopListening?.()
    }
    const end = (reason: SQLException): void => {
      stop()
      callback(reason)
    }
    const arm = (): void => {
      // Timers may fire a little early, and are limited in length: then what is left is waited for.
      const left = this.expiresAt - this.#clock.now()
      if (left > 0 || (left <= -longStall && !waitedATurn)) {
        waitedATurn = left <= 0
        timer = this.#clock.setTimer(arm, Math.max(0, left))
      } else {
        end(this.#timedOut())
      }
    }
    // The outer one is asked also when it has the same time: its words, and its signal, are its own.
    const outerEndsFirst = this.#outer !== undefined && this.#outer.expiresAt <= this.expiresAt
    if (this.#outer !== undefined) stopOuter = this.#outer.onExpired(end)
    if (this.expiresAt !== Infinity && !outerEndsFirst) arm()
    if (this.#signal !== undefined) stopListening = onAbort(this.#signal, () => end(this.#aborted()))
    return stop
  }

  #timedOut(): SQLException {
    return new SQLTimeoutException(`${this.#what} took longer than ${Math.round(this.#timeout)} ms`, {
      sqlState: 'HYT00',
      reason: 'timeout',
      retry: 'caller',
    })
  }

  #aborted(): SQLException {
    return new SQLException(`${this.#what} was cancelled by its signal`, {
      sqlState: '57014',
      reason: 'cancelled',
      retry: 'caller',
      cause: this.#signal?.reason,
    })
  }
}

/** The deadline of a statement or a fetch; undefined when nothing ends it. */
export function statementDeadline(
  context: {
    readonly clock: Clock
    readonly settings: { readonly queryTimeout: number }
    readonly dataSourceName: string
  },
  what: string,
  options: DeadlineOptions | undefined,
  outer: Deadline | undefined,
): Deadline | undefined {
  const { clock, settings, dataSourceName } = context
  const isOpen = options?.timeout === undefined && options?.signal === undefined
  if (isOpen && settings.queryTimeout === Infinity) return outer
  return CallDeadline.from(clock, `${what} on ${dataSourceName}`, options, settings.queryTimeout, outer)
}

/** The outcome of the work, or the end of its time: the work goes on, and nobody hears of it. */
export function untilDeadline<T>(work: Promise<T>, deadline: Deadline | undefined): Promise<T> {
  if (deadline === undefined) return work
  return new Promise<T>((resolve, reject) => {
    const stop = deadline.onExpired(reject)
    work.then(
      (value) => {
        stop()
        resolve(value)
      },
      (error: unknown) => {
        stop()
        reject(error)
      },
    )
  })
}

/** A deadline that never comes, for housekeeping that has its own end. */
export const noDeadline: Deadline = {
  expiresAt: Infinity,
  error: undefined,
  remaining: () => Infinity,
  onExpired: () => nothing,
}

function nothing(): void {}
