import { describe, expect, it } from 'vitest'
import { withoutWarnings } from '../conformance/register.ts'
import { open, outcome } from './support.ts'

describe('What a connection does for its borrower', () => {
  withoutWarnings()

  it('is nothing, also within a transaction, while no statement runs', async () => {
    const { pooled } = await open()
    expect(pooled.activity).toBe('none')
    const connection = pooled.getConnection()
    await connection.setAutoCommit(false)
    await connection.query('SELECT 1 AS n')
    expect(pooled.activity).toBe('none')
  })

  it('is running from the call to the answer, for one that waits its turn as well', async () => {
    const { pooled } = await open()
    const connection = pooled.getConnection()
    const first = connection.query('SELECT 1 AS n')
    expect(pooled.activity).toBe('running')
    const second = connection.query('SELECT 2 AS n')
    await first
    expect(pooled.activity).toBe('running')
    await second
    expect(pooled.activity).toBe('none')
  })

  it('is reading between the fetches of a stream', async () => {
    const { pooled } = await open()
    const stream = pooled.getConnection().stream('SELECT n FROM series(?)', [30], { fetchSize: 10 })
    expect(pooled.activity).toBe('none')
    const first = stream.next()
    await Promise.resolve()
    expect(pooled.activity).toBe('running')
    await first
    expect(pooled.activity).toBe('reading')
    await stream.return()
    expect(pooled.activity).toBe('none')
  })
})

describe('A connection that is closed because of its borrower', () => {
  it('tells him so', async () => {
    const { pooled, events } = await open()
    const connection = pooled.getConnection()
    await connection.query('SELECT 1 AS n')
    await pooled.close('leak')
    expect(await outcome(connection.query('SELECT 1 AS n'))).toBe('08003')
    await expect(connection.query('SELECT 1 AS n')).rejects.toThrow('held for too long')
    expect(events).toEqual([])
  })
})
