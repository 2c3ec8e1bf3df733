import * as fc from 'fast-check'
import type { EvictMode } from '../../src/pool/administration.ts'
import { PoolClosedError } from '../../src/pool/errors.ts'
import type { PoolEventName } from '../../src/pool/events.ts'
import { changePoolSettings } from '../../src/pool/settings-change.ts'
import { Watched } from './world.ts'
import type { World } from './world.ts'

/** What the owner of a pool does to it, and what its listeners do. */
export type OwnerStep =
  | { readonly do: 'reconfigure'; readonly changes: Record<string, number | string> }
  | { readonly do: 'suspend' | 'resume' }
  | { readonly do: 'drain' }
  | { readonly do: 'evict'; readonly mode: EvictMode }
  | { readonly do: 'listen'; readonly event: PoolEventName; readonly and: ListenerAct }

type ListenerAct = 'throw' | 'acquire' | 'release' | 'evict' | 'suspend' | 'reconfigure' | 'close'

/** What a listener may do to the stage beside the pool. */
export interface Acts {
  acquire(): void
  release(): void
  close(): void
}

const events: readonly PoolEventName[] = [
  'acquired',
  'released',
  'created',
  'closed',
  'validated',
  'reset',
  'timedOut',
  'connectFailed',
  'recovered',
  'leakSuspected',
  'leakReturned',
  'leakRecovered',
  'suspended',
  'resumed',
  'evicted',
  'reconfigured',
]

export const ownerSteps: fc.Arbitrary<OwnerStep> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('reconfigure'),
      changes: fc.oneof(
        fc.record({ maximumPoolSize: fc.integer({ min: 1, max: 5 }) }),
        fc.record({ maximumPoolSize: fc.integer({ min: 1, max: 5 }), softPoolSize: fc.nat(4) }),
        fc.record({ minimumIdle: fc.nat(2) }),
        fc.record({ idleTimeout: fc.constantFrom(50, 'off') }),
        fc.record({ maxLifetime: fc.constantFrom('1s', '1m', 'off') }),
        fc.record({ connectionTimeout: fc.constantFrom(0, '1s', '30s') }),
        fc.record({ maxUses: fc.constantFrom(1, 'unlimited') }),
        fc.record({ validateAfterIdle: fc.constantFrom(0, 'off') }),
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('suspend') }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('resume') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drain') }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('evict'),
      mode: fc.constantFrom('all', 'idle', 'graceful', 'invalid', 'leaked'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('listen'),
      event: fc.constantFrom(...events),
      and: fc.constantFrom(
        'throw',
        'throw',
        'acquire',
        'acquire',
        'release',
        'release',
        'evict',
        'suspend',
        'reconfigure',
        'close',
      ),
    }),
  },
)

/** The owner at work. What is refused because the pool is closed or the values do not fit together changes nothing. */
export class Owner {
  /** Everything that was asked for, to be settled in the end. */
  readonly asked: Watched<unknown>[] = []
  readonly #world: World
  readonly #acts: Acts

  constructor(world: World, acts: Acts) {
    this.#world = world
    this.#acts = acts
  }

  play(step: OwnerStep): void {
    const { administration, events: stream } = this.#world.pool
    switch (step.do) {
      case 'reconfigure':
        this.#reconfigure(step.changes)
        return
      case 'suspend':
      case 'resume':
        this.#unlessClosed(() => administration[step.do]())
        return
      case 'drain':
        this.asked.push(new Watched(administration.drain()))
        return
      case 'evict':
        this.asked.push(new Watched(administration.evict(step.mode)))
        return
      case 'listen': {
        const stop = stream.on(step.event, () => {
          // Once: else what it does would call it again.
          if (step.and !== 'throw') stop()
          this.#act(step.and)
        })
      }
    }
  }

  #act(act: ListenerAct): void {
    switch (act) {
      case 'throw':
        throw new Error('a listener threw')
      case 'acquire':
      case 'release':
      case 'close':
        this.#acts[act]()
        return
      case 'evict':
        this.play({ do: 'evict', mode: 'graceful' })
        return
      case 'suspend':
        this.play({ do: 'suspend' })
        return
      case 'reconfigure':
        this.play({ do: 'reconfigure', changes: { maximumPoolSize: 2 } })
    }
  }

  #reconfigure(changes: Record<string, number | string>): void {
    const { pool } = this.#world
    const { softPoolSize, minimumIdle, maximumPoolSize } = { ...pool.settings, ...changes }
    if (minimumIdle > Math.min(softPoolSize, maximumPoolSize) || softPoolSize > maximumPoolSize) return
    const settings = changePoolSettings(pool.settings, changes, 'jdbc/spec', () => false)
    this.#unlessClosed(() => pool.administration.reconfigure(settings))
  }

  #unlessClosed(act: () => void): void {
    try {
      act()
    } catch (error) {
      if (!(error instanceof PoolClosedError)) throw error
    }
  }
}
