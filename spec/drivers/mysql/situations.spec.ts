import { beforeAll, expect, it } from 'vitest'
import { classify } from '../../../drivers/mysql/errors.ts'
import type { MariaDbDatabase } from '../../support/mariadb-database.ts'
import { describeMariaDb } from '../../support/mariadb.ts'
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
  'a number out of range': 'INSERT INTO t (id) VALUES (2147483648)',
  'a division by zero': 'INSERT INTO t (id) VALUES (1 / 0)',
  'a text that is no date': "INSERT INTO t (id, d) VALUES (2, 'soon')",
  'a value that does not fit the type': "INSERT INTO t (id) VALUES ('x')",
  'a subquery with more than one row': 'SELECT (SELECT seq FROM seq_1_to_2)',
  'only reading is allowed': 'INSERT INTO t (id) VALUES (2)',
  'no such savepoint': 'ROLLBACK TO SAVEPOINT missing',
  'an error that a routine or trigger raised': "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'",
  'within a transaction that is not allowed': 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
  'the statement took too long':
    'SELECT COUNT(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b WHERE a.seq + b.seq < 0',
  'a lock was not granted in time': 'SELECT id FROM held FOR UPDATE NOWAIT',
  'nested too deeply': 'CALL descends()',
}

/** These end the transaction in passing: they commit it before they fail. */
const committing = new Set(['the table exists already', 'the column exists already'])

await describeMariaDb('What a MariaDB server says in a situation, and does to the transaction', (server) => {
  let database: MariaDbDatabase

  beforeAll(async () => {
    database = await server.database()
    const connection = await open(database.settings)
    await connection.executeScript(`
      CREATE TABLE p (id INTEGER PRIMARY KEY);
      CREATE TABLE t (
        id INTEGER PRIMARY KEY, n INTEGER NOT NULL DEFAULT 0, c INTEGER CHECK (c > 0), p INTEGER, s VARCHAR(3), d DATE,
        FOREIGN KEY (p) REFERENCES p (id)
      );
      CREATE TABLE held (id INTEGER PRIMARY KEY);
      CREATE PROCEDURE descends() CALL descends();
      INSERT INTO held VALUES (1);
      INSERT INTO t (id) VALUES (1)`)
    const holder = await database.connect()
    await holder.query('BEGIN; SELECT id FROM held FOR UPDATE')
  })

  it.each(Object.entries(texts))('%s: %s', async (name, text) => {
    const situation = situations.find((known) => known.name === name)!
    const connection = await open(database.settings)
    await execute(
      connection,
      "SET max_statement_time = 0.1, sql_mode = CONCAT(@@sql_mode, ',ERROR_FOR_DIVISION_BY_ZERO')",
    )
    await connection.begin({ readOnly: situation.reason === 'read-only' })
    const error = await failure(execute(connection, text))
    const context = { phase: 'statement', transactionStatus: 'open', flavor: 'mariadb' } as const
    const { class: errorClass, sqlState, reason, transaction, fatal } = classify(error.cause, context)
    const { class: expectedClass, sqlState: expectedState } = expected(situation, 'MariaDB')
    expect([errorClass.name, sqlState, reason]).toEqual([expectedClass, expectedState, situation.reason])
    expect(error).toMatchObject({ sqlState, reason, fatal })
    expect(transaction).toBe('statement')
    const left = committing.has(name) ? 'none' : 'open'
    expect(connection.transactionStatus).toBe(left)
    await execute(connection, 'DO 0')
    expect(connection.transactionStatus).toBe(left)
  })
})
