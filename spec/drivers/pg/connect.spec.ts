import { beforeAll, expect, it } from 'vitest'
import { createDataSource } from '../../../src/index.ts'
import type { PostgresDatabase, PostgresSettings } from '../../support/postgres-database.ts'
import { describePostgres } from '../../support/postgres.ts'
import { compiled, failure, open, valueOf } from './support.ts'

await describePostgres('connecting to PostgreSQL', (server) => {
  let database: PostgresDatabase
  let settings: PostgresSettings
  beforeAll(async () => {
    database = await server.database()
    settings = database.settings
  })

  it('asks for the password at every connect', async () => {
    const passwords = [settings.password, settings.password, 'wrong']
    const asked: string[] = []
    const password = async (): Promise<string> => {
      const next = passwords[asked.length]!
      asked.push(next)
      return next
    }
    await open({ ...settings, password })
    await open({ ...settings, password })
    const error = await failure(open({ ...settings, password }))
    expect(asked).toHaveLength(3)
    expect([error.name, error.sqlState]).toEqual(['SQLInvalidAuthorizationSpecException', '28P01'])
    expect(error.message).not.toContain('wrong')
  })

  it('says when a password is asked for and there is none, or its provider fails', async () => {
    const { password: _, ...without } = settings
    const missing = await failure(open(without))
    expect([missing.sqlState, missing.reason]).toEqual(['28000', 'auth'])
    expect(missing.message).toMatch(/none is configured/)
    const failing = await failure(
      open({ ...settings, password: () => Promise.reject(new Error('vault is sealed')) }),
    )
    expect(failing.message).toMatch(/vault is sealed/)
    const wrong = await failure(open({ ...settings, password: () => 4711 }))
    expect(wrong.message).toMatch(/a value of type number/)
    expect((await database.sessions()).length).toBeLessThanOrEqual(2)
  })

  it('tells a database that does not exist', async () => {
    const error = await failure(open({ ...settings, database: 'no_such_database' }))
    expect([error.sqlState, error.reason]).toEqual(['3D000', 'undefined-object'])
    expect(error.message).toMatch(/^Cannot connect to PostgreSQL database no_such_database at /)
  })

  it('takes a URL', async () => {
    await using source = createDataSource(`${database.url}?application_name=by%20url&maximumPoolSize=1`)
    const { rows } = await source.query(`SELECT current_setting('application_name') AS name`)
    expect(rows).toEqual([{ name: 'by url' }])
  })

  it('over a unix socket', async (test) => {
    if (database.socketSettings === undefined) test.skip()
    const connection = await open(database.socketSettings!)
    expect(await valueOf(connection, 'SELECT inet_client_addr() IS NULL')).toBe(true)
    const stopped = failure(connection.execute(sleepStatement, []))
    await new Promise((resolve) => setTimeout(resolve, 30))
    await connection.cancel()
    expect((await stopped).sqlState).toBe('57014')
  })

  it('over TLS, as far as it is asked to look', async (test) => {
    const { ca } = server.address
    if (ca === undefined) test.skip()
    const encrypted = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
    expect(await valueOf(await open(settings), encrypted)).toBe(false)
    for (const tls of ['require', { mode: 'verify-ca', ca }, { mode: 'verify-full', ca }]) {
      const connection = await open({ ...settings, tls })
      expect(await valueOf(connection, encrypted)).toBe(true)
      const stopped = failure(connection.execute(sleepStatement, []))
      await new Promise((resolve) => setTimeout(resolve, 30))
      await connection.cancel()
      expect((await stopped).sqlState).toBe('57014')
    }
    for (const tls of [
      'verify-full',
      'verify-ca',
      { mode: 'verify-full', ca, serverName: 'other.example' },
    ]) {
      const error = await failure(open({ ...settings, tls }))
      expect([error.sqlState, error.name]).toEqual(['08001', 'SQLNonTransientConnectionException'])
      expect(error.message).toMatch(/tls: \{/)
    }
    await open({ ...settings, tls: { mode: 'verify-ca', ca, serverName: 'other.example' } })
  })
})

const sleepStatement = compiled('SELECT pg_sleep(60)')
