import { describe, expect, it } from 'vitest'
import { withoutWarnings } from '../conformance/register.ts'
import { settle } from '../support/manual-clock.ts'
import { insertText, open, outcome } from './support.ts'

const insert = `execute ${insertText}`

describe('the statement queue', () => {
  it('sends one statement at a time, in the order of the calls', async () => {
    const { clock, pooled, sent } = await open({ latency: 10 })
    const connection = pooled.getConnection()
    const calls = [1, 2, 3].map((id) => connection.execute(insertText, [id, 'x', 1]))
    expect(sent()).toEqual([insert])
    await clock.advance(10)
    expect(sent()).toEqual([insert])
    await clock.advance(20)
    await Promise.all(calls)
    expect(sent()).toEqual([insert])
  })

  it('sends ahead where the driver can pipeline, but never past a deadline', async () => {
    const { clock, pooled, sent } = await open({ latency: 10, pipelining: true })
    const connection = pooled.getConnection()
    const calls = [
      connection.execute(insertText, [1, 'x', 1]),
      connection.execute(insertText, [2, 'x', 1]),
      connection.execute(insertText, [3, 'x', 1], { timeout: 1_000 }),
      connection.execute(insertText, [4, 'x', 1]),
    ]
    expect(sent()).toEqual([insert, insert])
    await clock.advance(20)
    expect(sent()).toEqual([insert])
    await clock.advance(10)
    expect(sent()).toEqual([insert])
    await clock.advance(10)
    await Promise.all(calls)
  })

  it('gives commit and rollback their places among statements that are not waited for', async () => {
    const { pooled, ids } = await open()
    const connection = pooled.getConnection()
    await connection.setAutoCommit(false)
    await Promise.all([
      connection.execute(insertText, [1, 'x', 1]),
      connection.commit(),
      connection.execute(insertText, [2, 'x', 1]),
      connection.rollback(),
      connection.execute(insertText, [3, 'x', 1]),
      connection.setAutoCommit(true),
      connection.execute(insertText, [4, 'x', 1]),
    ])
    await connection.close()
    expect(ids()).toEqual([1, 3, 4])
  })

  it('rejects a statement at its deadline while it waits, and sends nothing of it', async () => {
    const { clock, pooled, sent, ids } = await open()
    const connection = pooled.getConnection()
    const first = outcome(connection.query('SELECT sleep(?) AS n', [100]))
    const second = outcome(connection.execute(insertText, [1, 'x', 1], { timeout: 50 }))
    let settled = ''
    void second.then((state) => (settled = state))
    await clock.advance(49)
    expect(settled).toBe('')
    await clock.advance(1)
    expect(settled).toBe('HYT00')
    await clock.advance(50)
    expect(await first).toBe('ok')
    expect(sent()).toEqual(['execute SELECT sleep(?) AS n'])
    expect(ids()).toEqual([])
  })

  it('leaves no timer behind', async () => {
    const { clock, pooled } = await open()
    const connection = pooled.getConnection()
    await connection.execute(insertText, [1, 'x', 1], { timeout: 50 })
    const stopped = outcome(connection.query('SELECT sleep(?) AS n', [100], { timeout: 50 }))
    await clock.advance(50)
    expect(await stopped).toBe('HYT00')
    await connection.close()
    expect(clock.timers()).toBe(0)
  })
})

describe('a deadline while the statement runs', () => {
  it('cancel by the server: the statement is stopped, and the next one waits for the cancel', async () => {
    const { clock, driver, pooled, sent, events } = await open()
    const connection = pooled.getConnection()
    driver.failNext('cancel', { delay: 30 })
    const stopped = outcome(connection.query('SELECT sleep(?) AS n', [1_000], { timeout: 50 }))
    const next = outcome(connection.execute(insertText, [1, 'x', 1]))
    await clock.advance(79)
    expect(sent()).toEqual(['execute SELECT sleep(?) AS n', 'cancel'])
    await clock.advance(1)
    expect([await stopped, await next]).toEqual(['HYT00', 'ok'])
    expect(sent()).toEqual([insert])
    expect(events).toEqual([])
  })

  it('cancel that fails: the session is given up', async () => {
    const { clock, driver, pooled, sent, events } = await open()
    const connection = pooled.getConnection()
    driver.failNext('cancel', 'hang')
    driver.failNext('execute', 'hang')
    const stopped = outcome(connection.query('SELECT 1 AS n', [], { timeout: 50 }))
    const waiting = outcome(connection.execute(insertText, [1, 'x', 1]))
    await clock.advance(50 + 4_999)
    expect(events).toEqual([])
    await clock.advance(1)
    expect([await stopped, await waiting]).toEqual(['HYT00', '08003'])
    expect(events).toEqual(['error'])
    expect(sent()).toEqual(['execute SELECT 1 AS n', 'cancel', 'destroy'])
    expect(driver.open).toBe(0)
  })

  it('kill: the session goes with the statement, at once', async () => {
    const { clock, driver, pooled, sent, events } = await open({ cancel: 'kill' })
    const connection = pooled.getConnection()
    const stopped = outcome(connection.query('SELECT sleep(?) AS n', [1_000], { timeout: 50 }))
    await clock.advance(50)
    expect(await stopped).toBe('HYT00')
    expect(events).toEqual(['error'])
    expect(sent()).toEqual(['execute SELECT sleep(?) AS n', 'destroy'])
    expect(driver.open).toBe(0)
  })

  it('none: the caller is served at the deadline, the session is counted until its statement has ended', async () => {
    const { clock, driver, pooled } = await open({ cancel: 'none' })
    const connection = pooled.getConnection()
    const stopped = outcome(connection.query('SELECT sleep(?) AS n', [1_000], { timeout: 50 }))
    await clock.advance(50)
    expect(await stopped).toBe('HYT00')
    let gone = false
    void pooled.close().then(() => (gone = true))
    await clock.advance(949)
    expect([gone, driver.open]).toEqual([false, 1])
    await clock.advance(1)
    expect([gone, driver.open]).toEqual([true, 0])
  })
})

describe('close', () => {
  withoutWarnings()

  it('refuses what waits, stops what runs, rolls back, restores, and tells in the end', async () => {
    const { clock, pooled, sent, events } = await open()
    const connection = pooled.getConnection()
    await connection.setReadOnly(true)
    await connection.setReadOnly(false)
    await connection.setTransactionIsolation('serializable')
    await connection.setAutoCommit(false)
    await connection.execute(insertText, [1, 'x', 1])
    sent()
    const running = outcome(connection.query('SELECT sleep(?) AS n', [1_000]))
    const waiting = outcome(connection.execute(insertText, [2, 'x', 1]))
    await clock.advance(10)
    const closed = connection.close()
    expect(connection.isClosed).toBe(true)
    await Promise.all([closed, clock.advance(0)])
    expect([await running, await waiting]).toEqual(['08003', '08003'])
    expect(sent()).toEqual([
      'execute SELECT sleep(?) AS n',
      'cancel',
      'rollback',
      'configure isolation=read committed',
    ])
    expect(events).toEqual(['closed'])
  })

  it('a session that does not come clean in time is given up', async () => {
    const { clock, driver, pooled, events } = await open()
    const connection = pooled.getConnection()
    await connection.setAutoCommit(false)
    await connection.execute(insertText, [1, 'x', 1])
    driver.failNext('rollback', 'hang')
    const closed = outcome(connection.close())
    await clock.advance(20_000)
    expect(await closed).not.toBe('ok')
    expect(events).toEqual(['error', 'closed'])
    expect(driver.open).toBe(0)
  })

  it('the new mode of auto-commit does not reach the next handle', async () => {
    const { clock, pooled, ids } = await open({ latency: 10 })
    const first = pooled.getConnection()
    const text = outcome(first.execute('BEGIN'))
    await clock.advance(10)
    expect(await text).toBe('ok')
    const change = outcome(first.setAutoCommit(false))
    const closed = outcome(first.close())
    const second = pooled.getConnection()
    await clock.advance(100)
    await Promise.all([change, closed])
    expect(second.autoCommit).toBe(true)
    const insertion = outcome(second.execute(insertText, [1, 'x', 1]))
    await clock.advance(100)
    expect(await insertion).toBe('ok')
    await settle()
    expect(ids()).toEqual([1])
  })
})
