import assert from 'node:assert/strict'
import { SQLException } from '../../../src/api/sql-exception.ts'
import { connectionLost, deadlock } from '../../../src/testing/index.ts'
import { elapse, fails, insertText, type KitCase } from '../kit.ts'

const select = 'SELECT id FROM kit ORDER BY id'

/** The `DataSource`: borrowing, one-shot calls, transactions that are run again, events. */
export const dataSourceCases: readonly KitCase[] = [
  {
    id: 'DataSource: one-shot calls',
    title: 'DataSource: query, execute, batch, stream and transaction borrow a connection and give it back',
    async run(bench) {
      const source = await bench.dataSource({ maximumPoolSize: 1 })
      await source.execute(insertText, [1, 'a', 1])
      await source.batch(insertText, [
        [2, 'b', 1],
        [3, 'c', 1],
      ])
      assert.equal(
        await source.transaction(async (tx) => (await tx.execute(insertText, [4, 'd', 1])).updateCount),
        1,
      )
      const ids: unknown[] = []
      for await (const row of source.stream<{ id: number }>(select)) ids.push(row.id)
      assert.deepEqual(ids, [1, 2, 3, 4])
      await source.stream(select).return()
      for await (const row of source.stream<{ id: number }>(select)) {
        if (row.id === 2) break
      }
      await fails(source.execute(insertText, [1, 'again', 1]), '23505')
      assert.equal((await source.query(select)).rows.length, 4)
    },
  },
  {
    id: 'DataSource: physical connections',
    title: 'DataSource: many callers use no more physical connections than allowed, and all are served',
    needs: ['count'],
    async run(bench) {
      const source = await bench.dataSource({ maximumPoolSize: 3 })
      const calls = Array.from({ length: 50 }, () => source.query(select))
      let most = 0
      const watch = async (): Promise<void> => {
        most = Math.max(most, await bench.physicalCount())
      }
      for (const call of calls) {
        await call
        await watch()
      }
      assert.ok(most >= 1 && most <= 3, `${most} physical connections`)
      await source[Symbol.asyncDispose]()
      assert.equal(await bench.physicalCount(), 0)
    },
  },
  {
    id: 'DataSource: withConnection',
    title: 'DataSource: a connection that escapes withConnection is closed, and its work rolled back',
    async run(bench) {
      const source = await bench.dataSource({ maximumPoolSize: 1 })
      const escaped = await source.withConnection(async (connection) => {
        await connection.setAutoCommit(false)
        await connection.execute(insertText, [1, 'a', 1])
        return connection
      })
      assert.equal(escaped.isClosed, true)
      await fails(escaped.query(select), '08003')
      assert.deepEqual((await source.query(select)).rows, [])
      await assert.rejects(
        source.withConnection(() => Promise.reject(new Error('on purpose'))),
        /on purpose/,
      )
      await source.query(select)
    },
  },
  {
    id: 'DataSource: readOnly',
    title: 'DataSource: a connection borrowed read-only cannot write; the next borrower can',
    needs: ['session state'],
    async run(bench) {
      const source = await bench.dataSource({ maximumPoolSize: 1 })
      await source.withConnection({ readOnly: true }, (connection) =>
        fails(connection.execute(insertText, [1, 'a', 1]), '25006'),
      )
      assert.equal((await source.execute(insertText, [1, 'a', 1])).updateCount, 1)
    },
  },
  {
    id: 'DataSource: stale handle',
    title: 'P13: over a pool too, a closed handle never reaches the session of the next borrower',
    async run(bench) {
      const source = await bench.dataSource({ maximumPoolSize: 1 })
      const first = await source.getConnection()
      const statement = await first.prepareStatement(insertText)
      await first.close()
      const second = await source.getConnection()
      await fails(first.execute(insertText, [1, 'a', 1]), '08003')
      await fails(() => statement.execute([1, 'a', 1]), '08003')
      await first.close()
      assert.equal(second.isClosed, false)
      assert.deepEqual((await second.query(select)).rows, [])
      await second.close()
    },
  },
  {
    id: 'DataSource: events',
    title: 'Ruling 5: listeners of the source hear of each close once, with facts and no connection to touch',
    async run(bench) {
      const source = await bench.dataSource({ maximumPoolSize: 1 })
      const seen: unknown[] = []
      const listener = { connectionClosed: (event: { source: object }) => void seen.push(event.source) }
      source.addConnectionEventListener(listener)
      source.addConnectionEventListener(listener)
      await source.query(select)
      await source.withConnection((connection) => connection.query(select))
      source.removeConnectionEventListener(listener)
      await source.query(select)
      assert.equal(seen.length, 2)
      for (const one of seen) {
        assert.deepEqual(Object.keys(one as object).toSorted(), ['age', 'dataSourceName', 'id', 'uses'])
      }
    },
  },
  {
    id: 'DataSource: released before it is lent',
    title: 'Ruling 5: the event of a close is heard before the next borrower is served',
    async run(bench) {
      const source = await bench.dataSource({ maximumPoolSize: 1 })
      const order: string[] = []
      source.addConnectionEventListener({ connectionClosed: () => void order.push('closed') })
      const first = await source.getConnection()
      const waiting = source.getConnection().then((connection) => {
        order.push('acquired')
        return connection
      })
      await first.close()
      const second = await waiting
      assert.deepEqual(order, ['closed', 'acquired'])
      await second.close()
    },
  },
  {
    id: 'DataSource: death',
    title: 'Ruling 7: a session that dies costs one call at most; the source goes on with another',
    needs: ['kill', 'count'],
    async run(bench) {
      const source = await bench.dataSource({ maximumPoolSize: 1, validateAfterIdle: 0 })
      let lost = 0
      let id = ''
      source.addConnectionEventListener({
        connectionClosed: (event) => void (id = event.source.id),
        connectionErrorOccurred: () => void lost++,
      })
      await source.query(select)
      await bench.kill(id)
      await source.query(select)
      assert.ok(lost <= 1)
      assert.equal(await bench.physicalCount(), 1)
    },
  },
  {
    id: 'DataSource: closed',
    title: 'Go Close: after close borrowing is refused (08003), and nothing is left',
    async run(bench) {
      const source = await bench.dataSource()
      await source.query(select)
      await source[Symbol.asyncDispose]()
      await source[Symbol.asyncDispose]()
      await fails(source.getConnection(), '08003')
      await fails(source.query(select), '08003')
    },
  },
  {
    id: 'DataSource: other user',
    title: 'JDBC getConnection(user, password): a pool refuses another user (0A000)',
    async run(bench) {
      const source = await bench.dataSource()
      await fails(source.getConnection({ user: 'other', password: 'x' }), '0A000')
    },
  },
  {
    id: 'DataSource: waiting ends',
    title: 'Go context: a borrower that gives up leaves the queue, and the connection goes to the next',
    async run(bench) {
      const source = await bench.dataSource({ maximumPoolSize: 1 })
      const first = await source.getConnection()
      const controller = new AbortController()
      const impatient = source.getConnection({ signal: controller.signal })
      const patient = source.getConnection()
      const timed = source.getConnection({ timeout: 20 })
      const outcome = fails(impatient, '57014')
      const timeout = timed.catch((error: unknown) => error)
      controller.abort()
      await outcome
      assert.ok((await timeout) instanceof SQLException)
      await first.close()
      await (await patient).close()
      await source.query(select)
    },
  },
  {
    id: 'Go: transactions are run again',
    title:
      'transaction({ retries }): a block that the database rolled back is run again, as often as allowed',
    needs: ['script'],
    async run(bench) {
      const source = await bench.dataSource({ maximumPoolSize: 1 })
      await source.query(select)
      const failing = { error: deadlock(), rollsBack: true }
      bench.driver.failNext('execute', failing, { times: 2 })
      let runs = 0
      await source.transaction({ retries: 2 }, async (transaction) => {
        runs++
        await transaction.execute(insertText, [runs, 'a', 1])
      })
      assert.equal(runs, 3)
      assert.deepEqual((await source.query(select)).rows, [{ id: 3 }])
      bench.driver.failNext('execute', failing, { times: 2 })
      await fails(
        source.transaction({ retries: 1 }, (transaction) => transaction.execute(insertText, [9, 'a', 1])),
        '40P01',
      )
    },
  },
  {
    id: 'Go ErrBadConn',
    title: 'Go ErrBadConn: what may have been executed is never run again by itself',
    needs: ['script'],
    async run(bench) {
      const source = await bench.dataSource({ maximumPoolSize: 1 })
      await source.query(select)
      bench.driver.failNext('execute', { error: connectionLost(), applied: true })
      const error = await fails(source.execute(insertText, [1, 'a', 1]), '08006')
      assert.equal(error.retry, 'unknown-outcome')
      bench.driver.failNext('commit', { error: connectionLost(), applied: true })
      let runs = 0
      await fails(
        source.transaction({ retries: 5 }, async (transaction) => {
          runs++
          await transaction.execute(insertText, [2, 'b', 1])
        }),
        '08006',
      )
      assert.equal(runs, 1)
      assert.deepEqual((await source.query(select)).rows, [{ id: 1 }, { id: 2 }])
    },
  },
  {
    id: 'DataSource: reset before it is lent',
    title: 'Ruling 8: a session that was changed is reset before the next borrower has it',
    needs: ['session state'],
    async run(bench) {
      const source = await bench.dataSource({ maximumPoolSize: 1 })
      await source.execute(bench.texts.dirty)
      const { rows } = await source.query<{ n: number }>(bench.texts.dirtyProbe)
      assert.equal(Number(rows[0]?.n), 0)
    },
  },
  {
    id: 'DataSource: deadline covers both',
    title: 'DataSource.query({ timeout }): one deadline for borrowing and running',
    needs: ['script'],
    async run(bench) {
      const source = await bench.dataSource({ maximumPoolSize: 1 })
      const holder = await source.getConnection()
      const begin = bench.clock.now()
      const call = source.query('SELECT sleep(?) AS n', [500], { timeout: 300 })
      const outcome = call.catch((error: unknown) => error)
      await elapse(bench, 200)
      await holder.close()
      const error = await outcome
      assert.ok(error instanceof SQLException && error.reason === 'timeout')
      assert.ok(bench.clock.now() - begin < 350)
    },
  },
]
