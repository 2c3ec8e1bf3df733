import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { MssqlConnection } from '../../../drivers/mssql/mssql-connection.ts'
import type { SQLException } from '../../../src/api/sql-exception.ts'
import { CallDeadline } from '../../../src/session/call-deadline.ts'
import { systemClock } from '../../../src/session/system-clock.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { describeMssql } from '../../support/mssql.ts'
import type { MssqlSettings } from '../../support/tds-server/database.ts'
import { compiled, execute, failure, open, spidOf, tlsOf, valueOf } from './support.ts'

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
function deathsOf(connection: MssqlConnection): SQLException[] {
  const deaths: SQLException[] = []
  connection.onDeath = (error) => void deaths.push(error)
  return deaths
}

const forever = `WAITFOR DELAY '00:01:00'`
const many = `SELECT value, REPLICATE(N'x', 1000) AS x FROM GENERATE_SERIES(1, 300000)`

await describeMssql('the death of a session with SQL Server', (server) => {
  let settings: MssqlSettings & { readonly tls: string }
  beforeAll(async () => {
    settings = { ...(await server.database()), ...tlsOf(server) }
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE victim (n INT)')
    await execute(connection, 'INSERT INTO victim VALUES (1)')
  })
  const untilActive = async (connection: MssqlConnection): Promise<void> => {
    const isActive = async (): Promise<boolean> =>
      (await server.sessions(settings.database)).some(
        ({ spid, isActive: active }) => spid === spidOf(connection) && active,
      )
    while (!(await isActive())) await sleep(2)
  }

  it('while idle is told once', async () => {
    const connection = await open(settings)
    const deaths = deathsOf(connection)
    await server.kill(spidOf(connection))
    await sleep(20)
    expect(deaths.map(({ sqlState, fatal, retry }) => [sqlState, fatal, retry])).toEqual([
      ['08006', true, 'connect'],
    ])
    const refused = await failure(execute(connection, 'DELETE FROM victim'))
    expect([refused.fatal, refused.retry]).toEqual([true, 'connect'])
    await connection.close()
  })

  it.each([
    [forever, 'unknown-outcome'],
    ['SELECT n FROM victim WITH (UPDLOCK)', 'connect'],
  ])('during %s says what may be done again', async (text, retry) => {
    const [connection, holder] = await Promise.all([open(settings), open(settings)])
    const deaths = deathsOf(connection)
    await holder.begin({})
    await execute(holder, 'UPDATE victim SET n = n')
    const lost = failure(execute(connection, text))
    await untilActive(connection)
    await server.kill(spidOf(connection))
    const error = await lost
    expect([error.fatal, error.reason, error.retry]).toEqual([true, 'connection-lost', retry])
    expect(deaths).toEqual([])
    await holder.rollback()
  })

  it('in a transaction leaves nothing of it, but for a commit, of which nobody knows', async () => {
    const connection = await open(settings)
    await connection.begin({})
    const lost = failure(execute(connection, forever))
    await untilActive(connection)
    await server.kill(spidOf(connection))
    expect((await lost).retry).toBe('transaction')
    await using proxy = await FaultProxy.start({ target: settings })
    const proxied = await open({ ...settings, port: proxy.port })
    await proxied.begin({})
    await proxy.set({ kind: 'stall', direction: 'toClient' })
    const committing = failure(proxied.commit())
    await sleep(20)
    await proxy.set({ kind: 'reset' })
    expect((await committing).retry).toBe('unknown-outcome')
  })

  it('in a stream is told by the fetch', async () => {
    const connection = await open(settings)
    const deaths = deathsOf(connection)
    const stream = connection.stream(compiled(many), [], 10)
    expect((await stream.fetch()).rows).toHaveLength(10)
    await server.kill(spidOf(connection))
    const lost = failure(
      (async () => {
        while (!(await stream.fetch()).done);
      })(),
    )
    expect((await lost).fatal).toBe(true)
    await failure(stream.fetch())
    await stream.close()
    await connection.close()
    expect(deaths).toEqual([])
  })

  it('in a stream that is left at that moment is no matter to whoever leaves it', async () => {
    const connection = await open(settings)
    const stream = connection.stream(compiled(many), [], 10)
    await stream.fetch()
    const killed = server.kill(spidOf(connection))
    const left = stream.close().catch((error: SQLException) => error)
    await killed
    const error = await left
    if (error !== undefined) expect(error.fatal).toBe(true)
    expect((await failure(execute(connection, 'SELECT 1'))).fatal).toBe(true)
  })

  it('by an error of severity 20 and above is told by it, and the connection is gone', async () => {
    const connection = await open(settings)
    const deaths = deathsOf(connection)
    const error = await failure(execute(connection, `RAISERROR('the end', 20, 1) WITH LOG`))
    expect(error).toMatchObject({
      fatal: true,
      reason: 'connection-lost',
      message: expect.stringContaining('the end') as string,
    })
    await connection.close()
    expect(deaths).toEqual([])
  })

  it('is found by networkTimeout when the peer is silent, but not while nothing is asked', async () => {
    await using proxy = await FaultProxy.start({ target: settings })
    const connection = await open({ ...settings, port: proxy.port }, { networkTimeout: 150 })
    const deaths = deathsOf(connection)
    await sleep(400)
    expect(await valueOf(connection, 'SELECT 1')).toBe(1)
    await proxy.set({ kind: 'stall' })
    const error = await failure(execute(connection, 'SELECT 1'))
    expect([error.fatal, error.reason]).toEqual([true, 'connection-lost'])
    expect(deaths).toEqual([])
  })

  it('closes in time although the peer never hangs up', async () => {
    await using proxy = await FaultProxy.start({ target: settings })
    const connection = await open({ ...settings, port: proxy.port })
    await proxy.set({ kind: 'stall' })
    await connection.close()
    await connection.close()
  })

  it('closes with nothing left on the server', async () => {
    const connections = await Promise.all(Array.from({ length: 5 }, () => open(settings)))
    const spids = new Set(connections.map(spidOf))
    await Promise.all(connections.map((connection) => connection.close()))
    while ((await server.sessions(settings.database)).some(({ spid }) => spids.has(spid))) await sleep(2)
  })

  it('before it has begun leaves nothing: a peer that is silent, at any point of the start', async () => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => sockets.push(socket.resume())).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    for (const tls of ['disable', 'require']) {
      const error = await failure(open({ ...settings, port, tls }, { deadline: deadline(50) }))
      expect(error.sqlState).toBe('HYT00')
    }
    while (sockets.some((socket) => !socket.destroyed)) await sleep(2)
    silent.close()
    for (const after of [1, 8, 30, 60, 200, 400, 700]) {
      await using proxy = await FaultProxy.start({ target: settings })
      await proxy.set({ kind: 'cut', after, direction: 'toClient', how: 'end' })
      const cut = failure(open({ ...settings, port: proxy.port }, { deadline: deadline(2_000) }))
      expect((await cut).sqlState, `after ${after}`).toMatch(/^08/)
      while (proxy.open.length > 0) await sleep(2)
    }
  })

  it('with a peer that does not speak the protocol is an error like any other', async () => {
    for (const answer of [
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      '\0\0\0\0\0\0\0\0\0\0\0\0',
      '\x04\x01\0\x08\0\0\0\0',
      '\x04\x01\0\x0c\0\0\0\0\x01\x02\x03\x04',
      'SSH-2.0-OpenSSH_9.2\r\n',
    ]) {
      const strange = createServer((socket) => void socket.on('error', () => {}).end(answer)).listen(
        0,
        '127.0.0.1',
      )
      await once(strange, 'listening')
      const { port } = strange.address() as AddressInfo
      const error = await failure(open({ ...settings, port }, { deadline: deadline(500) }))
      expect(error.sqlState).toMatch(/^08|^HY/)
      strange.close()
    }
  })
})
