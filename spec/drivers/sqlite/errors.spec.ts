import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { classify, toException } from '../../../drivers/sqlite/errors.ts'
import { SQLIntegrityConstraintViolationException } from '../../../src/api/sql-exception.ts'
import { newFile, newFolder, open, raw, refusal, rows, run } from './support.ts'

describe('What SQLite refuses', () => {
  const schema = `
    CREATE TABLE parent (id INTEGER PRIMARY KEY);
    CREATE TABLE t (
      id INTEGER PRIMARY KEY, u TEXT UNIQUE, n TEXT NOT NULL DEFAULT 'n', c INTEGER CHECK (c > 0),
      p INTEGER REFERENCES parent
    );
    CREATE TABLE s (i INTEGER) STRICT;
    CREATE TABLE owner (id INTEGER PRIMARY KEY);
    CREATE TABLE thing (o INTEGER REFERENCES owner ON DELETE RESTRICT);
    INSERT INTO owner VALUES (1);
    INSERT INTO thing VALUES (1);
    CREATE VIEW v AS SELECT id FROM t;
    CREATE TRIGGER guard BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'not this one'); END;
    INSERT INTO t (id, u) VALUES (1, 'a');`

  it.each([
    ['INSERT INTO t (id) VALUES (1)', '23505', 'unique', 1555],
    ["INSERT INTO t (u) VALUES ('a')", '23505', 'unique', 2067],
    ['INSERT INTO t (n) VALUES (NULL)', '23502', 'not-null', 1299],
    ['INSERT INTO t (c) VALUES (0)', '23514', 'check', 275],
    ['INSERT INTO t (p) VALUES (7)', '23503', 'foreign-key', 787],
    ["INSERT INTO s VALUES ('x')", '22018', 'data', 3091],
    ['DELETE FROM t', '45000', 'user-raised', 1811],
    ['DELETE FROM owner', '23503', 'foreign-key', 1811],
    ["INSERT INTO t (id) VALUES ('x')", '22018', 'data', 20],
    ['SELEC 1', '42601', 'syntax', 1],
    ['SELECT * FROM missing', '42P01', 'undefined-object', 1],
    ['SELECT missing FROM t', '42703', 'undefined-object', 1],
    ['INSERT INTO t (missing) VALUES (1)', '42703', 'undefined-object', 1],
    ['SELECT missing(1)', '42883', 'undefined-object', 1],
    ['SELECT abs(1, 2)', '42883', 'undefined-object', 1],
    ['SELECT id FROM t, parent', '42702', 'statement-invalid', 1],
    ['CREATE TABLE t (id)', '42P07', 'duplicate-object', 1],
    ['ALTER TABLE t ADD COLUMN u', '42701', 'duplicate-object', 1],
    ['INSERT INTO t VALUES (1)', '42000', 'statement-invalid', 1],
    ['UPDATE v SET id = 1', '42000', 'statement-invalid', 1],
    ['ROLLBACK TO missing', '3B001', 'savepoint', 1],
    ['COMMIT', '25P01', 'tx-state', 1],
    ['SELECT zeroblob(2000000000)', '54000', 'limit', 18],
    ["SELECT json('{')", '22032', 'data', 1],
    ['SELECT abs(-9223372036854775808)', '22003', 'data', 1],
  ])('%s is %s, %s', async (sql, sqlState, reason, errorCode) => {
    const connection = await open()
    await connection.executeScript(schema)
    const error = await refusal(run(connection, sql))
    expect(error).toMatchObject({ sqlState, reason, errorCode, fatal: false, retry: 'no' })
    expect(error.cause).toMatchObject({ errcode: errorCode, code: 'ERR_SQLITE_ERROR' })
    expect(await rows(connection, 'SELECT 1')).toEqual([[1]])
  })

  it('keeps code, errcode and message on the way from a thread', async () => {
    const connection = await open({ mode: 'worker' })
    const error = await refusal(run(connection, 'SELECT * FROM missing'))
    expect(error).toMatchObject({
      name: 'SQLSyntaxErrorException',
      message: 'no such table: missing',
      errorCode: 1,
    })
    expect(error.cause).toMatchObject({
      message: 'no such table: missing',
      code: 'ERR_SQLITE_ERROR',
      errcode: 1,
    })
  })

  it.each([
    [5, 'SQLTransientException', '55P03', 'lock-timeout', 'transaction', false],
    [261, 'SQLTransientException', '55P03', 'lock-timeout', 'transaction', false],
    [517, 'SQLTransactionRollbackException', '40001', 'serialization', 'transaction', false],
    [6, 'SQLTransientException', '55P03', 'lock', 'transaction', false],
    [7, 'SQLTransientException', '53200', 'resource', 'caller', false],
    [8, 'SQLNonTransientException', '25006', 'read-only', 'no', false],
    [1032, 'SQLRecoverableException', '08006', 'connection-lost', 'unknown-outcome', true],
    [266, 'SQLRecoverableException', '58030', 'connection-lost', 'unknown-outcome', true],
    [11, 'SQLNonTransientException', 'XX001', 'internal', 'no', false],
    [13, 'SQLTransientException', '53100', 'resource', 'caller', false],
    [17, 'SQLTransientException', '26000', 'statement-invalid', 'statement', false],
    [18, 'SQLNonTransientException', '54000', 'limit', 'no', false],
    [26, 'SQLNonTransientException', 'XX001', 'internal', 'no', false],
    [999, 'SQLSyntaxErrorException', '42000', 'statement-invalid', 'no', false],
  ])('code %i', (errcode, name, sqlState, reason, retry, fatal) => {
    const error = toException({ message: 'as SQLite says', errcode, code: 'ERR_SQLITE_ERROR' }, '/data/x.db')
    expect(error).toMatchObject({ name, sqlState, reason, retry, fatal, errorCode: errcode })
    const namesFile = [8, 10, 11, 13, 14, 26].includes(errcode & 0xff)
    expect(error.message).toBe(namesFile ? 'as SQLite says (/data/x.db)' : 'as SQLite says')
  })
})

describe('classify', () => {
  it('says the same of an error of node:sqlite itself', async () => {
    const database = raw(newFile())
    database.exec('CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)')
    const caught = (sql: string): unknown => {
      try {
        database.exec(sql)
      } catch (error) {
        return error
      }
      throw new Error('it succeeded')
    }
    expect(classify(caught('INSERT INTO t VALUES (1)'))).toMatchObject({
      class: SQLIntegrityConstraintViolationException,
      sqlState: '23505',
      errorCode: 1555,
      reason: 'unique',
      fatal: false,
      retry: 'no',
      transaction: 'none',
    })
    expect(classify(caught('SELECT * FROM missing'))).toMatchObject({ sqlState: '42P01', errorCode: 1 })
    expect(classify(undefined)).toMatchObject({ sqlState: 'HY000', reason: 'internal', fatal: false })
  })

  it.each([
    [10, 'statement', 'none', 'unknown-outcome', 'none'],
    [10, 'harmless', 'none', 'connect', 'none'],
    [266, 'statement', 'open', 'transaction', 'ended'],
    [1032, 'commit', 'open', 'unknown-outcome', 'unknown'],
  ] as const)(
    'code %i during %s, transaction %s',
    (errcode, phase, transactionStatus, retry, transaction) => {
      expect(classify({ errcode }, { phase, transactionStatus })).toMatchObject({
        reason: 'connection-lost',
        fatal: true,
        retry,
        transaction,
      })
    },
  )

  it.each([
    ['INSERT INTO t VALUES (1)', 'statement', true],
    ['INSERT OR FAIL INTO t VALUES (2), (1)', 'statement', true],
    ['SELECT * FROM missing', 'statement', true],
    ['INSERT INTO big VALUES (zeroblob(100000))', 'unknown', false],
    // What the classifier cannot see: the text asked for it.
    ['INSERT OR ROLLBACK INTO t VALUES (1)', 'statement', false],
  ])('%s: what is said of the transaction, and whether it is open', async (sql, effect, stillOpen) => {
    const path = newFile()
    const database = raw(path)
    database.exec(
      'CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE big (v BLOB)',
    )
    const connection = await open({ path })
    await run(connection, 'PRAGMA max_page_count = 5')
    await connection.begin({})
    const error = await refusal(run(connection, sql))
    const context = { phase: 'statement', transactionStatus: 'open' } as const
    expect(classify(error.cause, context).transaction).toBe(effect)
    expect(connection.transactionStatus).toBe(stillOpen ? 'open' : 'none')
  })
})

describe('A file that cannot be opened', () => {
  it('is a folder', async () => {
    const path = newFolder()
    expect(await refusal(open({ path }))).toMatchObject({
      name: 'SQLNonTransientConnectionException',
      sqlState: '08001',
      reason: 'connect-failed',
      retry: 'no',
      message: `Cannot open the SQLite database ${path}: it is a folder`,
    })
  })

  it('is in a folder that is missing', async () => {
    const path = join(newFolder(), 'missing', 'x.db')
    expect((await refusal(open({ path, mode: 'worker' }))).message).toMatch(/there is no folder .*missing$/)
  })

  it('is missing, and only to be read', async () => {
    expect((await refusal(open({ readOnly: true }))).message).toMatch(/there is no such file/)
  })

  it.each(['inline', 'worker', 'process'] as const)('is no database (%s)', async (mode) => {
    const path = newFile()
    writeFileSync(path, 'no database, '.repeat(1_000))
    const error = await refusal(open({ path, mode }))
    expect(error).toMatchObject({ sqlState: '08001', errorCode: 26, retry: 'no' })
    expect(error.message).toBe(`Cannot open the SQLite database ${path}: the file is not a database`)
  })

  // The system's administrator may read everything.
  const administrator = process.getuid?.() === 0
  it(administrator ? 'may be read by the administrator' : 'may not be read', async () => {
    const path = newFile()
    raw(path).exec('CREATE TABLE t (id)')
    chmodSync(path, 0)
    if (administrator) expect((await open({ path })).transactionStatus).toBe('none')
    else expect((await refusal(open({ path }))).message).toMatch(/cannot be read/)
  })
})

describe('A file that is in a bad state', () => {
  it('is corrupt: the statement says so, with the path', async () => {
    const path = newFile()
    const database = raw(path)
    database.exec('PRAGMA page_size = 4096; CREATE TABLE t (v TEXT); CREATE INDEX i ON t (v)')
    const insert = database.prepare('INSERT INTO t VALUES (?)')
    database.exec('BEGIN')
    for (let at = 0; at < 2_000; at++) insert.run(`value ${at}`.repeat(10))
    database.exec('COMMIT')
    database.close()
    const bytes = readFileSync(path)
    bytes.fill(0xaa, 4096)
    writeFileSync(path, bytes)
    const connection = await open({ path })
    const error = await refusal(run(connection, 'SELECT count(v) FROM t NOT INDEXED'))
    expect(error).toMatchObject({ sqlState: 'XX001', reason: 'internal', fatal: false })
    expect(error.message).toContain(path)
  })

  it('is full: the statement says so, and the session goes on', async () => {
    const path = newFile()
    const connection = await open({ path })
    await run(connection, 'CREATE TABLE t (v BLOB)')
    await run(connection, 'PRAGMA max_page_count = 4')
    const error = await refusal(run(connection, 'INSERT INTO t VALUES (zeroblob(100000))'))
    expect(error).toMatchObject({ sqlState: '53100', reason: 'resource', fatal: false })
    expect(error.message).toContain(path)
    expect(await rows(connection, 'SELECT count(*) FROM t')).toEqual([[0]])
  })

  it('is only to be read: nothing is written', async () => {
    const path = newFile()
    raw(path).exec('CREATE TABLE t (id)')
    const connection = await open({ path, readOnly: true })
    expect(connection.initialState.readOnly).toBe(true)
    expect(await refusal(run(connection, 'INSERT INTO t VALUES (1)'))).toMatchObject({
      sqlState: '25006',
      reason: 'read-only',
    })
    await connection.begin({})
    expect(connection.transactionStatus).toBe('open')
    expect(await refusal(run(connection, 'INSERT INTO t VALUES (1)'))).toMatchObject({ sqlState: '25006' })
    await connection.rollback()
    expect(await refusal(connection.configure({ readOnly: false }))).toMatchObject({ sqlState: '0A000' })
  })

  it('is below a folder that is a file', async () => {
    const folder = newFolder()
    mkdirSync(join(folder, 'a'))
    writeFileSync(join(folder, 'a', 'b'), '')
    expect((await refusal(open({ path: join(folder, 'a', 'b', 'x.db') }))).sqlState).toBe('08001')
  })
})
