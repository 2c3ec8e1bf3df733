import assert from 'node:assert/strict'
import type { SQLException } from '../../src/api/sql-exception.ts'
import { sqliteDialect } from '../../drivers/sqlite/dialect.ts'
import { PoolClosedError } from '../../src/pool/errors.ts'
import { mostTogether } from '../../src/pool/one-shot-use.ts'
import { cancelled } from '../support/stub-session.ts'
import type { Law } from './laws.ts'
import { SharingWorld } from './sharing-world.ts'
import { lentTo, settle, Watched } from './world.ts'

/** What a pool must do with statements that need no handle, whether they share connections or not. */
export const sharingLaws: readonly Law[] = [
  law('statements share only when every connection is in use', async (make) => {
    const world = await SharingWorld.with(['a'], { maximumPoolSize: 2 }, make)
    for (let i = 0; i < 4; i++) world.run('a')
    const [one, other] = world.sessions.all
    assert.deepEqual([one!.underWay.length, other!.underWay.length], [2, 2])
    const { inUse, waiting } = world.pool.statistics()
    assert.deepEqual({ inUse, waiting }, { inUse: 2, waiting: 0 })
    done(world)
  }),

  law('a pool grows before statements share', async (make) => {
    const world = new SharingWorld({ maximumPoolSize: 3 }, make)
    await world.fill(1)
    world.prove('a')
    for (let i = 0; i < 3; i++) world.run('a')
    await settle()
    assert.deepEqual(
      world.sessions.all.map(({ underWay }) => underWay.length),
      [1, 1, 1],
    )
    done(world)
  }),

  law('no more than so many share one connection, and the others wait', async (make) => {
    const world = await SharingWorld.with(['a'], { maximumPoolSize: 1 }, make)
    const asked = Array.from({ length: 3 * mostTogether }, () => world.run('a'))
    assert.equal(world.session.most, mostTogether)
    assert.equal(world.pool.statistics().waiting, 2 * mostTogether)
    while (world.sessions.underWay > 0) {
      await world.answer()
      assert.ok(world.session.most <= mostTogether)
    }
    assert.ok(asked.every(({ state }) => state === 'resolved'))
    done(world)
  }),

  law(
    'nothing joins while somebody waits for a connection, and the first that is free is his',
    async (make) => {
      const world = await SharingWorld.with(['a'], { maximumPoolSize: 2 }, make)
      for (let i = 0; i < 4; i++) world.run('a')
      const borrower = world.ask()
      const late = world.run('a')
      assert.equal(world.sessions.underWay, 4)
      const [one, other] = world.sessions.all
      one!.answer()
      other!.answer()
      await settle()
      assert.deepEqual([borrower.state, world.sessions.underWay], ['pending', 2])
      one!.answer()
      await settle()
      assert.equal(lentTo(borrower).pooled, one!.pooled)
      // Now the first of the line is the statement that came after him.
      assert.equal(other!.underWay.length, 2)
      other!.answer()
      other!.answer()
      await settle()
      assert.equal(late.state, 'resolved')
      await lentTo(borrower).close()
      done(world)
    },
  ),

  law('a session lent to somebody never sees a shared statement', async (make) => {
    const world = await SharingWorld.with(['a'], { maximumPoolSize: 2 }, make)
    const borrowed = [await world.get(), await world.get()]
    const asked = [world.run('a'), world.run('a')]
    assert.equal(world.sessions.underWay, 0)
    await borrowed[0]!.close()
    await settle()
    assert.equal(world.sessions.underWay, 2)
    world.sessions.all.find(({ pooled }) => pooled === borrowed[0]!.pooled)!.answer()
    world.run('a')
    assert.equal(world.sessions.underWay, 2)
    await borrowed[1]!.close()
    await settle()
    done(world)
    assert.deepEqual(
      asked.map(({ state }) => state),
      ['resolved', 'pending'],
    )
  }),

  law('nothing joins behind a statement that takes long', async (make) => {
    const world = await SharingWorld.with(['a'], { maximumPoolSize: 1 }, make)
    world.run('a')
    await world.clock.advance(4)
    world.run('a')
    assert.equal(world.sessions.underWay, 2)
    await world.clock.advance(2)
    world.run('a')
    assert.equal(world.sessions.underWay, 2)
    await world.answer()
    assert.equal(world.sessions.underWay, 2)
    done(world)
  }),

  law('statements that take long together do not share', async (make) => {
    const world = await SharingWorld.with([], { maximumPoolSize: 1 }, make)
    const cost = world.costOf('b')
    for (let run = 0; run < 16; run++) cost?.ran(2)
    for (let i = 0; i < 10; i++) world.run('b')
    assert.equal(world.sessions.underWay, 3)
    done(world)
  }),

  law(
    'whose time is up goes; his statement is not cancelled while others share the session',
    async (make) => {
      const world = await SharingWorld.with(['a'], { maximumPoolSize: 1 }, make)
      const [short, long] = [world.run('a', { timeout: 1 }), world.run('a')]
      const borrower = world.ask()
      await world.clock.advance(1)
      assert.equal((short.error as SQLException).sqlState, 'HYT00')
      assert.deepEqual(world.session.stops, [])
      await world.answer()
      assert.deepEqual([long.state, borrower.state], ['pending', 'pending'])
      await world.answer()
      assert.deepEqual([long.state, borrower.state], ['resolved', 'resolved'])
      await lentTo(borrower).close()
      done(world)
    },
  ),

  law(
    'when nobody waits for any of them they are stopped, and the session is not lent before',
    async (make) => {
      const world = await SharingWorld.with(['a'], { maximumPoolSize: 1 }, make)
      const controller = new AbortController()
      const [one, other] = [world.run('a', { timeout: 1 }), world.run('a', { signal: controller.signal })]
      await world.clock.advance(1)
      controller.abort()
      await settle()
      assert.deepEqual([one.state, (other.error as SQLException).sqlState], ['rejected', '57014'])
      assert.equal(world.session.stops.length, 1)
      const borrower = world.ask()
      world.session.answer(cancelled())
      await settle()
      assert.equal(borrower.state, 'pending')
      await world.answer()
      assert.equal(borrower.state, 'resolved')
      await lentTo(borrower).close()
      done(world)
    },
  ),

  law(
    'alone, a statement whose time is up is stopped, and its caller told when it has ended',
    async (make) => {
      const world = await SharingWorld.with(['a'], { maximumPoolSize: 1 }, make)
      const alone = world.run('a', { timeout: 1 })
      await world.clock.advance(1)
      assert.deepEqual([world.session.stops.length, alone.state], [1, 'pending'])
      world.session.answer(cancelled())
      // Whoever hears of it finds the connection free.
      const inUse = await alone.promise.then(
        () => undefined,
        () => world.pool.statistics().inUse,
      )
      assert.deepEqual([(alone.error as SQLException).sqlState, inUse], ['HYT00', 0])
      done(world)
    },
  ),

  law('what a statement has done is told, also when it was to be stopped meanwhile', async (make) => {
    const world = await SharingWorld.with([], { maximumPoolSize: 1, sharing: 'exclusive' }, make)
    const finished = world.run('a', { timeout: 1 })
    await world.clock.advance(1)
    await world.answer()
    assert.deepEqual(finished.value?.rows, [['a']])
    const lost = world.run('a', { timeout: 1 })
    await world.clock.advance(1)
    world.session.lose(() => 'unknown-outcome')
    await settle()
    assert.equal((lost.error as SQLException).retry, 'unknown-outcome')
    done(world)
  }),

  law('what comes too late is not sent', async (make) => {
    for (const sharing of ['exclusive', 'pipelined']) {
      const world = await SharingWorld.with(['a'], { maximumPoolSize: 1, sharing }, make)
      const borrowed = await world.get()
      const late = world.run('b', { timeout: 5 })
      // Nothing had a chance to notice that its time was up.
      world.clock.jump(6)
      void borrowed.close()
      await settle()
      assert.deepEqual([(late.error as SQLException).sqlState, world.sessions.sent], ['HYT00', []])
      assert.equal(world.pool.statistics().inUse, 0)
      done(world)
    }
  }),

  law('where nothing shares each statement has a connection for itself', async (make) => {
    for (const settings of [{ sharing: 'exclusive' }, { sessionReset: 'always' }]) {
      const world = await SharingWorld.with([], { maximumPoolSize: 2, ...settings }, make)
      const asked = [1, 2, 3].map(() => world.run('a'))
      assert.deepEqual([world.sessions.underWay, world.pool.statistics().waiting], [2, 1])
      await world.answer()
      assert.equal(world.sessions.underWay, 2)
      for (const session of world.sessions.all) session.answer()
      await settle()
      assert.ok(asked.every(({ state }) => state === 'resolved'))
      done(world)
    }
    const world = await SharingWorld.with(['a'], { maximumPoolSize: 1 }, make)
    world.sessions.pipelining = false
    world.run('a')
    world.run('a')
    assert.equal(world.sessions.underWay, 1)
    await world.answer(1)
    await world.answer(1)
    done(world)
  }),

  law('a statement that takes long is told of like a borrower', async (make) => {
    const settings = { maximumPoolSize: 1, leakDetectionThreshold: 2_000, leakStackSampling: 1 }
    const world = await SharingWorld.with([], { ...settings, sharing: 'exclusive' }, make)
    const told: string[] = []
    world.pool.events.on('leakSuspected', ({ running, stack }) =>
      told.push(`${running} ${stack?.includes('sharing-world')}`),
    )
    world.pool.events.on('leakReturned', () => told.push('returned'))
    world.session.pooled.activity = 'running'
    world.run('a')
    const waits = world.run('a', { timeout: 3_000 })
    await world.clock.advance(3_000)
    assert.match(String(waits.error), /stub-1 for 3000 ms at .*sharing-world/)
    await world.answer()
    assert.deepEqual(told, ['true true', 'returned'])
    done(world)
  }),

  law('a connection that is always shared is no leak', async (make) => {
    const settings = { maximumPoolSize: 1, leakDetectionThreshold: 2_000 }
    const world = await SharingWorld.with(['a'], settings, make)
    let told = 0
    world.pool.events.on('leakSuspected', () => told++)
    world.run('a')
    for (let turn = 0; turn < 3_000; turn++) {
      world.run('a')
      await world.clock.advance(1)
      world.session.answer()
    }
    await world.answer()
    assert.deepEqual([told, world.session.most], [0, 2])
    done(world)
  }),

  law('a session of another dialect is lent as a whole', async (make) => {
    const world = await SharingWorld.with(['a'], { maximumPoolSize: 1 }, make)
    assert.equal(
      world.pool.oneShots.read({ sql: 'a', parameters: [], options: undefined })?.dialect,
      sqliteDialect,
    )
    world.sessions.dialect = { ...sqliteDialect }
    const running = world.run('a')
    await settle()
    assert.deepEqual([running.value?.rows, world.sessions.underWay], [[['a alone']], 0])
    const borrowed = await world.get()
    const waiting = world.run('a')
    await borrowed.close()
    await settle()
    assert.deepEqual([waiting.value?.rows, world.pool.statistics().inUse], [[['a alone']], 0])
    done(world)
  }),

  law('when only those are left for which nobody waits they are stopped', async (make) => {
    const world = await SharingWorld.with(['a'], { maximumPoolSize: 1 }, make)
    world.run('a')
    world.run('a', { timeout: 1 })
    await world.clock.advance(1)
    assert.equal(world.session.stops.length, 0)
    await world.answer()
    assert.equal(world.session.stops.length, 1)
    await world.answer()
    done(world)
  }),

  law('behind a statement for which nobody waits others join again when it has ended', async (make) => {
    const world = await SharingWorld.with(['a'], { maximumPoolSize: 1 }, make)
    world.run('a', { timeout: 1 })
    world.run('a')
    await world.clock.advance(1)
    world.run('a')
    assert.equal(world.session.underWay.length, 2)
    await world.answer()
    assert.equal(world.session.underWay.length, 2)
    world.run('a')
    assert.equal(world.session.underWay.length, 3)
    done(world)
  }),

  law('nothing joins a statement for which nobody waits', async (make) => {
    const world = await SharingWorld.with(['a'], { maximumPoolSize: 1 }, make)
    world.run('a', { timeout: 1 })
    await world.clock.advance(1)
    const next = world.run('a')
    assert.deepEqual([world.sessions.underWay, world.session.stops.length], [1, 1])
    world.session.answer(cancelled())
    await world.answer()
    assert.equal(next.state, 'resolved')
    done(world)
  }),

  law('a statement hit by a cancel that was not its own is sent again', async (make) => {
    const world = await SharingWorld.with(['a', 'b'], { maximumPoolSize: 1 }, make)
    const [one, other] = [world.run('a'), world.run('b')]
    world.session.answer(cancelled())
    await settle()
    await world.answer(2)
    assert.deepEqual([one.state, other.state], ['resolved', 'resolved'])
    assert.deepEqual(world.sessions.sent, ['a', 'b', 'a'])
    // Alone, it was meant.
    const alone = world.run('a')
    world.session.answer(cancelled())
    await settle()
    assert.equal((alone.error as SQLException).sqlState, '57014')
    done(world)
  }),

  law('when a session dies each statement has its own fate', async (make) => {
    const world = await SharingWorld.with(['read', 'write'], { maximumPoolSize: 1 }, make)
    const [read, write] = [world.run('read'), world.run('write')]
    world.session.lose((text) => (text === 'write' ? 'unknown-outcome' : 'connect'))
    await settle()
    assert.equal((write.error as SQLException).retry, 'unknown-outcome')
    assert.equal(read.state, 'pending')
    await world.answer()
    assert.equal(read.state, 'resolved')
    assert.equal(world.driver.made.length, 2)
    done(world)
  }),

  law('a statement that meets three dead sessions fails', async (make) => {
    const world = await SharingWorld.with(['read'], { maximumPoolSize: 1 }, make)
    const read = world.run('read')
    for (let death = 0; death < 3; death++) {
      assert.equal(read.state, 'pending')
      world.session.lose()
      await settle()
    }
    assert.equal((read.error as SQLException).sqlState, '08006')
    done(world)
  }),

  law('a connection that is to go is joined by nobody', async (make) => {
    const world = await SharingWorld.with(['a'], { maximumPoolSize: 1, maxUses: 4 }, make)
    for (let i = 0; i < 6; i++) world.run('a')
    // It was lent once to be made.
    assert.equal(world.session.underWay.length, 3)
    await world.answer(3)
    assert.deepEqual(
      world.sessions.all.map(({ underWay }) => underWay.length),
      [0, 3],
    )
    done(world)
  }),

  law('close sends statements away that wait, and waits for those under way', async (make) => {
    const world = await SharingWorld.with(['a'], { maximumPoolSize: 1 }, make)
    const running = world.run('a')
    world.ask()
    const waiting = world.run('a')
    const closed = new Watched(world.pool.close())
    await settle()
    assert.ok(waiting.error instanceof PoolClosedError)
    assert.deepEqual([running.state, closed.state], ['pending', 'pending'])
    await world.answer()
    assert.deepEqual([running.state, closed.state], ['resolved', 'resolved'])
  }),

  law('a statement that waits goes on with a successor', async (make) => {
    const world = await SharingWorld.with(['a'], { maximumPoolSize: 1 }, make)
    const other = await SharingWorld.with([], { maximumPoolSize: 1 }, make)
    const borrowed = await world.get()
    const waiting = world.run('a')
    void world.pool.close({ successor: (deadline) => other.pool.acquire(deadline) })
    await settle()
    assert.deepEqual(waiting.value?.rows, [['a alone']])
    await borrowed.close()
    assert.equal(other.pool.statistics().inUse, 0)
  }),

  law('shared statements are counted and told like borrowers', async (make) => {
    const world = await SharingWorld.with(['a'], { maximumPoolSize: 1 }, make)
    const { acquired, released } = world.pool.statistics().counters
    const told: string[] = []
    for (const name of ['requested', 'acquired', 'released'] as const)
      world.pool.events.on(name, () => told.push(name))
    world.pool.addConnectionEventListener({ connectionClosed: () => told.push('connectionClosed') })
    world.run('a')
    world.run('a')
    await world.answer(2)
    const { counters } = world.pool.statistics()
    assert.deepEqual([counters.acquired - acquired, counters.released - released], [2, 2])
    assert.deepEqual(told, [
      'requested',
      'acquired',
      'requested',
      'acquired',
      'connectionClosed',
      'released',
      'connectionClosed',
      'released',
    ])
    done(world)
  }),
]

function law(name: string, check: Law['check']): Law {
  return { name, check }
}

function done({ sessions }: SharingWorld): void {
  assert.deepEqual(sessions.violations, [])
}
