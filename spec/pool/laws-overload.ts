import assert from 'node:assert/strict'
import { PoolExhaustedError } from '../../src/pool/errors.ts'
import type { Law } from './laws.ts'
import { settle, World } from './world.ts'

/** What a pool must do when more is asked for than it can serve. */
export const overloadLaws: readonly Law[] = [
  {
    name: 'codel: a queue that stands is served from its end',
    async check(make) {
      const world = new World({ maximumPoolSize: 1, queue: 'codel' }, { make })
      const borrowed = await world.get()
      world.ask()
      await world.clock.advance(80)
      const asked = [world.ask(), world.ask()]
      await world.clock.advance(30)
      void borrowed.close()
      await settle()
      assert.deepEqual(
        asked.map(({ state }) => state),
        ['pending', 'resolved'],
      )
    },
  },
  {
    name: 'codel: who has waited too long in a queue that stands is refused at once',
    async check(make) {
      const world = new World({ maximumPoolSize: 1, queue: 'codel' }, { make })
      await world.get()
      const asked = world.ask()
      await world.clock.advance(100)
      assert.ok(asked.error instanceof PoolExhaustedError)
    },
  },
  {
    name: 'codel: a burst is served in the order of coming, and nobody is refused',
    async check(make) {
      const world = new World({ maximumPoolSize: 1, queue: 'codel' }, { make })
      const first = await world.get()
      const asked = [world.ask(), world.ask()]
      await world.clock.advance(90)
      void first.close()
      await settle()
      assert.deepEqual(
        asked.map(({ state }) => state),
        ['resolved', 'pending'],
      )
    },
  },
]
