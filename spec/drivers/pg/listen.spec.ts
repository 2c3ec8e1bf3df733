import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { PgSession, type PgNotifications } from '../../../drivers/pg/index.ts'
import { createDataSource, type Connection, type PooledDataSource } from '../../../src/index.ts'
import type { PostgresDatabase } from '../../support/postgres-database.ts'
import { describePostgres } from '../../support/postgres.ts'
import { failure } from './support.ts'

await describePostgres('notifications of PostgreSQL', (server) => {
  let database: PostgresDatabase
  let raw: Client
  let source: PooledDataSource
  beforeAll(async () => {
    database = await server.database()
    raw = await database.connect()
  })
  afterAll(() => raw.end())

  beforeEach(() => {
    source = createDataSource({ ...database.settings, driver: 'pg', maximumPoolSize: 1 })
  })
  /** Whatever was done, nothing is left: neither a session nor a borrowed connection. */
  afterEach(async () => {
    expect(source.statistics().inUse).toBe(0)
    await source.close()
    // One that was being reset was cut off: the server notices in a moment.
    while ((await database.sessions()).length > 1) await sleep(2)
  })

  const notify = (channel: string, payload = ''): Promise<unknown> =>
    raw.query('SELECT pg_notify($1, $2)', [channel, payload])

  /** Its first notification is asked for, and the server has heard the LISTEN. */
  async function listening(
    connection: Connection,
    channels: string | readonly string[] = 'jobs',
    options?: Parameters<PgSession['listen']>[1],
  ): Promise<{ notifications: PgNotifications; first: ReturnType<PgNotifications['next']> }> {
    const notifications = connection.unwrap(PgSession).listen(channels, options)
    const first = notifications.next()
    first.catch(() => {})
    await connection.query('SELECT 1')
    return { notifications, first }
  }

  async function channelsOf(connection: Connection): Promise<unknown[]> {
    const { rows } = await connection.query<{ name: string }>('SELECT pg_listening_channels() AS name')
    return rows.map(({ name }) => name).toSorted()
  }

  async function pidOf(connection: Connection): Promise<number> {
    const { rows } = await connection.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    return rows[0]!.pid
  }

  it('come by a loop, from several channels of any name, while statements go on', async () => {
    await source.withConnection(async (connection) => {
      const odd = `ODD "name", it's`
      const { notifications, first } = await listening(connection, ['jobs', odd])
      expect(await channelsOf(connection)).toEqual([odd, 'jobs'])
      await notify('jobs', 'payload')
      const { rows } = await raw.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      expect(await first).toEqual({
        done: false,
        value: { channel: 'jobs', payload: 'payload', processId: rows[0]!.pid },
      })
      // Also in the middle of a statement, and between two reads.
      const slow = connection.query('SELECT pg_sleep(0.1)')
      await notify('other')
      for (let n = 0; n < 100; n++) await notify(n % 2 === 0 ? 'jobs' : odd, String(n))
      await slow
      const read: string[] = []
      for await (const { channel, payload } of notifications) {
        expect(channel).toBe(read.length % 2 === 0 ? 'jobs' : odd)
        read.push(payload)
        if (read.length === 100) break
      }
      expect(read).toEqual(Array.from({ length: 100 }, (_, n) => String(n)))
      expect(await channelsOf(connection)).toEqual([])
      expect(await notifications.next()).toEqual({ done: true, value: undefined })
    })
  })

  it('are asked for at the first next(), and not at all when it never comes', async () => {
    await source.withConnection(async (connection) => {
      const notifications = connection.unwrap(PgSession).listen('jobs')
      expect(await channelsOf(connection)).toEqual([])
      await notifications.return()
      expect(await notifications.next()).toEqual({ done: true, value: undefined })
      expect(await channelsOf(connection)).toEqual([])
    })
  })

  it('of one channel go to all who listen; the last to leave sends UNLISTEN', async () => {
    await source.withConnection(async (connection) => {
      const one = await listening(connection, ['jobs', 'news'])
      const other = await listening(connection, 'jobs')
      await notify('jobs')
      expect([(await one.first).done, (await other.first).done]).toEqual([false, false])
      await one.notifications.return()
      expect(await channelsOf(connection)).toEqual(['jobs'])
      await other.notifications[Symbol.asyncDispose]()
      expect(await channelsOf(connection)).toEqual([])
    })
  })

  it('answer as many reads as were asked for at once', async () => {
    await source.withConnection(async (connection) => {
      const { notifications, first } = await listening(connection)
      const others = [notifications.next(), notifications.next()]
      for (const payload of 'abc') await notify('jobs', payload)
      const read = await Promise.all([first, ...others])
      expect(read.map(({ value }) => (value as { payload: string }).payload).join('')).toBe('abc')
      const waiting = notifications.next()
      await notifications.return()
      expect(await waiting).toEqual({ done: true, value: undefined })
    })
  })

  it('end with 57014 by the signal, before and while they are awaited', async () => {
    await source.withConnection(async (connection) => {
      const aborting = new AbortController()
      const { notifications, first } = await listening(connection, 'jobs', { signal: aborting.signal })
      const reason = new Error('enough')
      aborting.abort(reason)
      const error = await failure(first)
      expect([error.sqlState, error.reason, error.cause]).toEqual(['57014', 'cancelled', reason])
      expect((await failure(notifications.next())).sqlState).toBe('57014')
      expect(await channelsOf(connection)).toEqual([])
      const late = connection.unwrap(PgSession).listen('jobs', { signal: aborting.signal })
      expect((await failure(late.next())).sqlState).toBe('57014')
      const slow = connection.query('SELECT pg_sleep(0.1)')
      const waiting = new AbortController()
      const queued = failure(connection.unwrap(PgSession).listen('jobs', { signal: waiting.signal }).next())
      await sleep(10)
      waiting.abort()
      expect((await queued).sqlState).toBe('57014')
      await slow
      expect(await channelsOf(connection)).toEqual([])
    })
  })

  it('end with 08003 when the handle is closed, also those that were not read yet', async () => {
    const connection = await source.getConnection()
    const session = connection.unwrap(PgSession)
    const { notifications, first } = await listening(connection)
    await notify('jobs')
    await first
    await notify('jobs', 'not read')
    await connection.query('SELECT 1')
    const closing = connection.close()
    expect((await failure(notifications.next())).sqlState).toBe('08003')
    await closing
    const idle = await source.getConnection()
    const { notifications: pending, first: awaited } = await listening(idle)
    await idle.close()
    expect((await failure(awaited)).sqlState).toBe('08003')
    await pending.return()
    // The session serves another one now, who listens to nothing and hears nothing.
    await source.withConnection(async (next) => {
      expect(await channelsOf(next)).toEqual([])
      for (const stale of [session.listen('jobs'), notifications, pending]) {
        expect(
          await stale.next().then(
            ({ done }) => done,
            ({ sqlState }) => sqlState,
          ),
        ).toBe('08003')
      }
      expect(await channelsOf(next)).toEqual([])
    })
  })

  it('end with the loss of the session while nothing happens on it, after those that had come', async () => {
    const events: string[] = []
    source.addConnectionEventListener({ connectionErrorOccurred: () => void events.push('event') })
    const connection = await source.getConnection()
    const { notifications, first } = await listening(connection)
    const pid = await pidOf(connection)
    for (const payload of 'ab') await notify('jobs', payload)
    await first
    await sleep(20)
    await server.terminate(pid)
    while (events.length === 0) await sleep(2)
    expect((await notifications.next()).value).toMatchObject({ payload: 'b' })
    const error = await failure(notifications.next())
    expect([error.sqlState, error.reason, error.fatal]).toEqual(['57P01', 'connection-lost', true])
    await notifications.return()
    await connection.close()

    const again = await source.getConnection()
    const lost = await listening(again)
    lost.first.catch(() => events.push('rejected'))
    await server.terminate(await pidOf(again))
    expect((await failure(lost.first)).fatal).toBe(true)
    expect(events).toEqual(['event', 'event', 'rejected'])
    expect(() => again.unwrap(PgSession)).toThrow(expect.objectContaining({ sqlState: '08003' }))
    await again.close()
  })

  it('beyond maxWaiting end the loop: none is lost in silence', async () => {
    await source.withConnection(async (connection) => {
      const { notifications, first } = await listening(connection, 'jobs', { maxWaiting: 3 })
      for (const payload of 'abcdefg') await notify('jobs', payload)
      await first
      await connection.query('SELECT 1')
      const read: string[] = []
      const loop = (async () => {
        for await (const { payload } of notifications) read.push(payload)
      })()
      const error = await failure(loop)
      expect([read, error.sqlState, error.reason]).toEqual([['b', 'c', 'd'], '54000', 'limit'])
      expect(await channelsOf(connection)).toEqual([])
    })
  })

  it('are not asked for within a transaction, whose end would decide about them', async () => {
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(PgSession)
      await connection.transaction(async (transaction) => {
        expect((await failure(session.listen('jobs').next())).sqlState).toBe('25001')
        expect((await failure(transaction.unwrap(PgSession).listen('jobs').next())).sqlState).toBe('25001')
        expect((await transaction.query('SELECT 1 AS a')).rows).toEqual([{ a: 1 }])
      })
      await connection.setAutoCommit(false)
      // Nothing was begun yet.
      const { notifications, first } = await listening(connection)
      expect((await failure(session.listen('other').next())).sqlState).toBe('25001')
      await notify('jobs')
      await connection.commit()
      expect((await first).done).toBe(false)
      // What began meanwhile is not disturbed by the end of the loop, and is still heard by nobody.
      await connection.query('SELECT 1 AS a')
      await notifications.return()
      expect(await channelsOf(connection)).toEqual(['jobs'])
      await connection.rollback()
      await connection.setAutoCommit(true)
    })
    await source.withConnection(async (next) => expect(await channelsOf(next)).toEqual([]))
  })

  it('can be left while rows are streamed', async () => {
    await source.withConnection(async (connection) => {
      const { notifications } = await listening(connection)
      const rows = connection.stream('SELECT * FROM generate_series(1, 5) AS n', [], { fetchSize: 1 })
      await rows.next()
      await notifications.return()
      expect((await failure(connection.unwrap(PgSession).listen('jobs').next())).sqlState).toBe('HY010')
      let rest = 0
      for await (const _ of rows) rest++
      expect(rest).toBe(4)
    })
    await source.withConnection(async (next) => expect(await channelsOf(next)).toEqual([]))
  })

  it('of channels that cannot be heard are refused', async () => {
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(PgSession)
      const longest = 'ä'.repeat(31) + 'x'
      for (const wrong of ['', 'a\0b', '\ud800', `${longest}y`, [], [7], undefined]) {
        const error = await failure(session.listen(wrong as string).next())
        expect([error.sqlState, error.reason], String(wrong)).toEqual(['HY024', 'parameter'])
      }
      expect((await failure(session.listen('jobs', { maxWaiting: 0 }).next())).sqlState).toBe('HY024')
      const { first } = await listening(connection, longest)
      await notify(longest, 'x')
      expect((await first).value).toMatchObject({ channel: longest })
    })
  })
})
