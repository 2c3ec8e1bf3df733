import { Connection } from 'mysql2'
import { beforeAll, expect, it } from 'vitest'
import { createDataSource } from '../../../src/index.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import type { MariaDbDatabase, MariaDbSettings } from '../../support/mariadb-database.ts'
import { mariaDbFraming } from '../../support/mariadb-framing.ts'
import { describeMariaDb } from '../../support/mariadb.ts'
import { compiled, execute, failure, open, threadOf, valueOf } from './support.ts'

await describeMariaDb('a session with MariaDB', (server) => {
  let database: MariaDbDatabase
  let settings: MariaDbSettings
  beforeAll(async () => {
    database = await server.database()
    settings = database.settings
  })

  it('begins as promised, and tells what the server is', async () => {
    const session = await open({
      ...settings,
      statementTimeout: '5m',
      lockTimeout: '1500ms',
      serverSettings: { sort_buffer_size: '300032', sql_mode: 'ANSI_QUOTES,STRICT_ALL_TABLES' },
    })
    const shown = await execute(
      session,
      `SELECT @@time_zone, @@character_set_client, @@character_set_results, @@max_statement_time,
        @@innodb_lock_wait_timeout, @@sort_buffer_size, @@sql_mode, @@autocommit`,
    )
    expect(shown.rows[0]?.map(String)).toEqual([
      '+00:00',
      'utf8mb4',
      'utf8mb4',
      '300',
      '2',
      '300032',
      'ANSI_QUOTES,STRICT_ALL_TABLES',
      '1',
    ])
    expect(session.server.productName).toBe('MariaDB')
    expect(session.server.productVersion).toMatch(/^1\d\./)
    expect(session.initialState).toEqual({
      readOnly: false,
      isolation: 'repeatable read',
      schema: settings.database,
    })
    expect(session.id).toMatch(/^mysql \d+ /)
    expect(session.id).not.toContain(settings.password)
    expect((await database.sessions()).map(({ id }) => id)).toContain(threadOf(session))
  })

  it('says whether a transaction is open, by the word of the server', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE spoken (n INT)')
    expect(connection.transactionStatus).toBe('none')
    await connection.begin({ isolation: 'serializable', readOnly: true })
    expect(connection.transactionStatus).toBe('open')
    expect((await failure(execute(connection, 'INSERT INTO spoken VALUES (1)'))).sqlState).toBe('25006')
    // An error of a statement is no end of the transaction.
    expect(connection.transactionStatus).toBe('open')
    expect(await connection.commit()).toBe('committed')
    expect(connection.transactionStatus).toBe('none')
    // Also when it was opened, or ended, by a text.
    await connection.executeScript('BEGIN; SELECT 1')
    expect(connection.transactionStatus).toBe('open')
    await execute(connection, 'CREATE TABLE implicitly_committed (n INT)')
    expect(connection.transactionStatus).toBe('none')
    expect((await failure(connection.begin({ isolation: 'snapshot' }))).sqlState).toBe('0A000')
  })

  it('has savepoints of any name', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE saved (a int)')
    await connection.begin({})
    for (const name of ['plain', 'with `quotes`', 'ä; DROP TABLE saved', 'it\'s \\ "odd"']) {
      await execute(connection, 'INSERT INTO saved VALUES (1)')
      await connection.savepoint(name)
      await execute(connection, 'INSERT INTO saved VALUES (2)')
      await connection.rollback(name)
      await connection.release(name)
    }
    expect(await valueOf(connection, 'SELECT count(*) FROM saved')).toBe(4n)
    expect((await failure(connection.rollback('unknown'))).sqlState).toBe('3B001')
    await connection.rollback()
    expect(await valueOf(connection, 'SELECT count(*) FROM saved')).toBe(0n)
  })

  it('is read-only where it is told so, and a transaction may be otherwise', async () => {
    const connection = await open({ ...settings, serverSettings: { tx_read_only: '1' } })
    expect(connection.initialState.readOnly).toBe(true)
    expect((await failure(execute(connection, 'CREATE TABLE never (a int)'))).sqlState).toBe('25006')
    const raw = await database.connect()
    await raw.query('CREATE TABLE allowed (a int)')
    await raw.end()
    await connection.begin({ readOnly: false })
    await execute(connection, 'INSERT INTO allowed VALUES (1)')
    await connection.rollback()
    await connection.configure({ readOnly: false })
    await connection.begin({ readOnly: true })
    expect((await failure(execute(connection, 'INSERT INTO allowed VALUES (1)'))).sqlState).toBe('25006')
    await connection.rollback()
    await connection.reset()
    expect((await failure(execute(connection, 'CREATE TABLE never (a int)'))).sqlState).toBe('25006')
  })

  it('takes another database and goes back to its own', async () => {
    const odd = 'it`s "odd" \\'
    const connection = await open(settings)
    await execute(connection, `CREATE DATABASE IF NOT EXISTS \`${odd.replaceAll('`', '``')}\``)
    try {
      for (let turn = 0; turn < 2; turn++) {
        await connection.configure({ schema: odd, isolation: 'read committed' })
        expect(await valueOf(connection, 'SELECT DATABASE()')).toBe(odd)
        expect(await valueOf(connection, 'SELECT @@tx_isolation')).toBe('READ-COMMITTED')
        await connection.configure({ schema: settings.database, isolation: 'repeatable read' })
        expect(await valueOf(connection, 'SELECT DATABASE()')).toBe(settings.database)
      }
    } finally {
      await execute(connection, `DROP DATABASE \`${odd.replaceAll('`', '``')}\``)
    }
    expect((await failure(connection.configure({ schema: 'no_such_database' }))).sqlState).toBe('3D000')
    const { database: _, ...none } = settings
    const nowhere = await open(none)
    expect(nowhere.initialState.schema).toBe('')
    expect((await failure(nowhere.configure({ schema: 'mysql' }))).sqlState).toBe('0A000')
    await execute(nowhere, 'USE mysql')
    expect((await failure(nowhere.reset())).sqlState).toBe('0A000')
  })

  it('finds the tables of the database where it is, prepared or not', async () => {
    const other = await server.database()
    const connection = await open(settings)
    for (const name of [settings.database, other.name]) {
      await execute(connection, `CREATE TABLE ${name}.home (name VARCHAR(99))`)
      await execute(connection, `INSERT INTO ${name}.home VALUES (?)`, name)
    }
    const text = 'SELECT name FROM home WHERE name <> ?'
    const everywhere = async (move: (name: string) => Promise<unknown>): Promise<void> => {
      for (let turn = 0; turn < 3; turn++) {
        for (const name of [settings.database, other.name]) {
          await move(name)
          for (let run = 0; run < 3; run++) expect(await valueOf(connection, text, '')).toBe(name)
        }
      }
    }
    await everywhere((schema) => connection.configure({ schema }))
    await connection.reset()
    expect(await valueOf(connection, text, '')).toBe(settings.database)
    await everywhere((name) => execute(connection, `USE ${name}`))
    await everywhere((name) => connection.executeScript(`SELECT 1; USE ${name}`))
    await everywhere((name) => execute(connection, `/*!50000 USE ${name} */`))
  })

  it('reads a text by the sql_mode of now, prepared or not', async () => {
    const connection = await open(settings)
    const text = `SELECT 'a' || 'b'`
    for (let run = 0; run < 3; run++) expect(await valueOf(connection, text)).toBe(0)
    await execute(connection, "SET sql_mode = CONCAT(@@sql_mode, ',PIPES_AS_CONCAT')")
    expect(await valueOf(connection, text)).toBe('ab')
  })

  it('is reset to what it was', async () => {
    const connection = await open({ ...settings, serverSettings: { sort_buffer_size: '300032' } })
    for (let run = 0; run < 3; run++) await valueOf(connection, 'SELECT ? + 1', run)
    await connection.executeScript(`
      SET sort_buffer_size = 400000, time_zone = '+09:00', @mine = 1, autocommit = 0, NAMES latin1;
      CREATE TEMPORARY TABLE marker (a int); SELECT GET_LOCK('named', 0); PREPARE mine FROM 'SELECT 1';
      USE mysql; BEGIN; SELECT 1`)
    await connection.reset()
    expect(connection.transactionStatus).toBe('none')
    const { rows } = await execute(
      connection,
      `SELECT @@sort_buffer_size, @@time_zone, @mine, @@autocommit, @@character_set_client, DATABASE(), IS_FREE_LOCK('named')`,
    )
    expect(rows[0]?.map(String)).toEqual(['300032', '+00:00', 'null', '1', 'utf8mb4', settings.database, '1'])
    expect((await failure(execute(connection, 'SELECT * FROM marker'))).sqlState).toBe('42P01')
    expect((await failure(execute(connection, 'EXECUTE mine'))).sqlState).toBe('26000')
    // The server has forgotten what was prepared, and so have we.
    for (let run = 0; run < 3; run++)
      expect(await valueOf(connection, 'SELECT ? + 1', run)).toBe(BigInt(run + 1))
  })

  it('is clean for the next borrower, whatever was done to it', async () => {
    await using source = createDataSource({ ...settings, driver: 'mysql', maximumPoolSize: 1 })
    await source.execute('CREATE TABLE IF NOT EXISTS locked (a int)')
    const raw = await database.connect()
    await raw.query(`CREATE PROCEDURE changes_much() BEGIN
      SET @mine = 1; SET SESSION sort_buffer_size = 400000; CREATE TEMPORARY TABLE t (a int); DO GET_LOCK('named', 0); END`)
    const traces = `SELECT @mine IS NOT NULL AS variable, @@sort_buffer_size = 400000 AS setting,
      DATABASE() = 'mysql' AS elsewhere, @@autocommit = 0 AS manual, IS_USED_LOCK('named') IS NOT NULL AS locks,
      @@character_set_client = 'latin1' AS latin, @@foreign_key_checks = 0 AS unchecked`
    for (const text of [
      'SET sort_buffer_size = 400000',
      'SET @mine = 1',
      'SELECT @mine := 1',
      'SELECT 1 INTO @mine',
      'CREATE TEMPORARY TABLE t (a int)',
      'CREATE OR REPLACE TEMPORARY TABLE t AS SELECT 1 AS a',
      "SELECT GET_LOCK('named', 0)",
      "DO GET_LOCK('named', 0)",
      'LOCK TABLES locked WRITE',
      'FLUSH TABLES locked WITH READ LOCK',
      'FLUSH TABLES WITH READ LOCK',
      'BACKUP LOCK locked',
      'HANDLER locked OPEN',
      'USE mysql',
      'SET autocommit = 0',
      'SET NAMES latin1',
      'SET foreign_key_checks = 0',
      'CALL changes_much()',
      'BEGIN NOT ATOMIC SET @mine = 1; END',
      "PREPARE mine FROM 'SELECT 1'",
      "EXECUTE IMMEDIATE 'SET @mine = 1'",
      '/*!50000 SET @mine = 1 */',
      'BEGIN',
    ]) {
      await source.withConnection((connection) => connection.execute(text))
      const { rows } = await source.query(traces)
      const clean = Object.fromEntries(Object.keys(rows[0]!).map((name) => [name, 0]))
      expect(rows, text).toEqual([clean])
      await expect(source.query('SELECT * FROM t'), text).rejects.toMatchObject({ sqlState: '42P01' })
      await expect(source.execute('EXECUTE mine'), text).rejects.toMatchObject({ sqlState: '26000' })
      // Nobody is locked out.
      await raw.query('SET lock_wait_timeout = 2')
      await raw.query('INSERT INTO locked VALUES (1)')
      expect((await database.sessions()).length, text).toBeLessThanOrEqual(2)
    }
    await raw.end()
    await source.execute('CREATE TABLE unfinished (a int)')
    await source.withConnection(async (connection) => {
      await connection.setAutoCommit(false)
      await connection.execute('INSERT INTO unfinished VALUES (1)')
    })
    expect((await source.query('SELECT count(*) AS n FROM unfinished')).rows).toEqual([{ n: 0n }])
    expect(source.statistics().counters.closed.broken).toBe(0)
  })

  it('with a distributed transaction left open is given up, and says so', async () => {
    await using source = createDataSource({ ...settings, driver: 'mysql', maximumPoolSize: 1 })
    await source.execute('CREATE TABLE distributed (a int)')
    const left = source.withConnection(async (connection) => {
      await connection.execute("XA START 'x'")
      await connection.execute('INSERT INTO distributed VALUES (1)')
    })
    await expect(left).rejects.toMatchObject({ errorCode: 1399 })
    expect((await source.query('SELECT count(*) AS n FROM distributed')).rows).toEqual([{ n: 0n }])
    expect(source.statistics().counters.closed.broken).toBe(1)
  })

  it("changed where nobody sees it, by a function, is clean for the next borrower with sessionReset: 'always'", async () => {
    const raw = await database.connect()
    await raw.query('CREATE FUNCTION changes_the_session() RETURNS INT BEGIN SET @mine = 1; RETURN 1; END')
    await raw.end()
    for (const [sessionReset, seen] of [
      ['auto', 1],
      ['always', 0],
    ] as const) {
      await using source = createDataSource({
        ...settings,
        driver: 'mysql',
        maximumPoolSize: 1,
        sessionReset,
      })
      await source.query('SELECT changes_the_session()')
      expect((await source.query('SELECT @mine IS NOT NULL AS seen')).rows, sessionReset).toEqual([{ seen }])
    }
  })

  it('is lent and given back without a message, when nothing was changed', async () => {
    await using proxy = await FaultProxy.start({ target: settings, framing: mariaDbFraming })
    await using source = createDataSource({
      ...settings,
      port: proxy.port,
      driver: 'mysql',
      maximumPoolSize: 1,
    })
    for (let run = 0; run < 3; run++) await source.query('SELECT ? AS n', [run])
    const before = proxy.counts().toServer
    for (let cycle = 0; cycle < 100; cycle++) await (await source.getConnection()).close()
    expect(proxy.counts().toServer).toEqual(before)
    await source.query('SELECT ? AS n', [4])
    const { Execute = 0, ...others } = proxy.counts().toServer.types
    const { Execute: executed = 0, ...same } = before.types
    expect(Execute - executed).toBe(1)
    expect(others).toEqual(same)
  })

  it('is streamed as it is read', async () => {
    const connection = await open(settings)
    await connection.begin({})
    const stream = connection.stream(
      compiled('SELECT seq AS n, REPEAT(?, 1000) AS s FROM seq_1_to_1000000'),
      ['x'],
      100,
    )
    const first = await stream.fetch()
    expect([first.rows.length, first.done]).toEqual([100, false])
    expect(stream.columns.map(({ name, type }) => [name, type])).toEqual([
      ['n', 'BIGINT'],
      ['s', 'VARCHAR'],
    ])
    await stream.close()
    await stream.close()
    expect(await stream.fetch()).toEqual({ rows: [], done: true })
    expect(connection.transactionStatus).toBe('open')
    expect(await connection.commit()).toBe('committed')
    const exact = connection.stream(compiled('SELECT seq FROM seq_1_to_6'), [], 3)
    const sizes: [number, boolean][] = []
    for (let done = false; !done;) {
      const batch = await exact.fetch()
      done = batch.done
      sizes.push([batch.rows.length, done])
    }
    expect(sizes).toEqual([
      [3, false],
      [3, false],
      [0, true],
    ])
    const changing = connection.stream(compiled('CREATE TABLE made_in_a_stream (a int)'), [], 3)
    expect(await changing.fetch()).toEqual({ rows: [], done: true })
    const failing = connection.stream(
      compiled('SELECT (SELECT seq FROM seq_1_to_2 WHERE s.seq = 5) FROM seq_1_to_9 AS s'),
      [],
      2,
    )
    await failing.fetch()
    const draining = (async () => {
      while (!(await failing.fetch()).done);
    })()
    expect((await failure(draining)).sqlState).toBe('21000')
    await failing.close()
    expect(await valueOf(connection, 'SELECT 1')).toBe(1)
  })

  it('gives its client to whoever needs it', async () => {
    await using source = createDataSource({ ...settings, driver: 'mysql' })
    await using connection = await source.getConnection()
    const client = connection.unwrap(Connection)
    expect(connection.isWrapperFor(Map)).toBe(false)
    const [own, theirs] = await Promise.all([
      connection.query('SELECT 1 AS a'),
      client.promise().query('SELECT 2 AS a'),
    ])
    expect([own.rows, theirs[0]]).toEqual([[{ a: 1 }], [{ a: 2 }]])
  })
})
