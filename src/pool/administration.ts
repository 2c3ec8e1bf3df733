import { SQLException } from '../api/sql-exception.ts'
import type { PoolEngine } from './engine.ts'
import { PoolClosedError } from './errors.ts'
import type { PoolLimits } from './settings.ts'
import { SlotState } from './slot.ts'
import type { CloseReason, Slot } from './slot.ts'

/**
 * Which connections `evict` closes. Agroal's modes. `idle`: those that are idle. `graceful`: those too, and the others
 * when they come back. `all`: all at once, from their borrowers too. `invalid`: idle ones that do not answer. `leaked`:
 * those whose borrowers were reported by `leakSuspected`.
 */
export type EvictMode = 'all' | 'idle' | 'graceful' | 'invalid' | 'leaked'

/** What the owner of a pool may do to it while it runs. Each throws PoolClosedError once it is closed. */
export interface PoolAdministration {
  /** Other limits from now on. What is in use stays, and goes when it comes back where there is too much. */
  reconfigure(limits: PoolLimits): void
  /** Lends nothing and connects no more until `resume`. What is lent is not touched. */
  suspend(): void
  resume(): void
  /** Resolves with how many go, as soon as that is known; some may go later, when they come back. */
  evict(mode: EvictMode): Promise<number>
  /** Suspends, evicts gracefully, and resolves when no connection is left. Rejects when the pool is resumed before. */
  drain(): Promise<void>
}

/** The moves of an owner: none of them waits for a borrower, except `drain`. */
export class Administration<T, Lent> implements PoolAdministration {
  readonly #engine: PoolEngine<T, Lent>
  #suspendedAt = 0
  #drain: { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } | undefined

  constructor(engine: PoolEngine<T, Lent>) {
    this.#engine = engine
  }

  reconfigure(limits: PoolLimits): void {
    this.#checkOpen()
    const { housekeeper, waiters, leaks, connector, clock, events, idle } = this.#engine
    const before: Readonly<Record<string, unknown>> = { ...this.#engine.limits }
    const changed = Object.entries(limits).flatMap(([name, value]) => (before[name] === value ? [] : [name]))
    if (changed.length === 0) return
    Object.assign(this.#engine.limits, limits)
    const now = clock.now()
    if (changed.includes('maxLifetime')) housekeeper.redrawLifetimes(now)
    for (const slot of idle) if (this.#engine.isTooMany()) this.#engine.retire(slot, 'resized')
    housekeeper.lookSoon(now)
    waiters.lookSoon(now)
    leaks.lookSoon(now)
    connector.pump()
    events.emit('reconfigured', { changed })
  }

  suspend(): void {
    this.#checkOpen()
    if (this.#engine.suspended) return
    this.#engine.suspended = true
    this.#suspendedAt = this.#engine.clock.now()
    this.#engine.events.emit('suspended', {})
  }

  resume(): void {
    this.#checkOpen()
    if (!this.#engine.suspended) return
    this.#engine.suspended = false
    this.#drain?.reject(resumed(this.#engine.name))
    this.#drain = undefined
    const took = this.#engine.clock.now() - this.#suspendedAt
    this.#engine.events.emit('resumed', { took })
    this.#engine.dispatch()
    this.#engine.connector.pump()
  }

  async evict(mode: EvictMode): Promise<number> {
    this.#checkOpen()
    const chosen = mode === 'invalid' ? await this.#findInvalid() : this.#close(mode)
    // A password that was refused is not tried for a while: whoever evicts says that something has changed.
    if (mode === 'all' || mode === 'graceful') this.#engine.connector.retryNow()
    this.#engine.events.emit('evicted', { mode, connections: chosen })
    return chosen
  }

  async drain(): Promise<void> {
    this.suspend()
    this.#close('graceful')
    if (this.#drain === undefined) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      this.#drain = { promise, resolve, reject }
    }
    const { promise } = this.#drain
    this.placeFreed()
    return promise
  }

  placeFreed(): void {
    if (this.#drain === undefined || this.#engine.slots.total > 0) return
    this.#drain.resolve()
    this.#drain = undefined
  }

  #close(mode: Exclude<EvictMode, 'invalid'>): number {
    let chosen = 0
    for (const slot of this.#engine.slots.all) {
      if (slot.state >= SlotState.closing || !isChosen(slot, mode)) continue
      chosen++
      const reason: CloseReason = mode === 'leaked' ? 'leaked' : 'evicted'
      const waitsForIt = mode === 'graceful' ? !slot.linked : slot.state === SlotState.connecting
      if (waitsForIt) slot.doom ??= reason
      else this.#engine.retire(slot, reason)
    }
    return chosen
  }

  async #findInvalid(): Promise<number> {
    const { idle, caretaker } = this.#engine
    const answers = Array.from(idle, (slot) => new Promise<boolean>((told) => caretaker.check(slot, told)))
    return (await Promise.all(answers)).filter((valid) => !valid).length
  }

  #checkOpen(): void {
    if (this.#engine.isClosed) throw new PoolClosedError(this.#engine.name)
  }
}

function isChosen(slot: Slot<unknown>, mode: EvictMode): boolean {
  if (mode === 'idle') return slot.linked
  return mode !== 'leaked' || slot.borrowing?.reported === true
}

function resumed(name: string): SQLException {
  return new SQLException(`${name} was resumed before it was drained`, {
    sqlState: '57014',
    reason: 'cancelled',
  })
}
