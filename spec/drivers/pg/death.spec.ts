import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { PgConnection } from '../../../drivers/pg/pg-connection.ts'
import type { SQLException } from '../../../src/api/sql-exception.ts'
import { CallDeadline } from '../../../src/session/call-deadline.ts'
import { systemClock } from '../../../src/session/system-clock.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import type { PostgresDatabase } from '../../support/postgres-database.ts'
import { describePostgres } from '../../support/postgres.ts'
import { compiled, execute, failure, open, valueOf } from './support.ts'

const uncaught: unknown[] = []
const note = (error: unknown): void => void uncaught.push(error)

beforeEach(() => {
  uncaught.length = 0
  process.on('uncaughtExceptionMonitor', note)
  process.on('unhandledRejection', note)
})

afterEach(async () => {
  await sleep(5)
  process.off('uncaughtExceptionMonitor', note)
  process.off('unhandledRejection', note)
  expect(uncaught).toEqual([])
})

function deadline(timeout: number): CallDeadline {
  return new CallDeadline(systemClock, 'Connecting', { timeout })
}

/** What `onDeath` is told. */
function deathsOf(connection: PgConnection): SQLException[] {
  const deaths: SQLException[] = []
  connection.onDeath = (error) => void deaths.push(error)
  return deaths
}

await describePostgres('the death of a session with PostgreSQL', (server) => {
  let database: PostgresDatabase
  beforeAll(async () => {
    database = await server.database()
  })
  const pidOf = (connection: PgConnection): number => Number(/^pg (\d+)/.exec(connection.id)?.[1])

  it('while idle is told once', async () => {
    const connection = await open(database.settings)
    const deaths = deathsOf(connection)
    await server.terminate(pidOf(connection))
    await sleep(20)
    expect(deaths.map(({ sqlState, fatal, retry }) => [sqlState, fatal, retry])).toEqual([
      ['57P01', true, 'connect'],
    ])
    expect((await failure(execute(connection, 'SELECT 1'))).fatal).toBe(true)
    await connection.close()
  })

  it.each([
    ['SELECT pg_sleep(60)', 'unknown-outcome'],
    ['DELETE FROM pg_class WHERE pg_sleep(60) IS NULL', 'unknown-outcome'],
    ['SELECT 1 FROM generate_series(1, 1000000000000) AS s(n)', 'unknown-outcome'],
    ['WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n FROM r) SELECT n FROM r WHERE n = 2', 'connect'],
  ])('during %s says what may be done again', async (text, retry) => {
    const connection = await open(database.settings)
    const deaths = deathsOf(connection)
    const lost = failure(execute(connection, text))
    await sleep(20)
    await server.terminate(pidOf(connection))
    const error = await lost
    expect([error.fatal, error.reason, error.retry]).toEqual([true, 'connection-lost', retry])
    expect(deaths).toEqual([])
  })

  it('in a transaction leaves nothing of it, but for a commit, of which nobody knows', async () => {
    const connection = await open(database.settings)
    await connection.begin({})
    const lost = failure(execute(connection, 'SELECT pg_sleep(60)'))
    await sleep(20)
    await server.terminate(pidOf(connection))
    expect((await lost).retry).toBe('transaction')
    await using proxy = await FaultProxy.start({ target: database.settings })
    const proxied = await open({ ...database.settings, port: proxy.port })
    await proxied.begin({})
    await proxy.set({ kind: 'stall', direction: 'toClient' })
    const committing = failure(proxied.commit())
    await sleep(20)
    await proxy.set({ kind: 'reset' })
    expect((await committing).retry).toBe('unknown-outcome')
  })

  it('in a stream is told by the fetch, or while nobody fetches by its event', async () => {
    const text = compiled(
      'SELECT n, pg_sleep(CASE WHEN n > 1 THEN 60 ELSE 0 END)::text FROM generate_series(1, 9) AS s(n)',
    )
    const fetching = await open(database.settings)
    const deaths = deathsOf(fetching)
    const stream = fetching.stream(text, [], 1)
    await stream.fetch()
    const lost = failure(stream.fetch())
    await sleep(20)
    await server.terminate(pidOf(fetching))
    expect((await lost).fatal).toBe(true)
    await stream.close()
    expect(deaths).toEqual([])
    const waiting = await open(database.settings)
    const told = deathsOf(waiting)
    const open1 = waiting.stream(text, [], 1)
    await open1.fetch()
    await server.terminate(pidOf(waiting))
    await sleep(20)
    expect(told).toHaveLength(1)
    expect((await failure(open1.fetch())).fatal).toBe(true)
  })

  it('in the same breath as an answer does not take the answer away', async () => {
    await using proxy = await FaultProxy.start({ target: database.settings })
    const connection = await open({ ...database.settings, port: proxy.port })
    const deaths = deathsOf(connection)
    for (const _ of [1, 2]) await valueOf(connection, 'SELECT 1')
    await proxy.set({ kind: 'stall', direction: 'toClient' })
    const order: string[] = []
    connection.onDeath = (error) => {
      deaths.push(error)
      order.push('death')
    }
    const answered = valueOf(connection, 'SELECT 1').then((value) => order.push(`answer ${String(value)}`))
    await sleep(20)
    await server.terminate(pidOf(connection))
    await proxy.set({ kind: 'pass' })
    await answered
    await sleep(20)
    expect(order).toEqual(['answer 1', 'death'])
    // Nothing of this one is sent.
    const refused = await failure(execute(connection, 'DELETE FROM pg_class'))
    expect([refused.fatal, refused.retry]).toEqual([true, 'connect'])
    expect(deaths).toHaveLength(1)
  })

  it('rejects all that was sent together', async () => {
    const connection = await open(database.settings)
    const deaths = deathsOf(connection)
    const calls = ['SELECT pg_sleep(60)', 'SELECT 1', 'SELECT 2'].map((text) =>
      failure(execute(connection, text)),
    )
    await sleep(20)
    await server.terminate(pidOf(connection))
    for (const error of await Promise.all(calls)) expect(error.fatal).toBe(true)
    expect(deaths).toEqual([])
  })

  it('is found by networkTimeout when the peer is silent, but not while nothing is asked', async () => {
    await using proxy = await FaultProxy.start({ target: database.settings })
    const connection = await open({ ...database.settings, port: proxy.port }, { networkTimeout: 150 })
    const deaths = deathsOf(connection)
    await sleep(400)
    expect(await valueOf(connection, 'SELECT 1')).toBe(1)
    await proxy.set({ kind: 'stall' })
    const error = await failure(execute(connection, 'SELECT 1'))
    expect([error.fatal, error.reason]).toEqual([true, 'connection-lost'])
    expect(deaths).toEqual([])
  })

  it('closes in time although the peer never answers the goodbye', async () => {
    await using proxy = await FaultProxy.start({ target: database.settings })
    const connection = await open({ ...database.settings, port: proxy.port })
    await proxy.set({ kind: 'stall' })
    await connection.close()
    await connection.close()
  })

  it('closes with nothing left on the server', async () => {
    const connections = await Promise.all(Array.from({ length: 5 }, () => open(database.settings)))
    expect(await database.sessions()).not.toHaveLength(0)
    await Promise.all(connections.map((connection) => connection.close()))
    const pids = new Set(connections.map(pidOf))
    expect((await database.sessions()).filter(({ pid }) => pids.has(pid))).toEqual([])
  })

  it('before it has begun leaves nothing: a peer that is silent, at any point of the start', async () => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => sockets.push(socket.resume())).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    for (const tls of ['disable', 'require']) {
      const error = await failure(open({ ...database.settings, port, tls }, { deadline: deadline(50) }))
      expect(error.sqlState).toBe('HYT00')
    }
    while (sockets.some((socket) => !socket.destroyed)) await sleep(2)
    silent.close()
    for (const after of [1, 9, 60, 300, 420]) {
      await using proxy = await FaultProxy.start({ target: database.settings })
      await proxy.set({ kind: 'cut', after, direction: 'toClient', how: 'end' })
      const cut = failure(open({ ...database.settings, port: proxy.port }, { deadline: deadline(2_000) }))
      expect((await cut).sqlState).toMatch(/^08/)
      while (proxy.open.length > 0) await sleep(2)
    }
  })

  it('with a peer that does not speak the protocol is an error like any other', async () => {
    for (const answer of [
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      '\0\0\0\0\0\0\0\0\0\0\0\0',
      'R\0\0\0\x08\0\0\0\x63',
      'E\0\0\0\x05\0',
    ]) {
      const strange = createServer((socket) => void socket.on('error', () => {}).end(answer)).listen(
        0,
        '127.0.0.1',
      )
      await once(strange, 'listening')
      const { port } = strange.address() as AddressInfo
      const error = await failure(open({ ...database.settings, port }, { deadline: deadline(2_000) }))
      expect(error.sqlState).toMatch(/^08|^HY/)
      strange.close()
    }
  })
})
