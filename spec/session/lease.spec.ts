import { describe, expect, it } from 'vitest'
import type { SQLException } from '../../src/index.ts'
import type { ClassToken } from '../../src/api/wrapper.ts'
import type { SessionLease } from '../../src/spi/session-lease.ts'
import { ScriptedDriver } from '../../src/testing/index.ts'
import { withoutWarnings } from '../conformance/register.ts'
import { open, outcome } from './support.ts'

/** An object of the driver's own: it does nothing but use its lease. */
class Own {
  readonly lease: SessionLease

  constructor(lease: SessionLease) {
    this.lease = lease
  }
}

class DriverWithOwn extends ScriptedDriver {
  override async openSession(...options: Parameters<ScriptedDriver['openSession']>) {
    const unwrap = <T>(token: ClassToken<T>, lease: SessionLease): T | undefined => {
      const own = new Own(lease)
      return own instanceof token ? (own as T) : undefined
    }
    return Object.assign(await super.openSession(...options), { unwrap })
  }
}

const opened = () => open({}, new DriverWithOwn())
const nothing = (): Promise<void> => Promise.resolve()

/** Numbers in portions of two; what was called on it. */
function numbers(calls: string[], last = Infinity) {
  let next = 0
  const prepare = () => {
    calls.push('prepare')
    return {
      what: 'numbers',
      open: () => ({
        async fetch() {
          const items = [next++, next++]
          return { items, done: next > last }
        },
        async close() {
          calls.push('close')
        },
      }),
    }
  }
  return prepare
}

describe('a lease', () => {
  withoutWarnings()

  it('is found, and makes the session dirty', async () => {
    const { pooled } = await opened()
    const connection = pooled.getConnection()
    expect(connection.isWrapperFor(Own)).toBe(true)
    expect(pooled.dirty).toBe(false)
    expect(connection.unwrap(Own)).toBeInstanceOf(Own)
    expect(pooled.dirty).toBe(true)
    await expect(async () => connection.unwrap(Map)).rejects.toMatchObject({ sqlState: 'HY000' })
  })

  it('takes its turns in the queue', async () => {
    const { pooled, sent } = await opened()
    const connection = pooled.getConnection()
    const { lease } = connection.unwrap(Own)
    const [one, two] = ['SELECT 1 AS n', 'SELECT 2 AS n'] as const
    sent()
    const [, before] = await Promise.all([
      connection.query(one),
      lease.control('turn', async () => sent()),
      connection.query(two),
    ])
    expect([before, sent()]).toEqual([[`execute ${one}`], [`execute ${two}`]])
  })

  it('begins a transaction for a statement where auto-commit is off, and none for a turn beside', async () => {
    const { pooled, sent } = await opened()
    const connection = pooled.getConnection()
    await connection.setAutoCommit(false)
    const { lease } = connection.unwrap(Own)
    sent()
    await lease.control('turn', nothing)
    expect(sent()).toEqual([])
    await lease.runAlone('statement', nothing)
    expect(sent()).toEqual(['begin'])
    await connection.rollback()
  })

  it('refuses others while a statement of its runs alone', async () => {
    const { pooled } = await opened()
    const connection = pooled.getConnection()
    const { lease } = connection.unwrap(Own)
    const inside: string[] = []
    await lease.runAlone('statement', async () => {
      inside.push(await outcome(connection.query('SELECT 1 AS n')))
      inside.push(await outcome(lease.control('turn', nothing)))
      inside.push(await outcome(lease.runAlone('another', nothing)))
      inside.push(await outcome(lease.stream(numbers([])).next()))
    })
    expect(inside).toEqual(['HY010', 'HY010', 'HY010', 'HY010'])
    expect(await outcome(connection.query('SELECT 1 AS n'))).toBe('ok')
  })

  it('streams by the laws of rows', async () => {
    const { pooled } = await opened()
    const connection = pooled.getConnection()
    const { lease } = connection.unwrap(Own)
    const calls: string[] = []
    const read: number[] = []
    for await (const number of lease.stream(numbers(calls, 5))) read.push(number)
    expect([read, calls]).toEqual([[0, 1, 2, 3, 4, 5], ['prepare']])
    const left = lease.stream(numbers(calls))
    expect(calls).toEqual(['prepare'])
    await left.next()
    expect(await outcome(connection.query('SELECT 1 AS n'))).toBe('HY010')
    await left.return()
    expect(calls).toEqual(['prepare', 'prepare', 'close'])
    expect(await outcome(connection.query('SELECT 1 AS n'))).toBe('ok')
  })

  it('is dead with its handle, in every way', async () => {
    const { pooled } = await opened()
    const first = pooled.getConnection()
    const { lease } = first.unwrap(Own)
    const calls: string[] = []
    const ends: (string | undefined)[] = []
    const stream = lease.stream(numbers(calls))
    await stream.next()
    lease.onEnd(({ sqlState }) => ends.push(sqlState))
    lease.onEnd(() => ends.push('taken back'))()
    await first.close()
    expect([calls, ends]).toEqual([['prepare', 'close'], ['08003']])
    const second = pooled.getConnection()
    for (const handle of [undefined, second]) {
      expect(await outcome(lease.control('turn', () => Promise.reject(new Error('reached'))))).toBe('08003')
      expect(await outcome(lease.runAlone('x', () => Promise.reject(new Error('reached'))))).toBe('08003')
      expect(await outcome(lease.stream(numbers(calls)).next())).toBe('08003')
      expect(await outcome(stream.next())).toBe('08003')
      expect(await outcome((async () => lease.onEnd(() => {}))())).toBe('08003')
      if (handle !== undefined) await handle.close()
    }
    expect(await outcome((async () => first.unwrap(Own))())).toBe('08003')
    expect(ends).toEqual(['08003'])
  })

  it('is dead with its transaction, and refused around it', async () => {
    const { pooled } = await opened()
    const connection = pooled.getConnection()
    const outer = connection.unwrap(Own).lease
    let inner: SessionLease | undefined
    await connection.transaction(async (transaction) => {
      inner = transaction.unwrap(Own).lease
      expect(await outcome(inner.runAlone('statement', nothing))).toBe('ok')
      expect(await outcome(outer.runAlone('statement', nothing))).toBe('25001')
    })
    expect(await outcome(inner!.runAlone('statement', nothing))).toBe('25000')
    expect(await outcome(outer.runAlone('statement', nothing))).toBe('ok')
  })

  it('tells the loss of the session after its event', async () => {
    const { pooled, events } = await opened()
    const connection = pooled.getConnection()
    const told: unknown[] = []
    connection.unwrap(Own).lease.onEnd((error: SQLException) => told.push([...events], error.fatal))
    connection.unwrap(Own).lease.onEnd(() => events.push('second'))
    const fatal = Object.assign(new Error('gone'), {})
    await outcome(connection.unwrap(Own).lease.control('turn', () => Promise.reject(fatal)))
    expect(told).toEqual([['error'], true])
    expect(events).toEqual(['error', 'second'])
  })
})
