import type { CloseReason } from './slot.ts'

/** A pool at a moment. Kept up to date by every move: reading it costs the same at any size. */
export interface PoolStatistics {
  /** Physical connections, in whatever state; never above `maximum`. */
  readonly total: number
  readonly connecting: number
  readonly idle: number
  readonly validating: number
  readonly inUse: number
  readonly resetting: number
  readonly closing: number
  /** Callers in the queue. */
  readonly waiting: number
  /** The setting maximumPoolSize. */
  readonly maximum: number
  /** The setting softPoolSize. */
  readonly soft: number
  /** Since the pool was made. */
  readonly counters: PoolCounters
}

/** What happened since the pool was made. */
export interface PoolCounters {
  readonly acquired: number
  readonly released: number
  readonly created: number
  readonly connectFailed: number
  /** Callers that left the queue without a connection: deadline, signal, close. */
  readonly rejected: number
  readonly closed: Readonly<Record<CloseReason, number>>
}

/** What the pool counts with. */
export class PoolCounter implements PoolCounters {
  acquired = 0
  released = 0
  created = 0
  connectFailed = 0
  rejected = 0
  readonly closed: Record<CloseReason, number> = {
    idleTimeout: 0,
    overflow: 0,
    maxLifetime: 0,
    maxUses: 0,
    broken: 0,
    invalid: 0,
    resetFailed: 0,
    invalidated: 0,
    poolClosed: 0,
  }

  read(): PoolCounters {
    const { acquired, released, created, connectFailed, rejected, closed } = this
    return { acquired, released, created, connectFailed, rejected, closed: { ...closed } }
  }
}
