import { beforeAll, expect, it } from 'vitest'
import type { MySqlConnection } from '../../../drivers/mysql/mysql-connection.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import type { MariaDbDatabase, MariaDbSettings } from '../../support/mariadb-database.ts'
import { mariaDbFraming } from '../../support/mariadb-framing.ts'
import { describeMariaDb, describeOwnMariaDb } from '../../support/mariadb.ts'
import { compiled, execute, failure, open, valueOf } from './support.ts'

/** What the server has prepared for all its sessions. */
const preparedText = "SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'"

await describeMariaDb('statements on MariaDB', (server) => {
  let database: MariaDbDatabase
  let settings: MariaDbSettings
  beforeAll(async () => {
    database = await server.database()
    settings = database.settings
  })

  it('are prepared to stay at their second run', async () => {
    await using proxy = await FaultProxy.start({ target: settings, framing: mariaDbFraming })
    const connection = await open({ ...settings, port: proxy.port }, { prepareThreshold: 2 })
    const sent: unknown[] = []
    for (let run = 1; run <= 3; run++) {
      const before = proxy.counts().toServer.types
      expect(await valueOf(connection, 'SELECT ? + 1', run)).toBe(BigInt(run + 1))
      const after = proxy.counts().toServer.types
      sent.push(
        ['Prepare', 'Execute', 'CloseStatement'].map((name) => (after[name] ?? 0) - (before[name] ?? 0)),
      )
    }
    expect(sent).toEqual([
      [1, 1, 1],
      [1, 1, 0],
      [0, 1, 0],
    ])
  })

  it('are prepared for one run alone with prepareThreshold 0, and to stay at once with 1', async () => {
    await using proxy = await FaultProxy.start({ target: settings, framing: mariaDbFraming })
    const types = (): Readonly<Record<string, number>> => proxy.counts().toServer.types
    const never = await open({ ...settings, port: proxy.port }, { prepareThreshold: 0 })
    for (let run = 0; run < 4; run++) await valueOf(never, 'SELECT ?', run)
    expect(types()).toMatchObject({ Prepare: 4, Execute: 4, CloseStatement: 4 })
    const atOnce = await open({ ...settings, port: proxy.port }, { prepareThreshold: 1 })
    for (let run = 0; run < 4; run++) await valueOf(atOnce, 'SELECT ?', run)
    expect(types()).toMatchObject({ Prepare: 5, Execute: 8, CloseStatement: 4 })
  })

  it('recover when their plan is stale: the table has changed', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE changing (a int)')
    await execute(connection, 'INSERT INTO changing VALUES (1)')
    const text = 'SELECT * FROM changing WHERE a > ?'
    for (let run = 0; run < 3; run++) expect((await execute(connection, text, 0)).rows).toEqual([[1]])
    for (const [change, row] of [
      ['ADD b VARCHAR(9)', [1, null]],
      ['MODIFY a VARCHAR(9), ADD c BIGINT DEFAULT 7', ['1', null, 7n]],
      ['DROP b', ['1', 7n]],
    ] as const) {
      await execute(connection, `ALTER TABLE changing ${change}`)
      for (let run = 0; run < 2; run++) {
        const { rows, columns } = await execute(connection, text, 0)
        expect([rows, columns.length]).toEqual([[row], row.length])
      }
      await connection.begin({})
      expect((await execute(connection, text, 0)).rows).toEqual([row])
      await connection.commit()
    }
    await execute(connection, 'DROP TABLE changing')
    expect((await failure(execute(connection, text, 0))).sqlState).toBe('42P01')
  })

  it('have one plan for values of all types', async () => {
    const connection = await open(settings)
    const values = [1, 2, null, 3n, 0.5e-30, 'text', null, true, new Uint8Array([1])]
    const back: unknown[] = []
    for (const value of values) back.push(await valueOf(connection, 'SELECT ?', value))
    expect(back).toEqual([1, 2, null, 3n, 0.5e-30, 'text', null, 1, new Uint8Array([1])])
  })

  it('take whole numbers where the grammar wants them: LIMIT', async () => {
    const connection = await open(settings)
    for (const limit of [2, 2n]) {
      for (let run = 0; run < 3; run++) {
        const { rows } = await execute(connection, 'SELECT seq FROM seq_1_to_9 LIMIT ? OFFSET ?', limit, 1)
        expect(rows).toEqual([[2n], [3n]])
      }
    }
  })

  it('keep all digits of a decimal that is reckoned with', async () => {
    const connection = await open(settings)
    const { decimal } = await import('../../../src/index.ts')
    expect(await valueOf(connection, 'SELECT ? + 0.1', decimal('12345678901234567890123456789.5'))).toBe(
      '12345678901234567890123456789.6',
    )
  })

  it('tell what they changed', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE counted (a int PRIMARY KEY, b INT)')
    const counts: number[] = []
    for (const text of [
      'INSERT INTO counted SELECT seq, seq FROM seq_1_to_5',
      'INSERT INTO counted VALUES (6, 6) RETURNING a',
      'UPDATE counted SET b = b + 1 WHERE a < 4',
      // Found, though the same as before.
      'UPDATE counted SET b = b WHERE a < 4',
      'SELECT * FROM counted',
      'DELETE FROM counted WHERE a > 100',
      'CREATE TABLE copied AS SELECT * FROM counted',
      'TRUNCATE counted',
    ]) {
      counts.push((await execute(connection, text)).updateCount)
    }
    expect(counts).toEqual([5, 1, 3, 3, 0, 0, 6, 0])
  })

  it('give warnings where there are some', async () => {
    const connection = await open({ ...settings, serverSettings: { sql_mode: '' } })
    const { warnings = [] } = await execute(connection, "SELECT CAST('12x' AS INT)")
    expect(warnings).toMatchObject([{ sqlState: '01000', errorCode: 1292 }])
    // The value that it quotes stays with the cause.
    expect(warnings[0]!.message).not.toContain('12x')
    const dropped = await execute(connection, 'DROP TABLE IF EXISTS never_there')
    expect(dropped.warnings).toHaveLength(1)
    expect((await execute(connection, 'SELECT 1')).warnings).toBeUndefined()
    const silent = await open({ ...settings, fetchWarnings: false })
    expect((await execute(silent, 'DROP TABLE IF EXISTS never_there')).warnings).toBeUndefined()
  })

  it('are one in a text, also for whoever has found a way round the scanner', async () => {
    const connection = await open(settings)
    const two = { ...compiled('SELECT 1'), sql: 'SELECT 1; SELECT 2' }
    expect((await failure(connection.execute(two, []))).sqlState).toBe('42601')
    const written = { ...compiled('SET @a = 1'), sql: 'SET @a = 1; SET @b = 1' }
    expect((await failure(connection.execute(written, []))).sqlState).toBe('42601')
    await failure(connection.executeScript('SELECT 1; SELECT wrong; SELECT 2'))
    expect((await failure(connection.execute(written, []))).sqlState).toBe('42601')
  })

  it('that give several results give the first that has rows', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE PROCEDURE gives_two() BEGIN SELECT 1 AS a; SELECT 2 AS b; END')
    const { rows, columns, warnings = [] } = await execute(connection, 'CALL gives_two()')
    expect([rows, columns[0]?.name]).toEqual([[[1]], 'a'])
    expect(warnings.map(({ sqlState }) => sqlState)).toEqual(['0100D'])
    expect(await valueOf(connection, 'SELECT 3')).toBe(3)
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
    const text = `SELECT count(*) FROM seq_1_to_9 WHERE seq IN (${values.map(() => '?').join(',')})`
    expect((await connection.execute(compiled(text), values)).rows).toEqual([[9n]])
  })

  it('may be as long as the server allows, and no longer', async () => {
    const connection = await open(settings)
    await execute(connection, 'SELECT 1')
    const longest = Number(await valueOf(connection, 'SELECT @@max_allowed_packet'))
    const fits = 'x'.repeat(longest - 100)
    expect(Number(await valueOf(connection, 'SELECT LENGTH(?)', fits))).toBe(fits.length)
    const tooLong = await failure(execute(connection, 'SELECT LENGTH(?)', 'x'.repeat(longest)))
    expect(tooLong).toMatchObject({ reason: 'limit', fatal: false })
    expect(await valueOf(connection, 'SELECT 1')).toBe(1)
  })

  it('in a batch stop at the first failure', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE batched (id int PRIMARY KEY, v decimal(9, 1))')
    const insert = compiled('INSERT INTO batched VALUES (?, ?)')
    const rows = Array.from({ length: 1_000 }, (_, id) => [id, [1.5, 2, null, 3n, '4'][id % 5]!])
    await connection.begin({})
    const { updateCounts, error } = await connection.executeBatch(insert, rows)
    await connection.commit()
    expect([updateCounts.length, error]).toEqual([1_000, undefined])
    expect(await valueOf(connection, 'SELECT sum(v) FROM batched')).toBe('2100.0')
    const failed = await connection.executeBatch(insert, [
      [10_000, 1],
      [5, 1],
      [10_001, 1],
    ])
    expect(failed.updateCounts).toEqual([1])
    expect(failed.error?.sqlState).toBe('23505')
    expect(await valueOf(connection, 'SELECT count(*) FROM batched')).toBe(1_001n)
  })
})

await describeOwnMariaDb('what a server has prepared', (start) => {
  const run = async (connection: MySqlConnection, texts: number): Promise<void> => {
    for (let text = 0; text < texts; text++) {
      for (let turn = 0; turn < 3; turn++) {
        expect(await valueOf(connection, `SELECT ? + ${text}`, turn)).toBe(BigInt(turn + text))
      }
    }
  }

  it('is no more than statementCacheSize for a session, and nothing is left when it ends', async () => {
    const server = await start()
    const { settings } = await server.database()
    const count = async (): Promise<number> => {
      const [row] = await server.query<{ Value: string }>(preparedText)
      return Number(row?.Value)
    }
    const connection = await open(settings, { statementCacheSize: 5 })
    await run(connection, 40)
    // What was evicted is closed with the next message.
    expect(await valueOf(connection, 'SELECT 1')).toBe(1)
    expect(await count()).toBeLessThanOrEqual(5)
    expect(await count()).toBeGreaterThan(0)
    await connection.close()
    while ((await count()) > 0);
  })

  it('may be limited (max_prepared_stmt_count): who meets the limit makes room, also in a transaction', async () => {
    const server = await start({ config: { max_prepared_stmt_count: 20 } })
    const { settings } = await server.database()
    const connection = await open(settings)
    for (let turn = 0; turn < 3; turn++) await run(connection, 35)
    await connection.begin({})
    await run(connection, 35)
    expect(connection.transactionStatus).toBe('open')
    await connection.commit()
  })

  it('may be limited: where others have all of it, a statement without parameters runs, and another says what to do', async () => {
    const server = await start({ config: { max_prepared_stmt_count: 20 } })
    const { settings } = await server.database()
    const greedy = await open(settings)
    for (let n = 0; n < 20; n++) {
      for (let turn = 0; turn < 2; turn++) await valueOf(greedy, `SELECT ? + ${n}`, turn)
    }
    const other = await open(settings)
    expect(await valueOf(other, 'SELECT 7')).toBe(7)
    const error = await failure(execute(other, 'SELECT ?', 7))
    expect(error).toMatchObject({ errorCode: 1461, sqlState: '53400', fatal: false })
    expect(error.message).toContain('statementCacheSize')
    await greedy.reset()
    expect(await valueOf(other, 'SELECT ?', 7)).toBe(7)
  })
})

await describeOwnMariaDb('messages of several packets', (start) => {
  it('go both ways, whatever their length', async () => {
    const server = await start({ config: { max_allowed_packet: '64M' } })
    const { settings } = await server.database()
    const connection = await open(settings)
    const packet = 2 ** 24 - 1
    // Around the length at which the request, and around that at which the answer fills a packet.
    for (let length = packet - 24; length <= packet + 1; length++) {
      const value = await valueOf(connection, 'SELECT ?', Buffer.alloc(length, length))
      expect(Buffer.alloc(length, length).equals(value as Uint8Array), `${length}`).toBe(true)
    }
    expect(await valueOf(connection, 'SELECT LENGTH(?)', 'x'.repeat(2 * packet))).toBe(2 * packet)
    expect(await valueOf(connection, `SELECT LENGTH('${'x'.repeat(2 * packet)}')`)).toBe(2 * packet)
  }, 60_000)
})
