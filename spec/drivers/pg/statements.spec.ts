import { beforeAll, expect, it } from 'vitest'
import type { PgConnection } from '../../../drivers/pg/pg-connection.ts'
import type { PostgresDatabase, PostgresSettings } from '../../support/postgres-database.ts'
import { describePostgres } from '../../support/postgres.ts'
import { compiled, execute, failure, open, valueOf } from './support.ts'

async function preparedOn(connection: PgConnection): Promise<unknown> {
  return valueOf(connection, `SELECT count(*)::int FROM pg_prepared_statements WHERE name LIKE 'wellhead%'`)
}

await describePostgres('statements on PostgreSQL', (server) => {
  let database: PostgresDatabase
  let settings: PostgresSettings
  beforeAll(async () => {
    database = await server.database()
    settings = database.settings
  })

  it('are prepared at their second run, and then sent by name', async () => {
    const connection = await open(settings, { prepareThreshold: 2 })
    const counts: unknown[] = []
    for (let run = 1; run <= 3; run++) {
      expect(await valueOf(connection, 'SELECT ? + 1', run)).toBe(run + 1)
      const raw = await connection.execute(
        compiled(`SELECT count(*)::int AS run${run} FROM pg_prepared_statements`),
        [],
      )
      counts.push(raw.rows[0]?.[0])
    }
    expect(counts).toEqual([0, 1, 1])
  })

  it('are never prepared with prepareThreshold 0, and at once with 1', async () => {
    const never = await open(settings, { prepareThreshold: 0 })
    for (let run = 0; run < 4; run++) await valueOf(never, 'SELECT ?', run)
    expect(await preparedOn(never)).toBe(0)
    const atOnce = await open(settings, { prepareThreshold: 1 })
    await valueOf(atOnce, 'SELECT ?', 1)
    expect(await preparedOn(atOnce)).toBe(2)
  })

  it('keep no more plans than statementCacheSize', async () => {
    const connection = await open(settings, { statementCacheSize: 5 })
    for (let text = 0; text < 40; text++) {
      for (let run = 0; run < 3; run++) {
        expect(await valueOf(connection, `SELECT ? + ${text}`, run)).toBe(run + text)
      }
    }
    // What was closed goes with the next message.
    expect(await preparedOn(connection)).toBeLessThanOrEqual(5)
    expect(await preparedOn(connection)).toBeGreaterThan(0)
  })

  it('share a plan between NULL and a value, and have one for each type', async () => {
    const connection = await open(settings)
    const rows: unknown[] = []
    for (const value of [1, 2, null, 3n, 4n, 'text', null])
      rows.push(await valueOf(connection, 'SELECT ?', value))
    expect(rows).toEqual([1, 2, null, 3n, 4n, 'text', null])
  })

  it('recover when their plan is stale: the table has changed, or somebody deallocated it', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE changing (a int)')
    await execute(connection, 'INSERT INTO changing VALUES (1)')
    const text = 'SELECT * FROM changing WHERE a > ?'
    for (let run = 0; run < 3; run++) expect((await execute(connection, text, 0)).rows).toEqual([[1]])
    await execute(connection, 'ALTER TABLE changing ADD b text')
    expect((await execute(connection, text, 0)).rows).toEqual([[1, null]])
    expect((await execute(connection, text, 0)).columns).toHaveLength(2)
    for (const forget of ['DEALLOCATE ALL', 'DISCARD ALL']) {
      for (let run = 0; run < 3; run++) await execute(connection, text, 0)
      await execute(connection, forget)
      for (let run = 0; run < 3; run++) expect((await execute(connection, text, 0)).rows).toEqual([[1, null]])
    }
  })

  it('recover when a NULL meets a plan of the time when its column had another type', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE retyped (a bool)')
    const text = 'INSERT INTO retyped (a) VALUES (?)'
    for (let run = 0; run < 3; run++) await execute(connection, text, true)
    await execute(connection, 'ALTER TABLE retyped ALTER a TYPE int USING a::int')
    await execute(connection, text, null)
    await execute(connection, text, 2)
    expect((await failure(execute(connection, text, true))).sqlState).toBe('42804')
    const { rows } = await execute(connection, 'SELECT a FROM retyped')
    expect(rows).toEqual([[1], [1], [1], [null], [2]])
  })

  it('say within a transaction that it has to be run again when a plan is stale, and then it runs', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE altered (a int)')
    const text = 'SELECT * FROM altered WHERE a > ?'
    for (let run = 0; run < 3; run++) await execute(connection, text, 0)
    const other = await open(settings)
    await execute(other, 'ALTER TABLE altered ADD b text')
    await connection.begin({})
    const error = await failure(execute(connection, text, 0))
    expect([error.reason, error.retry, error.fatal]).toEqual(['statement-invalid', 'transaction', false])
    expect(connection.transactionStatus).toBe('failed')
    await connection.rollback()
    await connection.begin({})
    await execute(connection, text, 0)
    expect(await connection.commit()).toBe('committed')
  })

  it('are sent together and answered in order; the failure of one is its own', async () => {
    const connection = await open(settings)
    const calls = Array.from({ length: 200 }, (_, n) =>
      valueOf(connection, n % 50 === 7 ? 'SELECT 1 / ?' : 'SELECT ?', n % 50 === 7 ? 0 : n),
    )
    const outcomes = await Promise.allSettled(calls)
    for (const [n, outcome] of outcomes.entries()) {
      if (n % 50 === 7) expect(outcome).toMatchObject({ status: 'rejected', reason: { sqlState: '22012' } })
      else expect(outcome).toEqual({ status: 'fulfilled', value: n })
    }
  })

  it('tell what they changed, by their tag', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE counted (a int)')
    const counts: number[] = []
    for (const text of [
      'INSERT INTO counted SELECT generate_series(1, 5)',
      'INSERT INTO counted VALUES (6) RETURNING a',
      'UPDATE counted SET a = a WHERE a < 4',
      'SELECT * FROM counted',
      'DELETE FROM counted WHERE a > 100',
      'CREATE TABLE copied AS SELECT * FROM counted',
      'TRUNCATE counted',
    ]) {
      counts.push((await execute(connection, text)).updateCount)
    }
    expect(counts).toEqual([5, 1, 3, 0, 0, 0, 0])
  })

  it('give notices as warnings', async () => {
    const connection = await open(settings)
    const { warnings = [] } = await execute(connection, `DO $$ BEGIN RAISE WARNING 'beware'; END $$`)
    expect(warnings.map(({ message, sqlState, reason }) => [message, sqlState, reason])).toEqual([
      ['beware', '01000', 'user-raised'],
    ])
    const [exists] = (await execute(connection, 'CREATE TABLE IF NOT EXISTS counted (a int)')).warnings ?? []
    expect(exists).toMatchObject({ sqlState: '42P07', reason: 'duplicate-object' })
    expect((await execute(connection, 'SELECT 1')).warnings).toBeUndefined()
  })

  it('refuse COPY with the client, and the connection goes on', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE taken (a int)')
    for (const text of ['COPY taken FROM STDIN', 'COPY (SELECT 1) TO STDOUT']) {
      expect((await failure(execute(connection, text))).sqlState).toBe('0A000')
      const stream = connection.stream(compiled(text), [], 10)
      expect((await failure(stream.fetch())).sqlState).toBe('0A000')
      await failure(connection.executeScript(text))
      expect(await valueOf(connection, 'SELECT 1')).toBe(1)
    }
  })

  it('with a NUL or half a character are refused before they are sent', async () => {
    const connection = await open(settings)
    const nul = { ...compiled('SELECT 1'), sql: 'SELECT 1\0' }
    expect((await failure(connection.execute(nul, []))).sqlState).toBe('42601')
    expect((await failure(connection.executeBatch(nul, [[]]))).sqlState).toBe('42601')
    expect((await failure(connection.stream(nul, [], 1).fetch())).sqlState).toBe('42601')
    expect((await failure(connection.executeScript('SELECT 1\0'))).sqlState).toBe('42601')
    const half = { ...compiled('SELECT 1'), sql: `SELECT '\ud800'` }
    expect((await failure(connection.execute(half, []))).sqlState).toBe('42601')
    expect(await valueOf(connection, 'SELECT 1')).toBe(1)
  })

  it('take 65,535 parameters', async () => {
    const connection = await open(settings)
    const values = Array.from({ length: 65_535 }, (_, n) => n)
    const list = values.map(() => '?').join(',')
    const text = `SELECT count(*) FROM generate_series(1, 9) AS s(n) WHERE n IN (${list})`
    expect((await connection.execute(compiled(text), values)).rows).toEqual([[9n]])
  })

  it('in a batch go in one message each way, and stop at the first failure', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE batched (id int PRIMARY KEY, v numeric)')
    const insert = compiled('INSERT INTO batched VALUES (?, ?)')
    const rows = Array.from({ length: 10_000 }, (_, id) => [id, [1.5, 2, null, 3n, '4'][id % 5]!])
    const { updateCounts, error } = await connection.executeBatch(insert, rows)
    expect([updateCounts.length, error]).toEqual([10_000, undefined])
    expect(await valueOf(connection, 'SELECT sum(v) FROM batched')).toBe('21000.0')
    const failed = await connection.executeBatch(insert, [
      [10_000, 1],
      [5, 1],
      [10_001, 1],
    ])
    expect(failed.updateCounts).toEqual([1])
    expect(failed.error?.sqlState).toBe('23505')
    expect(await valueOf(connection, 'SELECT count(*) FROM batched')).toBe(10_000n)
  })
})
