import { once } from 'node:events'
import { Readable } from 'node:stream'
import { buffer, text as textOf } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import type { Client } from 'pg'
import { PgSession } from '../../../drivers/pg/index.ts'
import {
  createDataSource,
  type Connection,
  type PooledDataSource,
  type SQLException,
} from '../../../src/index.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import type { PostgresDatabase } from '../../support/postgres-database.ts'
import { describePgBouncer, describePostgres } from '../../support/postgres.ts'
import { failure } from './support.ts'

const intoTown = 'COPY town (id, name) FROM STDIN'
const fromTown = 'COPY town (id, name) TO STDOUT'
/** So much that it fits into no buffer on the way. */
const endless = `COPY (SELECT generate_series(1, 10000000), repeat('x', 1000)) TO STDOUT`

await describePostgres('COPY', (server) => {
  let database: PostgresDatabase
  let raw: Client
  let source: PooledDataSource
  beforeAll(async () => {
    database = await server.database()
    raw = await database.connect()
    await raw.query('CREATE TABLE town (id int PRIMARY KEY, name text NOT NULL)')
  })
  afterAll(() => raw.end())

  const uncaught: unknown[] = []
  const note = (error: unknown): void => void uncaught.push(error)
  beforeEach(async () => {
    process.on('uncaughtExceptionMonitor', note)
    process.on('unhandledRejection', note)
    await raw.query('TRUNCATE town')
    source = createDataSource({ ...database.settings, driver: 'pg', maximumPoolSize: 1 })
  })
  /** Whatever was done, nothing is left: neither a borrowed connection nor a session. */
  afterEach(async () => {
    expect(source.statistics().inUse).toBe(0)
    await source.close()
    // One that was being reset was cut off: the server notices in a moment.
    while ((await database.sessions()).length > 1) await sleep(2)
    process.off('uncaughtExceptionMonitor', note)
    process.off('unhandledRejection', note)
    expect(uncaught.splice(0)).toEqual([])
  })

  const lines = (count: number, from = 1): string =>
    Array.from({ length: count }, (_, n) => `${n + from}\ttown ${n + from}\n`).join('')

  async function towns(): Promise<number> {
    const { rows } = await raw.query<{ n: number }>('SELECT count(*)::int AS n FROM town')
    return rows[0]!.n
  }

  async function works(connection: Connection): Promise<void> {
    expect((await connection.query('SELECT ? AS a', [7])).rows).toEqual([{ a: 7 }])
  }

  async function pidOf(connection: Connection): Promise<number> {
    const { rows } = await connection.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    return rows[0]!.pid
  }

  /** Until the server does what is expected of the session. */
  async function sessionIs(
    test: (session: { state: string | null; query: string }) => boolean,
  ): Promise<void> {
    for (;;) {
      const session = (await database.sessions()).find(
        ({ applicationName }) => applicationName === 'wellhead',
      )
      if (session !== undefined && test(session)) return
      await sleep(2)
    }
  }
  const copying = ({ state, query }: { state: string | null; query: string }): boolean =>
    state === 'active' && query.startsWith('COPY')

  /** Some rows, then nothing more; `left` when nobody wants them any more. */
  function stuckSource(): { source: Readable; left: Promise<unknown> } {
    const stuck = new Readable({ read() {} })
    stuck.push(lines(10))
    return { source: stuck, left: once(stuck, 'close') }
  }

  it('takes chunks cut anywhere from any iterable, and tells how many rows there were', async () => {
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(PgSession)
      const data = lines(1_000)
      const bytes = Buffer.from(data)
      async function* cut(): AsyncGenerator<string | Uint8Array> {
        for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7)
      }
      expect(await session.copyFrom(intoTown, cut())).toBe(1_000)
      expect(await session.copyFrom(intoTown, Readable.from([lines(10, 2_001)]))).toBe(10)
      expect(await session.copyFrom(intoTown, [lines(5, 3_001), lines(5, 4_001)])).toBe(10)
      expect(await session.copyFrom(intoTown, [])).toBe(0)
      expect(await session.copyFrom(`${intoTown} (FORMAT csv, DELIMITER ';')`, [`5001;"Zürich; 😀"`])).toBe(1)
      expect(await towns()).toBe(1_021)
      const { rows } = await connection.query('SELECT name FROM town WHERE id = 5001')
      expect(rows).toEqual([{ name: 'Zürich; 😀' }])
    })
  })

  it('gives what it took, as text and in binary', async () => {
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(PgSession)
      const data = lines(50_000)
      await session.copyFrom(intoTown, [data])
      expect(await textOf(session.copyTo(`COPY (SELECT id, name FROM town ORDER BY id) TO STDOUT`))).toBe(
        data,
      )
      const binary = await buffer(session.copyTo(`${fromTown} (FORMAT binary)`))
      await raw.query('TRUNCATE town')
      expect(await session.copyFrom(`${intoTown} (FORMAT binary)`, [binary])).toBe(50_000)
      expect(await textOf(Readable.from(session.copyTo(`COPY (SELECT 1 WHERE false) TO STDOUT`)))).toBe('')
      await works(connection)
    })
  })

  it('waits on both sides: neither the source nor the server runs ahead', async () => {
    await using proxy = await FaultProxy.start({ target: database.settings })
    await using slow = createDataSource({ ...database.settings, port: proxy.port, driver: 'pg' })
    await slow.withConnection(async (connection) => {
      const session = connection.unwrap(PgSession)
      await proxy.set({ kind: 'stall', direction: 'toServer' })
      const wide = Array.from({ length: 100 }, (_, n) => `#${n + 100}\t${'x'.repeat(10_000)}\n`).join('')
      let given = 0
      async function* big(): AsyncGenerator<string> {
        for (; given < 200; given++) yield wide.replaceAll('#', String(given))
      }
      const copied = session.copyFrom(intoTown, big())
      await sleep(50)
      // The server has not even heard of it.
      expect(given).toBe(0)
      await proxy.set({ kind: 'pass' })
      await vi.waitFor(() => expect(given).toBeGreaterThan(0))
      await proxy.set({ kind: 'stall', direction: 'toServer' })
      let before = -1
      while (before !== given) {
        before = given
        await sleep(100)
      }
      expect(given).toBeLessThan(200)
      await proxy.set({ kind: 'pass' })
      expect(await copied).toBe(20_000)

      const reading = session.copyTo(endless)
      await reading.next()
      let sent = -1
      while (sent !== proxy.counts().toClient.bytes) {
        sent = proxy.counts().toClient.bytes
        await sleep(100)
      }
      expect(sent).toBeLessThan(200e6)
      await reading.return()
      await works(connection)
    })
  })

  it('keeps other statements away while it runs', async () => {
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(PgSession)
      async function* reading(): AsyncGenerator<string> {
        yield lines(1)
        expect((await failure(connection.query('SELECT 1'))).sqlState).toBe('HY010')
        expect((await failure(session.copyTo(fromTown).next())).sqlState).toBe('HY010')
        expect((await failure(session.copyFrom(intoTown, []))).sqlState).toBe('HY010')
        expect(await connection.isValid()).toBe(true)
      }
      expect(await session.copyFrom(intoTown, reading())).toBe(1)
      const chunks = session.copyTo(endless)
      await chunks.next()
      expect((await failure(connection.query('SELECT 1'))).sqlState).toBe('HY010')
      await chunks.return()
      await works(connection)
      // What was called before comes before.
      const [slow, copied] = await Promise.all([
        connection.query('SELECT pg_sleep(0.05), count(*)::int AS n FROM town'),
        session.copyFrom(intoTown, [lines(1, 2)]),
      ])
      expect([slow.rows[0], copied]).toEqual([expect.objectContaining({ n: 1 }), 1])
    })
  })

  it('is undone when its source fails, and the failure is told as it is', async () => {
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(PgSession)
      const fault = new Error('disk\0full')
      let left = false
      async function* failing(): AsyncGenerator<string> {
        try {
          yield lines(100_000)
          throw fault
        } finally {
          left = true
        }
      }
      await expect(session.copyFrom(intoTown, failing())).rejects.toBe(fault)
      expect(left).toBe(true)
      const readable = new Readable({
        read() {
          this.destroy(fault)
        },
      })
      await expect(session.copyFrom(intoTown, readable)).rejects.toBe(fault)
      for (const [chunk, state] of [
        [7, 'HY009'],
        [null, 'HY009'],
        ['\ud83d', '22021'],
      ] as const) {
        const error = await failure(session.copyFrom(intoTown, [lines(1), chunk as string]))
        expect(error.sqlState).toBe(state)
      }
      await expect(session.copyFrom(intoTown, 7 as never)).rejects.toThrow(/not.*iterable/)
      expect(await towns()).toBe(0)
      await works(connection)
    })
  })

  it('rejects with what the server says, and leaves the source', async () => {
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(PgSession)
      await session.copyFrom(intoTown, [lines(1)])
      const wrong = [
        ['x\tname\n', '22P02', 'data'],
        [lines(1), '23505', 'unique'],
        ['2\t\\N\n', '23502', 'not-null'],
        ['2\tname\tmore\n', '22P04', 'data'],
      ] as const
      for (const [data, state, reason] of wrong) {
        // Much comes behind it.
        let left = false
        async function* rows(): AsyncGenerator<string> {
          try {
            yield data
            for (let n = 0; n < 200; n++) yield lines(10_000, 10 + n * 10_000)
          } finally {
            left = true
          }
        }
        const error = await failure(session.copyFrom(intoTown, rows()))
        expect([error.sqlState, error.reason, error.fatal]).toEqual([state, reason, false])
        expect(error.message).not.toContain('town 1')
        await vi.waitFor(() => expect(left).toBe(true))
        await works(connection)
      }
      const { source: stuck, left } = stuckSource()
      stuck.push('x\n')
      stuck.push(lines(10_000, 100))
      expect((await failure(session.copyFrom(intoTown, stuck))).sqlState).toMatch(/^22/)
      await left
      const missing = stuckSource()
      expect((await failure(session.copyFrom('COPY nowhere FROM STDIN', missing.source))).sqlState).toBe(
        '42P01',
      )
      await missing.left
      expect((await failure(session.copyTo('COPY nowhere TO STDOUT').next())).sqlState).toBe('42P01')
      const late = session.copyTo(
        'COPY (SELECT 1 / (500000 - n) FROM generate_series(1, 600000) s(n)) TO STDOUT',
      )
      const error = await failure(textOf(late))
      expect([error.sqlState, error.reason]).toEqual(['22012', 'data'])
      expect(await towns()).toBe(1)
      await works(connection)
    })
  })

  it('refuses every other text before it is sent', async () => {
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(PgSession)
      const wrong = [
        'SELECT 1',
        '',
        `COPY town FROM '/etc/passwd'`,
        `COPY town TO PROGRAM 'x'`,
        'COPY town TO STDIN',
        'COPY town FROM STDOUT',
        'COPY "FROM" (STDIN)',
        'COPY town -- FROM STDIN TO STDOUT',
        'COPY town /* FROM STDIN TO STDOUT */',
        'DROP TABLE town; COPY town FROM STDIN',
        'COPY town FROM STDIN; DROP TABLE town',
        'COPY town TO STDOUT; DROP TABLE town',
        'COPY town FROM STDIN \0',
        `COPY town FROM STDIN (NULL 'open`,
      ]
      for (const text of wrong) {
        const { source: readable, left } = stuckSource()
        expect((await failure(session.copyFrom(text, readable))).sqlState, text).toBe('42601')
        await left
        expect((await failure(session.copyTo(text).next())).sqlState, text).toBe('42601')
      }
      expect((await failure(session.copyFrom(fromTown, []))).sqlState).toBe('42601')
      expect((await failure(session.copyTo(intoTown).next())).sqlState).toBe('42601')
      expect((await failure(session.copyFrom(undefined as never, []))).sqlState).toBe('HY009')
      expect((await failure(session.copyFrom(intoTown, [], { timeout: 'soon' as never }))).sqlState).toBe(
        'HY024',
      )
      await works(connection)
      // And takes what only looks like it.
      const odd = `/* a; */ copy (SELECT ';', ' FROM STDIN ' FROM town) -- b
        To StdOut WITH (DELIMITER ';');; -- the end`
      expect(await textOf(session.copyTo(odd))).toBe('')
      expect(await towns()).toBe(0)
    })
  })

  it('obeys the transaction that it runs in', async () => {
    await source.withConnection(async (connection) => {
      const outer = connection.unwrap(PgSession)
      let escaped: PgSession | undefined
      const undone = connection.transaction(async (transaction) => {
        const session = (escaped = transaction.unwrap(PgSession))
        expect(await session.copyFrom(intoTown, [lines(3)])).toBe(3)
        expect(await textOf(session.copyTo(fromTown))).toBe(lines(3))
        expect((await failure(outer.copyFrom(intoTown, []))).sqlState).toBe('25001')
        expect(await towns()).toBe(0)
        throw new Error('undo')
      })
      await expect(undone).rejects.toThrow('undo')
      expect((await failure(escaped!.copyFrom(intoTown, [lines(1)]))).sqlState).toBe('25000')
      expect((await failure(escaped!.copyTo(fromTown).next())).sqlState).toBe('25000')
      expect(await towns()).toBe(0)
      await connection.transaction((transaction) =>
        transaction.unwrap(PgSession).copyFrom(intoTown, [lines(3)]),
      )
      expect(await towns()).toBe(3)

      await connection.setAutoCommit(false)
      expect(await outer.copyFrom(intoTown, [lines(3, 10)])).toBe(3)
      expect(await towns()).toBe(3)
      await connection.rollback()
      expect(await towns()).toBe(3)
      await connection.setAutoCommit(true)

      // One that the function did not wait for is part of its transaction, and is over before it ends.
      let copied: Promise<number> | undefined
      await connection.transaction(async (transaction) => {
        async function* slowly(): AsyncGenerator<string> {
          await sleep(20)
          yield lines(2, 20)
        }
        copied = transaction.unwrap(PgSession).copyFrom(intoTown, slowly())
      })
      expect([await copied, await towns()]).toEqual([2, 5])
      // One that was not read to its end is ended.
      let reading: AsyncIterator<Uint8Array> | undefined
      const left = connection.transaction(async (transaction) => {
        reading = transaction.unwrap(PgSession).copyTo(endless)
        await reading.next()
      })
      // PostgreSQL has no other way than to cancel it.
      expect((await failure(left)).sqlState).toBe('40000')
      expect((await failure(reading!.next())).sqlState).toBe('25000')
      await works(connection)
    })
  })

  it('is stopped on the server by its deadline and its signal, whatever it waits for', async () => {
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(PgSession)
      // For its source.
      const waiting = stuckSource()
      const late = await failure(session.copyFrom(intoTown, waiting.source, { timeout: 50 }))
      expect([late.sqlState, late.reason]).toEqual(['HYT00', 'timeout'])
      await waiting.left
      await sessionIs(({ state }) => state === 'idle')
      await works(connection)
      const aborting = new AbortController()
      const aborted = stuckSource()
      const cancelled = failure(session.copyFrom(intoTown, aborted.source, { signal: aborting.signal }))
      await sessionIs(copying)
      aborting.abort()
      expect((await cancelled).sqlState).toBe('57014')
      await aborted.left
      await works(connection)
      // For a lock: before the server has asked for data, and in the middle of much.
      await raw.query('BEGIN; LOCK TABLE town')
      const locked = stuckSource()
      const blocked = await failure(session.copyFrom(intoTown, locked.source, { timeout: 50 }))
      expect(blocked.sqlState).toBe('HYT00')
      await locked.left
      expect((await failure(session.copyTo(fromTown, { timeout: 50 }).next())).sqlState).toBe('HYT00')
      await raw.query(`ROLLBACK; BEGIN; INSERT INTO town VALUES (1, 'held')`)
      async function* much(): AsyncGenerator<string> {
        for (let n = 0; n < 1_000; n++) yield lines(10_000, 1 + n * 10_000)
      }
      expect((await failure(session.copyFrom(intoTown, much(), { timeout: 50 }))).sqlState).toBe('HYT00')
      await raw.query('ROLLBACK')
      await works(connection)
      // For a server that gives nothing.
      const silent = session.copyTo('COPY (SELECT pg_sleep(60)) TO STDOUT', { timeout: 50 })
      expect((await failure(silent.next())).sqlState).toBe('HYT00')
      await sessionIs(({ state }) => state === 'idle')
      expect(await towns()).toBe(0)
      await works(connection)
    })
  })

  it('is stopped on the server when its loop is left', async () => {
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(PgSession)
      for (let turn = 0; turn < 20; turn++) {
        for await (const chunk of session.copyTo(endless)) {
          expect(chunk.length).toBeGreaterThan(0)
          if (turn % 2 === 0) await sleep(1)
          break
        }
        await works(connection)
      }
      // At its very end there is nothing to stop.
      await session.copyFrom(intoTown, [lines(10)])
      for (let turn = 0; turn < 20; turn++) {
        for await (const _ of session.copyTo(fromTown)) break
        await works(connection)
      }
    })
  })

  it('ends with 08003 when the handle is closed in the middle, and the session serves the next one', async () => {
    const warnings: string[] = []
    const warned = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', warned)
    const connection = await source.getConnection()
    const session = connection.unwrap(PgSession)
    const pid = await pidOf(connection)
    const { source: stuck, left } = stuckSource()
    const copied = failure(session.copyFrom(intoTown, stuck))
    await sessionIs(copying)
    await connection.close()
    expect((await copied).sqlState).toBe('08003')
    await left
    await vi.waitFor(() => expect(warnings.join()).toContain(intoTown))
    process.off('warning', warned)

    const second = await source.getConnection()
    const chunks = second.unwrap(PgSession).copyTo(endless)
    await chunks.next()
    await second.close()
    expect((await failure(chunks.next())).sqlState).toBe('08003')
    await chunks.return()

    await source.withConnection(async (third) => {
      const unread = third.unwrap(PgSession).copyTo(fromTown)
      expect((await failure(session.copyFrom(intoTown, [lines(1)]))).sqlState).toBe('08003')
      expect((await failure(session.copyTo(fromTown).next())).sqlState).toBe('08003')
      expect(() => second.unwrap(PgSession)).toThrow(expect.objectContaining({ sqlState: '08003' }))
      expect((await unread.next()).done).toBe(true)
      expect(await pidOf(third)).toBe(pid)
    })
    expect(await towns()).toBe(0)
  })

  it('rejects when its session dies, in the middle of either way', async () => {
    const order: string[] = []
    source.addConnectionEventListener({ connectionErrorOccurred: () => void order.push('event') })
    const connection = await source.getConnection()
    const { source: stuck, left } = stuckSource()
    const pid = await pidOf(connection)
    const copied = failure(connection.unwrap(PgSession).copyFrom(intoTown, stuck))
    await sessionIs(copying)
    await server.terminate(pid)
    const error = await copied
    expect([error.fatal, error.reason, error.retry]).toEqual([true, 'connection-lost', 'unknown-outcome'])
    await left
    await connection.close()

    // While its reader waits, and while it does not.
    for (const text of ['COPY (SELECT pg_sleep(60)) TO STDOUT', endless]) {
      const again = await source.getConnection()
      const victim = await pidOf(again)
      const chunks = again.unwrap(PgSession).copyTo(text)
      const first = chunks.next()
      first.catch(() => {})
      if (text === endless) await first
      else await sessionIs(copying)
      await server.terminate(victim)
      const lost = await failure(
        (async () => {
          await first
          for await (const _ of chunks);
        })(),
      )
      // Between two reads nobody is told but the session.
      const told = lost.sqlState === '08003' ? (lost.cause as SQLException) : lost
      expect([told.fatal, told.reason]).toEqual([true, 'connection-lost'])
      await chunks.return()
      await again.close()
    }
    expect(order).toEqual(['event', 'event', 'event'])
    await source.withConnection(works)
  })

  it('rejects when the network goes, in the middle of either way', async () => {
    for (const direction of ['in', 'out']) {
      await using proxy = await FaultProxy.start({ target: database.settings })
      await using cut = createDataSource({ ...database.settings, port: proxy.port, driver: 'pg' })
      const connection = await cut.getConnection()
      const session = connection.unwrap(PgSession)
      const { source: stuck, left } = stuckSource()
      const chunks = session.copyTo(endless)
      if (direction === 'out') await chunks.next()
      const copied = direction === 'in' ? session.copyFrom(intoTown, stuck) : textOf(chunks)
      const failed = failure(copied)
      if (direction === 'in') await sessionIs(copying)
      await proxy.set({ kind: 'reset' })
      expect((await failed).fatal).toBe(true)
      if (direction === 'in') await left
      await connection.close()
    }
    // Until the server has noticed.
    while ((await database.sessions()).length > 1) await sleep(2)
  })

  it('waits for its source and its reader longer than networkTimeout', async () => {
    await using slow = createDataSource({ ...database.settings, driver: 'pg', networkTimeout: 300 })
    await slow.withConnection(async (connection) => {
      const session = connection.unwrap(PgSession)
      async function* slowly(): AsyncGenerator<string> {
        yield lines(1)
        await sleep(700)
        yield lines(1, 2)
      }
      expect(await session.copyFrom(intoTown, slowly())).toBe(2)
      const chunks = session.copyTo(endless)
      await chunks.next()
      await sleep(700)
      expect((await chunks.next()).done).toBe(false)
      await chunks.return()
      const rows = connection.stream('SELECT * FROM generate_series(1, 3)', [], { fetchSize: 1 })
      await rows.next()
      await sleep(700)
      await rows.next()
      await rows.return()
      await works(connection)
      // But not for the server.
      expect((await failure(session.copyTo('COPY (SELECT pg_sleep(2)) TO STDOUT').next())).fatal).toBe(true)
    })
    // It notices when it has slept.
    while ((await database.sessions()).length > 1) await sleep(10)
  })

  it('and notifications live on one connection: none is lost', async () => {
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(PgSession)
      const notifications = session.listen('jobs')
      const first = notifications.next()
      async function* notified(): AsyncGenerator<string> {
        await raw.query(`NOTIFY jobs, 'a'`)
        yield lines(1)
      }
      expect(await session.copyFrom(intoTown, notified())).toBe(1)
      expect((await first).value).toMatchObject({ payload: 'a' })
      expect((await failure(session.copyTo(fromTown).next())).sqlState).toBe('HY010')
      await connection.setAutoCommit(false)
      await connection.query('SELECT 1')
      for await (const _ of session.copyTo(fromTown)) await raw.query(`NOTIFY jobs, 'b'`)
      await connection.commit()
      expect((await notifications.next()).value).toMatchObject({ payload: 'b' })
      await notifications.return()
      await connection.setAutoCommit(true)
      expect(await textOf(session.copyTo(fromTown))).toBe(lines(1))
    })
  })
})

await describePgBouncer('COPY behind PgBouncer, in transaction mode', (start, server) => {
  it('goes both ways, and is stopped as without it', async () => {
    const database = await server.database()
    const raw = await database.connect()
    await raw.query('CREATE TABLE town (id int PRIMARY KEY, name text NOT NULL)')
    const bouncer = await start({ config: { pool_mode: 'transaction', default_pool_size: 1 } })
    await using source = createDataSource({
      ...bouncer.settings(database.name),
      driver: 'pg',
      pooler: 'transaction',
    })
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(PgSession)
      expect(await session.copyFrom(intoTown, ['1\ta\n'])).toBe(1)
      expect(await textOf(session.copyTo(fromTown))).toBe('1\ta\n')
      const stuck = new Readable({ read() {} })
      expect((await failure(session.copyFrom(intoTown, stuck, { timeout: 50 }))).sqlState).toBe('HYT00')
      for await (const _ of session.copyTo(endless)) break
      expect((await connection.query('SELECT count(*)::int AS n FROM town')).rows).toEqual([{ n: 1 }])
    })
    await raw.end()
  })
})
