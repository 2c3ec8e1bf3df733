import { describe, expect, it } from 'vitest'
import type { Channel } from '../../../drivers/sqlite/channel.ts'
import type { ToEngine } from '../../../drivers/sqlite/protocol.ts'
import { DatabaseSync } from 'node:sqlite'
import { compile, modes, newFile, open, raw, refusal, rows, run } from './support.ts'

describe.each(modes)('A connection (%s)', (mode) => {
  it('names itself and its server', async () => {
    const [one, other] = [await open({ mode }), await open({ mode })]
    expect(one.id).not.toBe(other.id)
    expect(one.server).toMatchObject({ productName: 'SQLite', supportedIsolations: ['serializable'] })
    expect(one.server.productVersion).toMatch(/^3\.\d+/)
    expect(one.initialState).toEqual({ readOnly: false, isolation: 'serializable', schema: 'main' })
    expect(one.capabilities).toEqual({ pipelining: true, cancel: mode === 'process' ? 'kill' : 'none' })
    expect(one.unwrap(DatabaseSync) instanceof DatabaseSync).toBe(mode === 'inline')
  })

  it('opens with foreign keys and the write-ahead log', async () => {
    const connection = await open({ mode })
    expect(await rows(connection, 'PRAGMA foreign_keys')).toEqual([[1]])
    expect(await rows(connection, 'PRAGMA journal_mode')).toEqual([['wal']])
    const other = await open({ mode, foreignKeys: false, journalMode: 'delete', synchronous: 'full' })
    expect(await rows(other, 'PRAGMA foreign_keys')).toEqual([[0]])
    expect(await rows(other, 'PRAGMA journal_mode')).toEqual([['delete']])
    expect(await rows(other, 'PRAGMA synchronous')).toEqual([[2]])
  })

  it('counts the rows that a statement changed, and no others', async () => {
    const connection = await open({ mode })
    const counts: number[] = []
    for (const sql of [
      'CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)',
      "INSERT INTO t (v) VALUES ('a'), ('b'), ('c')",
      'CREATE TABLE u (id)',
      "UPDATE t SET v = 'd' WHERE id > 1",
      'UPDATE t SET id = id + 10 RETURNING id',
      'SELECT * FROM t',
      'WITH x AS (SELECT 11 AS id) DELETE FROM t WHERE id IN (SELECT id FROM x)',
      'WITH x AS (SELECT 12 AS id) DELETE FROM t WHERE id IN (SELECT id FROM x) RETURNING id',
      "WITH x AS (SELECT replace('a', 'b', 'c') AS v) SELECT * FROM x",
      'DELETE FROM t WHERE id = 999',
      'DROP TABLE u',
      '/* all */ -- of them\n DELETE FROM t',
    ]) {
      counts.push((await run(connection, sql)).updateCount)
    }
    expect(counts).toEqual([0, 3, 0, 2, 3, 0, 1, 1, 0, 0, 0, 1])
  })

  it('gives the same columns array while the columns are the same', async () => {
    const connection = await open({ mode })
    const first = await run(connection, 'SELECT 1 AS a')
    expect(first.columns).toEqual([{ name: 'a', type: 'OTHER', databaseType: '' }])
    expect((await run(connection, 'SELECT 1 AS a')).columns).toBe(first.columns)
  })

  it('sees when another connection has changed a table under a known statement', async () => {
    const path = newFile()
    const connection = await open({ mode, path })
    const other = raw(path)
    other.exec('CREATE TABLE t (v INTEGER); INSERT INTO t VALUES (1)')
    expect((await run(connection, 'SELECT * FROM t')).rows).toEqual([[1]])
    other.exec('DROP TABLE t; CREATE TABLE t (v BIGINT); INSERT INTO t VALUES (2)')
    const changed = await run(connection, 'SELECT * FROM t')
    expect(changed).toMatchObject({ rows: [[2n]], columns: [{ type: 'BIGINT' }] })
    other.exec("ALTER TABLE t ADD COLUMN w TEXT DEFAULT 'x'")
    const wider = await run(connection, 'SELECT * FROM t')
    expect(wider).toMatchObject({ rows: [[2n, 'x']], columns: [{ name: 'v' }, { name: 'w' }] })
    expect((await run(connection, 'SELECT * FROM t')).columns).toBe(wider.columns)
  })

  it('and when it has changed it itself, or undone the change', async () => {
    const connection = await open({ mode })
    await run(connection, 'CREATE TEMP TABLE t (v INTEGER)')
    await run(connection, 'INSERT INTO t VALUES (1)')
    expect((await run(connection, 'SELECT v FROM t')).rows).toEqual([[1]])
    await connection.begin({})
    await connection.executeScript('DROP TABLE t; CREATE TEMP TABLE t (v BIGINT); INSERT INTO t VALUES (2)')
    expect((await run(connection, 'SELECT v FROM t')).rows).toEqual([[2n]])
    await connection.rollback()
    expect((await run(connection, 'SELECT v FROM t')).rows).toEqual([[1]])
  })

  it('forgets the statement that was not used for longest', async () => {
    const connection = await open({ mode, statementCacheSize: 2 })
    for (let round = 0; round < 3; round++) {
      for (let at = 0; at < 5; at++) expect(await rows(connection, `SELECT ${at} AS n`)).toEqual([[at]])
    }
    const uncached = await open({ mode, statementCacheSize: 0 })
    for (let round = 0; round < 3; round++) {
      const { rows: all, columns } = await run(uncached, 'SELECT 7 AS n')
      expect([all, columns.map(({ name }) => name)]).toEqual([[[7]], ['n']])
    }
  })

  it('sends what is asked for in one turn in one message', async () => {
    const messages: ToEngine[] = []
    const spy = (channel: Channel): Channel => ({
      ...channel,
      place: channel.place,
      destroyIsImmediate: channel.destroyIsImmediate,
      send(message) {
        messages.push(message)
        channel.send(message)
      },
      destroy: () => channel.destroy(),
    })
    const connection = await open({ mode, channel: spy })
    messages.length = 0
    const deep = async (n: number): Promise<unknown> => {
      // However many promises lie between: it is still the same turn.
      for (let at = 0; at < n; at++) await Promise.resolve()
      return rows(connection, 'SELECT ?', [n])
    }
    await Promise.resolve()
    expect(await Promise.all([1, 2, 5, 20].map(deep))).toEqual([[[1]], [[2]], [[5]], [[20]]])
    expect(messages.map((message) => (typeof message === 'number' ? message : message.length))).toEqual([4])
  })

  it('one refused statement in a message leaves its neighbours alone', async () => {
    const connection = await open({ mode })
    const outcomes = await Promise.allSettled([
      rows(connection, 'SELECT 1'),
      rows(connection, 'SELECT * FROM missing'),
      rows(connection, 'SELECT 2'),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  it('commits and rolls back, with savepoints', async () => {
    const connection = await open({ mode })
    await run(connection, 'CREATE TABLE t (id)')
    await connection.begin({ isolation: 'serializable' })
    expect(connection.transactionStatus).toBe('open')
    await run(connection, 'INSERT INTO t VALUES (1)')
    await connection.savepoint('a "b"')
    await run(connection, 'INSERT INTO t VALUES (2)')
    await connection.rollback('a "b"')
    await run(connection, 'INSERT INTO t VALUES (3)')
    await connection.release('a "b"')
    expect(await connection.commit()).toBe('committed')
    expect(connection.transactionStatus).toBe('none')
    expect(await rows(connection, 'SELECT id FROM t')).toEqual([[1], [3]])
    await connection.begin({})
    await run(connection, 'DELETE FROM t')
    await connection.rollback()
    expect(await rows(connection, 'SELECT count(*) FROM t')).toEqual([[2]])
    await connection.rollback()
  })

  it('says when the database has ended the transaction by itself', async () => {
    const connection = await open({ mode })
    await run(connection, 'CREATE TABLE t (id PRIMARY KEY)')
    await connection.begin({})
    await run(connection, 'INSERT INTO t VALUES (1)')
    await refusal(run(connection, 'INSERT OR ROLLBACK INTO t VALUES (1)'))
    expect(connection.transactionStatus).toBe('none')
    expect(await connection.commit()).toBe('rolled-back')
    expect(await rows(connection, 'SELECT count(*) FROM t')).toEqual([[0]])
  })

  it('a read-only transaction changes nothing, the next one may', async () => {
    const connection = await open({ mode })
    await run(connection, 'CREATE TABLE t (id)')
    await connection.begin({ readOnly: true })
    expect(await refusal(run(connection, 'INSERT INTO t VALUES (1)'))).toMatchObject({ sqlState: '25006' })
    await connection.commit()
    await run(connection, 'INSERT INTO t VALUES (1)')
    await connection.configure({ readOnly: true })
    expect(await refusal(run(connection, 'INSERT INTO t VALUES (2)'))).toMatchObject({ sqlState: '25006' })
    await connection.begin({})
    await connection.commit()
    expect(await refusal(run(connection, 'INSERT INTO t VALUES (2)'))).toMatchObject({ sqlState: '25006' })
    await connection.configure({ readOnly: false })
    await run(connection, 'INSERT INTO t VALUES (2)')
  })

  it('refuses what SQLite lacks', async () => {
    const connection = await open({ mode })
    const lacking = { sqlState: '0A000', reason: 'feature', fatal: false }
    expect(await refusal(connection.begin({ isolation: 'read committed' }))).toMatchObject(lacking)
    expect(await refusal(connection.configure({ isolation: 'snapshot' }))).toMatchObject(lacking)
    expect(await refusal(connection.configure({ schema: 'temp' }))).toMatchObject(lacking)
    await connection.configure({ isolation: 'serializable', schema: 'main' })
    expect(connection.transactionStatus).toBe('none')
  })

  it('a batch stops at the first failure, and tells how far it came', async () => {
    const connection = await open({ mode })
    await run(connection, 'CREATE TABLE t (id PRIMARY KEY)')
    const insert = compile('INSERT INTO t VALUES (?)')
    expect(await connection.executeBatch(insert, [])).toEqual({ updateCounts: [] })
    const { updateCounts, error } = await connection.executeBatch(insert, [[1], [2], [1], [3]])
    expect(updateCounts).toEqual([1, 1])
    expect(error).toMatchObject({ reason: 'unique' })
    expect(await rows(connection, 'SELECT id FROM t')).toEqual([[1], [2]])
    expect(await refusal(connection.executeBatch(insert, [[4], [Number.NaN]]))).toMatchObject({
      sqlState: '22003',
    })
    expect(await rows(connection, 'SELECT count(*) FROM t')).toEqual([[2]])
  })

  it('a script with a trigger runs, and stops at the first failure', async () => {
    const connection = await open({ mode })
    await connection.executeScript(`
      CREATE TABLE t (id); CREATE TABLE log (id);
      -- two statements in its body;
      CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.id); INSERT INTO log VALUES (';'); END;
      INSERT INTO t VALUES (1)`)
    expect(await rows(connection, 'SELECT count(*) FROM log')).toEqual([[2]])
    expect(
      await refusal(connection.executeScript('INSERT INTO t VALUES (2); SELEC; INSERT INTO t VALUES (3)')),
    ).toMatchObject({ reason: 'syntax' })
    expect(await rows(connection, 'SELECT id FROM t')).toEqual([[1], [2]])
  })

  it('after a reset nothing is left of the session', async () => {
    const path = newFile()
    const connection = await open({ mode, path })
    await run(connection, 'CREATE TABLE t (id)')
    await run(connection, 'SELECT * FROM t')
    await connection.executeScript(
      "CREATE TEMP TABLE x (id); ATTACH ':memory:' AS other; PRAGMA foreign_keys = OFF; PRAGMA query_only = ON",
    )
    await connection.configure({ readOnly: true })
    await connection.begin({})
    await connection.reset()
    expect(connection.transactionStatus).toBe('none')
    expect(await refusal(run(connection, 'SELECT * FROM x'))).toMatchObject({ reason: 'undefined-object' })
    expect(await rows(connection, 'SELECT name FROM pragma_database_list')).toEqual([['main']])
    expect(await rows(connection, 'PRAGMA foreign_keys')).toEqual([[1]])
    await run(connection, 'INSERT INTO t VALUES (1)')
    expect((await run(connection, 'SELECT * FROM t')).rows).toEqual([[1]])
  })

  it('answers a ping, also while another holds the database', async () => {
    const path = newFile()
    const connection = await open({ mode, path, journalMode: 'delete' })
    raw(path).exec('CREATE TABLE t (id); BEGIN EXCLUSIVE')
    await connection.ping()
  })

  it('is closed once, and then refuses', async () => {
    const path = newFile()
    const connection = await open({ mode, path })
    let deaths = 0
    connection.onDeath = () => deaths++
    const last = rows(connection, 'SELECT 1')
    const closing = connection.close()
    expect(connection.close()).toBe(closing)
    expect(await last).toEqual([[1]])
    await closing
    expect(await refusal(run(connection, 'SELECT 1'))).toMatchObject({ fatal: true, retry: 'connect' })
    connection.destroy()
    expect(deaths).toBe(0)
    // The last one to close has removed the log.
    raw(path).exec('PRAGMA journal_mode = DELETE')
  })

  it('when it is destroyed, what is under way rejects', async () => {
    const connection = await open({ mode })
    let deaths = 0
    connection.onDeath = () => deaths++
    await run(connection, 'CREATE TABLE t (id)')
    const answers = [
      refusal(run(connection, 'INSERT INTO t VALUES (1)')),
      refusal(run(connection, 'SELECT 1')),
    ]
    connection.destroy()
    for (const error of await Promise.all(answers)) {
      // It had not left yet.
      expect(error).toMatchObject({ reason: 'connection-lost', fatal: true, retry: 'connect' })
    }
    await connection.close()
    expect(deaths).toBe(0)
  })
})
