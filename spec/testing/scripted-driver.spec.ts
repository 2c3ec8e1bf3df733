import { expect, it } from 'vitest'
import { connectionLost, deadlock, ScriptedDriver } from '../../src/testing/index.ts'
import { registerDriver, createDataSource } from '../../src/index.ts'
import { SQLException } from '../../src/index.ts'
import { open, outcome, insertText } from '../session/support.ts'

it('is a driver for applications: by object, and by the url scripted:', async () => {
  const driver = new ScriptedDriver()
  driver.query('CREATE TABLE account (id INTEGER PRIMARY KEY, balance BIGINT)')
  await using source = createDataSource({ driver, maximumPoolSize: 2 })
  await source.execute('INSERT INTO account (id, balance) VALUES (?, ?)', [1, 10n])
  driver.failNext('commit', connectionLost())
  const work = source.transaction((tx) => tx.execute('UPDATE account SET balance = balance - 1'))
  expect(await outcome(work)).toBe('08006')
  expect(driver.query('SELECT balance FROM account')).toEqual([{ balance: 10n }])
  registerDriver(driver)
  await using other = createDataSource('scripted:?latency=0ms&cancel=kill')
  expect((await other.query('SELECT balance FROM account')).rows).toEqual([{ balance: 10n }])
})

it('answers texts that it does not understand as it is told to', async () => {
  const { driver, pooled } = await open()
  const connection = pooled.getConnection()
  driver.answer(/^WITH/, (parameters) => [{ n: parameters[0] }])
  driver.answer('DELETE FROM anything', 7)
  driver.answer('SELECT now()', deadlock())
  expect((await connection.query('WITH x AS (SELECT ?) SELECT * FROM x', [5])).rows).toEqual([{ n: 5 }])
  expect((await connection.execute('DELETE FROM anything')).updateCount).toBe(7)
  await expect(connection.query('SELECT now()')).rejects.toBeInstanceOf(SQLException)
})

it('fails on the session, after so many, as often as it is told to', async () => {
  const { driver, pooled, ids } = await open()
  const connection = pooled.getConnection()
  driver.failNext('execute', deadlock(), { session: pooled.id, after: 1, times: 2 })
  driver.failNext('execute', deadlock(), { session: 'another' })
  const outcomes: string[] = []
  for (let id = 1; id <= 4; id++) outcomes.push(await outcome(connection.execute(insertText, [id, 'x', id])))
  expect(outcomes).toEqual(['ok', '40P01', '40P01', 'ok'])
  expect(ids()).toEqual([1, 4])
  expect(driver.failuresLeft).toHaveLength(1)
})

it('shows its sessions, counts them, and ends them', async () => {
  const { driver, pooled, events } = await open()
  const connection = pooled.getConnection()
  await connection.setAutoCommit(false)
  await connection.execute(insertText, [1, 'x', 1])
  expect(driver.sessions).toEqual([{ id: pooled.id, user: undefined, transactionStatus: 'open' }])
  expect([driver.open, driver.opened, driver.closed, driver.peak]).toEqual([1, 1, 0, 1])
  driver.killAll()
  expect(events).toEqual(['error'])
  expect([driver.open, driver.closed]).toEqual([0, 1])
  expect(driver.query('SELECT id FROM kit')).toEqual([])
})

it('notes when its port is used against the contract', async () => {
  const { clock } = await open()
  const driver = new ScriptedDriver()
  const physical = await driver.openSession(
    {
      deadline: {
        expiresAt: Infinity,
        error: undefined,
        remaining: () => Infinity,
        onExpired: () => () => {},
      },
    },
    { latency: 0, pipelining: false, cancel: 'none', failedTransactions: false },
    {
      dataSourceName: 'x',
      clock,
      session: { queryTimeout: Infinity, validationTimeout: 1, statementCacheSize: 1 },
    },
  )
  const [first, second] = [outcome(physical.ping()), outcome(physical.ping())]
  expect([await first, await second]).toEqual(['ok', 'HY000'])
  physical.destroy()
  expect(await outcome(physical.ping())).toBe('08006')
  expect(driver.violations).toHaveLength(2)
})

it('dies as databases do: what was begun is undone, what was being committed nobody knows', async () => {
  const driver = new ScriptedDriver()
  driver.query('CREATE TABLE account (id INTEGER PRIMARY KEY)')
  await using source = createDataSource({ driver })
  const insert = 'INSERT INTO account (id) VALUES (?)'
  const lost = async (step: 'execute' | 'commit', work: Promise<unknown>): Promise<unknown> => {
    driver.failNext(step, 'die')
    return work.catch((error: unknown) => error instanceof SQLException && error.retry)
  }
  expect(await lost('execute', source.execute(insert, [1]))).toBe('unknown-outcome')
  expect(
    await lost(
      'execute',
      source.transaction((tx) => tx.execute(insert, [2])),
    ),
  ).toBe('transaction')
  expect(
    await lost(
      'commit',
      source.transaction((tx) => tx.execute(insert, [3])),
    ),
  ).toBe('unknown-outcome')
  expect(driver.query('SELECT id FROM account')).toEqual([])
})
