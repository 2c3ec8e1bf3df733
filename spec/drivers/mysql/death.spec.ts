import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { MySqlConnection } from '../../../drivers/mysql/mysql-connection.ts'
import type { SQLException } from '../../../src/api/sql-exception.ts'
import { CallDeadline } from '../../../src/session/call-deadline.ts'
import { systemClock } from '../../../src/session/system-clock.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import type { MariaDbDatabase } from '../../support/mariadb-database.ts'
import { describeMariaDb } from '../../support/mariadb.ts'
import { compiled, execute, failure, open, threadOf, valueOf } from './support.ts'

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
function deathsOf(connection: MySqlConnection): SQLException[] {
  const deaths: SQLException[] = []
  connection.onDeath = (error) => void deaths.push(error)
  return deaths
}

await describeMariaDb('the death of a session with MariaDB', (server) => {
  let database: MariaDbDatabase
  beforeAll(async () => {
    database = await server.database()
    const raw = await database.connect()
    await raw.query('CREATE TABLE victim (n INT)')
    await raw.query('INSERT INTO victim VALUES (1)')
    await raw.end()
  })
  const running = async (id: number, part: string): Promise<void> => {
    const isRunning = async (): Promise<boolean> =>
      (await database.sessions()).some((session) => session.id === id && session.query?.includes(part))
    while (!(await isRunning())) await sleep(2)
  }

  it('while idle is told once', async () => {
    const connection = await open(database.settings)
    const deaths = deathsOf(connection)
    await server.terminate(threadOf(connection))
    await sleep(20)
    expect(deaths.map(({ sqlState, fatal, retry }) => [sqlState, fatal, retry])).toEqual([
      ['08006', true, 'connect'],
    ])
    expect((await failure(execute(connection, 'SELECT 1'))).fatal).toBe(true)
    await connection.close()
  })

  it.each([
    ['SELECT SLEEP(60)', 'unknown-outcome'],
    ['DELETE FROM victim WHERE SLEEP(60) = 0', 'unknown-outcome'],
    ['SELECT COUNT(*) FROM seq_1_to_1000000 AS a, seq_1_to_1000000 AS b WHERE a.seq + b.seq < 0', 'connect'],
    ['SELECT a.seq FROM seq_1_to_1000000 AS a, seq_1_to_1000000 AS b WHERE a.seq + b.seq < 0', 'connect'],
  ])('during %s says what may be done again', async (text, retry) => {
    const connection = await open(database.settings)
    const deaths = deathsOf(connection)
    const lost = failure(execute(connection, text))
    await running(threadOf(connection), text)
    await server.terminate(threadOf(connection))
    const error = await lost
    expect([error.fatal, error.reason, error.retry]).toEqual([true, 'connection-lost', retry])
    expect(deaths).toEqual([])
  })

  it('in a transaction leaves nothing of it, but for a commit, of which nobody knows', async () => {
    const connection = await open(database.settings)
    await connection.begin({})
    const lost = failure(execute(connection, 'SELECT SLEEP(60)'))
    await running(threadOf(connection), 'SLEEP')
    await server.terminate(threadOf(connection))
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

  it('in a stream is told by the fetch', async () => {
    const text = compiled('SELECT seq, IF(seq > 1, SLEEP(60), 0) FROM seq_1_to_9')
    const fetching = await open(database.settings)
    const deaths = deathsOf(fetching)
    const stream = fetching.stream(text, [], 1)
    const lost = failure(
      (async () => {
        while (!(await stream.fetch()).done);
      })(),
    )
    await running(threadOf(fetching), 'SLEEP')
    await server.terminate(threadOf(fetching))
    expect((await lost).fatal).toBe(true)
    await failure(stream.fetch())
    await stream.close()
    expect(deaths).toEqual([])
  })

  it('in a stream that nobody reads is told by the next fetch: until then the socket is not read', async () => {
    const connection = await open(database.settings)
    const deaths = deathsOf(connection)
    const stream = connection.stream(
      compiled("SELECT seq, REPEAT('x', 1000) FROM seq_1_to_100000000"),
      [],
      10,
    )
    expect((await stream.fetch()).rows).toHaveLength(10)
    await server.terminate(threadOf(connection))
    const lost = failure(
      (async () => {
        while (!(await stream.fetch()).done);
      })(),
    )
    expect((await lost).fatal).toBe(true)
    await connection.close()
    // A reset that falls between two fetches is a death that nobody waited for.
    expect(deaths.length).toBeLessThanOrEqual(1)
  })

  it('in a stream that is left at that moment is no matter to whoever leaves it', async () => {
    const connection = await open(database.settings)
    const stream = connection.stream(
      compiled("SELECT seq, REPEAT('x', 1000) FROM seq_1_to_100000000"),
      [],
      10,
    )
    await stream.fetch()
    const killed = server.terminate(threadOf(connection))
    const left = stream.close().catch((error: SQLException) => error)
    await killed
    const error = await left
    if (error !== undefined) expect(error.fatal).toBe(true)
    expect((await failure(execute(connection, 'SELECT 1'))).fatal).toBe(true)
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
    await server.terminate(threadOf(connection))
    await proxy.set({ kind: 'pass' })
    await answered
    await sleep(20)
    expect(order).toEqual(['answer 1', 'death'])
    // Nothing of this one is sent.
    const refused = await failure(execute(connection, 'DELETE FROM victim'))
    expect([refused.fatal, refused.retry]).toEqual([true, 'connect'])
    expect(deaths).toHaveLength(1)
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
    const ids = new Set(connections.map(threadOf))
    expect((await database.sessions()).filter(({ id }) => ids.has(id))).toEqual([])
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
    for (const after of [1, 5, 60, 120, 150, 300]) {
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
      '\x01\0\0\0\xff',
      '\x07\0\0\0\x0a5.5.5\0',
      '\x05\0\0\0\x0aabc\0',
      'SSH-2.0-OpenSSH_9.2\r\n',
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
