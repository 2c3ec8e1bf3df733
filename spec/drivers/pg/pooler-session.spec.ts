import { beforeAll, describe, expect, it } from 'vitest'
import { toException } from '../../../drivers/pg/errors.ts'
import { PgSession } from '../../../drivers/pg/index.ts'
import { createDataSource } from '../../../src/index.ts'
import type { PostgresDatabase } from '../../support/postgres-database.ts'
import { describePgBouncer } from '../../support/postgres.ts'
import { failure, open, valueOf } from './support.ts'

await describePgBouncer('behind PgBouncer in session mode', (start, server) => {
  let database: PostgresDatabase
  beforeAll(async () => {
    database = await server.database()
  })

  it('a session begins as promised, and is so again after a reset', async () => {
    const own = await server.database()
    const raw = await own.connect()
    await raw.query(`ALTER DATABASE ${own.name} SET client_encoding = 'LATIN1'`)
    await raw.end()
    const bouncer = await start({ config: { pool_mode: 'session' } })
    const connection = await open({
      ...bouncer.settings(own.name),
      pooler: 'session',
      applicationName: `a name; with ' and \\`,
      statementTimeout: '5m',
      lockTimeout: '1m',
      idleInTransactionTimeout: '2m',
      serverSettings: { work_mem: '8MB', search_path: 'public, "odd schema"', 'kit.mark': 'DEALLOCATE all' },
    })
    const wanted = {
      TimeZone: 'UTC',
      DateStyle: 'ISO, YMD',
      IntervalStyle: 'postgres',
      extra_float_digits: '3',
      bytea_output: 'hex',
      standard_conforming_strings: 'on',
      client_encoding: 'UTF8',
      application_name: `a name; with ' and \\`,
      statement_timeout: '5min',
      lock_timeout: '1min',
      idle_in_transaction_session_timeout: '2min',
      work_mem: '8MB',
      search_path: 'public, "odd schema"',
      'kit.mark': 'DEALLOCATE all',
    }
    const shown = async (): Promise<object> => {
      const values: Record<string, unknown> = {}
      for (const name of Object.keys(wanted)) values[name] = await valueOf(connection, `SHOW ${name}`)
      return values
    }
    expect(await shown()).toEqual(wanted)
    const pid = await valueOf(connection, 'SELECT pg_backend_pid()')
    expect(connection.id.startsWith(`pg ${String(pid)} (PostgreSQL database `)).toBe(true)
    expect(connection.capabilities.pipelining).toBe(true)
    await connection.executeScript(
      `${Object.keys(wanted)
        .map((name) => `RESET ${name}`)
        .join('; ')};
       SET TimeZone = 'Asia/Tokyo'; SET work_mem = '3MB'; CREATE TEMP TABLE t (a int); PREPARE mine AS SELECT 1`,
    )
    await connection.reset()
    expect(await shown()).toEqual(wanted)
    expect(await valueOf(connection, `SELECT count(*) FROM pg_prepared_statements WHERE from_sql`)).toBe(0n)
    expect(await valueOf(connection, `SELECT to_regclass('pg_temp.t') IS NULL`)).toBe(true)
  })

  it('has all that a session has: plans, settings, notifications', async () => {
    const bouncer = await start({ config: { pool_mode: 'session' } })
    await using source = createDataSource({
      ...bouncer.settings(database.name),
      driver: 'pg',
      pooler: 'session',
      maximumPoolSize: 1,
    })
    for (let run = 0; run < 3; run++) {
      const { rows } = await source.query('SELECT count(*)::int + ? AS n FROM pg_prepared_statements', [run])
      expect(rows).toEqual([{ n: run === 0 ? 0 : run + 1 }])
    }
    await source.withConnection(async (connection) => {
      await connection.setSchema('pg_catalog')
      await connection.setReadOnly(true)
      await using notifications = connection.unwrap(PgSession).listen('news')
      const first = notifications.next()
      while ((await connection.query('SELECT FROM pg_listening_channels()')).rows.length === 0);
      await connection.query(`SELECT pg_notify('news', 'hello')`)
      expect((await first).value).toMatchObject({ channel: 'news', payload: 'hello' })
    })
    const { rows } = await source.query(
      `SELECT current_schema() AS schema, (SELECT count(*)::int FROM pg_listening_channels()) AS listening`,
    )
    expect(rows).toEqual([{ schema: 'public', listening: 0 }])
  })

  it('says which setting of the server is wrong', async () => {
    const bouncer = await start({ config: { pool_mode: 'session' } })
    const settings = { ...bouncer.settings(database.name), pooler: 'session' }
    const error = await failure(open({ ...settings, serverSettings: { no_such_setting: '1' } }))
    expect(error.sqlState).toBe('42704')
    expect(error.message).toMatch(/^Cannot connect to .*no_such_setting/)
    expect(await bouncer.clients(database.name)).toEqual([])
  })
})

await describePgBouncer('PgBouncer that the settings do not name', (start, server) => {
  let database: PostgresDatabase
  beforeAll(async () => {
    database = await server.database()
  })

  it('refuses what the driver asks for, and the error says what to set', async () => {
    const bouncer = await start()
    const error = await failure(open(bouncer.settings(database.name)))
    expect(error.sqlState).toBe('08P01')
    expect(error.message).toMatch(
      /unsupported startup parameter.*Is PgBouncer in front\? Then set pooler: 'transaction'/,
    )
    expect(error.cause).toMatchObject({ code: '08P01' })
  })

  it('is noticed when it swallows what the driver asks for', async () => {
    const bouncer = await start({ config: { ignore_startup_parameters: 'options' } })
    const error = await failure(open(bouncer.settings(database.name)))
    expect([error.sqlState, error.reason]).toEqual(['08001', 'connect-failed'])
    expect(error.message).toMatch(/ignore_startup_parameters\? Then set pooler: 'transaction'/)
    await open({ ...bouncer.settings(database.name), pooler: 'transaction' })
  })

  it('mixes up no plans: one that is not found is told, with what to set', async () => {
    const own = await server.database()
    const raw = await own.connect()
    await raw.query(`ALTER DATABASE ${own.name} SET TimeZone = 'UTC'`)
    await raw.query(`ALTER DATABASE ${own.name} SET DateStyle = 'ISO, YMD'`)
    await raw.end()
    const bouncer = await start({ config: { ignore_startup_parameters: 'options' } })
    const settings = bouncer.settings(own.name)
    const [one, two] = [await open(settings), await open(settings)]
    for (let run = 0; run < 2; run++) expect(await valueOf(one, 'SELECT ?::int + 1', run)).toBe(run + 1)
    for (let run = 0; run < 3; run++) expect(await valueOf(two, 'SELECT ?::int + 2', run)).toBe(run + 2)
    // Both connections to the server are taken by turns, and only one knows the plan.
    await two.begin({})
    await one.begin({})
    const outcomes = await Promise.allSettled([
      valueOf(two, 'SELECT ?::int + 2', 1),
      valueOf(one, 'SELECT ?::int + 1', 1),
    ])
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    for (const { reason } of refused) {
      expect(reason).toMatchObject({ sqlState: '26000', cause: { code: '26000' } })
      expect(reason.message).toMatch(
        /Is PgBouncer in front, in transaction mode\? Then set pooler: 'transaction'/,
      )
    }
  })
})

describe('a plan that is not as the driver left it', () => {
  const context = { phase: 'statement', transactionStatus: 'none' } as const
  const serverError = (code: string, message: string): Error =>
    Object.assign(new Error(message), { code, severity: 'ERROR' })

  it('is there already: the error says what to set, and keeps its cause', () => {
    const cause = serverError('42P05', 'prepared statement "wellhead_17_1" already exists')
    const error = toException(cause, context)
    expect(error).toMatchObject({ sqlState: '42P05', cause })
    expect(error.message).toBe(
      `prepared statement "wellhead_17_1" already exists. Is PgBouncer in front, in transaction mode? Then set pooler: 'transaction'`,
    )
  })

  it('of the application is its own affair', () => {
    for (const code of ['42P05', '26000']) {
      expect(toException(serverError(code, 'prepared statement "mine"'), context).message).toBe(
        'prepared statement "mine"',
      )
    }
  })
})
