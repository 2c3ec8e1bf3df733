import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ExceptionOverride } from '../../../src/api/exception-override.ts'
import type { SQLException } from '../../../src/api/sql-exception.ts'
import { createDataSource, type PooledDataSource } from '../../../src/index.ts'
import type { PostgresDatabase } from '../../support/postgres-database.ts'
import { describePostgres } from '../../support/postgres.ts'
import { failure } from './support.ts'

await describePostgres('exceptionOverride on PostgreSQL', (server) => {
  let database: PostgresDatabase
  const sources: PooledDataSource[] = []

  beforeAll(async () => {
    database = await server.database()
  })
  afterAll(() => Promise.all(sources.map((source) => source.close())))

  function open(exceptionOverride?: ExceptionOverride): PooledDataSource {
    const source = createDataSource({ url: database.url, maximumPoolSize: 1, exceptionOverride })
    sources.push(source)
    return source
  }

  const pid = async (source: PooledDataSource): Promise<unknown> =>
    (await source.query('SELECT pg_backend_pid() AS pid')).rows[0]
  const raise = `DO $$ BEGIN RAISE EXCEPTION 'mishap' USING ERRCODE = 'XX001'; END $$`

  it('fatal: true ends the session that gave the error, and only then', async () => {
    const source = open(({ sqlState }) => (sqlState === 'XX001' ? { fatal: true } : undefined))
    const before = await pid(source)
    expect(await failure(source.query('SELECT 1/0'))).toMatchObject({ sqlState: '22012', fatal: false })
    expect(await pid(source)).toEqual(before)
    expect(await failure(source.execute(raise))).toMatchObject({ sqlState: 'XX001', fatal: true })
    const after = await pid(source)
    expect(after).not.toEqual(before)
    const sessions = await database.sessions()
    expect(sessions).toHaveLength(1)
  })

  it('fatal: false keeps no session that the server has ended', async () => {
    const errors: SQLException[] = []
    const source = open((error) => {
      errors.push(error)
      return { fatal: false }
    })
    const before = await pid(source)
    const error = await failure(source.execute('SELECT pg_terminate_backend(pg_backend_pid())'))
    expect(error).toMatchObject({ sqlState: '57P01', fatal: true })
    expect(await pid(source)).not.toEqual(before)
    expect(errors.map(({ sqlState }) => sqlState)).toEqual(['57P01'])
  })
})
