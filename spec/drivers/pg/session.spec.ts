import { beforeAll, expect, it } from 'vitest'
import { createDataSource } from '../../../src/index.ts'
import type { PostgresDatabase, PostgresSettings } from '../../support/postgres-database.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { postgresFraming } from '../../support/postgres-framing.ts'
import { describePostgres } from '../../support/postgres.ts'
import { compiled, execute, failure, open, valueOf } from './support.ts'

await describePostgres('a session with PostgreSQL', (server) => {
  let database: PostgresDatabase
  let settings: PostgresSettings
  beforeAll(async () => {
    database = await server.database()
    settings = database.settings
  })

  it('begins as promised, and tells what the server is', async () => {
    const connection = await open({
      ...settings,
      applicationName: 'a name, with \\ and spaces',
      statementTimeout: '5m',
      lockTimeout: '1m',
      idleInTransactionTimeout: '2m',
      serverSettings: { work_mem: '8MB', search_path: 'public, "odd schema"' },
    })
    const shown: unknown[] = []
    const names =
      'TimeZone DateStyle client_encoding application_name statement_timeout lock_timeout work_mem search_path'
    for (const name of names.split(' ')) shown.push(await valueOf(connection, `SHOW ${name}`))
    expect(shown).toEqual([
      'UTC',
      'ISO, YMD',
      'UTF8',
      'a name, with \\ and spaces',
      '5min',
      '1min',
      '8MB',
      'public, "odd schema"',
    ])
    expect(connection.server.productName).toBe('PostgreSQL')
    expect(connection.server.productVersion).toMatch(/^\d+/)
    expect(connection.initialState).toEqual({
      readOnly: false,
      isolation: 'read committed',
      schema: 'public',
    })
    expect(connection.id).toMatch(/^pg \d+ /)
    expect(connection.id).not.toContain(settings.password)
  })

  it('says whether a transaction is open, by the word of the server', async () => {
    const connection = await open(settings)
    expect(connection.transactionStatus).toBe('none')
    await connection.begin({ isolation: 'serializable', readOnly: true })
    expect(connection.transactionStatus).toBe('open')
    expect(await valueOf(connection, 'SHOW transaction_isolation')).toBe('serializable')
    expect(await valueOf(connection, 'SHOW transaction_read_only')).toBe('on')
    await failure(execute(connection, 'SELECT 1 / 0'))
    expect(connection.transactionStatus).toBe('failed')
    expect((await failure(execute(connection, 'SELECT 1'))).sqlState).toBe('25P02')
    expect(await connection.commit()).toBe('rolled-back')
    expect(connection.transactionStatus).toBe('none')
    // Also when it was opened by a text.
    await connection.executeScript('BEGIN; SELECT 1')
    expect(connection.transactionStatus).toBe('open')
    await connection.rollback()
    expect((await failure(connection.begin({ isolation: 'snapshot' }))).sqlState).toBe('0A000')
  })

  it('has savepoints of any name', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE saved (a int)')
    await connection.begin({})
    for (const name of ['plain', 'with "quotes"', 'ä; DROP TABLE saved']) {
      await execute(connection, 'INSERT INTO saved VALUES (1)')
      await connection.savepoint(name)
      await execute(connection, 'INSERT INTO saved VALUES (2)')
      await connection.rollback(name)
      await connection.release(name)
    }
    expect((await failure(connection.rollback('unknown'))).sqlState).toBe('3B001')
    await connection.rollback()
    expect(await valueOf(connection, 'SELECT count(*) FROM saved')).toBe(0n)
  })

  it('is read-only where its role is, and a transaction may be otherwise', async () => {
    const connection = await open({ ...settings, serverSettings: { default_transaction_read_only: 'on' } })
    expect(connection.initialState.readOnly).toBe(true)
    expect((await failure(execute(connection, 'CREATE TABLE never (a int)'))).sqlState).toBe('25006')
    await connection.begin({ readOnly: false })
    expect(await valueOf(connection, 'SHOW transaction_read_only')).toBe('off')
    await connection.rollback()
    await connection.configure({ readOnly: false })
    await connection.begin({ readOnly: true })
    expect(await valueOf(connection, 'SHOW transaction_read_only')).toBe('on')
    await connection.rollback()
  })

  it('takes a schema and goes back to the path it had', async () => {
    const raw = await database.connect()
    await raw.query(`CREATE SCHEMA "it's ""odd"" \\"`)
    await raw.end()
    const connection = await open({ ...settings, serverSettings: { search_path: 'public, pg_catalog' } })
    for (let turn = 0; turn < 2; turn++) {
      await connection.configure({ schema: `it's "odd" \\` })
      expect(await valueOf(connection, 'SELECT current_schema()')).toBe(`it's "odd" \\`)
      await connection.configure({ schema: 'pg_catalog', isolation: 'repeatable read' })
      expect(await valueOf(connection, 'SELECT current_schema()')).toBe('pg_catalog')
      await connection.configure({ schema: 'public', isolation: 'read committed' })
      expect(await valueOf(connection, 'SHOW search_path')).toBe('public, pg_catalog')
    }
  })

  it('is reset to what it was, and keeps its plans', async () => {
    const connection = await open(settings)
    for (let run = 0; run < 3; run++) await valueOf(connection, 'SELECT ? + 1', run)
    const plans = `SELECT string_agg(regexp_replace(name, '_.*_', '_'), ' ' ORDER BY name) FROM pg_prepared_statements`
    expect(await valueOf(connection, plans)).toBe('wellhead_1')
    await connection.executeScript(`
      SET work_mem = '3MB'; SET TimeZone = 'Asia/Tokyo'; SET ROLE pg_read_all_data;
      CREATE TEMP TABLE marker (a int); LISTEN news; PREPARE mine AS SELECT 1; PREPARE "Yo""urs" AS SELECT 2;
      DECLARE held CURSOR WITH HOLD FOR SELECT 1; SELECT pg_advisory_lock(4711); BEGIN; SELECT 1`)
    await connection.reset()
    expect(connection.transactionStatus).toBe('none')
    expect(await valueOf(connection, `${plans} WHERE name <> 'x'`)).toBe('wellhead_1')
    expect(await valueOf(connection, 'SHOW work_mem')).not.toBe('3MB')
    expect(await valueOf(connection, 'SHOW TimeZone')).toBe('UTC')
    expect(await valueOf(connection, 'SELECT current_user = session_user')).toBe(true)
    expect(await valueOf(connection, `SELECT to_regclass('pg_temp.marker') IS NULL`)).toBe(true)
    expect(await valueOf(connection, 'SELECT count(*) FROM pg_listening_channels()')).toBe(0n)
    expect(await valueOf(connection, `SELECT count(*) FROM pg_cursors WHERE name <> ''`)).toBe(0n)
    const locks = `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()`
    expect(await valueOf(connection, locks)).toBe(0n)
    expect(await valueOf(connection, 'SELECT ? + 1', 1)).toBe(2)
  })

  it('is clean for the next borrower, whatever was done to it', async () => {
    await using source = createDataSource({ ...settings, driver: 'pg', maximumPoolSize: 1 })
    const traces = `SELECT current_setting('work_mem') = '3MB' AS set, to_regclass('pg_temp.t') IS NOT NULL AS temporary,
      (SELECT count(*) FROM pg_listening_channels()) AS listening,
      (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks`
    for (const text of [
      `SET work_mem = '3MB'`,
      'CREATE TEMP TABLE t (a int)',
      'LISTEN news',
      'SELECT pg_advisory_lock(1)',
      `DO $$ BEGIN SET work_mem = '3MB'; END $$`,
      `DO $$ BEGIN CREATE TEMP TABLE t (a int); PERFORM pg_advisory_lock(2); EXECUTE 'LISTEN news'; END $$`,
      `SELECT set_config('work_mem', '3MB', false)`,
      'BEGIN',
    ]) {
      await source.withConnection((connection) => connection.execute(text))
      const { rows } = await source.query(traces)
      expect(rows, text).toEqual([{ set: false, temporary: false, listening: 0n, locks: 0n }])
      expect((await database.sessions()).map(({ state }) => state)).toEqual(['idle'])
    }
    await source.execute('CREATE TABLE unfinished (a int)')
    await source.withConnection(async (connection) => {
      await connection.setAutoCommit(false)
      await connection.execute('INSERT INTO unfinished VALUES (1)')
    })
    expect((await source.query('SELECT count(*) AS n FROM unfinished')).rows).toEqual([{ n: 0n }])
    expect((await database.sessions()).map(({ state }) => state)).toEqual(['idle'])
  })

  it("changed where nobody sees it, by a function, is clean for the next borrower with sessionReset: 'always'", async () => {
    const raw = await database.connect()
    await raw.query(`CREATE FUNCTION changes_the_session() RETURNS text LANGUAGE sql
      AS $$ SELECT set_config('work_mem', '3MB', false) $$`)
    await raw.end()
    for (const [sessionReset, seen] of [
      ['auto', true],
      ['always', false],
    ] as const) {
      await using source = createDataSource({ ...settings, driver: 'pg', maximumPoolSize: 1, sessionReset })
      await source.query('SELECT changes_the_session()')
      const { rows } = await source.query(`SELECT current_setting('work_mem') = '3MB' AS seen`)
      expect(rows, sessionReset).toEqual([{ seen }])
    }
  })

  it('is lent and given back without a message, when nothing was changed', async () => {
    await using proxy = await FaultProxy.start({ target: settings, framing: postgresFraming })
    await using source = createDataSource({ ...settings, port: proxy.port, driver: 'pg', maximumPoolSize: 1 })
    for (let run = 0; run < 3; run++) await source.query('SELECT ? AS n', [run])
    const before = proxy.counts().toServer
    for (let cycle = 0; cycle < 100; cycle++) await (await source.getConnection()).close()
    expect(proxy.counts().toServer).toEqual(before)
    await source.query('SELECT ? AS n', [4])
    const { Bind = 0, Execute = 0, Sync = 0, ...others } = proxy.counts().toServer.types
    expect(
      [Bind, Execute, Sync].map(
        (count, at) => count - [before.types.Bind, before.types.Execute, before.types.Sync][at]!,
      ),
    ).toEqual([1, 1, 1])
    const { Bind: _b, Execute: _e, Sync: _s, ...same } = before.types
    expect(others).toEqual(same)
  })

  it('is streamed by a portal that waits', async () => {
    const connection = await open(settings)
    await connection.begin({})
    const stream = connection.stream(
      compiled('SELECT n, repeat(?, 1000) FROM generate_series(1, 1000000) AS s(n)'),
      ['x'],
      100,
    )
    const first = await stream.fetch()
    expect([first.rows.length, first.done]).toEqual([100, false])
    expect(stream.columns.map(({ name, type }) => [name, type])).toEqual([
      ['n', 'INTEGER'],
      ['repeat', 'VARCHAR'],
    ])
    await stream.close()
    await stream.close()
    expect(await stream.fetch()).toEqual({ rows: [], done: true })
    expect(connection.transactionStatus).toBe('open')
    expect(await connection.commit()).toBe('committed')
    const exact = connection.stream(compiled('SELECT n FROM generate_series(1, 6) AS s(n)'), [], 3)
    const sizes: [number, boolean][] = []
    for (let done = false; !done;) {
      const batch = await exact.fetch()
      done = batch.done
      sizes.push([batch.rows.length, done])
    }
    expect(sizes).toEqual([
      [3, false],
      [3, false],
      [0, true],
    ])
    const changing = connection.stream(compiled('CREATE TABLE made_in_a_stream (a int)'), [], 3)
    expect(await changing.fetch()).toEqual({ rows: [], done: true })
    const failing = connection.stream(
      compiled('SELECT 1 / (3 - n) FROM generate_series(1, 9) AS s(n)'),
      [],
      2,
    )
    await failing.fetch()
    expect((await failure(failing.fetch())).sqlState).toBe('22012')
    await failing.close()
    expect(await valueOf(connection, 'SELECT 1')).toBe(1)
  })

  it('gives its client to whoever needs it', async () => {
    await using source = createDataSource({ ...settings, driver: 'pg' })
    await using connection = await source.getConnection()
    const { Client } = await import('pg')
    const client = connection.unwrap(Client)
    expect(connection.isWrapperFor(Map)).toBe(false)
    const [own, theirs] = await Promise.all([
      connection.query('SELECT 1 AS a'),
      client.query<{ a: string }>('SELECT 2::text AS a'),
    ])
    expect([own.rows, theirs.rows]).toEqual([[{ a: 1 }], [{ a: '2' }]])
  })
})
