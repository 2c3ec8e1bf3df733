import assert from 'node:assert/strict'
import { SQLException } from '../../../src/api/sql-exception.ts'
import type { Connection } from '../../../src/api/connection.ts'
import { deadlock } from '../../../src/testing/index.ts'
import { elapse, fails, idsOf, insertText, listened, type KitCase } from '../kit.ts'

const select = 'SELECT id FROM kit ORDER BY id'

function insert(executor: Pick<Connection, 'execute'>, id: number): Promise<unknown> {
  return executor.execute(insertText, [id, `row ${id}`, id])
}

async function ids(executor: Pick<Connection, 'query'>): Promise<number[]> {
  return (await executor.query<{ id: number }>(select)).rows.map((row) => row.id)
}

/** Transactions, savepoints and auto-commit. */
export const transactionCases: readonly KitCase[] = [
  {
    id: 'TCK autoCommitByDefault',
    title: 'TCK autoCommitByDefault: a new connection commits by itself',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      assert.equal(connection.autoCommit, true)
      await insert(connection, 1)
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [1])
    },
  },
  {
    id: 'TCK changeAutoCommitCommitsTransaction',
    title: 'TCK changeAutoCommitCommitsTransaction: switching auto-commit on commits what is open',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      await connection.setAutoCommit(false)
      await insert(connection, 200)
      await connection.setAutoCommit(true)
      assert.equal(connection.autoCommit, true)
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [200])
    },
  },
  {
    id: 'TCK sameAutoCommitLeavesTransactionUnchanged',
    title: 'TCK sameAutoCommitLeavesTransactionUnchanged: setting the same value changes nothing',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      await connection.setAutoCommit(false)
      await insert(connection, 200)
      await connection.setAutoCommit(false)
      await connection.rollback()
      assert.deepEqual(await ids(connection), [])
      await connection.setAutoCommit(true)
    },
  },
  {
    id: 'TCK transactionCommit',
    title: 'TCK transactionCommit: what was committed stays, and the next transaction is a new one',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      await insert(connection, 100)
      await connection.setAutoCommit(false)
      assert.deepEqual(await ids(connection), [100])
      await insert(connection, 200)
      assert.deepEqual(await ids(connection), [100, 200])
      await connection.commit()
      await insert(connection, 300)
      await connection.rollback()
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [100, 200])
    },
  },
  {
    id: 'TCK transactionRollback',
    title: 'TCK transactionRollback: what was rolled back is gone',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      await insert(connection, 100)
      await connection.setAutoCommit(false)
      await insert(connection, 200)
      await connection.rollback()
      assert.deepEqual(await ids(connection), [100])
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [100])
    },
  },
  {
    id: 'TCK savePoint',
    title: 'TCK savePoint: going back to a savepoint keeps the work before it, and the savepoint',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      await insert(connection, 100)
      await connection.setAutoCommit(false)
      await insert(connection, 200)
      const savepoint = await connection.setSavepoint('kit_point')
      for (const id of [300, 301]) {
        await insert(connection, id)
        await connection.rollback(savepoint)
      }
      assert.deepEqual(await ids(connection), [100, 200])
      await connection.commit()
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [100, 200])
    },
  },
  {
    id: 'savepoint: later ones are gone',
    title: 'JDBC: going back to a savepoint, and releasing it, forgets the later ones (3B001)',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      await connection.setAutoCommit(false)
      await insert(connection, 1)
      const first = await connection.setSavepoint()
      const second = await connection.setSavepoint()
      assert.notEqual(first.name, second.name)
      await connection.rollback(first)
      await fails(connection.rollback(second), '3B001')
      await fails(connection.releaseSavepoint(second), '3B001')
      const third = await connection.setSavepoint()
      await connection.releaseSavepoint(first)
      await fails(connection.rollback(third), '3B001')
      await fails(connection.rollback(first), '3B001')
      assert.deepEqual(await ids(connection), [1])
      await connection.commit()
      await fails(connection.rollback(first), '3B001')
    },
  },
  {
    id: 'TCK savePointStartsTransaction',
    title: 'TCK savePointStartsTransaction, as JDBC has it: refused in auto-commit mode (25000)',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      await fails(connection.setSavepoint(), '25000')
      await fails(connection.commit(), '25000')
      await fails(connection.rollback(), '25000')
      assert.equal(connection.autoCommit, true)
    },
  },
  {
    id: 'block: commits and rolls back',
    title: 'transaction(fn): the promise of the function decides',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      const answer = await connection.transaction(async (transaction) => {
        await insert(transaction, 1)
        return 42
      })
      assert.equal(answer, 42)
      const mishap = new Error('on purpose')
      await assert.rejects(
        connection.transaction(async (transaction) => {
          await insert(transaction, 2)
          throw mishap
        }),
        mishap,
      )
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [1])
    },
  },
  {
    id: 'block: connection refused',
    title: 'transaction(fn): statements on the connection itself are refused meanwhile (25001)',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      await connection.transaction(async (transaction) => {
        await fails(connection.query(select), '25001')
        await fails(connection.batch(insertText, [[9, 'x', 9]]), '25001')
        await fails(
          connection.transaction(async () => {}),
          '25001',
        )
        await fails(connection.stream(select).next(), '25001')
        await insert(transaction, 1)
      })
      assert.deepEqual(await ids(connection), [1])
    },
  },
  {
    id: 'block: nested',
    title: 'transaction(fn): a nested one is a savepoint; its failure undoes only its own work',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      await connection.transaction(async (outer) => {
        await insert(outer, 1)
        await outer.transaction(async (inner) => {
          await insert(inner, 2)
          await fails(outer.query(select), '25001')
        })
        await assert.rejects(
          outer.transaction(async (inner) => {
            await insert(inner, 3)
            await inner.transaction(async (innermost) => {
              await insert(innermost, 4)
            })
            throw new Error('on purpose')
          }),
          /on purpose/,
        )
        await insert(outer, 5)
      })
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [1, 2, 5])
    },
  },
  {
    id: 'block: constraint in a savepoint',
    title: 'transaction(fn): a constraint error in a nested block leaves the outer one usable',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      await connection.transaction(async (outer) => {
        await insert(outer, 1)
        await fails(
          outer.transaction(async (inner) => {
            await insert(inner, 2)
            await insert(inner, 1)
          }),
          '23505',
        )
        await insert(outer, 3)
      })
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [1, 3])
    },
  },
  {
    id: 'block: escaped',
    title: 'transaction(fn): the object is dead when its function has settled (25000)',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      const escaped = await connection.transaction(async (transaction) => transaction)
      await fails(() => escaped.query(select), '25000')
      await fails(() => insert(escaped, 1), '25000')
      await fails(() => escaped.transaction(async () => {}), '25000')
      await fails(() => escaped.stream(select).next(), '25000')
      assert.deepEqual(await ids(connection), [])
    },
  },
  {
    id: 'block: read only',
    title: 'transaction({ readOnly: true }): changes are refused (25006), and the next one may write',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      await fails(
        connection.transaction({ readOnly: true }, (transaction) => insert(transaction, 1)),
        '25006',
      )
      await connection.transaction((transaction) => insert(transaction, 2))
      assert.deepEqual(await ids(connection), [2])
    },
  },
  {
    id: 'block: connection closed inside',
    title: 'transaction(fn): closing the connection within it rolls back, and the block rejects',
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      await fails(
        connection.transaction(async (transaction) => {
          await insert(transaction, 1)
          await connection.close()
        }),
        '08003',
      )
      assert.deepEqual(log.events, ['closed'])
      assert.deepEqual(await idsOf(pooled), [])
    },
  },
  {
    id: 'block: deadline',
    title: 'transaction({ timeout }): at its end the block is rolled back, and what goes on in it is refused',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      let late: Promise<unknown> | undefined
      await fails(
        connection.transaction({ timeout: 100 }, async (transaction) => {
          await insert(transaction, 1)
          await elapse(bench, 300)
          late = insert(transaction, 2)
          await late
        }),
        'HYT00',
      )
      await insert(connection, 3)
      await elapse(bench, 400)
      await fails(late!, '25000')
      assert.deepEqual(await ids(connection), [3])
    },
  },
  {
    id: 'block: control by text',
    title: 'transaction(fn): COMMIT as a text is refused (25001)',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      await fails(
        connection.transaction(async (transaction) => {
          await insert(transaction, 1)
          await transaction.execute('COMMIT')
        }),
        '25001',
      )
      assert.deepEqual(await ids(connection), [])
    },
  },
  {
    id: 'ruling 9: commit answered with rollback',
    title: 'Ruling 9: a COMMIT that is answered with ROLLBACK rejects (40000), for commit() and for a block',
    needs: ['script'],
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      await connection.setAutoCommit(false)
      await insert(connection, 1)
      bench.driver.failNext('commit', 'rolled-back')
      await fails(connection.commit(), '40000')
      await connection.setAutoCommit(true)
      bench.driver.failNext('commit', 'rolled-back')
      await fails(
        connection.transaction((transaction) => insert(transaction, 2)),
        '40000',
      )
      bench.driver.failNext('commit', 'rolled-back')
      await fails(connection.batch(insertText, [[3, 'c', 3]]), '40000')
      assert.deepEqual(await ids(connection), [])
    },
  },
  {
    id: 'ruling 9: rolled back by the database',
    title: 'Ruling 9: after a rollback that the database made by itself the block refuses work until it ends',
    needs: ['script'],
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      bench.driver.failNext('execute', { error: deadlock(), rollsBack: true }, { after: 1 })
      await assert.rejects(
        connection.transaction(async (transaction) => {
          await insert(transaction, 1)
          await fails(insert(transaction, 2), '40P01')
          await fails(insert(transaction, 3), '25P02')
          await fails(transaction.query(select), '25P02')
          await fails(
            transaction.transaction((nested) => insert(nested, 4)),
            '25P02',
          )
        }),
        (error) => error instanceof SQLException && error.sqlState === '40000',
      )
      await insert(connection, 5)
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [5])
    },
  },
  {
    id: 'ruling 9: auto-commit off',
    title: 'Ruling 9: with auto-commit off nothing runs by itself after a deadlock, until rollback()',
    needs: ['script'],
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      await connection.setAutoCommit(false)
      await insert(connection, 1)
      bench.driver.failNext('execute', { error: deadlock(), rollsBack: true })
      await fails(insert(connection, 2), '40P01')
      await fails(insert(connection, 3), '25P02')
      await connection.rollback()
      await insert(connection, 4)
      await connection.commit()
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [4])
    },
  },
  {
    id: 'ruling 9: every way to work',
    title: 'Ruling 9: after a rollback by the database nothing at all runs in the block, by whatever call',
    needs: ['script'],
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      bench.driver.failNext('batch', { error: deadlock(), rollsBack: true })
      await fails(
        connection.transaction(async (transaction) => {
          await insert(transaction, 1)
          await fails(transaction.batch(insertText, [[2, 'b', 2]]), '40P01')
          await fails(transaction.batch(insertText, [[3, 'c', 3]]), '25P02')
          await fails(transaction.stream(select).next(), '25P02')
        }),
        '40000',
      )
      await connection.setAutoCommit(false)
      await insert(connection, 4)
      bench.driver.failNext('fetch', { error: deadlock(), rollsBack: true })
      await fails(connection.stream(select).next(), '40P01')
      await fails(connection.batch(insertText, [[5, 'e', 5]]), '25P02')
      await fails(connection.script("INSERT INTO kit (id, name, amount) VALUES (6, 'f', 6)"), '25P02')
      await fails(connection.setSavepoint(), '25P02')
      const prepared = await connection.prepareStatement(insertText)
      await fails(prepared.execute([7, 'g', 7]), '25P02')
      await fails(connection.commit(), '40000')
      await insert(connection, 8)
      await connection.commit()
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [8])
    },
  },
  {
    id: 'ruling 9: savepoint of a lost transaction',
    title: 'Ruling 9: a nested block in which the database rolled all back does not rescue the outer one',
    needs: ['script'],
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      await fails(
        connection.transaction(async (outer) => {
          await insert(outer, 1)
          bench.driver.failNext('execute', { error: deadlock(), rollsBack: true })
          await fails(
            outer.transaction((inner) => insert(inner, 2)),
            '40P01',
          )
          await fails(insert(outer, 3), '25P02')
        }),
        '40000',
      )
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [])
    },
  },
  {
    id: 'block: error that is caught within',
    title: 'transaction(fn): an error caught within leaves all that came before, or nothing: never a half',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      let refused = false
      const done = connection.transaction(async (transaction) => {
        await insert(transaction, 1)
        await fails(insert(transaction, 1), '23505')
        // PostgreSQL accepts nothing more; on others the transaction goes on.
        await insert(transaction, 2).catch((error: unknown) => {
          refused = error instanceof SQLException && error.sqlState === '25P02'
        })
      })
      const outcome = await done.then(
        () => 'kept',
        (error: unknown) => (error as SQLException).sqlState,
      )
      assert.equal(outcome, refused ? '40000' : 'kept')
      await connection.close()
      assert.deepEqual(await idsOf(pooled), refused ? [] : [1, 2])
    },
  },
  {
    id: 'begin fails',
    title: 'transaction(fn): when BEGIN fails the function does not run, and the connection is usable',
    needs: ['script'],
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      bench.driver.failNext('begin', deadlock())
      await fails(
        connection.transaction(() => assert.fail('it ran')),
        '40P01',
      )
      await insert(connection, 1)
      await connection.transaction((transaction) => insert(transaction, 2))
      assert.deepEqual(await ids(connection), [1, 2])
    },
  },
  {
    id: 'isolation between sessions',
    title: 'TCK transactionCommit: what is not committed is not seen by another session',
    needs: ['two sessions'],
    async run(bench) {
      const writer = (await bench.connect()).getConnection()
      const reader = (await bench.connect()).getConnection()
      await writer.setAutoCommit(false)
      await insert(writer, 1)
      assert.deepEqual(await ids(reader), [])
      await writer.commit()
      assert.deepEqual(await ids(reader), [1])
      await writer.setAutoCommit(true)
    },
  },
]
