import assert from 'node:assert/strict'
import { connectionLost } from '../../../src/testing/index.ts'
import { noDeadline } from '../../../src/session/call-deadline.ts'
import { CallDeadline } from '../../../src/session/call-deadline.ts'
import { elapse, EventLog, eventually, fails, idsOf, insertText, listened, type KitCase } from '../kit.ts'

const select = 'SELECT id FROM kit'

/** P1 to P16 of `javax.sql.PooledConnection`, and the rulings about handles and events. */
export const pooledConnectionCases: readonly KitCase[] = [
  {
    id: 'P1',
    title: 'P1: closing a handle and taking another uses the same physical session',
    needs: ['count'],
    async run(bench) {
      const pooled = await bench.connect()
      const count = await bench.physicalCount()
      for (let round = 0; round < 3; round++) {
        const connection = pooled.getConnection()
        await connection.query(select)
        await connection.close()
      }
      assert.equal(await bench.physicalCount(), count)
      assert.equal(pooled.broken, undefined)
    },
  },
  {
    id: 'P2',
    title: 'P2: a new handle kills the one before',
    async run(bench) {
      const pooled = await bench.connect()
      const old = pooled.getConnection()
      const current = pooled.getConnection()
      await fails(old.query(select), '08003')
      await current.query(select)
    },
  },
  {
    id: 'ruling 1: silent close rolls back',
    title: 'Ruling 1: the work of a handle that is replaced is rolled back before the new one works',
    async run(bench) {
      const pooled = await bench.connect()
      const old = pooled.getConnection()
      await old.setAutoCommit(false)
      await old.execute(insertText, [1, 'old', 1])
      const current = pooled.getConnection()
      assert.deepEqual((await current.query(select)).rows, [])
      assert.equal(current.autoCommit, true)
      await current.execute(insertText, [2, 'new', 2])
      await current.close()
      assert.deepEqual(await idsOf(pooled), [2])
    },
  },
  {
    id: 'P3',
    title: 'P3: handles are distinct objects',
    async run(bench) {
      const pooled = await bench.connect()
      const first = pooled.getConnection()
      await first.close()
      const second = pooled.getConnection()
      assert.notEqual(first, second)
      assert.equal(first.isClosed, true)
      assert.equal(second.isClosed, false)
    },
  },
  {
    id: 'P4',
    title: 'P4: each close by the application is told exactly once',
    async run(bench) {
      const { pooled, log } = await listened(bench)
      for (let round = 1; round <= 3; round++) {
        const connection = pooled.getConnection()
        await connection.query(select)
        await connection.close()
        assert.equal(log.events.length, round)
      }
      assert.deepEqual(log.events, ['closed', 'closed', 'closed'])
    },
  },
  {
    id: 'P4: double close',
    title: 'P4: closing twice, also at the same time, is told once and succeeds',
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      await Promise.all([connection.close(), connection.close()])
      await connection.close()
      const busy = pooled.getConnection()
      await busy.setAutoCommit(false)
      await busy.execute(insertText, [1, 'x', 1])
      await Promise.all([busy.close(), busy.close()])
      await busy[Symbol.asyncDispose]()
      assert.deepEqual(log.events, ['closed', 'closed'])
    },
  },
  {
    id: 'P4: source',
    title: 'P4: the source of an event is the PooledConnection that was listened to',
    async run(bench) {
      const pooled = await bench.connect()
      const sources: unknown[] = []
      pooled.addConnectionEventListener({ connectionClosed: (event) => void sources.push(event.source) })
      await pooled.getConnection().close()
      assert.equal(sources.length, 1)
      assert.equal(sources[0], pooled)
    },
  },
  {
    id: 'P5',
    title: 'P5: a listener that was removed hears nothing',
    async run(bench) {
      const { pooled, log } = await listened(bench)
      await pooled.getConnection().close()
      pooled.removeConnectionEventListener(log)
      await pooled.getConnection().close()
      assert.deepEqual(log.events, ['closed'])
    },
  },
  {
    id: 'P6',
    title: 'P6: a listener that removes itself during an event does not hide it from the next',
    async run(bench) {
      const pooled = await bench.connect()
      const heard: string[] = []
      const first = {
        connectionClosed(): void {
          heard.push('first')
          pooled.removeConnectionEventListener(first)
        },
      }
      pooled.addConnectionEventListener(first)
      pooled.addConnectionEventListener({ connectionClosed: () => void heard.push('second') })
      await pooled.getConnection().close()
      await pooled.getConnection().close()
      assert.deepEqual(heard, ['first', 'second', 'second'])
    },
  },
  {
    id: 'ruling 5: added twice',
    title: 'Ruling 5: a listener added twice hears each event once',
    async run(bench) {
      const { pooled, log } = await listened(bench)
      pooled.addConnectionEventListener(log)
      await pooled.getConnection().close()
      pooled.removeConnectionEventListener(log)
      await pooled.getConnection().close()
      assert.deepEqual(log.events, ['closed'])
    },
  },
  {
    id: 'P7',
    title: 'P7: a handle that is closed because of a newer one fires no event, and its later close neither',
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const old = pooled.getConnection()
      const current = pooled.getConnection()
      await old.close()
      assert.deepEqual(log.events, [])
      await current.query(select)
      await current.close()
      assert.deepEqual(log.events, ['closed'])
    },
  },
  {
    id: 'P7: physical close',
    title: 'P7: closing the physical connection closes its handle without an event, and can be repeated',
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      await pooled.close()
      assert.equal(connection.isClosed, true)
      await fails(connection.query(select), '08003')
      await connection.close()
      await pooled.close()
      assert.deepEqual(log.events, [])
    },
  },
  {
    id: 'P8',
    title: 'P8: isClosed is true for a handle that a newer one has killed',
    async run(bench) {
      const pooled = await bench.connect()
      const old = pooled.getConnection()
      assert.equal(old.isClosed, false)
      const current = pooled.getConnection()
      assert.equal(old.isClosed, true)
      assert.equal(current.isClosed, false)
    },
  },
  {
    id: 'P9',
    title: 'P9: when the session is ended from outside, the next call rejects, and one error event was seen',
    needs: ['kill'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      await connection.query(select)
      await bench.kill(pooled.id)
      await assert.rejects(connection.query(select))
      assert.equal(connection.isClosed, true)
      assert.ok(pooled.broken?.fatal, 'broken does not say why')
      assert.deepEqual(log.events, ['error'])
      await connection.close()
      assert.deepEqual(log.events, ['error', 'closed'])
    },
  },
  {
    id: 'P9: idle death',
    title: 'P9: the death of an idle session is told at once, once, and without a listener nothing crashes',
    needs: ['death notice'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const unheard = await bench.connect()
      await bench.kill(pooled.id)
      await bench.kill(unheard.id)
      await eventually(bench, 'the error event', () => log.events.length > 0)
      await elapse(bench, 20)
      assert.deepEqual(log.events, ['error'])
      assert.ok(unheard.broken !== undefined)
    },
  },
  {
    id: 'P9: getConnection on a dead session',
    title: 'P9: a dead session gives no handle: error event first, then 08003',
    needs: ['kill'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      await bench.kill(pooled.id)
      await pooled.isValid(noDeadline)
      await fails(() => pooled.getConnection(), '08003')
      assert.deepEqual(log.events, ['error'])
    },
  },
  {
    id: 'P10',
    title: 'P10: the connection of a prepared statement is the handle',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      await using statement = await connection.prepareStatement(select)
      assert.equal(statement.connection, connection)
      assert.equal(statement.sql, select)
    },
  },
  {
    id: 'P11',
    title: 'P11: constraint and syntax errors raise no event and leave the connection usable',
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      await connection.execute(insertText, [1, 'a', 1])
      await fails(connection.execute(insertText, [1, 'b', 1]), '23505')
      await fails(connection.query('SELEC 1'), '42601')
      assert.equal(connection.isClosed, false)
      assert.equal(pooled.broken, undefined)
      await connection.query(select)
      assert.deepEqual(log.events, [])
    },
  },
  {
    id: 'P12',
    title: 'P12: the error event comes before the rejection',
    needs: ['kill', 'sleep'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      const [text, parameters] = bench.texts.sleep(20_000)
      const seen = connection.query(text, parameters).then(
        () => assert.fail('the statement survived its session'),
        () => [...log.events],
      )
      await elapse(bench, 100)
      await bench.kill(pooled.id)
      assert.deepEqual(await seen, ['error'])
    },
  },
  {
    id: 'P12: fatal answer',
    title: 'P12: a fatal answer is told once before the rejection, and the connection is gone',
    needs: ['script'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      bench.driver.failNext('execute', connectionLost())
      let atRejection: string[] = []
      await connection.query(select).catch(() => (atRejection = [...log.events]))
      assert.deepEqual(atRejection, ['error'])
      await fails(connection.query(select), '08003')
      assert.deepEqual(log.events, ['error'])
    },
  },
  {
    id: 'P13',
    title: 'P13: no member of a stale handle reaches the session that is now lent to another',
    async run(bench) {
      const pooled = await bench.connect()
      const stale = pooled.getConnection()
      await stale.close()
      const current = pooled.getConnection()
      await current.setAutoCommit(false)
      await current.execute(insertText, [1, 'current', 1])
      const attempts: (() => unknown)[] = [
        () => stale.query(select),
        () => stale.execute(insertText, [2, 'stale', 2]),
        () => stale.stream(select).next(),
        () => stale.batch(insertText, [[3, 'stale', 3]]),
        () => stale.batch(insertText, []),
        () => stale.transaction(async () => {}),
        () => stale.script('DELETE FROM kit'),
        () => stale.commit(),
        () => stale.rollback(),
        () => stale.setSavepoint(),
        () => stale.setAutoCommit(true),
        () => stale.setReadOnly(true),
        () => stale.setTransactionIsolation('serializable'),
        () => stale.setSchema('other'),
        () => stale.prepareStatement(select),
        () => stale.getMetaData(),
        () => stale.autoCommit,
        () => stale.readOnly,
        () => stale.transactionIsolation,
        () => stale.schema,
      ]
      for (const attempt of attempts) {
        try {
          await fails(attempt, '08003')
        } catch (error) {
          throw new Error(`${attempt.toString()}: ${String(error)}`, { cause: error })
        }
      }
      assert.equal(await stale.isValid(), false)
      stale.abort()
      await stale.close()
      assert.equal(current.isClosed, false)
      await current.rollback()
      await current.close()
      assert.deepEqual(await idsOf(pooled), [])
    },
  },
  {
    id: 'P13: statement',
    title: 'P13: a prepared statement of a stale handle is dead',
    async run(bench) {
      const pooled = await bench.connect()
      const stale = pooled.getConnection()
      const statement = await stale.prepareStatement(insertText)
      await statement.execute([1, 'a', 1])
      await stale.close()
      const current = pooled.getConnection()
      await fails(() => statement.execute([2, 'b', 2]), '08003')
      await fails(() => statement.query([2, 'b', 2]), '08003')
      await fails(() => statement.batch([[2, 'b', 2]]), '08003')
      await fails(() => statement.stream([2, 'b', 2]).next(), '08003')
      await statement.close()
      await current.close()
      assert.deepEqual(await idsOf(pooled), [1])
    },
  },
  {
    id: 'P13: stream',
    title:
      'P13: a stream of a stale handle is dead, with the rows that it had fetched, and ends nothing of the next',
    async run(bench) {
      const pooled = await bench.connect()
      const stale = pooled.getConnection()
      const [text, parameters] = bench.texts.series(100)
      const stream = stale.stream(text, parameters, { fetchSize: 10 })
      assert.deepEqual(await stream.next(), { done: false, value: { n: 1 } })
      await stale.close()
      const current = pooled.getConnection()
      const other = current.stream<{ n: number }>(text, parameters, { fetchSize: 10 })
      assert.equal((await other.next()).value?.n, 1)
      await fails(stream.next(), '08003')
      await stream.return()
      for (let n = 2; n <= 100; n++) assert.equal((await other.next()).value?.n, n)
      assert.equal((await other.next()).done, true)
    },
  },
  {
    id: 'P13: transaction',
    title: 'P13: a transaction object that escaped is dead while the session serves another',
    async run(bench) {
      const pooled = await bench.connect()
      const first = pooled.getConnection()
      const escaped = await first.transaction(async (transaction) => transaction)
      await fails(() => escaped.query(select), '25000')
      await first.close()
      const current = pooled.getConnection()
      await fails(() => escaped.execute(insertText, [1, 'a', 1]), '08003')
      await current.close()
      assert.deepEqual(await idsOf(pooled), [])
    },
  },
  {
    id: 'P14',
    title: 'P14: a listener that throws changes no outcome and hides nothing from the next',
    needs: ['kill'],
    async run(bench) {
      const pooled = await bench.connect()
      const log = new EventLog()
      pooled.addConnectionEventListener({
        connectionClosed() {
          throw new Error('a listener that fails on purpose')
        },
        connectionErrorOccurred() {
          throw new Error('a listener that fails on purpose')
        },
      })
      pooled.addConnectionEventListener(log)
      await pooled.getConnection().close()
      assert.deepEqual(log.events, ['closed'])
      const connection = pooled.getConnection()
      await bench.kill(pooled.id)
      const error = await connection.query(select).then(
        () => assert.fail('the session lives'),
        (reason: unknown) => reason,
      )
      assert.ok(!String(error).includes('on purpose'))
      assert.deepEqual(log.events, ['closed', 'error'])
    },
  },
  {
    id: 'P15',
    title:
      'P15: when the rollback at close fails, the connection is broken, connectionClosed fires, then close rejects',
    needs: ['script'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      await connection.setAutoCommit(false)
      await connection.execute(insertText, [1, 'a', 1])
      bench.driver.failNext('rollback', connectionLost())
      let atRejection: string[] | undefined
      await connection.close().catch(() => (atRejection = [...log.events]))
      assert.deepEqual(atRejection, ['error', 'closed'])
      assert.ok(pooled.broken !== undefined)
    },
  },
  {
    id: 'P16',
    title: 'P16: abort while a statement runs rejects it and closes the handle at once',
    needs: ['sleep', 'count'],
    async run(bench) {
      const { pooled } = await listened(bench)
      const before = await bench.physicalCount()
      const connection = pooled.getConnection()
      const [text, parameters] = bench.texts.sleep(800)
      const running = connection.query(text, parameters)
      const outcome = running.then(
        () => 'fulfilled',
        () => 'rejected',
      )
      await elapse(bench, 100)
      connection.abort()
      assert.equal(connection.isClosed, true)
      assert.equal(await outcome, 'rejected')
      assert.ok(pooled.broken !== undefined)
      await pooled.close()
      assert.equal(await bench.physicalCount(), before - 1)
    },
  },
  {
    id: 'P16: abort does not wait',
    title: 'P16: aborting a physical connection does not wait for a goodbye',
    needs: ['script', 'count'],
    async run(bench) {
      const { pooled } = await listened(bench)
      const connection = pooled.getConnection()
      bench.driver.failNext('close', 'hang')
      bench.driver.failNext('rollback', 'hang')
      const count = await bench.physicalCount()
      pooled.abort(new Error('no patience'))
      assert.equal(connection.isClosed, true)
      await elapse(bench, 5)
      assert.equal(await bench.physicalCount(), count - 1)
      assert.ok(!bench.driver.wire(pooled.id).includes('close'), 'a goodbye was said')
    },
  },
  {
    id: 'ruling 2: clean close',
    title: 'Ruling 2: a clean close fires connectionClosed before it returns, with nothing on the wire',
    needs: ['script'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      await connection.query(select)
      await connection.transaction((transaction) => transaction.execute(insertText, [1, 'a', 1]))
      const before = bench.driver.wire(pooled.id).length
      const closing = connection.close()
      assert.deepEqual(log.events, ['closed'])
      await closing
      assert.equal(bench.driver.wire(pooled.id).length, before)
    },
  },
  {
    id: 'ruling 2: event after cleanup',
    title:
      'Ruling 2: connectionClosed comes after the cleanup, so that nobody gets a session that is not clean',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      await connection.setAutoCommit(false)
      await connection.execute(insertText, [1, 'a', 1])
      let next: Promise<number[]> | undefined
      pooled.addConnectionEventListener({
        connectionClosed() {
          next ??= idsOf(pooled)
        },
      })
      await connection.close()
      assert.deepEqual(await next, [])
    },
  },
  {
    id: 'ruling 4: once',
    title: 'Ruling 4: a lost session is told once, however often it is used afterwards',
    needs: ['kill'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      await bench.kill(pooled.id)
      await Promise.allSettled([connection.query(select), connection.query(select), connection.query(select)])
      await connection.isValid()
      await pooled.isValid(noDeadline)
      await connection.close()
      await fails(() => pooled.getConnection(), '08003')
      assert.deepEqual(log.events, ['error', 'closed'])
    },
  },
  {
    id: 'ruling 4: statement timeout',
    title: 'Ruling 4: the timeout of one statement is not fatal where it can be stopped',
    needs: ['cancel', 'sleep'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      const [text, parameters] = bench.texts.sleep(20_000)
      await fails(connection.query(text, parameters, { timeout: 50 }), 'HYT00')
      await connection.query(select)
      assert.equal(pooled.broken, undefined)
      assert.deepEqual(log.events, [])
    },
  },
  {
    id: 'TCK validate',
    title: 'TCK validate: true while it lives, false afterwards, never an error',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      assert.equal(await connection.isValid(), true)
      assert.equal(await pooled.isValid(noDeadline), true)
      await connection.close()
      assert.equal(await connection.isValid(), false)
      assert.equal(await pooled.isValid(noDeadline), true)
      await pooled.close()
      assert.equal(await pooled.isValid(noDeadline), false)
    },
  },
  {
    id: 'validate: dead session',
    title: 'TCK validate: a dead session is not valid, and asking does not reject',
    needs: ['kill'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      await bench.kill(pooled.id)
      assert.equal(await pooled.isValid(noDeadline), false)
      assert.ok(pooled.broken !== undefined)
      assert.deepEqual(log.events, ['error'])
    },
  },
  {
    id: 'validate: no answer',
    title: 'isValid: a session that does not answer within the deadline is not valid, and is given up',
    needs: ['script'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      bench.driver.failNext('ping', 'hang')
      const begin = bench.clock.now()
      const deadline = new CallDeadline(bench.clock, 'validating', { timeout: 500 })
      assert.equal(await pooled.isValid(deadline), false)
      assert.ok(bench.clock.now() - begin < 600, 'it took longer than its deadline')
      assert.deepEqual(log.events, ['error'])
    },
  },
  {
    id: 'reset',
    title:
      'Ruling 8: a reset brings the session to the state in which it was made, and dirty says when it is due',
    needs: ['session state'],
    async run(bench) {
      const pooled = await bench.connect()
      const { dirty, dirtyProbe } = bench.texts
      const first = pooled.getConnection()
      await first.query(select)
      assert.equal(pooled.dirty, false)
      await first.execute(dirty)
      assert.equal(pooled.dirty, true)
      await first.close()
      assert.equal(pooled.dirty, true)
      await pooled.reset(noDeadline)
      assert.equal(pooled.dirty, false)
      const second = pooled.getConnection()
      assert.equal(Number((await second.query<{ n: number }>(dirtyProbe)).rows[0]?.n), 0)
    },
  },
  {
    id: 'reset fails',
    title: 'Ruling 8: a reset that fails breaks the connection',
    needs: ['script'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      bench.driver.failNext('reset', { error: connectionLost() })
      await assert.rejects(pooled.reset(noDeadline))
      assert.ok(pooled.broken !== undefined)
      assert.deepEqual(log.events, ['error'])
    },
  },
  {
    id: 'connect: deadline',
    title: 'Connect: one that misses its deadline leaves no session behind',
    needs: ['script', 'count'],
    async run(bench) {
      bench.driver.failNext('connect', 'hang')
      const before = await bench.physicalCount()
      const source = bench.connectionSource()
      const deadline = new CallDeadline(bench.clock, 'connecting', { timeout: 100 })
      await fails(source.getPooledConnection({ deadline }), 'HYT00')
      await elapse(bench, 10)
      assert.equal(await bench.physicalCount(), before)
    },
  },
  {
    id: 'connect: failure',
    title: 'Connect: one that fails after the session was opened leaves no session behind',
    needs: ['script', 'count'],
    async run(bench) {
      const before = await bench.physicalCount()
      bench.driver.failNext('connect', connectionLost('connect'))
      await assert.rejects(bench.connect())
      await elapse(bench, 10)
      assert.equal(await bench.physicalCount(), before)
    },
  },
]
