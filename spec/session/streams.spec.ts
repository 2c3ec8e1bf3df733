import { describe, expect, it } from 'vitest'
import { withoutWarnings } from '../conformance/register.ts'
import { open, outcome, insertText } from './support.ts'

const series = 'SELECT n FROM series(?)'

describe('while a stream is open', () => {
  withoutWarnings()

  it('nothing but its own fetches is sent', async () => {
    const { driver, pooled, sent } = await open()
    const connection = pooled.getConnection()
    await connection.setAutoCommit(false)
    const stream = connection.stream(series, [100], { fetchSize: 10 })
    await stream.next()
    sent()
    const refused = await Promise.all([
      outcome(connection.query('SELECT 1 AS n')),
      outcome(connection.setSavepoint()),
      outcome(connection.setReadOnly(true)),
      outcome(connection.script('SET a = 1')),
      outcome(connection.batch(insertText, [[1, 'x', 1]])),
    ])
    expect(refused).toEqual(['HY010', 'HY010', 'HY010', 'HY010', 'HY010'])
    expect(sent()).toEqual([])
    expect(driver.violations).toEqual([])
  })

  it('isValid answers without disturbing it', async () => {
    const { driver, pooled } = await open()
    const connection = pooled.getConnection()
    const stream = connection.stream<{ n: number }>(series, [30], { fetchSize: 10 })
    await stream.next()
    expect(await connection.isValid()).toBe(true)
    let count = 1
    while ((await stream.next()).done !== true) count++
    expect(count).toBe(30)
    expect(driver.violations).toEqual([])
  })

  it('a nested transaction is refused', async () => {
    const { driver, pooled } = await open()
    const connection = pooled.getConnection()
    await connection.transaction(async (transaction) => {
      const stream = transaction.stream(series, [30], { fetchSize: 10 })
      await stream.next()
      expect(await outcome(transaction.transaction(async () => {}))).toBe('HY010')
    })
    expect(driver.violations).toEqual([])
  })

  it('commit and rollback end it first', async () => {
    const { driver, pooled, sent, ids } = await open()
    const connection = pooled.getConnection()
    await connection.setAutoCommit(false)
    await connection.execute(insertText, [1, 'x', 1])
    const savepoint = await connection.setSavepoint('here')
    const first = connection.stream(series, [100], { fetchSize: 10 })
    await first.next()
    sent()
    await connection.rollback(savepoint)
    expect(sent()).toEqual(['close stream', 'rollback to here'])
    const second = connection.stream(series, [100], { fetchSize: 10 })
    await second.next()
    sent()
    await connection.commit()
    expect(sent()).toEqual(['close stream', 'commit'])
    expect(await outcome(second.next())).toBe('24000')
    expect(ids()).toEqual([1])
    expect(driver.violations).toEqual([])
  })

  it('a fetch that is in flight when the connection is closed rejects, and the session comes clean', async () => {
    const { clock, driver, pooled, sent, events } = await open({ latency: 10 })
    const connection = pooled.getConnection()
    driver.failNext('fetch', { delay: 1_000 }, { after: 1 })
    const stream = connection.stream(series, [100], { fetchSize: 10 })
    const first = stream.next()
    await clock.advance(10)
    await first
    for (let row = 2; row <= 10; row++) await stream.next()
    const fetching = outcome(stream.next())
    await clock.advance(5)
    const closed = outcome(connection.close())
    await clock.advance(100)
    expect([await fetching, await closed]).toEqual(['08003', 'ok'])
    expect(events).toEqual(['closed'])
    expect(driver.violations).toEqual([])
    const { length } = sent()
    expect(length).toBeLessThan(6)
  })

  it('a fetch past its deadline ends the stream, and the connection goes on', async () => {
    const { clock, driver, pooled } = await open()
    const connection = pooled.getConnection()
    driver.failNext('fetch', { delay: 1_000 }, { after: 1 })
    const stream = connection.stream(series, [100], { fetchSize: 1, timeout: 50 })
    await stream.next()
    const late = outcome(stream.next())
    await clock.advance(50)
    expect(await late).toBe('HYT00')
    expect((await stream.next()).done).toBe(true)
    expect(await outcome(connection.query('SELECT 1 AS n'))).toBe('ok')
    expect(driver.violations).toEqual([])
  })
})
