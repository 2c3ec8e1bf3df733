import assert from 'node:assert/strict'
import { SQLException } from '../../../src/api/sql-exception.ts'
import { elapse, fails, idsOf, insertText, listened, type KitCase } from '../kit.ts'

const select = 'SELECT id FROM kit ORDER BY id'

/** The statement queue, deadlines and cancelling. */
export const queueCases: readonly KitCase[] = [
  {
    id: 'queue: order',
    title: 'Queue: statements on one connection run in the order in which they were called',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      await connection.execute(insertText, [1, 'a', 0])
      const calls: Promise<unknown>[] = []
      for (let n = 1; n <= 20; n++) {
        calls.push(connection.execute('UPDATE kit SET amount = ? WHERE amount = ?', [n, n - 1]))
      }
      await Promise.all(calls)
      assert.deepEqual((await connection.query('SELECT amount FROM kit')).rows, [{ amount: 20 }])
    },
  },
  {
    id: 'queue: an error stops nothing',
    title: 'Queue: the failure of one statement does not stop those behind it',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      const results = await Promise.allSettled([
        connection.execute(insertText, [1, 'a', 1]),
        connection.execute(insertText, [1, 'b', 1]),
        connection.execute(insertText, [2, 'c', 1]),
      ])
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      )
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [1, 2])
    },
  },
  {
    id: 'queue: parameters are copied',
    title: 'Queue: the parameters are those of the call, whatever the caller does to its array meanwhile',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      const parameters = [1, 'a', 1]
      const before = connection.query(select)
      const call = connection.execute(insertText, parameters)
      parameters[0] = 2
      await before
      await call
      assert.deepEqual((await connection.query(select)).rows, [{ id: 1 }])
    },
  },
  {
    id: 'deadline: passed before',
    title: 'Deadline: a call whose signal is aborted already sends nothing (57014)',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      const reason = new Error('no longer wanted')
      const signal = AbortSignal.abort(reason)
      const error = await fails(connection.execute(insertText, [1, 'a', 1], { signal }), '57014')
      assert.equal(error.reason, 'cancelled')
      assert.equal(error.cause, reason)
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [])
    },
  },
  {
    id: 'deadline: while queued',
    title: 'Deadline: a statement that waits past its deadline never runs, and its neighbours are not harmed',
    needs: ['sleep'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      const [text, parameters] = bench.texts.sleep(600)
      const first = connection.query(text, parameters)
      const second = connection.execute(insertText, [1, 'a', 1], { timeout: 30 })
      const third = connection.execute(insertText, [2, 'b', 1])
      await fails(second, 'HYT00')
      await first
      await third
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [2])
      assert.deepEqual(log.events.slice(0, 1), ['closed'])
    },
  },
  {
    id: 'deadline: while running',
    title:
      'Deadline: a running statement is stopped (HYT00); its session lives on or is given up, never in between',
    needs: ['sleep'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      const [text, parameters] = bench.texts.sleep(1_200)
      const begin = bench.clock.now()
      const error = await fails(connection.query(text, parameters, { timeout: 50 }), 'HYT00')
      assert.equal(error.reason, 'timeout')
      assert.ok(bench.clock.now() - begin < 1_000, 'it was not stopped')
      if (pooled.broken === undefined) {
        await connection.query(select)
        assert.deepEqual(log.events, [])
      } else {
        assert.deepEqual(log.events, ['error'])
        assert.equal(connection.isClosed, true)
        await fails(connection.query(select), '08003')
      }
    },
  },
  {
    id: 'deadline: given up and counted',
    title:
      'Deadline: a session that was given up is counted until its statement has ended, and close waits for it',
    needs: ['sleep', 'count'],
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      const [text, parameters] = bench.texts.sleep(1_000)
      await fails(connection.query(text, parameters, { timeout: 50 }), 'HYT00')
      await pooled.close()
      assert.equal(await bench.physicalCount(), 0)
    },
  },
  {
    id: 'signal: while running',
    title: 'Signal: aborting it stops the running statement (57014), with its reason as the cause',
    needs: ['sleep'],
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      const [text, parameters] = bench.texts.sleep(1_200)
      const controller = new AbortController()
      const running = connection.query(text, parameters, { signal: controller.signal })
      const outcome = running.catch((error: unknown) => error)
      await elapse(bench, 50)
      const reason = new Error('the user left')
      controller.abort(reason)
      const error = await outcome
      assert.ok(error instanceof SQLException)
      assert.equal(error.sqlState, '57014')
      assert.equal(error.cause, reason)
    },
  },
  {
    id: 'cancel: never the next',
    title: 'Cancel: one that comes late never hits a later statement',
    needs: ['script', 'cancel'],
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      // The statement ends by itself while its cancel is still on the way.
      bench.driver.failNext('cancel', { delay: 40 })
      bench.driver.failNext('execute', { delay: 70 })
      bench.driver.failNext('execute', { delay: 200 })
      const first = connection.query(select, [], { timeout: 50 }).catch((error: unknown) => error)
      const second = connection.execute(insertText, [1, 'a', 1])
      await first
      assert.equal((await second).updateCount, 1)
      assert.equal(pooled.broken, undefined)
      const wire = bench.driver.wire(pooled.id)
      assert.equal(wire.filter((text) => text === 'cancel').length, 1)
    },
  },
  {
    id: 'cancel: drained',
    title: 'Cancel: what follows a cancelled statement waits until the cancel can harm nothing any more',
    needs: ['script', 'cancel'],
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      const [text, parameters] = bench.texts.sleep(10_000)
      bench.driver.failNext('cancel', { delay: 100 })
      const controller = new AbortController()
      const first = connection.query(text, parameters, { signal: controller.signal })
      const rejected = first.catch(() => bench.clock.now())
      const second = connection.query(select)
      await elapse(bench, 10)
      controller.abort()
      await second
      await rejected
      assert.equal(pooled.broken, undefined)
      assert.deepEqual(bench.driver.wire(pooled.id).slice(-3), [
        'execute SELECT sleep(?) AS n',
        'cancel',
        `execute ${select}`,
      ])
    },
  },
  {
    id: 'cancel: without answer',
    title: 'Cancel: when the statement does not end in time, the session is given up, told, and destroyed',
    needs: ['script'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      bench.driver.failNext('execute', 'hang')
      const waiting = connection.query(select, [], { timeout: 50 })
      const behind = connection.execute(insertText, [1, 'a', 1]).catch((error: unknown) => error)
      await fails(waiting, 'HYT00')
      assert.ok((await behind) instanceof SQLException)
      assert.deepEqual(log.events, ['error'])
      assert.ok(pooled.broken !== undefined)
      assert.ok(bench.driver.wire(pooled.id).includes('destroy'))
    },
  },
  {
    id: 'death: those that wait',
    title:
      'Death: when the session is lost, the running statement and all that wait reject, and none is sent',
    needs: ['script'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      bench.driver.failNext('execute', { delay: 100 })
      const calls = [1, 2, 3].map((id) => connection.execute(insertText, [id, 'a', 1]))
      const settled = Promise.allSettled(calls)
      await elapse(bench, 20)
      await bench.kill(pooled.id)
      for (const outcome of await settled) {
        assert.equal(outcome.status, 'rejected')
        assert.ok(outcome.reason instanceof SQLException)
      }
      assert.deepEqual(log.events, ['error'])
      assert.deepEqual(bench.driver.query('SELECT id FROM kit'), [])
    },
  },
]
