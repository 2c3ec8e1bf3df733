import { beforeAll, expect, it } from 'vitest'
import { classify } from '../../../drivers/pg/errors.ts'
import type { PostgresDatabase } from '../../support/postgres-database.ts'
import { describePostgres } from '../../support/postgres.ts'
import { expected, situations } from '../situations.ts'
import { execute, failure, open } from './support.ts'

/** How a server of today is brought to say it. */
const texts: Readonly<Record<string, string>> = {
  'a key exists already': 'INSERT INTO t (id) VALUES (1)',
  'a foreign key': 'INSERT INTO t (id, p) VALUES (2, 7)',
  'NULL where a value must be': 'INSERT INTO t (id, n) VALUES (2, NULL)',
  'a CHECK': 'INSERT INTO t (id, c) VALUES (2, 0)',
  'a syntax error': 'SELEC 1',
  'no such table': 'SELECT * FROM missing',
  'no such column': 'SELECT missing FROM t',
  'no such function, or not with these arguments': 'SELECT missing(1)',
  'a column that could be of two tables': 'SELECT id FROM t, t AS other',
  'the table exists already': 'CREATE TABLE t (id INTEGER)',
  'the column exists already': 'ALTER TABLE t ADD COLUMN n INTEGER',
  'a text that is too long': "INSERT INTO t (id, s) VALUES (2, 'four')",
  'a number out of range': 'SELECT 2147483647 + 1',
  'a division by zero': 'SELECT 1 / 0',
  'a text that is no date': "SELECT CAST('soon' AS date)",
  'a value that does not fit the type': "SELECT CAST('x' AS integer)",
  'a subquery with more than one row': 'SELECT (SELECT n FROM generate_series(1, 2) AS n)',
  'only reading is allowed': 'INSERT INTO t (id) VALUES (2)',
  'no such savepoint': 'ROLLBACK TO SAVEPOINT missing',
  'an error that a routine or trigger raised': "DO $$ BEGIN RAISE EXCEPTION 'not this one'; END $$",
  'within a transaction that is not allowed': 'VACUUM',
  'the statement took too long': 'SELECT pg_sleep(5)',
  'the server ended the session': 'SELECT pg_terminate_backend(pg_backend_pid())',
}

await describePostgres(
  'What a PostgreSQL server says in a situation, and does to the transaction',
  (server) => {
    let database: PostgresDatabase

    beforeAll(async () => {
      database = await server.database()
      const connection = await open(database.settings)
      await connection.executeScript(`
      CREATE TABLE p (id INTEGER PRIMARY KEY);
      CREATE TABLE t (
        id INTEGER PRIMARY KEY, n INTEGER NOT NULL DEFAULT 0, c INTEGER CHECK (c > 0),
        p INTEGER REFERENCES p DEFERRABLE, s VARCHAR(3)
      );
      INSERT INTO t (id) VALUES (1)`)
    })

    it.each(Object.entries(texts))('%s: %s', async (name, text) => {
      const situation = situations.find((known) => known.name === name)!
      const connection = await open(database.settings)
      await execute(connection, "SET statement_timeout = '100ms'")
      await connection.begin({ readOnly: situation.reason === 'read-only' })
      const error = await failure(execute(connection, text))
      const context = { phase: 'statement', transactionStatus: 'open' } as const
      const { class: errorClass, sqlState, reason, transaction, fatal } = classify(error.cause, context)
      const { class: expectedClass, sqlState: expectedState } = expected(situation, 'PostgreSQL')
      expect([errorClass.name, sqlState, reason]).toEqual([expectedClass, expectedState, situation.reason])
      expect(error).toMatchObject({ sqlState, reason, fatal })
      expect(transaction).toBe(fatal ? 'ended' : connection.transactionStatus)
    })

    it('a constraint that waits for the commit ends the transaction there', async () => {
      const connection = await open(database.settings)
      await connection.begin({})
      await execute(connection, 'SET CONSTRAINTS ALL DEFERRED')
      await execute(connection, 'INSERT INTO t (id, p) VALUES (2, 7)')
      const error = await failure(connection.commit())
      expect(error).toMatchObject({ sqlState: '23503', reason: 'foreign-key', fatal: false })
      expect(connection.transactionStatus).toBe('none')
      expect(classify(error.cause, { phase: 'commit', transactionStatus: 'open' }).transaction).toBe(
        'unknown',
      )
    })
  },
)
