import { longestBorrowers } from './borrowers.ts'
import type { PoolEngine } from './engine.ts'
import type { PoolSnapshot } from './errors.ts'
import { Histogram } from './histogram.ts'
import type { PoolHistogram } from './histogram.ts'
import { SlotState } from './slot.ts'
import type { CloseReason } from './slot.ts'

/** A pool at a moment. Kept up to date by every move: reading it costs the same at any size. */
export interface PoolStatistics {
  /** Physical connections, in whatever state; never above `maximum`, unless that was lowered while they were lent. */
  readonly total: number
  readonly connecting: number
  readonly idle: number
  readonly validating: number
  readonly inUse: number
  readonly resetting: number
  readonly closing: number
  /** Beyond `total`: a connection that `health()` makes when every place is taken; 0 or 1. */
  readonly control: number
  /** Callers in the queue. */
  readonly waiting: number
  /** The setting maximumPoolSize. */
  readonly maximum: number
  /** The setting softPoolSize. */
  readonly soft: number
  /** Nobody gets a connection until `resume()`. */
  readonly suspended: boolean
  /** Since the pool was made. */
  readonly counters: PoolCounters
  /** Since the pool was made. */
  readonly times: PoolTimes
}

/** What happened since the pool was made. */
export interface PoolCounters {
  readonly acquired: number
  readonly released: number
  readonly created: number
  /** For whom they were made; together `created`. */
  readonly createdFor: Readonly<Record<CreateReason, number>>
  readonly connectFailed: number
  /** Callers that left the queue without a connection: deadline, signal, close. */
  readonly rejected: number
  readonly closed: Readonly<Record<CloseReason, number>>
}

/** Why a connection was made: somebody waited; minimumIdle asked for it; `start()` or `health()` did. */
export type CreateReason = 'waiter' | 'minimumIdle' | 'probe'

/**
 * How long things took, in milliseconds. Of borrowings a sample is measured: the first sixteen, then one in sixteen, for
 * reading the clock costs as much as lending.
 */
export interface PoolTimes {
  /** From asking to having; 0 when a connection was idle. Of those who got one. */
  readonly wait: PoolHistogram
  /** From having to giving back. */
  readonly use: PoolHistogram
  /** Of every successful connect. */
  readonly connect: PoolHistogram
}

/** What the pool counts and measures with. */
export class PoolCounter implements PoolCounters {
  acquired = 0
  released = 0
  created = 0
  readonly createdFor: Record<CreateReason, number> = { waiter: 0, minimumIdle: 0, probe: 0 }
  connectFailed = 0
  rejected = 0
  readonly closed: Record<CloseReason, number> = {
    idleTimeout: 0,
    overflow: 0,
    stale: 0,
    maxLifetime: 0,
    maxUses: 0,
    broken: 0,
    invalid: 0,
    resetFailed: 0,
    invalidated: 0,
    resized: 0,
    evicted: 0,
    leaked: 0,
    poolClosed: 0,
  }
  readonly wait = new Histogram()
  readonly use = new Histogram()
  readonly connect = new Histogram()

  made(reason: CreateReason, milliseconds: number): void {
    this.created++
    this.createdFor[reason]++
    this.connect.record(milliseconds)
  }

  read(): PoolCounters {
    const { acquired, released, created, connectFailed, rejected } = this
    const [createdFor, closed] = [{ ...this.createdFor }, { ...this.closed }]
    return { acquired, released, created, createdFor, connectFailed, rejected, closed }
  }

  readTimes(): PoolTimes {
    return { wait: this.wait.read(), use: this.use.read(), connect: this.connect.read() }
  }
}

/** For errors. */
export function snapshotOf<T, Lent>(engine: PoolEngine<T, Lent>): PoolSnapshot {
  return { ...gaugesOf(engine), borrowers: longestBorrowers(engine) }
}

function gaugesOf<T, Lent>({ slots, waiters, limits }: PoolEngine<T, Lent>): Omit<PoolSnapshot, 'borrowers'> {
  const { counts, total } = slots
  return {
    total,
    idle: counts[SlotState.idle]!,
    inUse: counts[SlotState.inUse]!,
    waiting: waiters.size,
    maximum: limits.maximumPoolSize,
  }
}

export function statisticsOf<T, Lent>(engine: PoolEngine<T, Lent>): PoolStatistics {
  const { counts } = engine.slots
  return {
    ...gaugesOf(engine),
    connecting: counts[SlotState.connecting]!,
    validating: counts[SlotState.validating]!,
    resetting: counts[SlotState.resetting]!,
    closing: counts[SlotState.closing]!,
    control: engine.health.control,
    soft: engine.limits.softPoolSize,
    suspended: engine.suspended,
    counters: engine.counter.read(),
    times: engine.counter.readTimes(),
  }
}
