import { setTimeout as sleep } from 'node:timers/promises'
import { buffer } from 'node:stream/consumers'
import type { Client } from 'pg'
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { PgSession } from '../../../drivers/pg/index.ts'
import { createDataSource, type PooledDataSource } from '../../../src/index.ts'
import type { PgBouncer } from '../../support/pgbouncer.ts'
import { rawClient, type PostgresDatabase, type PostgresSettings } from '../../support/postgres-database.ts'
import { describePgBouncer } from '../../support/postgres.ts'
import { compiled, execute, failure, open, valueOf } from './support.ts'

const tries = process.env['MODE'] === 'long' ? 10_000 : 500

await describePgBouncer(
  'behind PgBouncer in transaction mode, with two connections to the server',
  (start, server) => {
    let database: PostgresDatabase
    let bouncer: PgBouncer
    let settings: PostgresSettings & { readonly pooler: 'transaction' }
    beforeAll(async () => {
      database = await server.database()
      bouncer = await start()
      settings = { ...bouncer.settings(database.name), pooler: 'transaction' }
      const raw = await database.connect()
      await raw.query('CREATE TABLE city (id int PRIMARY KEY, name text NOT NULL)')
      await raw.query(
        `CREATE FUNCTION marked() RETURNS text LANGUAGE sql AS 'SELECT current_setting(''kit.mark'', true)'`,
      )
      await raw.end()
    })

    const sources: PooledDataSource[] = []
    const others: Client[] = []
    function dataSource(more: object = {}): PooledDataSource {
      const source = createDataSource({ ...settings, driver: 'pg', ...more })
      sources.push(source)
      return source
    }
    /** Another client of the same PgBouncer. */
    async function other(): Promise<Client> {
      const client = rawClient(bouncer.settings(database.name), 'other')
      others.push(client)
      await client.connect()
      return client
    }
    afterEach(async () => {
      await Promise.all(sources.splice(0).map((source) => source.close()))
      await Promise.all(others.splice(0).map((client) => client.end()))
    })

    /** Whatever a spec did, nothing of it is left. */
    beforeEach(() =>
      vi.waitFor(async () => {
        expect(await bouncer.clients(database.name)).toEqual([])
        expect((await database.sessions()).filter(({ state }) => state !== 'idle')).toEqual([])
      }),
    )

    /** What runs, as the server sees it. */
    async function running(part: string): Promise<number> {
      const sessions = await database.sessions()
      return sessions.filter(({ state, query }) => state === 'active' && query.includes(part)).length
    }

    it('serves many callers by two connections, each with the values that belong to it', async () => {
      const source = dataSource({ maximumPoolSize: 10 })
      const answers = await Promise.all(
        Array.from({ length: 200 }, async (_, n) => {
          const { rows } = await source.query<{ n: number; pid: number }>(
            'SELECT ? + 0 AS n, pg_backend_pid() AS pid',
            [n],
          )
          return rows[0]!
        }),
      )
      expect(answers.map(({ n }) => n)).toEqual(Array.from({ length: 200 }, (_, n) => n))
      expect(new Set(answers.map(({ pid }) => pid)).size).toBeLessThanOrEqual(2)
      expect(await database.sessions()).toHaveLength(2)
    })

    it('gives each statement a session as promised, whatever other clients have of theirs', async () => {
      const [tokyo, connection] = await Promise.all([other(), open(settings)])
      const formats =
        'TimeZone DateStyle client_encoding standard_conforming_strings application_name bytea_output IntervalStyle'
      for (let turn = 0; turn < 4; turn++) {
        await tokyo.query(`SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'SQL, DMY'`)
        expect((await tokyo.query('SHOW TimeZone')).rows).toEqual([{ TimeZone: 'Asia/Tokyo' }])
        const shown: unknown[] = []
        for (const name of formats.split(' ')) shown.push(await valueOf(connection, `SHOW ${name}`))
        expect(shown).toEqual(['UTC', 'ISO, YMD', 'UTF8', 'on', 'wellhead', 'hex', 'postgres'])
        expect(await valueOf(connection, `SELECT timestamptz '2024-02-29 12:00:00+09'`)).toMatch(/T03:00:00/)
      }
    })

    it('is called what the log of PgBouncer calls it', async () => {
      const connection = await open(settings)
      const port = Number(/^pg client at port (\d+) \(PostgreSQL database /.exec(connection.id)?.[1])
      expect(await bouncer.clients(database.name)).toEqual([port])
      expect(connection.capabilities).toEqual({ pipelining: false, cancel: 'server' })
    })

    it('has transactions with all that ends with them', async () => {
      const source = dataSource()
      const { rows } = await source.transaction(
        { isolation: 'serializable', readOnly: false },
        async (tx) => {
          await tx.execute(`SET LOCAL kit.mark = 'x'`)
          await tx.query(`SELECT set_config('work_mem', ?, true)`, ['3MB'])
          await tx.execute('CREATE TEMP TABLE scratch (a int) ON COMMIT DROP')
          await tx.query('SELECT pg_advisory_xact_lock(4711)')
          await tx.execute('DECLARE c CURSOR FOR SELECT 1')
          await tx.transaction((nested) => nested.batch('INSERT INTO scratch VALUES (?)', [[1], [2]]))
          await failure(tx.transaction((nested) => nested.query('SELECT 1 / 0')))
          await tx.execute('DO $$ BEGIN PERFORM 1; END $$')
          return tx.query(
            `SELECT marked() AS mark, current_setting('work_mem') AS memory, current_setting('transaction_isolation') AS level,
                (SELECT count(*) FROM scratch)::int AS n`,
          )
        },
      )
      expect(rows).toEqual([{ mark: 'x', memory: '3MB', level: 'serializable', n: 2 }])
      expect(
        (await failure(source.transaction({ readOnly: true }, (tx) => tx.execute('TRUNCATE city')))).sqlState,
      ).toBe('25006')
    })

    it('other clients never see anything of ours', async () => {
      const source = dataSource({ maximumPoolSize: 4, sessionReset: 'always' })
      const attempts = [
        `SET work_mem = '3MB'`,
        `SELECT set_config('kit.mark', 'ours', false)`,
        'CREATE TEMP TABLE trace (a int)',
        'CREATE TEMP TABLE trace (a int) ON COMMIT DROP',
        'SELECT pg_advisory_lock(4711)',
        'SELECT pg_advisory_xact_lock(4711)',
        'LISTEN news',
        'PREPARE p AS SELECT 1',
        'DECLARE c CURSOR WITH HOLD FOR SELECT 1',
        'DECLARE c CURSOR FOR SELECT 1',
        `SET LOCAL kit.mark = 'ours'`,
        'BEGIN',
      ]
      for (const text of attempts) {
        await source.withConnection((connection) => connection.execute(text)).catch(() => {})
        await source.transaction((tx) => tx.execute(text)).catch(() => {})
        await source.withConnection((connection) => connection.script(`SELECT 1; ${text}`)).catch(() => {})
      }
      // Each has one of the two connections to itself.
      const witnesses = await Promise.all([other(), other()])
      for (const witness of witnesses) await witness.query('BEGIN')
      const seen = await Promise.all(
        witnesses.map((witness) =>
          witness.query(
            `SELECT pg_backend_pid() AS pid, current_setting('work_mem') = '3MB' AS set, marked() = 'ours' AS marked,
             to_regclass('pg_temp.trace') IS NOT NULL AS temporary,
             (SELECT count(*)::int FROM pg_listening_channels()) AS listening,
             (SELECT count(*)::int FROM pg_prepared_statements WHERE name <> '') AS prepared,
             (SELECT count(*)::int FROM pg_cursors WHERE name <> '') AS cursors,
             (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory') AS locks`,
          ),
        ),
      )
      expect(new Set(seen.map(({ rows }) => rows[0].pid)).size).toBe(2)
      for (const { rows } of seen) {
        const { pid: _, marked, ...traces } = rows[0]
        expect(marked).not.toBe(true)
        expect(traces).toEqual({
          set: false,
          temporary: false,
          listening: 0,
          prepared: 0,
          cursors: 0,
          locks: 0,
        })
      }
    })

    it('streams outside a transaction too: the connection to the server is kept until its end', async () => {
      const [one, two, third] = await Promise.all([open(settings), open(settings), open(settings)])
      const series = compiled('SELECT n, pg_backend_pid() FROM generate_series(1, ?) AS s(n)')
      const streams = [one.stream(series, [1_000], 10), two.stream(series, [1_000], 10)]
      const pids = new Set<unknown>()
      const waited: unknown[] = []
      for (let turn = 0; turn < 20; turn++) {
        for (const stream of streams) {
          const { rows } = await stream.fetch()
          expect(rows.map(([n]) => n)).toEqual(Array.from({ length: 10 }, (_, at) => turn * 10 + at + 1))
          for (const [, pid] of rows) pids.add(pid)
        }
        // Nobody is given their connections meanwhile.
        if (turn === 0) void valueOf(third, 'SELECT 3').then((value) => waited.push(value))
        expect(waited).toEqual([])
      }
      expect(pids.size).toBe(2)
      for (const stream of streams) await stream.close()
      expect(await valueOf(one, 'SELECT 1')).toBe(1)
      await vi.waitFor(() => expect(waited).toEqual([3]))
    })

    it('copies in and out', async () => {
      const source = dataSource()
      await source.withConnection(async (connection) => {
        const session = connection.unwrap(PgSession)
        expect(await session.copyFrom('COPY city FROM STDIN', ['1\tBasel\n2\tBern\n'])).toBe(2)
        expect((await buffer(session.copyTo('COPY city TO STDOUT'))).toString()).toBe('1\tBasel\n2\tBern\n')
      })
    })

    it('a statement is stopped on the server, also by cutting its connection', async () => {
      const connection = await open(settings)
      const stopped = failure(execute(connection, 'SELECT pg_sleep(60)'))
      while ((await running('pg_sleep')) === 0) await sleep(2)
      await connection.cancel()
      expect((await stopped).sqlState).toBe('57014')
      expect(await valueOf(connection, 'SELECT 1')).toBe(1)
      const lost = failure(execute(connection, 'SELECT pg_sleep(61)'))
      while ((await running('pg_sleep')) === 0) await sleep(2)
      connection.destroy()
      expect((await lost).reason).toBe('connection-lost')
      await connection.close()
      expect(await bouncer.clients(database.name)).toEqual([])
      while ((await running('pg_sleep')) > 0) await sleep(2)
    })

    it('a statement that waits for a connection to the server is stopped when it has one', async () => {
      const [first, second] = await Promise.all([other(), other()])
      for (const blocker of [first, second]) await blocker.query('BEGIN; SELECT 1')
      const opening = open(settings)
      await sleep(20)
      await first.query('COMMIT')
      const connection = await opening
      await first.query('BEGIN; SELECT 1')
      const stopped = failure(execute(connection, 'SELECT pg_sleep(60)'))
      await sleep(20)
      const cancelling = connection.cancel()
      await sleep(60)
      for (const blocker of [first, second]) await blocker.query('COMMIT')
      expect((await stopped).sqlState).toBe('57014')
      await cancelling
      expect(await valueOf(connection, 'SELECT 1')).toBe(1)
    })

    it(`a cancel hits no statement of another client, in ${tries} tries`, { timeout: 120_000 }, async () => {
      const [one, two] = await Promise.all([open(settings), open(settings)])
      const victims = await Promise.all([other(), other()])
      const outcomes = { stopped: 0, done: 0 }
      const attacks = new AbortController()
      const victim = async (client: Client): Promise<void> => {
        while (!attacks.signal.aborted) await client.query('SELECT pg_sleep(0.001)')
      }
      const attacker = async (connection: Awaited<ReturnType<typeof open>>): Promise<void> => {
        for (let n = 0; n < tries / 2; n++) {
          const statement = execute(connection, 'SELECT pg_sleep(?::float8)', (n % 8) / 1_000).then(
            () => outcomes.done++,
            (error: { sqlState: string }) => {
              expect(error.sqlState).toBe('57014')
              outcomes.stopped++
            },
          )
          await sleep(n % 5)
          await Promise.all([statement, connection.cancel()])
          expect(await valueOf(connection, 'SELECT ?', n)).toBe(n)
        }
      }
      const attack = Promise.all([attacker(one), attacker(two)]).finally(() => attacks.abort())
      await Promise.all([...victims.map(victim), attack])
      expect(outcomes.stopped + outcomes.done).toBe(tries)
      expect(outcomes.stopped).toBeGreaterThan(0)
    })

    it('the death of a connection to the server costs the transaction on it, and nobody else', async () => {
      const [idle, busy] = await Promise.all([open(settings), open(settings)])
      const deaths: string[] = []
      idle.onDeath = () => deaths.push('idle')
      busy.onDeath = (error) => deaths.push(error.reason)
      await busy.begin({})
      await execute(busy, 'SELECT 1')
      for (const { pid } of await database.sessions()) await server.terminate(pid)
      while (deaths.length === 0) await sleep(2)
      expect(deaths).toEqual(['connection-lost'])
      expect((await failure(execute(busy, 'SELECT 1'))).retry).toBe('transaction')
      expect(await valueOf(idle, 'SELECT 1')).toBe(1)
    })

    it('is refused where values would come in other formats', async () => {
      const raw = await database.connect()
      await raw.query(`CREATE DATABASE ${database.name}_odd`)
      await raw.query(`ALTER DATABASE ${database.name}_odd SET bytea_output = 'escape'`)
      const error = await failure(open({ ...settings, database: `${database.name}_odd` }))
      expect([error.sqlState, error.reason]).toEqual(['08001', 'connect-failed'])
      expect(error.message).toMatch(/bytea_output = escape.*ALTER ROLE … SET bytea_output = 'hex'/)
      await bouncer.killClients(`${database.name}_odd`)
      await raw.query(`DROP DATABASE ${database.name}_odd WITH (FORCE)`)
      await raw.end()
    })
  },
)
