import { Connection } from 'tedious'
import { beforeAll, expect, it } from 'vitest'
import { mssqlDriver } from '../../../drivers/mssql/index.ts'
import { createDataSource } from '../../../src/index.ts'
import { describeMssql } from '../../support/mssql.ts'
import type { MssqlSettings } from '../../support/tds-server/database.ts'
import { compiled, execute, failure, open, spidOf, tlsOf, valueOf } from './support.ts'

await describeMssql('a session with SQL Server', (server) => {
  let settings: MssqlSettings & { readonly tls: string }
  beforeAll(async () => {
    settings = { ...(await server.database()), ...tlsOf(server) }
  })

  it('begins as promised, and tells what the server is', async () => {
    const connection = await open({ ...settings, lockTimeout: '1500ms', applicationName: 'a spec, by name' })
    expect((await execute(connection, 'SELECT @@LOCK_TIMEOUT, APP_NAME(), DB_NAME()')).rows).toEqual([
      [1_500, 'a spec, by name', settings.database],
    ])
    expect(connection.server.productName).toBe('Microsoft SQL Server')
    expect(connection.server.productVersion).toMatch(/^\d+\.\d+\.\d+/)
    expect(connection.server.supportedIsolations).toContain('snapshot')
    expect(connection.initialState).toEqual({ readOnly: false, isolation: 'read committed', schema: 'dbo' })
    expect(connection.id).toMatch(/^mssql \d+ /)
    expect(connection.id).not.toContain(settings.password)
    const spids = (await server.sessions(settings.database)).map(({ spid }) => spid)
    expect(spids).toContain(spidOf(connection))
    await using source = createDataSource({ ...settings, driver: mssqlDriver })
    await source.withConnection(async (handle) => {
      expect(handle.unwrap(Connection)).toBeInstanceOf(Connection)
    })
  })

  it('says whether a transaction is open, by the word of the server', async () => {
    const connection = await open(settings)
    expect(connection.transactionStatus).toBe('none')
    await connection.begin({ isolation: 'serializable' })
    expect(connection.transactionStatus).toBe('open')
    // An error of a statement is no end of the transaction.
    expect((await failure(execute(connection, 'SELECT 1 / 0'))).sqlState).toBe('22012')
    expect(connection.transactionStatus).toBe('open')
    expect(await connection.commit()).toBe('committed')
    expect(connection.transactionStatus).toBe('none')
    // Also when it was opened, and counted, by a text.
    await connection.executeScript('BEGIN TRAN; BEGIN TRAN; SELECT 1')
    expect(connection.transactionStatus).toBe('open')
    await connection.commit()
    expect(connection.transactionStatus).toBe('none')
    expect(await valueOf(connection, 'SELECT @@TRANCOUNT')).toBe(0)
    await connection.rollback()
  })

  it('is outside of a transaction that a deadlock has ended, at the level that it had before', async () => {
    const [one, other] = await Promise.all([open(settings), open(settings)])
    await execute(one, 'CREATE TABLE crossing (id INT PRIMARY KEY, n INT)')
    await execute(one, 'INSERT INTO crossing VALUES (1, 0), (2, 0)')
    for (const connection of [one, other]) await connection.begin({ isolation: 'repeatable read' })
    const change = (connection: typeof one, id: number): Promise<unknown> =>
      execute(connection, 'UPDATE crossing SET n = n + 1 WHERE id = ?', id).catch((error: unknown) => error)
    await change(one, 1)
    await change(other, 2)
    const outcomes = await Promise.all([change(one, 2), change(other, 1)])
    const at = outcomes.findIndex((outcome) => outcome instanceof Error)
    expect(outcomes[at]).toMatchObject({
      sqlState: '40P01',
      retry: 'transaction',
      fatal: false,
      errorCode: 1205,
    })
    const victim = [one, other][at]!
    expect(victim.transactionStatus).toBe('none')
    await execute(victim, 'SELECT 1')
    await victim.begin({})
    expect(await valueOf(victim, 'SELECT @@TRANCOUNT')).toBe(1)
    await victim.rollback()
    await [one, other][1 - at]!.rollback()
  })

  it('goes back to its level when a transaction at another one is over', async () => {
    const [connection, other] = await Promise.all([open(settings), open(settings)])
    await execute(connection, 'CREATE TABLE moving (n INT)')
    /** A level at which what was read stays as it was sees no change of others within its transaction. */
    const seesOthers = async (): Promise<boolean> => {
      const count = async (): Promise<unknown> => valueOf(connection, 'SELECT COUNT(*) FROM moving')
      const before = await count()
      await execute(other, 'INSERT INTO moving VALUES (1)')
      return (await count()) !== before
    }
    for (const end of ['commit', 'rollback'] as const) {
      await connection.begin({ isolation: 'snapshot' })
      expect(await seesOthers()).toBe(false)
      await connection[end]()
      await connection.begin({})
      expect(await seesOthers()).toBe(true)
      await connection.rollback()
    }
    await connection.configure({ isolation: 'snapshot' })
    await connection.begin({})
    expect(await seesOthers()).toBe(false)
    await connection.rollback()
    await connection.reset()
    await connection.begin({})
    expect(await seesOthers()).toBe(true)
    await connection.rollback()
  })

  it('has savepoints of any name that the server does not cut', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE saved (a int)')
    await connection.begin({})
    for (const name of ['plain', 'with [brackets]', 'x]; DROP TABLE saved', `it's "odd"`, 'x'.repeat(32)]) {
      await execute(connection, 'INSERT INTO saved VALUES (1)')
      await connection.savepoint(name)
      await execute(connection, 'INSERT INTO saved VALUES (2)')
      await connection.rollback(name)
      await connection.release()
    }
    expect(await valueOf(connection, 'SELECT count(*) FROM saved')).toBe(5)
    expect((await failure(connection.rollback('unknown'))).sqlState).toBe('3B001')
    expect((await failure(connection.savepoint('x'.repeat(33)))).sqlState).toBe('42622')
    expect(connection.transactionStatus).toBe('open')
    await connection.rollback()
    expect(await valueOf(connection, 'SELECT count(*) FROM saved')).toBe(0)
  })

  it('refuses to change anything while it only reads: SQL Server has no such transactions', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE readable (a int)')
    const insert = (): Promise<unknown> => execute(connection, 'INSERT INTO readable VALUES (1)')
    await connection.begin({ readOnly: true })
    expect((await failure(insert())).sqlState).toBe('25006')
    expect((await failure(connection.executeScript('DELETE FROM readable'))).sqlState).toBe('25006')
    expect(await valueOf(connection, 'SELECT COUNT(*) FROM readable')).toBe(0)
    await connection.commit()
    await insert()
    await connection.configure({ readOnly: true })
    const stream = connection.stream(compiled('DELETE FROM readable'), [], 1)
    expect((await failure(stream.fetch())).sqlState).toBe('25006')
    const batch = connection.executeBatch(compiled('DELETE FROM readable WHERE a = ?'), [[1]])
    expect((await batch.catch((error: unknown) => error)) as object).toMatchObject({
      cause: { sqlState: '25006' },
    })
    await connection.begin({ readOnly: false })
    await insert()
    await connection.commit()
    expect((await failure(insert())).sqlState).toBe('25006')
    await connection.reset()
    await insert()
    expect((await failure(connection.configure({ schema: 'other' }))).sqlState).toBe('0A000')
  })

  it.each([
    ['a setting', 'SET LOCK_TIMEOUT 77', 'SELECT @@LOCK_TIMEOUT AS n', -1],
    ['an option', 'SET XACT_ABORT ON', 'SELECT @@OPTIONS & 16384 AS n', 0],
    ['a temporary table', 'CREATE TABLE #t (n INT)', `SELECT COALESCE(OBJECT_ID('tempdb..#t'), 0) AS n`, 0],
    ['a transaction', 'BEGIN TRAN', 'SELECT @@TRANCOUNT AS n', 0],
  ])('is reset from %s to what it was, in a pool as well', async (_, dirty, probe, clean) => {
    const connection = await open(settings)
    await connection.executeScript('SELECT 1')
    expect(await valueOf(connection, probe)).toBe(clean)
    // By tedious itself, as a text that the scanner has never seen.
    await connection.executeScript(dirty)
    if (dirty !== 'SET XACT_ABORT ON') expect(await valueOf(connection, probe)).not.toBe(clean)
    await connection.reset()
    expect(await valueOf(connection, probe)).toBe(clean)
    await using source = createDataSource({ ...settings, driver: mssqlDriver, maximumPoolSize: 1 })
    await source.withConnection((handle) => handle.script(dirty))
    expect((await source.query(probe)).rows).toEqual([{ n: clean }])
  })

  it('is reset from locks of its own: others get them', async () => {
    const [holder, waiter] = await Promise.all([open(settings), open(settings)])
    const lock = `EXEC sp_getapplock @Resource = 'spec', @LockMode = 'Exclusive', @LockOwner = 'Session'`
    await execute(holder, lock)
    let got = false
    const waiting = execute(waiter, lock).then(() => (got = true))
    await valueOf(holder, 'SELECT 1')
    expect(got).toBe(false)
    await holder.reset()
    await waiting
  })

  it('is reset by one message', async () => {
    const connection = await open({ ...settings, lockTimeout: '3s' })
    await connection.configure({ isolation: 'serializable' })
    await execute(connection, 'SET LOCK_TIMEOUT 5')
    await connection.reset()
    expect(await valueOf(connection, 'SELECT @@LOCK_TIMEOUT')).toBe(3_000)
    expect(connection.transactionStatus).toBe('none')
  })

  it('gives the first of several results, and says that there were more', async () => {
    const connection = await open(settings)
    const { rows, warnings } = await connection.execute(
      { ...compiled('SELECT 1 AS n'), sql: 'SELECT 1 AS n SELECT 2 AS m SELECT 3 AS o' },
      [],
    )
    expect(rows).toEqual([[1]])
    expect(warnings).toMatchObject([{ sqlState: '0100D' }])
  })

  it('tells what the server says beside the answer as warnings', async () => {
    const connection = await open(settings)
    const { warnings } = await execute(connection, `PRINT 'a word beside'`)
    expect(warnings?.map(({ message, sqlState }) => [message, sqlState])).toEqual([
      ['a word beside', '01000'],
    ])
    const low = await execute(connection, `RAISERROR('of low severity', 10, 1)`)
    expect(low.warnings).toMatchObject([{ message: 'of low severity' }])
    expect((await execute(connection, 'SELECT 1')).warnings).toBeUndefined()
  })

  it('tells several errors of one statement as one', async () => {
    const connection = await open(settings)
    const error = await failure(
      connection.execute(
        { ...compiled('SELECT 1'), sql: `RAISERROR('the first', 16, 1) RAISERROR('the second', 16, 1)` },
        [],
      ),
    )
    expect(error.message).toBe('the first; the second')
    expect(error.cause).toBeInstanceOf(AggregateError)
  })

  it('counts what a statement changed, also behind rows that it tells of it', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE counted (id INT IDENTITY PRIMARY KEY, n INT)')
    const inserted = await execute(
      connection,
      'INSERT INTO counted (n) OUTPUT INSERTED.id VALUES (?), (?)',
      1,
      2,
    )
    expect([inserted.rows, inserted.updateCount]).toEqual([[[1], [2]], 2])
    expect((await execute(connection, 'SELECT n FROM counted')).updateCount).toBe(0)
    expect((await execute(connection, 'UPDATE counted SET n = 0 WHERE n > ?', 9)).updateCount).toBe(0)
    expect((await execute(connection, 'DELETE FROM counted')).updateCount).toBe(2)
  })

  it('runs a script to its first failure, and leaves errors to be read by others as before', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE scripted (id INT PRIMARY KEY)')
    const insert = (id: number): string => `INSERT INTO scripted VALUES (${id});`
    const error = await failure(connection.executeScript(`${insert(1)} ${insert(1)} ${insert(2)}`))
    expect(error.sqlState).toBe('23505')
    expect((await execute(connection, 'SELECT id FROM scripted')).rows).toEqual([[1]])
    expect(await valueOf(connection, 'SELECT @@OPTIONS & 16384')).toBe(0)
  })

  it('keeps XACT_ABORT on where it was on', async () => {
    const connection = await open(settings)
    await execute(connection, 'SET XACT_ABORT ON')
    await connection.executeScript('SELECT 1')
    expect(await valueOf(connection, 'SELECT @@OPTIONS & 16384')).toBe(16_384)
    await connection.begin({})
    await failure(execute(connection, 'SELECT 1 / 0'))
    expect(connection.transactionStatus).toBe('none')
  })

  it('takes a slip of the pen for one, and a call of nothing for a call', async () => {
    const connection = await open(settings)
    const states = await Promise.all(
      ['SELEC 1', 'EXEC no_such_procedure'].map(
        async (text) => (await failure(execute(connection, text))).sqlState,
      ),
    )
    expect(states).toEqual(['42601', '42883'])
  })

  it('queues what is asked of it at once, for tedious takes one request at a time', async () => {
    const connection = await open(settings)
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => valueOf(connection, 'SELECT ?', n)),
    )
    expect(answers).toEqual(Array.from({ length: 50 }, (_, n) => n))
  })
})
