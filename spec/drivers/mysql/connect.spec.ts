import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, it } from 'vitest'
import type { MySqlConnection } from '../../../drivers/mysql/mysql-connection.ts'
import { createDataSource, type SQLException } from '../../../src/index.ts'
import { CallDeadline } from '../../../src/session/call-deadline.ts'
import { systemClock } from '../../../src/session/system-clock.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import type { MariaDbDatabase, MariaDbSettings } from '../../support/mariadb-database.ts'
import { describeMariaDb } from '../../support/mariadb.ts'
import { execute, failure, open, valueOf } from './support.ts'

await describeMariaDb('connecting to MariaDB', (server) => {
  let database: MariaDbDatabase
  let settings: MariaDbSettings
  beforeAll(async () => {
    database = await server.database()
    settings = database.settings
  })

  it('asks for the password at every connect', async () => {
    const passwords = [settings.password, settings.password, 'wrong']
    const asked: string[] = []
    const password = async (): Promise<string> => {
      const next = passwords[asked.length]!
      asked.push(next)
      return next
    }
    await open({ ...settings, password })
    await open({ ...settings, password })
    const error = await failure(open({ ...settings, password }))
    expect(asked).toHaveLength(3)
    expect([error.name, error.sqlState]).toEqual(['SQLInvalidAuthorizationSpecException', '28P01'])
    expect(error.message).not.toContain('wrong')
  })

  it('says when a password is asked for and there is none, or its provider fails', async () => {
    const { password: _, ...without } = settings
    const missing = await failure(open(without))
    expect([missing.sqlState, missing.reason]).toEqual(['28P01', 'auth'])
    expect(missing.message).toMatch(/using password: NO/)
    const failing = await failure(
      open({ ...settings, password: () => Promise.reject(new Error('vault is sealed')) }),
    )
    expect(failing.message).toMatch(/vault is sealed/)
    const never = new Promise<string>(() => {})
    const deadline = new CallDeadline(systemClock, 'Connecting', { timeout: 30 })
    const late = await failure(open({ ...settings, password: () => never }, { deadline }))
    expect(late.sqlState).toBe('HYT00')
    const wrong = await failure(open({ ...settings, password: () => 4711 }))
    expect(wrong.message).toMatch(/a value of type number/)
    expect((await database.sessions()).length).toBeLessThanOrEqual(2)
  })

  it('tells a database that does not exist', async () => {
    const error = await failure(open({ ...settings, database: 'no_such_database' }))
    expect([error.sqlState, error.reason]).toEqual(['3D000', 'undefined-object'])
    expect(error.message).toMatch(/^Cannot connect to MySQL database no_such_database at /)
  })

  it('takes a URL', async () => {
    await using source = createDataSource(`${database.url}?lockTimeout=7s&maximumPoolSize=1`)
    const { rows } = await source.query('SELECT @@innodb_lock_wait_timeout AS seconds, DATABASE() AS name')
    expect(rows).toEqual([{ seconds: 7n, name: database.name }])
  })

  it('over a unix socket', async (test) => {
    const { socketPath } = server.address
    if (socketPath === undefined) test.skip()
    const { host: _, port: __, ...rest } = settings
    const connection = await open({ ...rest, socketPath, host: 'nowhere.invalid' })
    const seen = 'SELECT host FROM information_schema.processlist WHERE id = CONNECTION_ID()'
    expect(await valueOf(connection, seen)).toBe('localhost')
    await stopsIts(connection)
    const query = new URLSearchParams({ socketPath: socketPath!, maximumPoolSize: '1' }).toString()
    await using source = createDataSource({
      url: `mysql:///${database.name}?${query}`,
      ...credentials(settings),
    })
    expect((await source.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
  })

  it('over TLS, as far as it is asked to look', async (test) => {
    const { ca } = server.address
    if (ca === undefined) test.skip()
    const encrypted = "SHOW STATUS LIKE 'Ssl_cipher'"
    const cipher = async (connection: MySqlConnection): Promise<unknown> =>
      (await execute(connection, encrypted)).rows[0]?.[1]
    expect(await cipher(await open(settings))).toBe('')
    for (const tls of ['require', { mode: 'verify-ca', ca }, { mode: 'verify-full', ca }]) {
      const connection = await open({ ...settings, tls })
      expect(await cipher(connection)).not.toBe('')
      await stopsIts(connection)
    }
    for (const tls of [
      'verify-full',
      'verify-ca',
      { mode: 'verify-full', ca, serverName: 'other.example' },
    ]) {
      const error = await failure(open({ ...settings, tls }))
      expect([error.sqlState, error.name]).toEqual(['08001', 'SQLNonTransientConnectionException'])
      expect(error.message).toMatch(/tls: \{/)
    }
    await open({ ...settings, tls: { mode: 'verify-ca', ca, serverName: 'other.example' } })
  })
})

await describeMariaDb('several hosts', (server) => {
  let database: MariaDbDatabase
  beforeAll(async () => {
    database = await server.database()
  })

  it('are tried in their order, and the first that lets us in is taken', async () => {
    const { settings } = database
    await using first = await FaultProxy.start({ target: settings })
    await using second = await FaultProxy.start({ target: settings })
    const host = `127.0.0.1:${first.port},localhost:${second.port}`
    const connection = await open({ ...settings, host })
    expect([first.open.length, second.open.length]).toEqual([1, 0])
    expect(connection.id).toContain(host)
    await first.set({ kind: 'refuse' })
    const other = await open({ ...settings, host })
    expect(second.open).toHaveLength(1)
    // The statement is stopped where it runs, not at the first of the hosts.
    await stopsIts(other)
    expect(await valueOf(connection, 'SELECT 1')).toBe(1)
    await stopsIts(connection).catch((error: SQLException) => expect(error.message).toMatch(/ECONNREFUSED/))
  })

  it('that are silent leave time for those behind them', async () => {
    const { settings } = database
    await using silent = await FaultProxy.start({ target: settings })
    await silent.set({ kind: 'stall' })
    const host = `127.0.0.1:${silent.port},127.0.0.1`
    const deadline = new CallDeadline(systemClock, 'Connecting', { timeout: 1_000 })
    expect(await valueOf(await open({ ...settings, host }, { deadline }), 'SELECT 1')).toBe(1)
    await silent.set({ kind: 'pass' })
    while (silent.open.length > 0) await sleep(2)
    await silent.set({ kind: 'stall' })
    const none = new CallDeadline(systemClock, 'Connecting', { timeout: 300 })
    const error = await failure(
      open({ ...settings, host: `127.0.0.1:${silent.port},127.0.0.1:${silent.port}` }, { deadline: none }),
    )
    expect([error.sqlState, error.reason]).toEqual(['HYT00', 'timeout'])
    await silent.set({ kind: 'pass' })
    while (silent.open.length > 0) await sleep(2)
  })

  it('all of which fail are told, each with its reason; who is refused by one asks no other', async () => {
    const { settings } = database
    await using gone = await FaultProxy.start({ target: settings })
    await gone.set({ kind: 'refuse' })
    const nobody = await failure(open({ ...settings, host: `127.0.0.1:${gone.port},127.0.0.1:${gone.port}` }))
    expect(nobody).toMatchObject({ sqlState: '08001', retry: 'connect', reason: 'connect-failed' })
    expect(nobody.message.match(/ECONNREFUSED/g)).toHaveLength(2)
    expect((nobody.cause as AggregateError).errors).toHaveLength(2)
    await using behind = await FaultProxy.start({ target: settings })
    const host = `127.0.0.1,127.0.0.1:${behind.port}`
    const wrong = await failure(open({ ...settings, host, password: 'wrong' }))
    expect(wrong).toMatchObject({ name: 'SQLInvalidAuthorizationSpecException', sqlState: '28P01' })
    expect(wrong.message).not.toContain('wrong')
    expect(behind.connections).toHaveLength(0)
  })

  it('have certificates of their own names', async (test) => {
    const { ca } = server.address
    if (ca === undefined) test.skip()
    const { settings } = database
    const host = `127.0.0.1,localhost`
    await using gone = await FaultProxy.start({ target: settings })
    await gone.set({ kind: 'refuse' })
    const tls = { mode: 'verify-full', ca }
    const connection = await open({ ...settings, host: `127.0.0.1:${gone.port},localhost`, tls })
    await stopsIts(connection)
    await open({ ...settings, host, tls })
  })
})

/** A statement of it, by the control connection. */
async function stopsIts(connection: MySqlConnection): Promise<void> {
  const stopped = failure(execute(connection, 'SELECT SLEEP(60) FROM seq_1_to_2'))
  await connection.cancel()
  expect((await stopped).sqlState).toBe('57014')
}

function credentials({ user, password }: MariaDbSettings): Pick<MariaDbSettings, 'user' | 'password'> {
  return { user, password }
}
