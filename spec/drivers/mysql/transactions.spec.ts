import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, it } from 'vitest'
import { createDataSource, type SQLException } from '../../../src/index.ts'
import type { MariaDbDatabase, MariaDbSettings } from '../../support/mariadb-database.ts'
import { describeMariaDb, describeOwnMariaDb } from '../../support/mariadb.ts'
import { execute, failure, open, threadOf, valueOf } from './support.ts'

await describeMariaDb('transactions on MariaDB', (server) => {
  let database: MariaDbDatabase
  let settings: MariaDbSettings
  beforeAll(async () => {
    database = await server.database()
    settings = database.settings
    const raw = await database.connect()
    await raw.query('CREATE TABLE account (id INT PRIMARY KEY, balance INT NOT NULL)')
    await raw.query('INSERT INTO account SELECT seq, 100 FROM seq_0_to_9')
    await raw.query('CREATE PROCEDURE commits_and_fails() BEGIN COMMIT; SELECT missing FROM account; END')
    await raw.end()
  })

  async function waitsForLock(id: number): Promise<void> {
    const waiting =
      'SELECT 1 FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = ? AND trx_state = ?'
    // Whoever asks more often is told what was so the last time.
    while ((await server.query(waiting, [id, 'LOCK WAIT'])).length === 0) await sleep(120)
  }

  const add = 'UPDATE account SET balance = balance + 1 WHERE id = ?'

  it('that deadlock: one ends with all it did, the other lives', async () => {
    const [one, other] = [await open(settings), await open(settings)]
    await one.begin({})
    await other.begin({})
    await execute(one, add, 0)
    await execute(other, add, 1)
    const outcomes = [execute(one, add, 1)]
    await waitsForLock(threadOf(one))
    outcomes.push(execute(other, add, 0))
    const settled = await Promise.allSettled(outcomes)
    const at = settled.findIndex(({ status }) => status === 'rejected')
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(1)
    const { reason } = settled[at] as { reason: SQLException }
    expect(reason).toMatchObject({
      name: 'SQLTransactionRollbackException',
      sqlState: '40P01',
      errorCode: 1213,
      reason: 'deadlock',
      retry: 'transaction',
      fatal: false,
    })
    const [victim, survivor] = at === 0 ? [one, other] : [other, one]
    // The error packet has no status: it is known all the same.
    expect(victim.transactionStatus).toBe('none')
    expect(survivor.transactionStatus).toBe('open')
    await survivor.commit()
    expect(await valueOf(victim, 'SELECT SUM(balance) FROM account WHERE id < 2')).toBe('202')
  })

  it('that deadlock: what follows in the block is refused and does not commit by itself, and a retry succeeds', async () => {
    await using source = createDataSource({ ...settings, driver: 'mysql', maximumPoolSize: 2 })
    const refused: SQLException[] = []
    let runs = 0
    /** Of two that cross, the one with less to undo is ended. */
    const crossing = (first: number, second: number, meet: () => Promise<void>): Promise<void> =>
      source.transaction({ retries: 5 }, async (tx) => {
        runs++
        await tx.execute(add, [first])
        await meet()
        try {
          await tx.execute(add, [second])
        } catch (error) {
          const late = await tx.execute(add, [9]).catch((reason: SQLException) => reason)
          refused.push(late as SQLException)
          throw error
        }
      })
    const both = Promise.withResolvers<void>()
    let there = 0
    const meet = (): Promise<void> => {
      if (++there === 2) both.resolve()
      return both.promise
    }
    await Promise.all([crossing(2, 3, meet), crossing(3, 2, meet)])
    expect(runs).toBe(3)
    expect(refused).toHaveLength(1)
    expect(refused[0]).toMatchObject({ sqlState: '25P02' })
    const { rows } = await source.query('SELECT id, balance FROM account WHERE id IN (2, 3, 9) ORDER BY id')
    expect(rows).toEqual([
      { id: 2, balance: 102 },
      { id: 3, balance: 102 },
      { id: 9, balance: 100 },
    ])
  })

  it('that wait too long for a lock lose the statement, and live', async () => {
    const holder = await open(settings)
    await holder.begin({})
    await execute(holder, add, 4)
    const waiter = await open({ ...settings, lockTimeout: '1s' })
    await waiter.begin({})
    await execute(waiter, add, 5)
    const error = await failure(execute(waiter, add, 4))
    expect(error).toMatchObject({
      name: 'SQLTransientException',
      sqlState: '55P03',
      errorCode: 1205,
      reason: 'lock-timeout',
      fatal: false,
    })
    expect(waiter.transactionStatus).toBe('open')
    await waiter.rollback()
    await holder.rollback()
    expect(await valueOf(waiter, 'SELECT balance FROM account WHERE id = 5')).toBe(100)
  })

  it('that wait too long for a lock commit nothing by halves: a block that fails is rolled back as a whole', async () => {
    const holder = await open(settings)
    await holder.begin({})
    await execute(holder, add, 6)
    await using source = createDataSource({
      ...settings,
      driver: 'mysql',
      maximumPoolSize: 1,
      lockTimeout: '1s',
    })
    const half = source.transaction(async (tx) => {
      await tx.execute(add, [7])
      await tx.execute(add, [6])
    })
    await expect(half).rejects.toMatchObject({ reason: 'lock-timeout' })
    await holder.rollback()
    const { rows } = await source.query('SELECT SUM(balance) AS n FROM account WHERE id IN (6, 7)')
    expect(rows).toEqual([{ n: '200' }])
    expect(source.statistics().counters.closed.broken).toBe(0)
  })

  it('that a statement commits in passing are known to be over', async () => {
    await using source = createDataSource({ ...settings, driver: 'mysql', maximumPoolSize: 1 })
    const block = source.transaction(async (tx) => {
      await tx.execute(add, [8])
      await tx.execute('CREATE TABLE in_passing (n INT)')
      await tx.execute(add, [8])
    })
    const error = await failure(block)
    expect(error.reason).toMatch(/^tx-/)
    // What the server has committed stays; the statement behind it was not run outside of any transaction.
    expect((await source.query('SELECT balance AS n FROM account WHERE id = 8')).rows).toEqual([{ n: 101 }])
  })

  it('that a statement commits in passing although it fails are known to be over as well', async () => {
    await using source = createDataSource({ ...settings, driver: 'mysql', maximumPoolSize: 1 })
    const balances = 'SELECT SUM(balance) AS n FROM account WHERE id < 10'
    for (const text of ['CREATE TABLE account (n INT)', 'CALL commits_and_fails()', 'TRUNCATE nowhere']) {
      const before = (await source.query<{ n: string }>(balances)).rows[0]!.n
      const block = source.transaction(async (tx) => {
        await tx.execute(add, [8])
        await failure(tx.execute(text))
        await tx.execute(add, [8])
      })
      expect((await failure(block)).reason).toMatch(/^tx-/)
      const expected = String(Number(before) + 1)
      expect((await source.query(balances)).rows, text).toEqual([{ n: expected }])
    }
  })

  it('see one snapshot when they are asked to', async () => {
    await using source = createDataSource({ ...settings, driver: 'mysql', maximumPoolSize: 2 })
    const count = 'SELECT COUNT(*) AS n FROM account WHERE id > 100'
    await source.transaction({ isolation: 'repeatable read', readOnly: true }, async (tx) => {
      expect((await tx.query(count)).rows).toEqual([{ n: 0n }])
      await source.execute('INSERT INTO account VALUES (101, 0)')
      expect((await tx.query(count)).rows).toEqual([{ n: 0n }])
      await expect(tx.execute('DELETE FROM account')).rejects.toMatchObject({ sqlState: '25006' })
    })
    await source.transaction({ isolation: 'read committed' }, async (tx) => {
      expect((await tx.query(count)).rows).toEqual([{ n: 1n }])
      await source.execute('INSERT INTO account VALUES (102, 0)')
      expect((await tx.query(count)).rows).toEqual([{ n: 2n }])
    })
  })
})

await describeOwnMariaDb('a server that rolls back on timeout (innodb_rollback_on_timeout)', (start) => {
  it('ends the transaction, which is known', async () => {
    const server = await start({ config: { innodb_rollback_on_timeout: 1 } })
    const { settings } = await server.database()
    const [holder, waiter] = [await open(settings), await open({ ...settings, lockTimeout: '1s' })]
    await execute(holder, 'CREATE TABLE held (n INT PRIMARY KEY)')
    await execute(holder, 'INSERT INTO held VALUES (1)')
    await holder.begin({})
    await execute(holder, 'SELECT n FROM held FOR UPDATE')
    await waiter.begin({})
    expect((await failure(execute(waiter, 'UPDATE held SET n = 2'))).reason).toBe('lock-timeout')
    expect(waiter.transactionStatus).toBe('none')
  })
})
