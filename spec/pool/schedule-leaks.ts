import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import type { Connection } from '../../src/api/connection.ts'
import type { StubPooledConnection } from '../support/stub-connection.ts'
import { collect, collectByHand } from '../support/manual-collection.ts'
import type { World } from './world.ts'

collectByHand()

/** What borrowers do with what they have, and whether they remember it. */
export interface LeakStep {
  readonly do: 'a statement begins' | 'rows are being read' | 'what runs has ended' | 'drop'
  readonly which: number
}

export const leakSteps: fc.Arbitrary<LeakStep> = fc.record({
  do: fc.constantFrom(
    'a statement begins',
    'a statement begins',
    'rows are being read',
    'what runs has ended',
    'what runs has ended',
    'drop',
    'drop',
  ),
  which: fc.nat({ max: 20 }),
})

export const leakSettings: readonly Record<string, number | string | boolean>[] = [
  { leakDetectionThreshold: 1_000 },
  { leakDetectionThreshold: 1_000, leakReclaim: true },
  { leakDetectionThreshold: 0, leakReclaim: true },
  { leakStackSampling: 1 },
]

/** The borrowers at work. Nothing is taken back that they still work with. */
export class Borrowers {
  /** What the pool did wrong. */
  fault: unknown
  readonly #world: World
  readonly #lent: Map<StubPooledConnection, { readonly asked: { readonly value: Connection | undefined } }>

  constructor(
    world: World,
    lent: Map<StubPooledConnection, { readonly asked: { readonly value: Connection | undefined } }>,
  ) {
    this.#world = world
    this.#lent = lent
    world.pool.events.on('leakRecovered', ({ member, why }) => {
      try {
        const { activity } = world.driver.made.find(({ id }) => id === member.id)!
        assert.notEqual(activity, 'running', 'nothing is taken on which a statement runs')
        if (why === 'dropped') return
        assert.notEqual(activity, 'reading', 'nothing is reclaimed whose rows are being read')
        assert.ok(world.pool.statistics().waiting > 0, 'nothing is reclaimed for nobody')
      } catch (fault) {
        this.fault ??= fault
      }
    })
  }

  play({ do: what, which }: LeakStep): void {
    if (what === 'what runs has ended') {
      this.#end(which)
      return
    }
    const lent = [...this.#lent]
    if (lent.length === 0) return
    const [pooled, { asked }] = lent[which % lent.length]!
    if (what === 'a statement begins') pooled.activity = 'running'
    else if (what === 'rows are being read') pooled.activity = 'reading'
    // Where nobody watches it would be lost for good.
    else if (collect(asked.value!)) this.#lent.delete(pooled)
  }

  /** Whatever runs comes to its end. */
  finish(): void {
    for (const pooled of this.#world.driver.made) pooled.activity = 'none'
  }

  #end(which: number): void {
    const busy = this.#world.driver.made.filter(({ activity }) => activity !== 'none')
    if (busy.length > 0) busy[which % busy.length]!.activity = 'none'
  }
}
