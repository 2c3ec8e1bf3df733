import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PgSession } from '../../../drivers/pg/index.ts'
import { pgDescriptor } from '../../../drivers/pg/settings.ts'
import {
  createDataSource,
  InvalidSettingError,
  SQLFeatureNotSupportedException,
  type Connection,
  type PooledDataSource,
} from '../../../src/index.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { postgresFraming } from '../../support/postgres-framing.ts'
import type { PostgresDatabase } from '../../support/postgres-database.ts'
import { describePgBouncer } from '../../support/postgres.ts'
import { failure } from './support.ts'

/** What cannot work in transaction mode, by what the error advises. docs/pgbouncer.md lists it. */
const refusedTexts: readonly (readonly [text: string, advice: RegExp])[] = [
  [`SET work_mem = '3MB'`, /SET LOCAL/],
  [`SET SESSION work_mem = '3MB'`, /SET LOCAL/],
  ['SET ROLE pg_read_all_data', /SET LOCAL/],
  ['SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY', /SET LOCAL/],
  ['RESET work_mem', /SET LOCAL/],
  ['DISCARD ALL', /SET LOCAL/],
  [`SELECT set_config('work_mem', '3MB', false)`, /set_config\(…, true\)/],
  ['SELECT setseed(0.5)', /SET LOCAL/],
  ['CREATE TEMP TABLE t (a int)', /ON COMMIT DROP/],
  ['CREATE TABLE pg_temp.t (a int)', /ON COMMIT DROP/],
  ['SELECT 1 AS a INTO TEMP t', /ON COMMIT DROP/],
  ['CREATE TEMP VIEW v AS SELECT 1', /ON COMMIT DROP/],
  ['SELECT pg_advisory_lock(1)', /pg_advisory_xact_lock/],
  ['SELECT pg_try_advisory_lock_shared(1)', /pg_advisory_xact_lock/],
  ['SELECT pg_advisory_unlock_all()', /pg_advisory_xact_lock/],
  ['LISTEN news', /goes to PostgreSQL itself/],
  ['UNLISTEN *', /goes to PostgreSQL itself/],
  ['PREPARE p AS SELECT 1', /Run its text/],
  ['EXECUTE p', /Run its text/],
  ['DEALLOCATE ALL', /Run its text/],
  ['DECLARE c CURSOR WITH HOLD FOR SELECT 1', /stream\(\)/],
  [`LOAD 'plpgsql'`, /session_preload_libraries/],
  [`SELECT dblink_connect('a', 'dbname=b')`, /session_preload_libraries/],
]

const refusedCalls: Readonly<Record<string, (connection: Connection) => unknown>> = {
  'setSchema()': (connection) => connection.setSchema('pg_catalog'),
  'setReadOnly()': (connection) => connection.setReadOnly(true),
  'setTransactionIsolation()': (connection) => connection.setTransactionIsolation('serializable'),
  'script() with a SET': (connection) => connection.script(`SELECT ';'; SELECT 1; SET work_mem = '3MB'`),
  'stream()': (connection) => connection.stream('SELECT pg_advisory_lock(1)').next(),
  maxRows: (connection) => connection.query('SELECT pg_advisory_lock(1)', [], { maxRows: 1 }),
  'prepareStatement()': async (connection) =>
    (await connection.prepareStatement(`SELECT set_config('a.b', ?, false)`)).query(['x']),
  'PgSession.copyTo()': async (connection) =>
    connection.unwrap(PgSession).copyTo('COPY (SELECT pg_advisory_lock(1)) TO STDOUT').next(),
  'PgSession.copyFrom()': async (connection) =>
    connection.unwrap(PgSession).copyFrom('COPY t FROM STDIN WHERE pg_try_advisory_lock(a)', []),
  'PgSession.listen()': async (connection) => connection.unwrap(PgSession).listen('news'),
}

await describePgBouncer('in transaction mode', (start, server) => {
  let database: PostgresDatabase
  let proxy: FaultProxy
  let source: PooledDataSource
  beforeAll(async () => {
    database = await server.database()
    const bouncer = await start({ config: { default_pool_size: 1 } })
    const settings = bouncer.settings(database.name)
    proxy = await FaultProxy.start({ target: settings, framing: postgresFraming })
    source = createDataSource({
      ...settings,
      port: proxy.port,
      driver: 'pg',
      pooler: 'transaction',
      maximumPoolSize: 1,
    })
    await source.query('SELECT 1')
  })
  afterAll(async () => {
    await source.close()
    proxy.close()
  })

  /** Refused before anything is sent, and whoever borrows next is served. */
  async function refused(attempt: (connection: Connection) => unknown): Promise<string> {
    const before = proxy.counts().toServer
    const error = await source.withConnection(async (connection) => failure(promised(attempt, connection)))
    expect(error).toBeInstanceOf(SQLFeatureNotSupportedException)
    expect([error.sqlState, error.reason, error.fatal, error.retry]).toEqual([
      '0A000',
      'feature',
      false,
      'no',
    ])
    expect(error.message).toMatch(/pooler: 'transaction'/)
    expect(proxy.counts().toServer).toEqual(before)
    expect((await source.query('SELECT 7 AS n')).rows).toEqual([{ n: 7 }])
    return error.message
  }

  it.each(refusedTexts)('%s is refused, and the server has not seen it', async (text, advice) => {
    expect(await refused((connection) => connection.execute(text))).toMatch(advice)
  })

  it.each(Object.keys(refusedCalls))('%s is refused, and the server has not seen it', async (name) => {
    await refused(refusedCalls[name]!)
  })

  it('is refused within a transaction too, which goes on', async () => {
    const rows = await source.transaction(async (tx) => {
      for (const [text] of refusedTexts) {
        expect((await failure(tx.execute(text))).sqlState, text).toBe('0A000')
      }
      return (await tx.query('SELECT 1 AS n')).rows
    })
    expect(rows).toEqual([{ n: 1 }])
  })

  it('a batch is refused, of which the server has seen no more than BEGIN and ROLLBACK', async () => {
    const before = proxy.counts().toServer.types
    const error = await failure(source.batch(`SELECT set_config('a.b', ?, false)`, [['x'], ['y']]))
    expect(error.sqlState).toBe('0A000')
    expect(proxy.counts().toServer.types).toEqual({ ...before, Query: before['Query']! + 2 })
  })

  it('parses each statement when it runs, by one round trip', async () => {
    const before = proxy.counts().toServer.types
    for (let run = 0; run < 5; run++) await source.query('SELECT ? + 1 AS n', [run])
    const after = proxy.counts().toServer.types
    const sent = Object.keys(after).map((type) => [type, after[type]! - (before[type] ?? 0)])
    const each = Object.fromEntries(sent.filter(([, count]) => count !== 0))
    expect(each).toEqual({ Parse: 5, Bind: 5, Describe: 5, Execute: 5, Sync: 5 })
  })

  it('what a DO block sets is not seen beforehand: the next client has it', async () => {
    const mark = `SELECT current_setting('kit.mark', true) AS mark`
    expect((await source.query(mark)).rows).toEqual([{ mark: null }])
    await source.execute(`DO $$ BEGIN PERFORM set_config('kit.mark', 'left', false); END $$`)
    expect((await source.query(mark)).rows).toEqual([{ mark: 'left' }])
  })

  it('a reset sends nothing to a connection that others have by then', async () => {
    await source.execute('DO $$ BEGIN PERFORM 1; END $$')
    const before = proxy.counts().toServer
    const connection = await source.getConnection()
    expect(proxy.counts().toServer).toEqual(before)
    await connection.close()
  })
})

describe('settings', () => {
  const settings = { driver: 'pg', host: 'db.example', database: 'd', pooler: 'transaction' }

  it.each(
    Object.entries({
      connectionInitSql: 'SELECT 1',
      serverSettings: { work_mem: '64MB' },
      statementTimeout: '1s',
      lockTimeout: '1s',
      idleInTransactionTimeout: '1s',
    }),
  )('%s is refused with a pooler in transaction mode, not in session mode', async (name, value) => {
    const make = (pooler: string): PooledDataSource =>
      createDataSource({ ...settings, pooler, [name]: value })
    await make('session').close()
    await make('none').close()
    let error: unknown
    try {
      make('transaction')
    } catch (caught) {
      error = caught
    }
    expect(error).toBeInstanceOf(InvalidSettingError)
    expect((error as InvalidSettingError).path).toEqual([name])
    expect((error as InvalidSettingError).message).toMatch(/pooler: 'transaction'.*ALTER ROLE/)
  })

  it('of a URL name the pooler', () => {
    expect(pgDescriptor.parseUrl('postgres://h:6432/d?pooler=session')).toMatchObject({ pooler: 'session' })
  })

  it('name one of three', () => {
    expect(() => createDataSource({ ...settings, pooler: 'statement' })).toThrow(
      /'none', 'session', 'transaction'/,
    )
  })
})

/** What throws at once rejects. */
async function promised(attempt: (connection: Connection) => unknown, connection: Connection): Promise<void> {
  await attempt(connection)
}
