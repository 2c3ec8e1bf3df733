import { durationOption } from '../api/duration.ts'
import type { Duration } from '../api/duration.ts'
import type { DeadlineOptions } from '../api/executor.ts'
import { CallDeadline } from '../session/call-deadline.ts'
import { systemClock } from '../session/system-clock.ts'
import type { Clock } from '../spi/clock.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { EvictMode } from './administration.ts'
import { PoolEngine } from './engine.ts'
import type { PoolEventListener, PoolEventName } from './events.ts'
import { parsePoolLimits } from './settings.ts'
import type { PoolLimits } from './settings.ts'
import { changePoolLimits } from './settings-change.ts'
import type { Slot } from './slot.ts'
import { statisticsOf } from './statistics.ts'
import type { PoolStatistics } from './statistics.ts'

/** How resources are made and unmade: the constructor and destructor of `apr_reslist`, and what may be asked between. */
export interface ResourceFactory<T> {
  /** Makes one, within `loginTimeout`; a failure leaves nothing behind, and is tried again after a pause. */
  create(deadline: Deadline): Promise<T>
  /** Settles when it is gone: until then it counts against maximumPoolSize. */
  destroy(resource: T): Promise<void>
  /** Whether it still works; asked after idleness. Default: it does. */
  validate?(resource: T, deadline: Deadline): Promise<boolean>
  /** Makes it as new after a use. Default: nothing is to be done. */
  reset?(resource: T, deadline: Deadline): Promise<void>
  /** Whether it must not be lent again; asked when it comes back. Default: false. */
  isBroken?(resource: T): boolean
  /** Whether it works for its borrower now: then `leakReclaim` does not take it from him. Default: false. */
  isBusy?(resource: T): boolean
}

/** Limits as people write them: counts, durations, `'off'`, `'unlimited'`. Absent ones have the table's defaults. */
export type ResourcePoolLimits = {
  readonly [Name in keyof PoolLimits]?: PoolLimits[Name] | Duration | 'off' | 'unlimited' | undefined
}

/** The limits of the pool, and its surroundings. */
export interface ResourcePoolOptions extends ResourcePoolLimits {
  /** For messages. Default: `pool`. */
  readonly name?: string | undefined
  /** Default: the machine's. */
  readonly clock?: Clock | undefined
  /** From 0 to below 1. Default: `Math.random`. */
  readonly random?: (() => number) | undefined
}

/** How a pool is closed. */
export interface PoolCloseOptions {
  /** How long borrowers may take to give back what they hold. Then it is taken from them. Default: 10 s. */
  readonly drainTimeout?: Duration | undefined
}

/**
 * A pool of anything that is costly to make: the engine under every pooled data source, without SQL.
 *
 * At most `maximumPoolSize` exist at any moment, those being made and unmade included. Borrowers are served in the
 * order in which they came. Nobody waits without a deadline.
 *
 * ```ts
 * const pool = new ResourcePool({ create: () => open(), destroy: (file) => file.close() }, { maximumPoolSize: 4 })
 * const size = await pool.use((file) => measure(file))
 * await pool.close()
 * ```
 */
export class ResourcePool<T> implements AsyncDisposable {
  readonly name: string
  /** In force: `reconfigure` changes them. */
  readonly limits: PoolLimits
  readonly #engine: PoolEngine<T, T>
  readonly #slots = new Map<T, Slot<T>>()

  /** @throws InvalidSettingError HY024 for a limit that is unknown or not allowed. */
  constructor(factory: ResourceFactory<T>, options: ResourcePoolOptions = {}) {
    const { name = 'pool', clock = systemClock, random = Math.random, ...limits } = options
    this.name = name
    this.limits = { ...parsePoolLimits(limits, name) }
    this.#engine = new PoolEngine<T, T>({
      name,
      clock,
      random,
      limits: this.limits,
      factory: {
        create: (deadline) => factory.create(deadline),
        destroy: (resource) => {
          this.#slots.delete(resource)
          return factory.destroy(resource)
        },
        validate: (resource, deadline) => factory.validate?.(resource, deadline) ?? Promise.resolve(true),
        needsReset: () => factory.reset !== undefined,
        reset: (resource, deadline) => factory.reset?.(resource, deadline) ?? Promise.resolve(),
        isBroken: (resource) => factory.isBroken?.(resource) ?? false,
        activity: (resource) => (factory.isBusy?.(resource) === true ? 'running' : 'none'),
        lendsHandles: false,
        attach: (slot) => void this.#slots.set(slot.resource!, slot),
        lend: (resource) => resource,
      },
    })
  }

  /**
   * Borrows one. The default timeout is the limit `connectionTimeout` (30 s).
   *
   * @throws PoolExhaustedError, CannotConnectError when the time is up; PoolClosedError; SQLException 57014 when the
   *   signal was aborted.
   */
  acquire(options?: DeadlineOptions): Promise<T> {
    if (options === undefined) return this.#engine.acquire()
    const { connectionTimeout } = this.limits
    return this.#engine.acquire(
      CallDeadline.from(this.#engine.clock, `acquire on ${this.name}`, options, connectionTimeout),
    )
  }

  /**
   * Gives one back.
   *
   * @throws Error when it is not lent by this pool: given back twice, invalidated, or taken away by `close`.
   */
  release(resource: T): void {
    const slot = this.#slots.get(resource)
    if (slot === undefined || !this.#engine.release(slot)) throw this.#notLent()
  }

  /**
   * Gives one back that must not be lent again.
   *
   * @throws Error when it is not lent by this pool.
   */
  invalidate(resource: T): void {
    const slot = this.#slots.get(resource)
    if (slot === undefined || !this.#engine.discard(slot, 'invalidated')) throw this.#notLent()
  }

  /** Lends one to a function, and takes it back when the function's promise settles. */
  async use<R>(work: (resource: T) => Promise<R> | R, options?: DeadlineOptions): Promise<R> {
    const resource = await this.acquire(options)
    try {
      return await this.#engine.admission.within(async () => work(resource))
    } finally {
      // The function may have invalidated it, or `close` may have taken it away.
      const slot = this.#slots.get(resource)
      if (slot !== undefined) this.#engine.release(slot)
    }
  }

  /**
   * Changes limits while the pool runs. What is lent is never taken away: what is too much goes when it comes back.
   *
   * @throws InvalidSettingError HY024; PoolClosedError.
   */
  reconfigure(limits: ResourcePoolLimits): void {
    this.#engine.administration.reconfigure(changePoolLimits(this.limits, limits, this.name))
  }

  /** Lends nothing and makes no more until `resume`: who asks, waits. What is lent is not touched. */
  suspend(): void {
    this.#engine.administration.suspend()
  }

  resume(): void {
    this.#engine.administration.resume()
  }

  /** Destroys resources, and resolves with how many go: see {@link EvictMode}. */
  evict(mode: EvictMode): Promise<number> {
    return this.#engine.administration.evict(mode)
  }

  statistics(): PoolStatistics {
    return statisticsOf(this.#engine)
  }

  /** Adding a listener twice counts once. The function returned takes it away. */
  on<Name extends PoolEventName>(name: Name, listener: PoolEventListener<Name>): () => void {
    return this.#engine.events.on(name, listener)
  }

  off<Name extends PoolEventName>(name: Name, listener: PoolEventListener<Name>): void {
    this.#engine.events.off(name, listener)
  }

  /**
   * Refuses new borrowers, sends those who wait away, waits for what is lent, and destroys everything. Idempotent.
   * Resolves when all destructors have settled; rejects with an AggregateError of their failures.
   */
  close(options?: PoolCloseOptions): Promise<void> {
    const drainTimeout = options?.drainTimeout
    return this.#engine.close(
      drainTimeout === undefined ? undefined : durationOption('drainTimeout', drainTimeout),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #notLent(): Error {
    return new Error(
      `${this.name}: this resource is not lent by the pool; it was given back or taken away before`,
    )
  }
}
