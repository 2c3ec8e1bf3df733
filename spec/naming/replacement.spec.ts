import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Connection } from '../../src/api/connection.ts'
import type { DataSource } from '../../src/api/data-source.ts'
import { SQLException, SQLTimeoutException } from '../../src/api/sql-exception.ts'
import { DataSourceObjectFactory } from '../../src/naming/data-source-object-factory.ts'
import { Namespace } from '../../src/naming/namespace.ts'
import { NamingContext } from '../../src/naming/naming-context.ts'
import { NamingException } from '../../src/naming/naming-exception.ts'
import { Reference } from '../../src/naming/reference.ts'
import { PoolExhaustedError } from '../../src/pool/errors.ts'
import { DriverTable } from '../../src/source/driver-table.ts'
import { createDataSourceWith } from '../../src/source/managed-data-source.ts'
import { PooledDataSource } from '../../src/source/pooled-data-source.ts'
import { deadlock, ScriptedDriver } from '../../src/testing/index.ts'
import { ManualClock } from '../support/manual-clock.ts'

const name = 'jdbc/x'

let clock: ManualClock
let before: ScriptedDriver
let after: ScriptedDriver
let namespace: Namespace
let context: NamingContext
let source: DataSource

beforeEach(() => {
  clock = new ManualClock()
  before = new ScriptedDriver()
  after = new ScriptedDriver()
  for (const [driver, n] of [
    [before, 'old'],
    [after, 'new'],
  ] as const) {
    driver.answer('SELECT which', [{ which: n }])
  }
  const drivers = new DriverTable([])
  namespace = new Namespace([
    new DataSourceObjectFactory((settings, options) =>
      createDataSourceWith(drivers, settings, { ...options, clock, random: () => 0.5 }),
    ),
  ])
  context = new NamingContext(namespace)
  context.bind(name, to(before))
  source = context.dataSource(name)
})

afterEach(async () => {
  const closing = namespace.close()
  await clock.advance(60_000)
  await closing
  expect([before.open, after.open]).toEqual([0, 0])
  expect([...before.violations, ...after.violations]).toEqual([])
  expect(clock.timers()).toBe(0)
})

function to(driver: ScriptedDriver, settings: Readonly<Record<string, unknown>> = {}): Reference {
  return new Reference('DataSource', { driver, maximumPoolSize: 1, ...settings })
}

/** On which driver a connection is. */
async function which(connection: Connection): Promise<unknown> {
  return (await connection.query<{ which: string }>('SELECT which')).rows[0]?.which
}

const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => Promise.reject(new Error('it resolved')),
    (error: Error) => error,
  )

describe('after rebind', () => {
  test('what is lent is finished with on the old pool, which closes after it', async () => {
    const lent = await source.getConnection()
    let replaced = false
    const done = context.rebind(name, to(after)).then(() => (replaced = true))
    await using next = await source.getConnection()
    expect(await which(next)).toBe('new')
    expect(await which(lent)).toBe('old')
    await clock.advance(20 * 60_000)
    expect(await which(lent)).toBe('old')
    expect([replaced, before.open]).toEqual([false, 1])
    await lent.close()
    await done
    expect(before.open).toBe(0)
  })

  test('those who wait go on in their order, before everybody who comes later', async () => {
    const lent = await source.getConnection()
    const served: string[] = []
    const work = (label: string) => async (connection: Connection) => {
      served.push(`${label} ${String(await which(connection))}`)
    }
    const waiting = [
      source.withConnection(work('1')),
      source.query('SELECT which').then(({ rows }) => served.push(`2 ${String(rows[0]!['which'])}`)),
      source.withConnection({ readOnly: true, timeout: '1m' }, work('3')),
      source.transaction(async (transaction) => {
        const { rows } = await transaction.query('SELECT which')
        served.push(`4 ${String(rows[0]!['which'])}`)
      }),
      source.withConnection({ signal: new AbortController().signal }, work('5')),
    ]
    await clock.advance(10)
    const done = context.rebind(name, to(after))
    waiting.push(source.withConnection(work('6')), context.dataSource(name).withConnection(work('7')))
    await Promise.all(waiting)
    expect(served).toEqual(['1 new', '2 new', '3 new', '4 new', '5 new', '6 new', '7 new'])
    await lent.close()
    await done
    expect(before.operations.filter(({ text }) => text.includes('which'))).toEqual([])
  })

  test('they have what is left of their time', async () => {
    const lent = await source.getConnection()
    const aborted = new AbortController()
    const settled: string[] = []
    const wait = (label: string, options?: Parameters<DataSource['getConnection']>[0]) =>
      failure(source.getConnection(options)).then((error) => {
        settled.push(`${label} ${clock.now()}`)
        return error
      })
    const waits = [
      wait('default'),
      wait('own', { timeout: '20s' }),
      wait('signal', { signal: aborted.signal }),
      wait('aborted', { signal: aborted.signal, timeout: '20s' }),
    ]
    await clock.advance(5_000)
    after.failNext('connect', 'hang', { times: Infinity })
    const done = context.rebind(name, to(after))
    await clock.advance(5_000)
    aborted.abort(new Error('enough'))
    await clock.advance(60_000)
    const errors = await Promise.all(waits)
    expect(settled).toEqual(['signal 10000', 'aborted 10000', 'own 20000', 'default 30000'])
    expect(errors[2]).toMatchObject({ reason: 'cancelled', message: expect.stringContaining(name) })
    expect(errors[0]).toMatchObject({ sqlState: '08001' })
    await lent.close()
    await done
  })

  test('one whose time is up in the new queue hears what that is busy with', async () => {
    const lent = await source.getConnection()
    const waiting = failure(source.getConnection({ timeout: '2s' }))
    const own = createDataSourceWith(new DriverTable([]), { driver: after, maximumPoolSize: 1 }, { clock })
    const held = await own.getConnection()
    const done = context.rebind(name, own)
    await clock.advance(2_000)
    const error = await waiting
    expect(error).toBeInstanceOf(PoolExhaustedError)
    expect(error).not.toBeInstanceOf(SQLTimeoutException)
    await Promise.all([held.close(), lent.close()])
    await Promise.all([done, own.close()])
  })

  test('a stream that was opened before its first row, and a transaction that begins again, go to the new one', async () => {
    const stream = source.stream<{ which: string }>('SELECT which')
    let attempts = 0
    let done: Promise<void> | undefined
    const transaction = source.transaction({ retries: 1 }, async (tx) => {
      if (++attempts === 1) {
        done = context.rebind(name, to(after))
        throw deadlock()
      }
      return (await tx.query<{ which: string }>('SELECT which')).rows[0]!.which
    })
    await clock.advance(1_000)
    expect(await transaction).toBe('new')
    expect(attempts).toBe(2)
    const rows = []
    for await (const row of stream) rows.push(row)
    expect(rows).toEqual([{ which: 'new' }])
    await done
  })

  test('a connect under way for a pool that is no more harms nobody', async () => {
    before.failNext('connect', { delay: 5_000 })
    const waiting = source.getConnection()
    await clock.advance(1_000)
    const done = context.rebind(name, to(after))
    const connection = await waiting
    expect(await which(connection)).toBe('new')
    await connection.close()
    await clock.advance(10_000)
    await done
    expect(before.open).toBe(0)
  })

  test('without a pool the connect under way is lent, and finished with', async () => {
    await context.rebind(name, to(before, { pooling: 'none' }))
    before.failNext('connect', { delay: 5_000 })
    const waiting = source.getConnection()
    await clock.advance(1_000)
    const done = context.rebind(name, to(after))
    const next = await source.getConnection()
    await clock.advance(5_000)
    const connection = await waiting
    expect([await which(connection), await which(next)]).toEqual(['old', 'new'])
    await Promise.all([connection.close(), next.close()])
    await done
  })

  test('drainTimeout ends the patience with those who keep theirs', async () => {
    const lent = await source.getConnection()
    const done = context.rebind(name, to(after), { drainTimeout: '5s' })
    await clock.advance(4_999)
    expect(before.open).toBe(1)
    await clock.advance(1)
    await done
    expect(before.open).toBe(0)
    await expect(lent.query('SELECT which')).rejects.toThrow(SQLException)
    await expect(context.rebind(name, to(after), { drainTimeout: 'soon' as never })).rejects.toThrow(
      NamingException,
    )
  })

  test('closing the context hurries those who keep theirs', async () => {
    const lent = await source.getConnection()
    const done = context.rebind(name, to(after))
    const closing = namespace.close()
    await clock.advance(9_000)
    expect(before.open).toBe(1)
    await clock.advance(2_000)
    await Promise.all([closing, done])
    expect(before.open).toBe(0)
    await lent.close().catch(() => undefined)
  })

  test('again and again: whoever waits ends at the last', async () => {
    const lent = await source.getConnection()
    const waiting = source.getConnection()
    const third = new ScriptedDriver()
    third.answer('SELECT which', [{ which: 'third' }])
    after.failNext('connect', 'hang')
    const done = [context.rebind(name, to(after)), context.rebind(name, to(third))]
    const connection = await waiting
    expect(await which(connection)).toBe('third')
    await Promise.all([connection.close(), lent.close()])
    await clock.advance(20_000)
    await Promise.all(done)
    expect(third.open).toBe(1)
    await context.unbind(name)
    expect(third.open).toBe(0)
  })

  test('of a name unbound meanwhile, those who wait are sent away', async () => {
    const lent = await source.getConnection()
    const waiting = failure(source.getConnection())
    const done = context.unbind(name)
    expect(await waiting).toMatchObject({ sqlState: '08003' })
    await lent.close()
    await done
  })
})

describe('identical settings', () => {
  test('keep the pool, and everything in it', async () => {
    await source.query('SELECT which')
    const pool = source.unwrap(PooledDataSource)
    await context.rebind(name, to(before))
    await context.rebind(name, new Reference('DataSource', () => ({ maximumPoolSize: 1, driver: before })))
    expect(source.unwrap(PooledDataSource)).toBe(pool)
    expect(pool.statistics().total).toBe(1)
  })

  test('any other setting does not, nor does the same object with another value in it', async () => {
    const settings = { driver: before, maximumPoolSize: 1 }
    await context.rebind(name, new Reference('DataSource', settings))
    const pool = source.unwrap(PooledDataSource)
    settings.maximumPoolSize = 2
    await context.rebind(name, new Reference('DataSource', settings))
    expect(source.unwrap(PooledDataSource)).not.toBe(pool)
    expect(source.unwrap(PooledDataSource).settings.maximumPoolSize).toBe(2)
    await expect(pool.close()).resolves.toBeUndefined()
  })

  test('are compared with those that the pool was made from, not with what they would be now', async () => {
    let size = 1
    const moving = () => new Reference('DataSource', () => ({ driver: before, maximumPoolSize: size }))
    await context.rebind(name, moving())
    const pool = source.unwrap(PooledDataSource)
    size = 3
    await context.rebind(name, moving())
    expect(source.unwrap(PooledDataSource)).not.toBe(pool)
    expect(source.unwrap(PooledDataSource).settings.maximumPoolSize).toBe(3)
  })

  test('that cannot be read leave the old pool in place', async () => {
    const pool = source.unwrap(PooledDataSource)
    const unreadable = new Reference('DataSource', () => {
      throw new NamingException('no such variable')
    })
    await expect(context.rebind(name, unreadable)).rejects.toThrow('no such variable')
    expect(source.unwrap(PooledDataSource)).toBe(pool)
  })
})

describe('verify', () => {
  test('puts in force what has connected, with its connection', async () => {
    await context.rebind(name, to(after), { verify: true })
    expect(after.open).toBe(1)
    const { rows } = await source.query('SELECT which')
    expect(rows).toEqual([{ which: 'new' }])
    expect(source.unwrap(PooledDataSource).statistics().counters.created).toBe(1)
  })

  test('leaves the old one in place when the first connect fails, and says why', async () => {
    const pool = source.unwrap(PooledDataSource)
    const heard: unknown[] = []
    context.addNamingListener('', 'subtree', { objectChanged: (event) => heard.push(event) })
    after.failNext('connect', 'die', { times: Infinity })
    const rebound = failure(context.rebind(name, to(after), { verify: true }))
    await clock.advance(60_000)
    const error = await rebound
    expect(error).toBeInstanceOf(NamingException)
    expect(error.message).toMatch(/^'jdbc\/x' was not bound: its first connection failed: jdbc\/x: /)
    expect(error.cause).toMatchObject({ sqlState: '08001' })
    expect(source.unwrap(PooledDataSource)).toBe(pool)
    expect((await source.query('SELECT which')).rows).toEqual([{ which: 'old' }])
    expect(heard).toEqual([])
    expect(after.open).toBe(0)
  })

  test('of a new name binds it, or leaves nothing behind', async () => {
    await context.rebind('jdbc/new', to(after), { verify: true })
    expect((await context.query('jdbc/new', 'SELECT which')).rows).toEqual([{ which: 'new' }])
    after.failNext('connect', 'die', { times: Infinity })
    const failed = failure(context.rebind('other/new', to(after, { maximumPoolSize: 2 }), { verify: true }))
    await clock.advance(60_000)
    await failed
    expect(context.list().map((pair) => pair.name)).toEqual(['jdbc'])
  })

  test('whoever binds meanwhile wins; the verified one is closed', async () => {
    after.failNext('connect', { delay: 1_000 })
    const verified = failure(context.rebind(name, to(after), { verify: true }))
    const third = new ScriptedDriver()
    await context.rebind(name, to(third))
    await clock.advance(2_000)
    expect((await verified).message).toContain('was bound anew, or unbound')
    expect(source.unwrap(PooledDataSource).settings.maximumPoolSize).toBe(1)
    await source.query('SELECT n FROM series(1)')
    expect([third.open, after.open]).toEqual([1, 0])
    await context.unbind(name)

    after.failNext('connect', { delay: 1_000 })
    const unbound = failure(context.rebind(name, to(after), { verify: true }))
    context.bind(name, 1)
    await clock.advance(2_000)
    expect((await unbound).message).toContain('was bound anew, or unbound')
    expect(await context.lookup(name)).toBe(1)
    await context.unbind(name)
    expect(after.open).toBe(0)
  })

  test('closing the context meanwhile closes it', async () => {
    after.failNext('connect', { delay: 1_000 })
    const verified = failure(context.rebind(name, to(after), { verify: true }))
    const closing = namespace.close()
    await clock.advance(20_000)
    await closing
    expect((await verified).message).toContain('closed')
    expect(after.open).toBe(0)
  })
})

describe('races', () => {
  test('a hundred borrowers, a rebind after every few: each is served once, in peace', async () => {
    let served = 0
    const done: Promise<void>[] = []
    const work = async (connection: Connection) => {
      await connection.query('SELECT sleep(?)', [5])
      served++
    }
    const borrowers = Array.from({ length: 100 }, (_, n) => {
      if (n % 7 === 0)
        done.push(context.rebind(name, to(n % 2 === 0 ? after : before, { idleTimeout: 1_000 + n })))
      return source.withConnection(work)
    })
    await clock.advance(5_000)
    await Promise.all(borrowers)
    await Promise.all(done)
    expect(served).toBe(100)
  })

  test('lookups while the name is unbound and bound again find the one or the other, never a closed one', async () => {
    for (let round = 0; round < 20; round++) {
      const found = [context.lookup(name), context.unbind(name)]
      context.bind(name, to(round % 2 === 0 ? after : before))
      found.push(context.lookup(name))
      await Promise.all(found)
      expect((await context.query(name, 'SELECT which')).rows).toEqual([
        { which: round % 2 === 0 ? 'new' : 'old' },
      ])
    }
    expect([before.open, after.open]).toEqual([1, 0])
  })
})
