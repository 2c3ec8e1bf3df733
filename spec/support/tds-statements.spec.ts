import { ISOLATION_LEVEL, Request, TYPES } from 'tedious'
import { beforeAll, expect, it } from 'vitest'
import { describeMssql } from './mssql.ts'
import { numberOf, RawMssql } from './tds-client.ts'
import type { MssqlSettings } from './tds-server/database.ts'

await describeMssql('What a session of SQL Server does, on the double as well', (server) => {
  let settings: MssqlSettings
  const open = (): Promise<RawMssql> =>
    RawMssql.connect(settings, { encrypt: server.encrypts, trustServerCertificate: true })

  beforeAll(async () => {
    settings = await server.database()
    await using client = await open()
    await client.batch(`CREATE TABLE account (id INT NOT NULL PRIMARY KEY, owner NVARCHAR(40) NOT NULL, balance DECIMAL(38, 10))
      INSERT INTO account VALUES (1, N'Ada', 10.5), (2, N'Bob', 20)`)
  })

  it('runs batches of several statements, with a result for each', async () => {
    await using client = await open()
    const { rows, count } = await client.batch(`SELECT id FROM account ORDER BY id
      UPDATE account SET owner = owner; PRINT N'done'
      SELECT 'x' AS [a b], COUNT(*) AS "n" FROM account`)
    expect(rows).toEqual([[1], [2], ['x', 2]])
    expect(count).toBe(5)
    expect(client.messages.at(-1)).toEqual([0, 'done'])
    expect((await client.batch('SET NOCOUNT ON UPDATE account SET owner = owner')).count).toBe(0)
    expect((await client.batch(' -- nothing')).rows).toEqual([])
    expect((await client.batch('DECLARE @n INT = 2; IF @n > 1 SELECT @n ELSE SELECT 0')).rows).toEqual([[2]])
  })

  it('prepares statements, and knows their handles until they are unprepared', async () => {
    await using client = await open()
    const rows: unknown[] = []
    const { connection } = client
    const run = (act: (request: Request) => void): Promise<void> =>
      new Promise((resolve, reject) => {
        const done = (error?: Error | null): void => (error ? reject(error) : resolve())
        request.callback = done
        act(request)
      })
    const request = new Request('SELECT owner FROM account WHERE id = @id', () => {})
    request.addParameter('id', TYPES.Int, null)
    request.on('row', (row) => rows.push((row as { value: unknown }[])[0]!.value))
    await run((made) => connection.prepare(made))
    await run((made) => connection.execute(made, { id: 1 }))
    await run((made) => connection.execute(made, { id: 2 }))
    expect(rows).toEqual(['Ada', 'Bob'])
    await run((made) => connection.unprepare(made))
    await expect(run((made) => connection.execute(made, { id: 2 }))).rejects.toMatchObject({ number: 8179 })
    const wrong = new Request('SELECT FROM WHERE', () => {})
    const failed = new Promise((resolve) => {
      wrong.callback = resolve
      connection.prepare(wrong)
    })
    expect((await failed) instanceof AggregateError).toBe(true)
  })

  it('gives output parameters, and refuses what was not declared or not given', async () => {
    await using client = await open()
    const out: unknown[] = []
    await new Promise<void>((resolve, reject) => {
      const request = new Request('SET @twice = @n * 2', (error) => (error ? reject(error) : resolve()))
      request.addParameter('n', TYPES.Int, 21)
      request.addOutputParameter('twice', TYPES.Int)
      request.on('returnValue', (name, value) => out.push(name, value))
      client.connection.execSql(request)
    })
    expect(out).toEqual(['twice', 42])
    expect(await numberOf(client.query('SELECT @a'))).toBe(137)
    const many = Array.from({ length: 2_099 }, (_, at) => [`p${at}`, TYPES.Int, at] as const)
    expect(await numberOf(client.query('SELECT 1', many))).toBe(8_003)
    expect(await numberOf(client.query('SELECT 1', many.slice(1)))).toBe('it was accepted')
  })

  it('begins, saves, rolls back and commits, and tells the client', async () => {
    await using client = await open()
    const { connection } = client
    const inTransaction = (): boolean => (connection as unknown as { inTransaction: boolean }).inTransaction
    await client.transact((c, done) => c.beginTransaction(done, 't', ISOLATION_LEVEL.SERIALIZABLE))
    expect(inTransaction()).toBe(true)
    await client.query(`INSERT INTO account VALUES (3, N'Cy', 0)`)
    await client.transact((c, done) => c.saveTransaction(done, 'here'))
    await client.query(`INSERT INTO account VALUES (4, N'Di', 0)`)
    expect(await numberOf(client.query(`INSERT INTO account VALUES (4, N'Di', 0)`))).toBe(2_627)
    expect(await client.value('SELECT COUNT(*) FROM account')).toBe(4)
    await client.transact((c, done) => c.rollbackTransaction(done, 'here'))
    await client.transact((c, done) => c.commitTransaction(done))
    expect(inTransaction()).toBe(false)
    expect(await client.value('SELECT COUNT(*) FROM account')).toBe(3)
    await client.batch('BEGIN TRAN; DELETE FROM account WHERE id = 3; BEGIN TRAN; COMMIT')
    expect(inTransaction()).toBe(true)
    expect(await client.value('SELECT @@TRANCOUNT')).toBe(1)
    await client.batch('COMMIT TRANSACTION')
    expect(await numberOf(client.batch('COMMIT'))).toBe(3_902)
    expect(await numberOf(client.batch('ROLLBACK'))).toBe(3_903)
    expect(await numberOf(client.batch('SAVE TRAN x'))).toBe(628)
    expect(await numberOf(client.query('BEGIN TRAN'))).toBe(266)
    expect(await client.batch('IF @@TRANCOUNT > 0 ROLLBACK SELECT @@TRANCOUNT')).toMatchObject({
      rows: [[0]],
    })
    expect(await numberOf(client.batch('BEGIN TRAN ROLLBACK TRAN nowhere'))).toBe(6_401)
  })

  it('with XACT_ABORT ends the batch and the transaction at an error', async () => {
    await using client = await open()
    const twice = `BEGIN TRAN INSERT INTO account VALUES (1, N'Ada', 0) INSERT INTO account VALUES (9, N'Ida', 0)`
    expect(await numberOf(client.batch(twice))).toBe(2_627)
    expect((await client.batch('SELECT COUNT(*) FROM account WHERE id = 9 ROLLBACK')).rows).toEqual([[1]])
    expect(await numberOf(client.batch(`SET XACT_ABORT ON ${twice}`))).toBe(2_627)
    expect((await client.batch('SELECT @@TRANCOUNT, COUNT(*) FROM account WHERE id = 9')).rows).toEqual([
      [0, 0],
    ])
    expect(
      await numberOf(client.batch(`SET XACT_ABORT OFF BEGIN TRAN SELECT CAST(N'x' AS INT) SELECT 1`)),
    ).toBe(245)
    expect(await client.value('SELECT @@TRANCOUNT')).toBe(0)
  })

  it('is as after a login when the client resets it, but for the isolation level', async () => {
    await using client = await open()
    await client.batch(
      `CREATE TABLE #t (n INT) SET LOCK_TIMEOUT 5 SET TRANSACTION ISOLATION LEVEL SERIALIZABLE BEGIN TRAN`,
    )
    let told = false
    events(client).on('resetConnection', () => (told = true))
    await client.transact((c, done) => c.reset(done))
    expect(told).toBe(true)
    expect((await client.batch(`SELECT @@TRANCOUNT, @@LOCK_TIMEOUT, OBJECT_ID(N'tempdb..#t')`)).rows).toEqual(
      [[0, -1, null]],
    )
  })

  it('gives a procedure settings and temporary tables of its own', async () => {
    await using client = await open()
    await client.query(
      'CREATE TABLE #t (n INT) INSERT INTO #t VALUES (1) SELECT * FROM #t SET LOCK_TIMEOUT 7',
    )
    expect(await numberOf(client.query('SELECT * FROM #t'))).toBe(208)
    expect(await client.value('SELECT @@LOCK_TIMEOUT')).toBe(-1)
    await client.batch('CREATE TABLE #t (n INT)')
    expect((await client.query('SELECT * FROM #t')).rows).toEqual([])
  })

  it('ends one of two that wait for each other: 1205, and its transaction with it', async () => {
    await using first = await open()
    await using second = await open()
    const rolledBack: string[] = []
    events(first).on('rollbackTransaction', () => rolledBack.push('first'))
    events(second).on('rollbackTransaction', () => rolledBack.push('second'))
    await first.batch('BEGIN TRAN UPDATE account SET balance = balance + 1 WHERE id = 1')
    await second.batch('BEGIN TRAN UPDATE account SET balance = balance + 1 WHERE id = 2')
    const outcomes = await Promise.allSettled([
      first.batch('UPDATE account SET balance = balance + 1 WHERE id = 2'),
      second.batch('UPDATE account SET balance = balance + 1 WHERE id = 1'),
    ])
    const victim = outcomes.findIndex(({ status }) => status === 'rejected')
    expect(outcomes.filter(({ status }) => status === 'rejected').length).toBe(1)
    expect((outcomes[victim] as PromiseRejectedResult).reason).toMatchObject({ number: 1205, class: 13 })
    expect(rolledBack).toEqual([victim === 0 ? 'first' : 'second'])
    const counts = await Promise.all([first, second].map((client) => client.value('SELECT @@TRANCOUNT')))
    expect(counts).toEqual(victim === 0 ? [0, 1] : [1, 0])
    await [first, second][1 - victim]!.batch('ROLLBACK')
  })

  it('waits for a lock as long as LOCK_TIMEOUT says: 1222, and the transaction lives', async () => {
    await using first = await open()
    await using second = await open()
    await first.batch('BEGIN TRAN SELECT * FROM account WITH (UPDLOCK) WHERE id = 1')
    await second.batch('SET LOCK_TIMEOUT 30 BEGIN TRAN')
    expect(await numberOf(second.batch('UPDATE account SET balance = 0 WHERE id = 1'))).toBe(1222)
    expect(await second.value('SELECT @@TRANCOUNT')).toBe(1)
  })

  it('tells update conflicts of SNAPSHOT: 3960', async () => {
    await using first = await open()
    await using second = await open()
    await first.batch('SET TRANSACTION ISOLATION LEVEL SNAPSHOT BEGIN TRAN SELECT COUNT(*) FROM account')
    await second.batch('UPDATE account SET balance = balance WHERE id = 1')
    expect(await numberOf(first.batch('UPDATE account SET balance = 0 WHERE id = 1'))).toBe(3960)
    expect(await first.value('SELECT @@TRANCOUNT')).toBe(0)
  })

  it('loads rows in bulk, all or none', async () => {
    await using client = await open()
    await client.batch(
      'CREATE TABLE loaded (id INT NOT NULL PRIMARY KEY, name NVARCHAR(20), paid DECIMAL(9, 2), bytes VARBINARY(MAX))',
    )
    const load = (rows: unknown[][]): Promise<number> =>
      new Promise((resolve, reject) => {
        const bulk = client.connection.newBulkLoad('loaded', (error, count) =>
          error ? reject(error) : resolve(count ?? 0),
        )
        bulk.addColumn('id', TYPES.Int, { nullable: false })
        bulk.addColumn('name', TYPES.NVarChar, { length: 20, nullable: true })
        bulk.addColumn('paid', TYPES.Decimal, { precision: 9, scale: 2, nullable: true })
        bulk.addColumn('bytes', TYPES.VarBinary, { length: Infinity, nullable: true })
        client.connection.execBulkLoad(bulk, rows)
      })
    const many = Array.from({ length: 5_000 }, (_, id) => [id, `n${id}`, id / 4, Buffer.of(id % 256)])
    expect(await load(many)).toBe(5_000)
    expect(await load([[5_000, null, null, null]])).toBe(1)
    expect((await client.query('SELECT * FROM loaded WHERE id >= 4999 ORDER BY id')).rows).toEqual([
      [4_999, 'n4999', 1_249.75, Buffer.of(135)],
      [5_000, null, null, null],
    ])
    expect(
      await numberOf(
        load([
          [5_001, 'x', 1, null],
          [1, 'x', 1, null],
        ]),
      ),
    ).toBe(2_627)
    expect(await client.value('SELECT COUNT(*) FROM loaded')).toBe(5_001)
  })

  it('executes texts, with settings of their own', async () => {
    await using client = await open()
    expect((await client.batch(`EXEC (N'SELECT 1 AS n')`)).rows).toEqual([[1]])
    expect((await client.batch(`EXEC sp_executesql N'SELECT @a + 1', N'@a INT', @a = 5`)).rows).toEqual([[6]])
    expect((await client.batch(`EXEC (N'SET LOCK_TIMEOUT 5') SELECT @@LOCK_TIMEOUT`)).rows).toEqual([[-1]])
    expect(await numberOf(client.batch('EXEC no_such_procedure 1'))).toBe(2_812)
  })

  it('holds locks of the application until they are released, or the session is reset', async () => {
    await using holder = await open()
    await using waiter = await open()
    const take = `EXEC sp_getapplock @Resource = N'r', @LockMode = 'Exclusive', @LockOwner = 'Session'`
    await holder.batch(take)
    const settled: string[] = []
    const waiting = waiter.batch(take).then(() => settled.push('taken'))
    await holder.value('SELECT 1')
    settled.push('released')
    await holder.transact((c, done) => c.reset(done))
    await waiting
    expect(settled).toEqual(['released', 'taken'])
  })

  /** Some of them have no types. */
  function events({ connection }: RawMssql): NodeJS.EventEmitter {
    return connection
  }
})
