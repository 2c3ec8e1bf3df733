import assert from 'node:assert/strict'
import { collect, collectByHand } from '../support/manual-collection.ts'
import type { Law } from './laws.ts'
import { lentTo, settle, World } from './world.ts'

collectByHand()

/** What a pool must do about those who do not give back. */
export const leakLaws: readonly Law[] = [
  {
    name: 'who holds a connection for too long is told of once, and so is the late return',
    async check(make) {
      const world = new World({ leakDetectionThreshold: '10s' }, { make })
      const told: string[] = []
      world.pool.events.on('leakSuspected', ({ used }) => told.push(`suspected ${used}`))
      world.pool.events.on('leakReturned', ({ used }) => told.push(`returned ${used}`))
      const inTime = await world.get()
      await world.clock.advance(9_000)
      void inTime.close()
      const late = await world.get()
      await world.clock.advance(60_000)
      void late.close()
      await settle()
      assert.deepEqual(told, ['suspected 10000', 'returned 60000'])
    },
  },
  {
    name: 'the connection of a handle that was dropped is recovered',
    async check(make) {
      const world = new World({ maximumPoolSize: 1, leakDetectionThreshold: '10s' }, { make })
      const dropped = await world.get()
      const asked = world.ask()
      collect(dropped)
      await settle()
      assert.notEqual(lentTo(asked).pooled, dropped.pooled)
      assert.equal(world.pool.statistics().counters.closed.leaked, 1)
      assert.equal(world.driver.physical, 1)
    },
  },
  {
    name: 'a dropped handle keeps its connection while a statement runs on it',
    async check(make) {
      const world = new World({ leakDetectionThreshold: '10s' }, { make })
      const dropped = await world.get()
      dropped.pooled.activity = 'running'
      collect(dropped)
      await world.clock.advance(60_000)
      assert.equal(dropped.pooled.closed, false)
      dropped.pooled.activity = 'none'
      await world.clock.advance(1_000)
      assert.equal(dropped.pooled.closed, true)
    },
  },
  {
    name: 'a handle that was given back and is collected later takes nothing from the next borrower',
    async check(make) {
      const world = new World({ maximumPoolSize: 1, leakDetectionThreshold: '10s' }, { make })
      const first = await world.get()
      void first.close()
      const second = await world.get()
      collect(first)
      await settle()
      assert.equal(second.isClosed, false)
    },
  },
  {
    name: 'under pressure what is held for too long is taken back, unless a statement runs on it',
    async check(make) {
      const settings = { maximumPoolSize: 2, leakDetectionThreshold: '10s', leakReclaim: true }
      const world = new World(settings, { make })
      const [forgotten, working] = [await world.get(), await world.get()]
      working.pooled.activity = 'running'
      const asked = [world.ask(), world.ask()]
      await world.clock.advance(15_000)
      assert.deepEqual(
        asked.map(({ state }) => state),
        ['resolved', 'pending'],
      )
      assert.deepEqual([forgotten.isClosed, working.isClosed], [true, false])
    },
  },
  {
    name: 'while nobody waits nothing is taken from its borrower',
    async check(make) {
      const settings = { maximumPoolSize: 2, leakDetectionThreshold: '10s', leakReclaim: true }
      const world = new World(settings, { make })
      const forgotten = await world.get()
      const asked = world.ask()
      await world.clock.advance(60_000)
      assert.equal(asked.state, 'resolved')
      assert.equal(forgotten.isClosed, false)
    },
  },
]
