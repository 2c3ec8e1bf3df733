import { describe, expect, it } from 'vitest'
import { CallDeadline } from '../../../src/session/call-deadline.ts'
import { systemClock } from '../../../src/session/system-clock.ts'
import {
  compile,
  modes,
  newFile,
  open,
  raw,
  refusal,
  rows,
  run,
  until,
  type OpenedOptions,
} from './support.ts'

/** A connection, and another that holds the write lock. */
async function locked(options: OpenedOptions) {
  const path = newFile()
  const connection = await open({ path, ...options })
  await run(connection, 'CREATE TABLE t (id INTEGER PRIMARY KEY)')
  const holder = raw(path)
  holder.exec('BEGIN IMMEDIATE; INSERT INTO t VALUES (0)')
  return { connection, holder }
}

describe.each(modes)('A lock of another connection (%s)', (mode) => {
  it.each([
    ['an autocommit statement', 'INSERT INTO t VALUES (1)'],
    ['the beginning of a transaction', undefined],
  ])('%s waits for it', async (_what, sql) => {
    const { connection, holder } = await locked({ mode })
    const answer = sql === undefined ? connection.begin({}) : run(connection, sql)
    await until(() => connection.capabilities.cancel === 'server')
    holder.exec('COMMIT')
    await answer
    expect(connection.transactionStatus).toBe(sql === undefined ? 'open' : 'none')
    expect(connection.capabilities.cancel).toBe(mode === 'process' ? 'kill' : 'none')
  })

  it('readers do not wait', async () => {
    const { connection } = await locked({ mode })
    expect(await rows(connection, 'SELECT count(*) FROM t')).toEqual([[0]])
    await connection.begin({ readOnly: true })
    expect(await rows(connection, 'SELECT count(*) FROM t')).toEqual([[0]])
    await connection.rollback()
  })

  it('a batch that waits in the middle goes on where it was', async () => {
    const { connection, holder } = await locked({ mode })
    holder.exec('COMMIT')
    await connection.begin({})
    await run(connection, 'INSERT INTO t VALUES (1)')
    await connection.commit()
    holder.exec('BEGIN IMMEDIATE')
    const answer = connection.executeBatch(compile('INSERT INTO t VALUES (?)'), [[2], [3], [4]])
    await until(() => connection.capabilities.cancel === 'server')
    holder.exec('COMMIT')
    expect(await answer).toEqual({ updateCounts: [1, 1, 1] })
    expect(await rows(connection, 'SELECT count(*) FROM t')).toEqual([[5]])
  })

  it('a script runs each statement once', async () => {
    const { connection, holder } = await locked({ mode })
    const answer = connection.executeScript(
      'CREATE TEMP TABLE done (v); INSERT INTO done VALUES (1); INSERT INTO t VALUES (1); INSERT INTO done VALUES (2)',
    )
    await until(() => connection.capabilities.cancel === 'server')
    holder.exec('COMMIT')
    await answer
    expect(await rows(connection, 'SELECT v FROM done')).toEqual([[1], [2]])
  })

  it('ends with lock-timeout when it is held for longer than busyTimeout', async () => {
    const { connection } = await locked({ mode, busyTimeout: 30 })
    const error = await refusal(run(connection, 'INSERT INTO t VALUES (1)'))
    expect(error).toMatchObject({
      name: 'SQLTransientException',
      sqlState: '55P03',
      reason: 'lock-timeout',
      retry: 'transaction',
      fatal: false,
      errorCode: 5,
    })
    expect(await rows(connection, 'SELECT count(*) FROM t')).toEqual([[0]])
  })

  it('a statement that waits is cancelled, and its connection lives', async () => {
    const { connection, holder } = await locked({ mode })
    const waiting = run(connection, 'INSERT INTO t VALUES (1)')
    await until(() => connection.capabilities.cancel === 'server')
    await connection.cancel()
    expect(await refusal(waiting)).toMatchObject({ sqlState: '57014', reason: 'cancelled', fatal: false })
    expect(await rows(connection, 'SELECT count(*) FROM t')).toEqual([[0]])
    holder.exec('COMMIT')
    expect((await run(connection, 'INSERT INTO t VALUES (2)')).updateCount).toBe(1)
  })

  it('with several statements under way a cancel could hit the wrong one, so there is none', async () => {
    const { connection, holder } = await locked({ mode })
    const both = [run(connection, 'INSERT INTO t VALUES (1)'), run(connection, 'INSERT INTO t VALUES (2)')]
    const third = run(connection, 'SELECT 1')
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(connection.capabilities.cancel).toBe(mode === 'process' ? 'kill' : 'none')
    await connection.cancel()
    holder.exec('COMMIT')
    expect((await Promise.all(both)).map(({ updateCount }) => updateCount)).toEqual([1, 1])
    await third
  })

  it('a connection that waits is destroyed at once', async () => {
    const { connection } = await locked({ mode })
    const waiting = run(connection, 'INSERT INTO t VALUES (1)')
    await until(() => connection.capabilities.cancel === 'server')
    connection.destroy()
    expect(await refusal(waiting)).toMatchObject({
      reason: 'connection-lost',
      retry: 'unknown-outcome',
      fatal: true,
    })
    await connection.close()
  })
})

describe('What no waiting helps', () => {
  it('a reader whose snapshot is too old to write: 40001, at once', async () => {
    const path = newFile()
    const connection = await open({ path, busyTimeout: Infinity })
    await run(connection, 'CREATE TABLE t (id)')
    await run(connection, 'BEGIN DEFERRED')
    await rows(connection, 'SELECT * FROM t')
    raw(path).exec('INSERT INTO t VALUES (1)')
    const error = await refusal(run(connection, 'INSERT INTO t VALUES (2)'))
    expect(error).toMatchObject({
      name: 'SQLTransactionRollbackException',
      sqlState: '40001',
      reason: 'serialization',
      retry: 'transaction',
      errorCode: 517,
    })
    await connection.rollback()
  })

  it('a connect waits for the database within its deadline, and leaves nothing behind', async () => {
    const path = newFile()
    const holder = raw(path)
    holder.exec('CREATE TABLE t (id); BEGIN EXCLUSIVE')
    const deadline = new CallDeadline(systemClock, 'connect', { timeout: 40 })
    const error = await refusal(open({ path, mode: 'worker', deadline }))
    expect(error).toMatchObject({ sqlState: 'HYT00', reason: 'timeout' })
    holder.exec('COMMIT')
  })

  it('a connect to a locked database is transient', async () => {
    const path = newFile()
    raw(path).exec('CREATE TABLE t (id); BEGIN EXCLUSIVE')
    expect(await refusal(open({ path, busyTimeout: 20 }))).toMatchObject({
      name: 'SQLTransientConnectionException',
      retry: 'connect',
    })
  })
})
