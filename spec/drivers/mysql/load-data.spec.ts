import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection as RawConnection } from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { MySqlSession } from '../../../drivers/mysql/index.ts'
import { createDataSource, type Connection, type PooledDataSource } from '../../../src/index.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import type { MariaDbDatabase } from '../../support/mariadb-database.ts'
import type { MariaDbServer } from '../../support/mariadb-server.ts'
import { describeOwnMariaDb } from '../../support/mariadb.ts'
import { Meddler, okPacket, fileRequest } from './meddler.ts'
import { compiled, execute, failure, open, valueOf } from './support.ts'

const intoTown = `LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE town CHARACTER SET utf8mb4`
/** So many rows that they are not gathered any more, but sent. */
const many = 10_000
const tries = process.env['MODE'] === 'long' ? 1_000 : 60

await describeOwnMariaDb('LOAD DATA LOCAL', (start) => {
  let server: MariaDbServer
  let database: MariaDbDatabase
  let raw: RawConnection
  let source: PooledDataSource
  beforeAll(async () => {
    server = await start()
    database = await server.database()
    raw = await database.connect()
    await raw.query('CREATE TABLE town (id INT PRIMARY KEY, name VARCHAR(50) NOT NULL)')
    // It sees what is not committed.
    await raw.query('SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED')
  })
  afterAll(() => raw.end())

  const uncaught: unknown[] = []
  const note = (error: unknown): void => void uncaught.push(error)
  beforeEach(async () => {
    process.on('uncaughtExceptionMonitor', note)
    process.on('unhandledRejection', note)
    await raw.query('TRUNCATE town')
    source = createDataSource({ ...database.settings, driver: 'mysql', maximumPoolSize: 1 })
  })
  /** Whatever was done, nothing is left: neither a borrowed connection nor a session. */
  afterEach(async () => {
    expect(source.statistics().inUse).toBe(0)
    await source.close()
    while ((await server.sessions()).length > 1) await sleep(2)
    process.off('uncaughtExceptionMonitor', note)
    process.off('unhandledRejection', note)
    expect(uncaught.splice(0)).toEqual([])
  })

  const lines = (count: number, from = 1): string =>
    Array.from({ length: count }, (_, n) => `${n + from}\ttown ${n + from}\n`).join('')

  async function countedBy(query: (text: string) => Promise<unknown>): Promise<number> {
    const [row] = (await query(`SELECT COUNT(*) AS n FROM ${database.name}.town`)) as { n: string }[]
    return Number(row!.n)
  }

  /** What is committed. */
  async function towns(): Promise<number> {
    return await countedBy((text) => server.query(text))
  }

  /** Until the server has written so many, and waits for more. */
  async function writes(count: number): Promise<void> {
    while ((await countedBy(async (text) => (await raw.query(text))[0])) < count) await sleep(2)
  }

  /** Until the server is at it. */
  async function loading(): Promise<void> {
    while (!(await server.sessions()).some(({ query }) => query?.startsWith('LOAD'))) await sleep(2)
  }

  async function works(connection: Connection): Promise<void> {
    expect((await connection.query('SELECT ? AS a, @@autocommit AS b', [7])).rows).toEqual([{ a: 7, b: 1n }])
  }

  async function threadOf(connection: Connection): Promise<number> {
    const { rows } = await connection.query<{ id: bigint }>('SELECT CONNECTION_ID() AS id')
    return Number(rows[0]!.id)
  }

  /** Some rows, then nothing more; `left` when nobody wants them any more. */
  function stuckSource(count = many): { stuck: Readable; left: Promise<unknown> } {
    const stuck = new Readable({ read() {} })
    if (count > 0) stuck.push(lines(count))
    return { stuck, left: once(stuck, 'close') }
  }

  it('takes chunks cut anywhere from any iterable, and tells how many rows there were', async () => {
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(MySqlSession)
      const bytes = Buffer.from(lines(1_000))
      async function* cut(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7)
      }
      expect(await session.loadData(intoTown, cut())).toEqual({ updateCount: 1_000, warnings: [] })
      expect((await session.loadData(intoTown, Readable.from([lines(10, 2_001)]))).updateCount).toBe(10)
      expect((await session.loadData(intoTown, [])).updateCount).toBe(0)
      const csv = `${intoTown} FIELDS TERMINATED BY ';' ENCLOSED BY '"'`
      expect((await session.loadData(csv, [`5001;"Zürich; 😀"\n`])).updateCount).toBe(1)
      const { rows } = await connection.query('SELECT name FROM town WHERE id = 5001')
      expect(rows).toEqual([{ name: 'Zürich; 😀' }])
      // More than 256 packets, and one chunk of several.
      const wide = Array.from({ length: 330_000 }, (_, n) => `${n + many}\t${'x'.repeat(50)}\n`).join('')
      expect((await session.loadData(intoTown, [wide])).updateCount).toBe(330_000)
      expect(await towns()).toBe(331_011)
      await works(connection)
    })
  }, 60_000)

  it('tells which rows the server has left out or made fit', async () => {
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(MySqlSession)
      const data = [lines(2), '1\tagain\n', 'x\tname\n']
      const { updateCount, warnings } = await session.loadData(intoTown, data)
      expect(updateCount).toBe(3)
      expect(warnings.map(({ errorCode }) => errorCode)).toEqual([1062, 1366])
      expect(warnings[0]!.message).not.toContain("'1'")
      await works(connection)
    })
    await using silent = createDataSource({ ...database.settings, driver: 'mysql', fetchWarnings: false })
    await silent.withConnection(async (connection) => {
      const loaded = await connection.unwrap(MySqlSession).loadData(intoTown, [lines(1), lines(1, 3)])
      expect(loaded).toEqual({ updateCount: 1, warnings: [] })
    })
  })

  it('waits on both sides: neither the source nor the server runs ahead', async () => {
    await using proxy = await FaultProxy.start({ target: database.settings })
    await using slow = createDataSource({ ...database.settings, port: proxy.port, driver: 'mysql' })
    await slow.withConnection(async (connection) => {
      const session = connection.unwrap(MySqlSession)
      await proxy.set({ kind: 'stall', direction: 'toServer' })
      let given = 0
      async function* big(): AsyncGenerator<string> {
        for (; given < 200; given++) yield `${given}\t${'x'.repeat(40)}\t${'y'.repeat(250_000)}\n`
      }
      const loaded = session.loadData(intoTown, big())
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
      expect((await loaded).updateCount).toBe(200)
    })
  })

  it('keeps other statements away while it runs', async () => {
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(MySqlSession)
      async function* reading(): AsyncGenerator<string> {
        yield lines(1)
        expect((await failure(connection.query('SELECT 1'))).sqlState).toBe('HY010')
        expect((await failure(session.loadData(intoTown, []))).sqlState).toBe('HY010')
        expect(await connection.isValid()).toBe(true)
      }
      expect((await session.loadData(intoTown, reading())).updateCount).toBe(1)
      // What was called before comes before.
      const [slow, loaded] = await Promise.all([
        connection.query('SELECT SLEEP(0.05), COUNT(*) AS n FROM town'),
        session.loadData(intoTown, [lines(1, 2)]),
      ])
      expect([slow.rows[0], loaded.updateCount]).toEqual([expect.objectContaining({ n: 1n }), 1])
      await works(connection)
    })
  })

  it('is undone when its source fails, and the failure is told as it is', async () => {
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(MySqlSession)
      const thread = await threadOf(connection)
      const fault = new Error('disk full')
      // Before the first row, in the middle of many that are not yet written, and behind one that is.
      for (const count of [0, 10 * many, many]) {
        let left = false
        async function* failing(): AsyncGenerator<string> {
          try {
            if (count > 0) yield lines(count)
            if (count === many) await writes(many)
            throw fault
          } finally {
            left = true
          }
        }
        await expect(session.loadData(intoTown, failing())).rejects.toBe(fault)
        expect(left).toBe(true)
        expect(await towns()).toBe(0)
      }
      const readable = new Readable({
        read() {
          this.destroy(fault)
        },
      })
      await expect(session.loadData(intoTown, readable)).rejects.toBe(fault)
      const gone = new Readable({ read() {} })
      gone.push(lines(1))
      const cut = session.loadData(intoTown, gone)
      await Promise.all([loading().then(() => gone.destroy()), expect(cut).rejects.toThrow(/Premature/)])
      for (const [chunk, state] of [
        [7, 'HY009'],
        [null, 'HY009'],
        ['\ud83d', '22021'],
      ] as const) {
        const error = await failure(session.loadData(intoTown, [lines(1), chunk as string]))
        expect(error.sqlState).toBe(state)
      }
      await expect(session.loadData(intoTown, 7 as never)).rejects.toThrow(/not.*iterable/)
      expect(await towns()).toBe(0)
      await works(connection)
      expect(await threadOf(connection)).toBe(thread)
    })
  })

  it('leaves what came before it in the transaction, when it is undone', async () => {
    await source.withConnection(async (connection) => {
      const fault = new Error('disk full')
      async function* failing(): AsyncGenerator<string> {
        yield lines(many, 10)
        await writes(many + 1)
        throw fault
      }
      await connection.transaction(async (transaction) => {
        await transaction.execute(`INSERT INTO town VALUES (1, 'first')`)
        const session = transaction.unwrap(MySqlSession)
        await expect(session.loadData(intoTown, failing())).rejects.toBe(fault)
        const { stuck, left } = stuckSource()
        expect((await failure(session.loadData(intoTown, stuck, { timeout: 50 }))).sqlState).toBe('HYT00')
        await left
        expect((await failure(session.loadData(intoTown.replace('town', 'nowhere'), []))).sqlState).toBe(
          '42P01',
        )
        expect((await session.loadData(intoTown, [lines(1, 2)])).updateCount).toBe(1)
        expect(await towns()).toBe(0)
      })
      expect(await towns()).toBe(2)
      // Also of one that nobody here has begun.
      await connection.execute('SET autocommit = 0')
      await connection.execute(`INSERT INTO town VALUES (3, 'third')`)
      const session = connection.unwrap(MySqlSession)
      async function* fails(): AsyncGenerator<string> {
        yield lines(10, 10)
        throw fault
      }
      await expect(session.loadData(intoTown, fails())).rejects.toBe(fault)
      expect((await session.loadData(intoTown, [lines(1, 4)])).updateCount).toBe(1)
      expect(await towns()).toBe(2)
      await connection.execute('COMMIT')
      expect(await towns()).toBe(4)
      await connection.execute('SET autocommit = 1')
    })
  })

  it('obeys the transaction that it runs in', async () => {
    await source.withConnection(async (connection) => {
      const outer = connection.unwrap(MySqlSession)
      let escaped: MySqlSession | undefined
      const undone = connection.transaction(async (transaction) => {
        const session = (escaped = transaction.unwrap(MySqlSession))
        expect((await session.loadData(intoTown, [lines(3)])).updateCount).toBe(3)
        expect((await failure(outer.loadData(intoTown, []))).sqlState).toBe('25001')
        throw new Error('undo')
      })
      await expect(undone).rejects.toThrow('undo')
      expect((await failure(escaped!.loadData(intoTown, [lines(1)]))).sqlState).toBe('25000')
      expect(await towns()).toBe(0)

      await connection.setAutoCommit(false)
      await outer.loadData(intoTown, [lines(3)])
      await connection.rollback()
      expect(await towns()).toBe(0)
      await outer.loadData(intoTown, [lines(3)])
      await connection.commit()
      expect(await towns()).toBe(3)
      await connection.setAutoCommit(true)

      // Tables stay locked for whoever has locked them.
      await connection.execute('LOCK TABLES town WRITE')
      await outer.loadData(intoTown, [lines(3, 10)])
      await raw.query('SET lock_wait_timeout = 0')
      await expect(raw.query('SELECT COUNT(*) FROM town')).rejects.toMatchObject({ errno: 1205 })
      await connection.execute('UNLOCK TABLES')
      await raw.query('SET lock_wait_timeout = DEFAULT')
      expect(await towns()).toBe(6)

      // One that the function did not wait for is part of its transaction, and is over before it ends.
      let loaded: Promise<unknown> | undefined
      await connection.transaction(async (transaction) => {
        async function* slowly(): AsyncGenerator<string> {
          await sleep(20)
          yield lines(2, 20)
        }
        loaded = transaction.unwrap(MySqlSession).loadData(intoTown, slowly())
      })
      expect(await loaded).toEqual({ updateCount: 2, warnings: [] })
      expect(await towns()).toBe(8)
      await works(connection)
    })
  })

  it('rejects with what the server says, and leaves the source', async () => {
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(MySqlSession)
      const thread = await threadOf(connection)
      for (const [text, state] of [
        [intoTown.replace('town', 'nowhere'), '42P01'],
        [`${intoTown} (id, nothing)`, '42703'],
        [`${intoTown} WRONG`, '42601'],
      ] as const) {
        const { stuck, left } = stuckSource()
        expect((await failure(session.loadData(text, stuck))).sqlState).toBe(state)
        await left
        await works(connection)
      }
      // In the middle, with much behind it: it is read to its end, for the server does so.
      await raw.query(`CREATE OR REPLACE TRIGGER refuses BEFORE INSERT ON town FOR EACH ROW
        IF NEW.id = 1000 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END IF`)
      const refused = await failure(session.loadData(intoTown, [lines(5 * many)]))
      await raw.query('DROP TRIGGER refuses')
      expect(refused).toMatchObject({ sqlState: '45000', fatal: false })
      // By somebody else, while it runs.
      async function* stopped(): AsyncGenerator<string> {
        yield lines(many)
        await writes(many)
        await server.query(`KILL QUERY ${thread}`)
        yield lines(many, many + 1)
      }
      expect((await failure(session.loadData(intoTown, stopped()))).sqlState).toBe('57014')
      expect(await towns()).toBe(0)
      await works(connection)
      expect(await threadOf(connection)).toBe(thread)
    })
  })

  it('tells what to do about a server that has it switched off', async () => {
    await server.query('SET GLOBAL local_infile = OFF')
    try {
      await source.withConnection(async (connection) => {
        const { stuck, left } = stuckSource()
        const error = await failure(connection.unwrap(MySqlSession).loadData(intoTown, stuck))
        expect(error).toMatchObject({ sqlState: '0A000', reason: 'feature', fatal: false })
        expect(error.message).toContain('SET GLOBAL local_infile = ON')
        await left
        await works(connection)
      })
    } finally {
      await server.query('SET GLOBAL local_infile = ON')
    }
  })

  it('refuses every other text before it is sent', async () => {
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(MySqlSession)
      const wrong = [
        'SELECT 1',
        '',
        `LOAD DATA INFILE '/etc/passwd' INTO TABLE town`,
        `LOAD DATA LOCAL 'INFILE' INTO TABLE town`,
        `LOAD /* LOCAL INFILE */ DATA INFILE '/etc/passwd' INTO TABLE town`,
        `LOAD DATA -- LOCAL\n INFILE '/etc/passwd' INTO TABLE town`,
        `DELETE FROM town; ${intoTown}`,
        `${intoTown} \0`,
      ]
      for (const text of wrong) {
        const { stuck, left } = stuckSource()
        expect((await failure(session.loadData(text, stuck))).sqlState, text).toBe('42601')
        await left
      }
      // One text is one statement, as everywhere.
      expect((await failure(session.loadData(`${intoTown}; DELETE FROM town`, []))).sqlState).toBe('42601')
      expect((await failure(session.loadData(undefined as never, []))).sqlState).toBe('HY009')
      const soon = { timeout: 'soon' as never }
      expect((await failure(session.loadData(intoTown, [], soon))).sqlState).toBe('HY024')
      // And takes what only looks like it.
      const odd = `/* a; */ load -- b
        data low_priority # c
        Local inFile 'x' REPLACE INTO TABLE town (id, @name) SET name = CONCAT(@name, ';')`
      expect((await session.loadData(odd, ['1\ta\n'])).updateCount).toBe(1)
      expect((await session.loadData(odd, ['1\tb\n'])).updateCount).toBe(2)
      expect((await connection.query('SELECT name FROM town')).rows).toEqual([{ name: 'b;' }])
    })
    // Its user variables were its own.
    await source.withConnection(async (connection) => {
      expect((await connection.query('SELECT @name AS name')).rows).toEqual([{ name: null }])
    })
  })

  it('is stopped on the server by its deadline and its signal, whatever it waits for', async () => {
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(MySqlSession)
      const thread = await threadOf(connection)
      // For its source: before the first row, and behind many.
      for (const count of [0, 10, many]) {
        const waiting = stuckSource(count)
        const late = await failure(session.loadData(intoTown, waiting.stuck, { timeout: 50 }))
        expect([late.sqlState, late.reason]).toEqual(['HYT00', 'timeout'])
        await waiting.left
        expect(await towns()).toBe(0)
        await works(connection)
        const aborting = new AbortController()
        const aborted = stuckSource(count)
        const cancelled = failure(session.loadData(intoTown, aborted.stuck, { signal: aborting.signal }))
        await (count === many ? writes(count) : loading())
        aborting.abort()
        expect((await cancelled).sqlState).toBe('57014')
        await aborted.left
        expect(await towns()).toBe(0)
        await works(connection)
      }
      // For a lock: before the server has asked for data, and in the middle of much.
      await raw.query('LOCK TABLES town WRITE')
      const locked = stuckSource()
      expect((await failure(session.loadData(intoTown, locked.stuck, { timeout: 50 }))).sqlState).toBe(
        'HYT00',
      )
      await locked.left
      await raw.query('UNLOCK TABLES')
      await works(connection)
      await raw.query(`BEGIN; INSERT INTO town VALUES (1, 'held')`)
      async function* much(): AsyncGenerator<string> {
        for (let n = 0; n < 1_000; n++) yield lines(many, 1 + n * many)
      }
      expect((await failure(session.loadData(intoTown, much(), { timeout: 50 }))).sqlState).toBe('HYT00')
      await raw.query('ROLLBACK')
      // For nothing: rows come and go.
      const busy = new AbortController()
      async function* busily(): AsyncGenerator<string> {
        let n = 0
        for await (const rows of much()) {
          if (++n === 5) busy.abort()
          yield rows
        }
      }
      const stopped = await failure(session.loadData(intoTown, busily(), { signal: busy.signal }))
      expect(stopped.sqlState).toBe('57014')
      // Before it has begun.
      const never = stuckSource()
      const gone = { signal: AbortSignal.abort() }
      expect((await failure(session.loadData(intoTown, never.stuck, gone))).sqlState).toBe('57014')
      await never.left
      expect(await towns()).toBe(0)
      await works(connection)
      expect(await threadOf(connection)).toBe(thread)
    })
    expect(source.statistics().counters.closed.broken).toBe(0)
  })

  it(`is kept as a whole or not at all, and its stopping hits nothing else: ${tries} tries aimed at its end`, async () => {
    const outcomes = { stopped: 0, done: 0 }
    await source.withConnection(async (connection) => {
      const session = connection.unwrap(MySqlSession)
      let usual = 20
      for (let n = 0; n < tries; n++) {
        await raw.query('TRUNCATE town')
        const began = performance.now()
        // The source is told to stop by the same signal.
        const signal = AbortSignal.timeout(Math.ceil(usual * (0.1 + (n % 12) / 10)))
        async function* rows(): AsyncGenerator<string> {
          for (let part = 0; part < 20; part++) {
            if (n % 2 === 0) signal.throwIfAborted()
            yield lines(100, part * 100)
          }
        }
        const outcome = await session.loadData(intoTown, rows(), { signal }).then(
          ({ updateCount }) => updateCount,
          (error: { sqlState?: string; name: string }) => error.sqlState ?? error.name,
        )
        if (outcome === 2_000) {
          usual = (usual + performance.now() - began) / 2
          outcomes.done++
        } else {
          expect(outcome).toMatch(/^(57014|TimeoutError)$/)
          usual *= 1.1
          outcomes.stopped++
        }
        // A SLEEP that is stopped says so by a 1.
        expect((await connection.query('SELECT ? AS n, SLEEP(0.001) AS s', [n])).rows).toEqual([{ n, s: 0 }])
        expect(await towns()).toBe(outcome === 2_000 ? 2_000 : 0)
      }
      await works(connection)
    })
    expect(outcomes.done).toBeGreaterThan(0)
    expect(outcomes.stopped).toBeGreaterThan(0)
    expect(source.statistics().counters.closed.broken).toBe(0)
  }, 180_000)

  it('is undone when what has stopped it is over: a KILL that comes late hits nothing of that', async () => {
    await using proxy = await FaultProxy.start({ target: database.settings })
    await using own = createDataSource({ ...database.settings, port: proxy.port, driver: 'mysql' })
    await server.query(`SET GLOBAL log_output = 'TABLE'`)
    await own.withConnection(async (connection) => {
      const thread = await threadOf(connection)
      const { stuck, left } = stuckSource()
      const aborting = new AbortController()
      const options = { signal: aborting.signal }
      const stopped = failure(connection.unwrap(MySqlSession).loadData(intoTown, stuck, options))
      await writes(many)
      await server.query('SET GLOBAL general_log = ON')
      await proxy.setNext({ kind: 'stall' })
      aborting.abort()
      // By then the server has an answer: it was told that the file is at its end.
      while ((await server.sessions()).find(({ id }) => id === thread)?.command !== 'Sleep') await sleep(2)
      await sleep(50)
      await proxy.set({ kind: 'pass' })
      expect((await stopped).sqlState).toBe('57014')
      await left
      await server.query('SET GLOBAL general_log = OFF')
      const log = await server.query<{ text: string }>(
        `SELECT CONVERT(argument USING utf8mb4) AS text FROM mysql.general_log WHERE command_type = 'Query'`,
      )
      const told = log.map(({ text }) => text).filter((text) => /^(KILL|ROLLBACK|SET auto)/.test(text))
      expect(told).toEqual([`KILL QUERY ${thread}`, 'ROLLBACK', 'SET autocommit = 1'])
      expect(await towns()).toBe(0)
      await works(connection)
    })
  })

  it('ends with 08003 when the handle is closed in the middle, and the session serves the next one', async () => {
    const warnings: string[] = []
    const warned = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', warned)
    const connection = await source.getConnection()
    const session = connection.unwrap(MySqlSession)
    const thread = await threadOf(connection)
    const { stuck, left } = stuckSource()
    const loaded = failure(session.loadData(intoTown, stuck))
    await writes(many)
    await connection.close()
    expect((await loaded).sqlState).toBe('08003')
    await left
    await vi.waitFor(() => expect(warnings.join()).toContain(intoTown))
    process.off('warning', warned)
    await source.withConnection(async (second) => {
      expect((await failure(session.loadData(intoTown, [lines(1)]))).sqlState).toBe('08003')
      expect(await threadOf(second)).toBe(thread)
      expect(await towns()).toBe(0)
      await works(second)
    })
  })

  it.each(['killed', 'cut', 'killed in a transaction', 'cut in a transaction'])(
    'ends with its session, and nothing of it is kept: %s',
    async (how) => {
      await using proxy = await FaultProxy.start({ target: database.settings })
      await using own = createDataSource({ ...database.settings, port: proxy.port, driver: 'mysql' })
      const order: string[] = []
      own.addConnectionEventListener({ connectionErrorOccurred: () => void order.push('event') })
      const connection = await own.getConnection()
      const thread = await threadOf(connection)
      const { stuck, left } = stuckSource()
      const within = how.endsWith('transaction')
      const failed = failure(
        within
          ? connection.transaction((transaction) =>
              transaction.unwrap(MySqlSession).loadData(intoTown, stuck),
            )
          : connection.unwrap(MySqlSession).loadData(intoTown, stuck),
      ).finally(() => order.push('rejected'))
      await writes(many)
      if (how.startsWith('killed')) await server.query(`KILL ${thread}`)
      else await proxy.set({ kind: 'reset' })
      expect(await failed).toMatchObject({
        fatal: true,
        reason: 'connection-lost',
        retry: within ? 'transaction' : 'unknown-outcome',
      })
      expect(order).toEqual(['event', 'rejected'])
      await left
      await connection.close()
      while ((await server.sessions()).some(({ id }) => id === thread)) await sleep(2)
      expect(await towns()).toBe(0)
    },
  )

  it('waits for its source longer than networkTimeout and net_read_timeout', async () => {
    await server.query('SET GLOBAL net_read_timeout = 1')
    await using slow = createDataSource({ ...database.settings, driver: 'mysql', networkTimeout: 300 })
    await slow.withConnection(async (connection) => {
      const session = connection.unwrap(MySqlSession)
      async function* slowly(): AsyncGenerator<string> {
        yield lines(1)
        await sleep(1_500)
        yield lines(1, 2)
      }
      expect((await session.loadData(intoTown, slowly())).updateCount).toBe(2)
      // But not for the server.
      await raw.query('LOCK TABLES town WRITE')
      const { stuck, left } = stuckSource()
      expect((await failure(session.loadData(intoTown, stuck))).fatal).toBe(true)
      await left
      await raw.query('UNLOCK TABLES')
    })
    await server.query('SET GLOBAL net_read_timeout = DEFAULT')
  })

  it('keeps what an engine without transactions has taken', async () => {
    await raw.query('CREATE OR REPLACE TABLE plain (id INT, name VARCHAR(50)) ENGINE = MyISAM')
    await source.withConnection(async (connection) => {
      async function* failing(): AsyncGenerator<string> {
        yield lines(many)
        throw new Error('disk full')
      }
      const loaded = connection.unwrap(MySqlSession).loadData(intoTown.replace('town', 'plain'), failing())
      await expect(loaded).rejects.toThrow('disk full')
      expect((await connection.query('SELECT COUNT(*) AS n FROM plain')).rows).toEqual([{ n: BigInt(many) }])
      await works(connection)
    })
  })

  it.each(['ON', 'OFF'])('is refused as an ordinary statement (local_infile = %s)', async (allowed) => {
    await server.query(`SET GLOBAL local_infile = ${allowed}`)
    const folder = await mkdtemp(join(tmpdir(), 'wellhead-load-'))
    const file = join(folder, 'rows')
    await writeFile(file, lines(3))
    const connection = await open(database.settings)
    try {
      const text = `LOAD DATA LOCAL INFILE '${file}' INTO TABLE town`
      for (const attempt of [
        () => execute(connection, text),
        () => connection.executeScript(`SELECT 1; ${text}`),
        () => connection.executeBatch(compiled(text), [[]]).then(({ error }) => Promise.reject(error!)),
        () => connection.stream(compiled(text), [], 5).fetch(),
      ]) {
        expect(await failure(attempt())).toMatchObject({ sqlState: '0A000', fatal: false })
        expect(await towns()).toBe(0)
        expect(await valueOf(connection, 'SELECT ?', 7)).toBe(7)
      }
    } finally {
      await connection.close()
      await rm(folder, { recursive: true })
      await server.query('SET GLOBAL local_infile = ON')
    }
  })

  it('gives a server nothing that asks for a file by itself', async () => {
    await using meddler = await Meddler.start(database.settings)
    await using own = createDataSource({
      ...database.settings,
      port: meddler.port,
      driver: 'mysql',
      maximumPoolSize: 1,
    })
    await own.withConnection(async (connection) => {
      const thread = await threadOf(connection)
      const asks = (...behind: Buffer[]): void =>
        meddler.answer('meddled', [fileRequest('/etc/passwd'), ...behind])
      const isRefused = async (asked: Promise<unknown>): Promise<void> => {
        const error = await failure(asked)
        expect(error).toMatchObject({ sqlState: '0A000', reason: 'feature', fatal: false })
        expect(error.message).toContain('MySqlSession')
        // The end of a file, and no more.
        expect(meddler.given).toEqual([0])
        expect(await threadOf(connection)).toBe(thread)
      }
      asks(okPacket)
      await isRefused(connection.execute('SET @meddled = 1'))
      asks(okPacket)
      await isRefused(connection.query('SELECT 1 AS meddled'))
      asks(okPacket)
      await isRefused(connection.stream('SELECT 2 AS meddled').next())
      // A second one, behind what was handed over: it is not kept.
      const session = connection.unwrap(MySqlSession)
      meddler.answer('INFILE', [fileRequest('a'), fileRequest('/etc/passwd'), okPacket])
      const second = await failure(session.loadData(intoTown, [lines(10)]))
      expect([second.sqlState, second.fatal]).toEqual(['0A000', false])
      expect(meddler.given).toEqual([lines(10).length, 0, 0])
      await works(connection)
      // None at all.
      meddler.answer('INFILE', [okPacket])
      const { stuck, left } = stuckSource()
      const unasked = await failure(session.loadData(intoTown, stuck))
      expect([unasked.sqlState, unasked.fatal]).toEqual(['08P01', false])
      await left
      expect(meddler.given).toEqual([])
      await works(connection)
      expect(await threadOf(connection)).toBe(thread)
    })
    expect(own.statistics().counters.closed.broken).toBe(0)
    // An answer before the end of the file: what is on its way would be read as a statement.
    const connection = await own.getConnection()
    meddler.answer('INFILE', [fileRequest('a'), okPacket], { hasty: true })
    const { stuck, left } = stuckSource()
    const early = await failure(connection.unwrap(MySqlSession).loadData(intoTown, stuck))
    expect([early.fatal, early.reason]).toEqual([true, 'connection-lost'])
    await left
    await connection.close()
    expect((await own.query('SELECT 1 AS a')).rows).toEqual([{ a: 1 }])
  })
})
