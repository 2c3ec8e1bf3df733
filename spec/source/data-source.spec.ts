import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SQLException } from '../../src/api/sql-exception.ts'
import { sql } from '../../src/api/sql-template.ts'
import { createDataSource } from '../../src/index.ts'
import type { DataSourceSettings } from '../../src/source/data-source-settings.ts'
import { DriverTable, loaded } from '../../src/source/driver-table.ts'
import { createDataSourceWith } from '../../src/source/managed-data-source.ts'
import { PooledDataSource } from '../../src/source/pooled-data-source.ts'
import { connectionLost, deadlock, ScriptedDriver } from '../../src/testing/index.ts'
import { ManualClock } from '../support/manual-clock.ts'

let driver: ScriptedDriver
let clock: ManualClock
let source: PooledDataSource

function open(settings: DataSourceSettings = {}): PooledDataSource {
  source = createDataSourceWith(
    new DriverTable([loaded(driver)]),
    { driver: 'scripted', ...settings },
    {
      name: 'jdbc/account',
      clock,
      random: () => 0.5,
    },
  )
  return source
}

const failure = (promise: Promise<unknown>): Promise<SQLException> =>
  promise.then(
    () => Promise.reject(new Error('it resolved')),
    (error: SQLException) => error,
  )

beforeEach(() => {
  driver = new ScriptedDriver()
  clock = new ManualClock()
})

afterEach(async () => {
  const closed = source.close({ drainTimeout: 0 })
  await clock.advance(60_000)
  await closed
  expect(driver.open).toBe(0)
  expect(driver.violations).toEqual([])
  expect(clock.timers()).toBe(0)
})

async function withAccounts(opened: PooledDataSource): Promise<void> {
  await opened.execute('CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER)')
  await opened.batch('INSERT INTO account (id, balance) VALUES (?, ?)', [
    [1, 100],
    [2, 50],
  ])
}

describe('one call', () => {
  it('borrows, runs and gives back', async () => {
    await withAccounts(open())
    const { rows } = await source.query<{ id: number }>('SELECT id FROM account WHERE balance = ?', [50])
    expect(rows).toEqual([{ id: 2 }])
    expect(source.statistics()).toMatchObject({ total: 1, idle: 1, inUse: 0 })
  })

  it('takes a template', async () => {
    await withAccounts(open())
    const { rows } = await source.query(sql`SELECT balance FROM account WHERE id = ${1}`)
    expect(rows).toEqual([{ balance: 100 }])
  })

  it('connects at the first call, and loads its driver then', async () => {
    open()
    expect(driver.opened).toBe(0)
    await source.query('SELECT 1')
    expect(driver.opened).toBe(1)
  })

  it('gives the connection back when the statement fails', async () => {
    open()
    expect((await failure(source.query('SELECT * FROM nothing'))).sqlState).toBe('42P01')
    expect(source.statistics()).toMatchObject({ idle: 1, inUse: 0 })
  })

  it('streams with a connection of its own, given back when the loop is left', async () => {
    open()
    const seen: unknown[] = []
    for await (const { n } of source.stream<{ n: number }>('SELECT n FROM series(?)', [100], {
      fetchSize: 10,
    })) {
      seen.push(n)
      expect(source.statistics().inUse).toBe(1)
      if (seen.length === 15) break
    }
    expect(seen).toHaveLength(15)
    expect(source.statistics()).toMatchObject({ idle: 1, inUse: 0 })
  })

  it('a stream tells its columns, before its connection is lent and after it came back', async () => {
    open()
    const stream = source.stream('SELECT n FROM series(?)', [1])
    expect(stream.columns).toEqual([])
    await stream.next()
    await stream.return()
    expect(stream.columns.map(({ name }) => name)).toEqual(['n'])
  })

  it('maxRows leaves no stream open, also when the fetch fails', async () => {
    open()
    await source.withConnection(async (connection) => {
      const first = (): Promise<unknown> => connection.query('SELECT n FROM series(?)', [10], { maxRows: 2 })
      driver.failNext('fetch', deadlock())
      expect((await failure(first())).reason).toBe('deadlock')
      expect(await first()).toMatchObject({ rows: [{ n: 1 }, { n: 2 }] })
      expect((await connection.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    })
  })

  it('a stream that is never read borrows nothing', async () => {
    open()
    await source.stream('SELECT n FROM series(?)', [100]).return()
    expect(driver.opened).toBe(0)
  })
})

describe('a connection that died between two borrowers', () => {
  const dead = (retry: 'connect' | 'unknown-outcome'): SQLException => {
    const { message, sqlState, reason } = connectionLost()
    return new SQLException(message, { sqlState, reason, fatal: true, retry })
  }

  it('is replaced when nothing was executed on it', async () => {
    open()
    driver.failNext('execute', dead('connect'), { times: 2 })
    expect((await source.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    expect(driver.opened).toBe(3)
  })

  it('is told after the third', async () => {
    open()
    driver.failNext('execute', dead('connect'), { times: 3 })
    expect(await failure(source.query('SELECT 1'))).toMatchObject({ fatal: true, retry: 'connect' })
  })

  it('is told at once when the outcome is not known', async () => {
    open()
    driver.failNext('execute', dead('unknown-outcome'))
    expect(await failure(source.query('SELECT 1'))).toMatchObject({ retry: 'unknown-outcome' })
    expect(driver.opened).toBe(1)
  })

  it('says so when nothing was sent: the same call may be made elsewhere', async () => {
    open()
    const connection = await source.getConnection()
    driver.killAll()
    await clock.advance(0)
    const refused = await failure(connection.query('SELECT 1'))
    expect(refused).toMatchObject({ sqlState: '08003', reason: 'closed', retry: 'connect' })
    await connection.close()
  })

  it('is replaced for a transaction that has not begun, never for one that has', async () => {
    open()
    driver.failNext('begin', dead('connect'))
    let runs = 0
    await source.transaction(async () => void runs++)
    expect(runs).toBe(1)

    driver.failNext('execute', dead('connect'))
    const work = source.transaction(async (tx) => {
      runs++
      await tx.execute('SELECT 1')
    })
    expect((await failure(work)).fatal).toBe(true)
    expect(runs).toBe(2)
  })
})

describe('the deadline of a call', () => {
  it('covers the waiting for a connection', async () => {
    open({ maximumPoolSize: 1 })
    const holder = await source.getConnection()
    const waiting = failure(source.query('SELECT 1', [], { timeout: 100 }))
    await clock.advance(100)
    expect(await waiting).toMatchObject({ name: 'PoolExhaustedError', snapshot: { inUse: 1, maximum: 1 } })
    await holder.close()
  })

  it('leaves to the statement what the waiting has not used', async () => {
    open({ maximumPoolSize: 1 })
    const holder = await source.getConnection()
    const slow = failure(source.query('SELECT sleep(?)', [500], { timeout: 100 }))
    await clock.advance(60)
    await holder.close()
    await clock.advance(39)
    expect(source.statistics().inUse).toBe(1)
    await clock.advance(1)
    expect(await slow).toMatchObject({ sqlState: 'HYT00', reason: 'timeout' })
    expect(source.statistics()).toMatchObject({ idle: 1, inUse: 0 })
  })

  it('ends with its signal', async () => {
    open({ maximumPoolSize: 1 })
    const holder = await source.getConnection()
    const controller = new AbortController()
    const waiting = failure(source.query('SELECT 1', [], { signal: controller.signal }))
    controller.abort(new Error('the client went away'))
    expect(await waiting).toMatchObject({ sqlState: '57014', cause: { message: 'the client went away' } })
    await holder.close()
  })

  it.each([{ timeout: -1 }, { timeout: 'soon' as '1s' }, { signal: {} as AbortSignal }])(
    'refuses %j',
    async (options) => {
      expect((await failure(open().query('SELECT 1', [], options))).sqlState).toBe('HY024')
    },
  )
})

describe('transaction', () => {
  it('commits what its function did', async () => {
    await withAccounts(open())
    const result = await source.transaction(async (tx) => {
      await tx.execute('UPDATE account SET balance = ? WHERE id = ?', [70, 1])
      await tx.execute('UPDATE account SET balance = ? WHERE id = ?', [80, 2])
      return 'done'
    })
    expect(result).toBe('done')
    expect(driver.query('SELECT balance FROM account')).toEqual([{ balance: 70 }, { balance: 80 }])
  })

  it('rolls back when its function rejects', async () => {
    await withAccounts(open())
    const work = source.transaction(async (tx) => {
      await tx.execute('UPDATE account SET balance = ? WHERE id = ?', [0, 1])
      throw new Error('no')
    })
    await expect(work).rejects.toThrow('no')
    expect(driver.query('SELECT balance FROM account WHERE id = 1')).toEqual([{ balance: 100 }])
  })

  it('runs again after an error that asks for it, and not otherwise', async () => {
    await withAccounts(open())
    let attempts = 0
    const run = (retries: number): Promise<number> =>
      source.transaction({ retries }, async (tx) => {
        await tx.execute('UPDATE account SET balance = ? WHERE id = ?', [++attempts, 1])
        return attempts
      })
    driver.failNext('execute', { error: deadlock(), rollsBack: true }, { times: 2 })
    const settled = run(2)
    await clock.advance(10_000)
    expect(await settled).toBe(3)

    driver.failNext('execute', { error: deadlock(), rollsBack: true }, { times: 2 })
    const failed = failure(run(1))
    await clock.advance(10_000)
    expect(await failed).toMatchObject({ reason: 'deadlock' })
    driver.failNext('execute', connectionLost())
    expect((await failure(run(5))).reason).toBe('connection-lost')
  })

  it('a commit that fails leaves nothing open; where it cannot be rolled back the connection goes', async () => {
    await withAccounts(open())
    const work = (): Promise<unknown> =>
      source.transaction((tx) => tx.execute('UPDATE account SET balance = ? WHERE id = ?', [0, 1]))
    driver.failNext('commit', deadlock())
    expect((await failure(work())).reason).toBe('deadlock')
    await clock.advance(0)
    expect(driver.wire().slice(-2)).toEqual(['commit', 'rollback'])
    expect(driver.opened).toBe(1)

    driver.failNext('commit', deadlock())
    driver.failNext('rollback', deadlock())
    expect((await failure(work())).reason).toBe('deadlock')
    await clock.advance(0)
    expect(source.statistics()).toMatchObject({ total: 0, inUse: 0 })
    const { rows } = await source.query('SELECT balance FROM account WHERE id = 1')
    expect(rows).toEqual([{ balance: 100 }])
    expect(driver.opened).toBe(2)
  })

  it('begins again on another connection', async () => {
    open()
    driver.failNext('execute', { error: deadlock(), rollsBack: true })
    const settled = source.transaction({ retries: 1 }, async (tx) => {
      await tx.execute('SELECT 1')
    })
    await clock.advance(5_000)
    await settled
    expect(driver.wire().filter((text) => text.startsWith('begin'))).toHaveLength(2)
  })

  it.each([-1, 1.5, Number.NaN])('refuses %d retries', async (retries) => {
    open()
    expect((await failure(source.transaction({ retries }, async () => {}))).sqlState).toBe('HY024')
  })

  it('a function that throws before its first await is a failure like another', async () => {
    open()
    const work = source.transaction((): Promise<void> => {
      throw new Error('at once')
    })
    await expect(work).rejects.toThrow('at once')
    expect(source.statistics()).toMatchObject({ idle: 1, inUse: 0 })
  })
})

describe('getConnection', () => {
  it('read-only: set before, restored after', async () => {
    await withAccounts(open())
    await source.withConnection({ readOnly: true }, async (connection) => {
      expect(connection.readOnly).toBe(true)
      expect((await failure(connection.execute('DELETE FROM account'))).sqlState).toBe('25006')
    })
    await source.withConnection(async (connection) => expect(connection.readOnly).toBe(false))
  })

  it('refuses other credentials on a pool', async () => {
    expect(await failure(open().getConnection({ user: 'other' }))).toMatchObject({ sqlState: '0A000' })
  })

  it('a handle that escapes its function is dead', async () => {
    open()
    const escaped = await source.withConnection(async (connection) => connection)
    expect(escaped.isClosed).toBe(true)
    expect((await failure(escaped.query('SELECT 1'))).sqlState).toBe('08003')
  })
})

describe("pooling: 'none'", () => {
  it('makes a physical connection for each, and closes it', async () => {
    open({ pooling: 'none' })
    await source.query('SELECT 1')
    await source.query('SELECT 1')
    await clock.advance(0)
    expect(driver).toMatchObject({ opened: 2, open: 0 })
    expect(source.statistics()).toMatchObject({ total: 0, idle: 0 })
  })

  it('honours other credentials', async () => {
    open({ pooling: 'none' })
    const connection = await source.getConnection({ user: 'auditor', password: 'secret' })
    expect(driver.sessions.map((session) => session.user)).toEqual(['auditor'])
    await connection.close()
  })

  it('tells the same events, and the same listeners', async () => {
    open({ pooling: 'none' })
    const told: string[] = []
    source.addConnectionEventListener({
      connectionClosed: ({ source: { dataSourceName } }) => told.push(dataSourceName),
    })
    for (const name of ['requested', 'created', 'acquired', 'released', 'closed'] as const) {
      source.on(name, () => told.push(name))
    }
    await source.query('SELECT 1')
    await clock.advance(0)
    expect(told).toEqual(['requested', 'created', 'acquired', 'jdbc/account', 'released', 'closed'])
  })

  it('close waits for what is lent, then ends it', async () => {
    open({ pooling: 'none' })
    const connection = await source.getConnection()
    const closed = source.close({ drainTimeout: '1s' })
    expect((await failure(source.getConnection())).sqlState).toBe('08003')
    await clock.advance(1_000)
    await closed
    expect(connection.isClosed).toBe(true)
  })
})

describe("pooling: 'single'", () => {
  it('lends one connection in turn, and keeps it', async () => {
    open({ pooling: 'single', idleTimeout: '1s' })
    const first = await source.getConnection()
    const second = source.getConnection()
    await first.close()
    await (await second).close()
    await clock.advance(3_600_000)
    expect(driver).toMatchObject({ opened: 1, open: 1 })
  })
})

describe('unwrap', () => {
  it('reaches the owner’s side, and nothing that is not there', () => {
    open()
    expect(source.unwrap(PooledDataSource)).toBe(source)
    expect(source.isWrapperFor(Map)).toBe(false)
    expect(() => source.unwrap(Map)).toThrow(/there is no Map behind/)
  })
})

describe('settings', () => {
  it.each<[DataSourceSettings | string | undefined, RegExp]>([
    [undefined, /settings are missing/],
    ['nonsense', /has no scheme/],
    ['oracle:thin', /no driver takes a url that begins with 'oracle:'/],
    [{}, /neither url nor driver/],
    [{ driver: 'scriptd' }, /did you mean 'scripted'/],
    [
      { driver: 'scripted', maximumPoolsize: 3 },
      /no setting 'maximumPoolsize'; did you mean 'maximumPoolSize'/,
    ],
    [
      { driver: 'scripted', maximumPoolSize: 0 },
      /maximumPoolSize is 0; it wants a whole number from 1, or 'unlimited'/,
    ],
    [{ driver: 'scripted', softPoolSize: 20 }, /softPoolSize is 20, above maximumPoolSize 10/],
    [{ driver: 'scripted', cancel: 'maybe' }, /cancel is 'maybe'; it wants one of 'server', 'kill', 'none'/],
    [{ driver: 'scripted', idleTimeout: 'never' as 'off' }, /idleTimeout is 'never'/],
  ])('%j is refused', (settings, message) => {
    open()
    const make = (): unknown =>
      createDataSourceWith(new DriverTable([loaded(driver)]), settings, { name: 'jdbc/account' })
    expect(make).toThrow(message)
    expect(make).toThrow(/^jdbc\/account: /)
  })

  it('are read from the url; what is given beside it wins', () => {
    open({ url: 'scripted:?maximumPoolSize=3&idleTimeout=30s&keepaliveTime=500', idleTimeout: 'off' })
    expect(source.settings).toMatchObject({
      maximumPoolSize: 3,
      softPoolSize: 3,
      idleTimeout: Infinity,
      keepaliveTime: 500,
    })
  })

  it('connectionInitSql is run on each new session, and leaves it clean', async () => {
    open({ connectionInitSql: ["SET zone = 'UTC'"] })
    await source.query('SELECT 1')
    await source.query('SELECT 1')
    expect(driver.wire().filter((text) => text.includes('SET zone'))).toHaveLength(1)
    expect(driver.wire()).not.toContain('reset')
    await source.execute("SET zone = 'CET'")
    await source.query('SELECT 1')
    expect(driver.wire().slice(-5)).toEqual([
      'execute SELECT 1',
      "execute SET zone = 'CET'",
      'reset',
      "execute SET zone = 'UTC'",
      'execute SELECT 1',
    ])
    expect(driver.opened).toBe(1)
  })
})

describe('on SQLite', () => {
  const sqlite = (settings: DataSourceSettings = {}): PooledDataSource =>
    createDataSource({ url: 'sqlite::memory:', mode: 'inline', ...settings })

  it('maxRows ends a result, and fetches nothing beyond', async () => {
    await using numbers = sqlite()
    const text = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n'
    // Without a limit this text has no end.
    expect((await numbers.query(text, [], { maxRows: 3 })).rows).toEqual([{ i: 1 }, { i: 2 }, { i: 3 }])
    expect((await numbers.query('SELECT 1 AS one', [], { maxRows: 3 })).rows).toEqual([{ one: 1 }])
    expect((await failure(numbers.query('SELECT 1', [], { maxRows: 0 }))).sqlState).toBe('HY024')
  })

  it("integers: 'safe' gives numbers, and refuses what they cannot hold", async () => {
    await using numbers = sqlite({ integers: 'safe' })
    await numbers.execute('CREATE TABLE big (n BIGINT)')
    await numbers.batch('INSERT INTO big (n) VALUES (?)', [[7n], [null], [2n ** 53n - 1n]])
    const { rows } = await numbers.query('SELECT n FROM big')
    expect(rows).toEqual([{ n: 7 }, { n: null }, { n: 2 ** 53 - 1 }])
    await numbers.execute('INSERT INTO big (n) VALUES (?)', [2n ** 53n])
    expect(await failure(numbers.query('SELECT n FROM big'))).toMatchObject({ sqlState: '22003' })
    const streamed = numbers.stream('SELECT n FROM big ORDER BY n DESC')
    expect(await failure(streamed.next())).toMatchObject({ sqlState: '22003' })
    const hinted = await numbers.query('SELECT n FROM big WHERE n > 7', [], { types: { n: 'BIGINT' } })
    expect(hinted.rows).toEqual([{ n: 2n ** 53n - 1n }, { n: 2n ** 53n }])
  })
})
