import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, it } from 'vitest'
import { createDataSource } from '../../../src/index.ts'
import { PgBouncer, pgBouncerBinary } from '../../support/pgbouncer.ts'
import type { PostgresDatabase } from '../../support/postgres-database.ts'
import { describeOwnPostgres, describePgBouncer } from '../../support/postgres.ts'
import { execute, failure, open, valueOf } from './support.ts'

const pooler = 'transaction'

await describePgBouncer('what PgBouncer itself refuses', (start, server) => {
  let database: PostgresDatabase
  beforeAll(async () => {
    database = await server.database()
  })

  it('is told by what it is, though all has one SQLSTATE', async () => {
    const bouncer = await start({ config: { max_client_conn: 5 } })
    const settings = { ...bouncer.settings(database.name), pooler }
    const auth = await failure(open({ ...settings, password: 'wrong' }))
    expect([auth.sqlState, auth.reason, auth.retry]).toEqual(['28000', 'auth', 'no'])
    const missing = await failure(open({ ...settings, database: 'no_such_database' }))
    expect([missing.sqlState, missing.reason, missing.retry]).toEqual(['3D000', 'undefined-object', 'no'])
    const full = await failure(Promise.all(Array.from({ length: 8 }, () => open(settings))))
    expect([full.sqlState, full.reason, full.retry]).toEqual(['08001', 'connect-failed', 'connect'])
    expect(full.message).toMatch(/^Cannot connect to .*max_client_conn/)
    expect(full.cause).toMatchObject({ code: '08P01' })
  })

  it('a statement that waits in vain for a connection to the server has not been sent', async () => {
    const bouncer = await start({ config: { default_pool_size: 1, query_wait_timeout: 1 } })
    const settings = { ...bouncer.settings(database.name), pooler }
    const [holder, waiting] = [await open(settings), await open(settings)]
    await holder.begin({})
    const error = await failure(execute(waiting, 'CREATE TABLE never (a int)'))
    expect([error.sqlState, error.reason, error.fatal, error.retry]).toEqual([
      '08P01',
      'connection-lost',
      true,
      'connect',
    ])
    await holder.rollback()
    expect(await valueOf(holder, `SELECT to_regclass('never') IS NULL`)).toBe(true)
  })
})

// Where it is missing the suite above has said so.
if (pgBouncerBinary() !== undefined) {
  await describeOwnPostgres('an outage of the server behind PgBouncer', (start) => {
    it('costs what was under way; callers wait, and are served when it is back', async () => {
      const server = await start()
      const database = await server.database()
      await using bouncer = await PgBouncer.start(server.address, {
        config: { server_login_retry: 1, query_wait_timeout: 1, server_connect_timeout: 1 },
      })
      await using source = createDataSource({
        ...bouncer.settings(database.name),
        driver: 'pg',
        pooler,
        maximumPoolSize: 5,
      })
      await source.query('SELECT 1')
      await server.stop()
      const retries = new Set<unknown>()
      const state = { answers: 0, over: false }
      const caller = async (): Promise<void> => {
        while (!state.over) {
          await source.query('SELECT 1').then(
            () => state.answers++,
            (error: { retry: unknown }) => retries.add(error.retry),
          )
        }
      }
      const callers = Array.from({ length: 20 }, caller)
      await sleep(2_500)
      expect(state.answers).toBe(0)
      await server.start()
      while (state.answers < 200) await sleep(10)
      state.over = true
      await Promise.all(callers)
      // Nothing was under way when the server went: whatever failed can be done again.
      expect([...retries].filter((retry) => retry !== 'connect')).toEqual([])
    }, 30_000)
  })
}
