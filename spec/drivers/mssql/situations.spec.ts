import { beforeAll, expect, it } from 'vitest'
import { classify } from '../../../drivers/mssql/errors.ts'
import { describeMssql } from '../../support/mssql.ts'
import type { MssqlSettings } from '../../support/tds-server/database.ts'
import { expected, situations } from '../situations.ts'
import { execute, failure, open, tlsOf } from './support.ts'

/** How a server of today is brought to say it. */
const texts: Readonly<Record<string, string>> = {
  'a key exists already': 'INSERT INTO t (id) VALUES (1)',
  'a foreign key': 'INSERT INTO t (id, p) VALUES (2, 7)',
  'NULL where a value must be': 'INSERT INTO t (id, n) VALUES (2, NULL)',
  'a CHECK': 'INSERT INTO t (id, c) VALUES (2, 0)',
  'a syntax error': 'SELECT FROM t',
  'no such table': 'SELECT * FROM missing',
  'no such column': 'SELECT missing FROM t',
  'no such function, or not with these arguments': 'SELECT missing(1)',
  'a column that could be of two tables': 'SELECT id FROM t, t AS other',
  'the table exists already': 'CREATE TABLE t (id INTEGER)',
  'the column exists already': 'ALTER TABLE t ADD n INTEGER',
  'a text that is too long': `INSERT INTO t (id, s) VALUES (2, N'four')`,
  'a number out of range': 'INSERT INTO t (id) VALUES (2147483648)',
  'a division by zero': 'SELECT 1 / 0',
  'a text that is no date': `INSERT INTO t (id, d) VALUES (2, N'soon')`,
  'a value that does not fit the type': `INSERT INTO t (id) VALUES (N'x')`,
  'a subquery with more than one row': 'SELECT (SELECT value FROM GENERATE_SERIES(1, 2))',
  'no such savepoint': 'ROLLBACK TRANSACTION missing',
  'an error that a routine or trigger raised': `RAISERROR('not this one', 16, 1)`,
  'a lock was not granted in time': 'SELECT id FROM held WITH (UPDLOCK)',
}

/** A conversion that fails ends the batch, and the transaction with it: the number does not say so, the server does. */
const ending = new Set(['a text that is no date', 'a value that does not fit the type'])

await describeMssql('What SQL Server says in a situation, and does to the transaction', (server) => {
  let settings: MssqlSettings & { readonly tls: string }

  beforeAll(async () => {
    settings = { ...(await server.database()), ...tlsOf(server) }
    const connection = await open(settings)
    await connection.executeScript(`
      CREATE TABLE p (id INTEGER PRIMARY KEY);
      CREATE TABLE t (
        id INTEGER PRIMARY KEY, n INTEGER NOT NULL DEFAULT 0, c INTEGER CHECK (c > 0), p INTEGER REFERENCES p (id),
        s NVARCHAR(3), d DATE
      );
      CREATE TABLE held (id INTEGER PRIMARY KEY);
      INSERT INTO held VALUES (1);
      INSERT INTO t (id) VALUES (1)`)
  })

  it.each(Object.entries(texts))('%s: %s', async (name, text) => {
    const situation = situations.find((known) => known.name === name)!
    const holder = await open(settings)
    await holder.begin({})
    await execute(holder, 'SELECT id FROM held WITH (UPDLOCK)')
    const connection = await open({ ...settings, lockTimeout: '100ms' })
    await connection.begin({})
    const error = await failure(execute(connection, text))
    const context = { phase: 'statement', transactionStatus: 'open' } as const
    const { class: errorClass, sqlState, reason, fatal } = classify(error.cause, context)
    const { class: expectedClass, sqlState: expectedState } = expected(situation, 'SQL Server')
    expect([errorClass.name, sqlState, reason]).toEqual([expectedClass, expectedState, situation.reason])
    expect(error).toMatchObject({ sqlState, reason, fatal })
    const left = ending.has(name) ? 'none' : 'open'
    expect(connection.transactionStatus).toBe(left)
    await execute(connection, 'SELECT 1')
    expect(connection.transactionStatus).toBe(left)
  })
})
