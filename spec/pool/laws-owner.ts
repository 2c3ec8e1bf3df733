import assert from 'node:assert/strict'
import { changePoolSettings } from '../../src/pool/settings-change.ts'
import type { Law } from './laws.ts'
import { lentTo, settle, Watched, World } from './world.ts'

/** What a pool must do when its owner speaks. */
export const ownerLaws: readonly Law[] = [
  {
    name: 'a suspended pool lends nothing and connects no more, until it is resumed',
    async check(make) {
      const world = new World({ maximumPoolSize: 2 }, { make })
      const borrowed = await world.get()
      await world.fill(1)
      world.pool.administration.suspend()
      const asked = [world.ask(), world.ask()]
      void borrowed.close()
      await world.clock.advance(1_000)
      assert.deepEqual([asked[0]!.state, world.driver.connects], ['pending', 2])
      world.pool.administration.resume()
      await settle()
      assert.deepEqual([asked[0]!.state, asked[1]!.state], ['resolved', 'resolved'])
    },
  },
  {
    name: 'a pool that was made smaller cuts nobody, and comes to its new size',
    async check(make) {
      const world = new World({ maximumPoolSize: 4 }, { make })
      const borrowed = [await world.get(), await world.get(), await world.get()]
      const { administration, settings } = world.pool
      administration.reconfigure(
        changePoolSettings(settings, { maximumPoolSize: 1 }, 'jdbc/spec', () => false),
      )
      await settle()
      assert.deepEqual(
        borrowed.map(({ isClosed }) => isClosed),
        [false, false, false],
      )
      for (const connection of borrowed) void connection.close()
      await settle()
      assert.equal(world.driver.physical, 1)
    },
  },
  {
    name: 'evict graceful renews every connection, and takes none from its borrower',
    async check(make) {
      const world = new World({ maximumPoolSize: 3 }, { make })
      const before = await world.fill(3)
      const borrowed = await world.get()
      await world.pool.administration.evict('graceful')
      await settle()
      assert.equal(borrowed.isClosed, false)
      void borrowed.close()
      await settle()
      await world.fill(3)
      assert.ok(before.every(({ closed }) => closed))
    },
  },
  {
    name: 'drain resolves when nothing is left, not before',
    async check(make) {
      const world = new World({ maximumPoolSize: 2 }, { make })
      await world.fill(2)
      const borrowed = await world.get()
      const drained = new Watched(world.pool.administration.drain())
      const asked = world.ask()
      await settle()
      assert.equal(drained.state, 'pending')
      void borrowed.close()
      await settle()
      assert.deepEqual([drained.state, asked.state, world.driver.physical], ['resolved', 'pending', 0])
      world.pool.administration.resume()
      await settle()
      assert.ok(lentTo(asked))
    },
  },
]
