import { setTimeout as sleep } from 'node:timers/promises'
import { Request, TYPES } from 'tedious'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CertificateAuthority } from './certificates.ts'
import { describePostgres } from './postgres.ts'
import { numberOf, RawMssql } from './tds-client.ts'
import type { MssqlSettings } from './tds-server/database.ts'
import { TdsServer } from './tds-server/server.ts'

await describePostgres('The TDS server', (postgres) => {
  const authority = new CertificateAuthority()
  let server: TdsServer
  let settings: MssqlSettings

  beforeAll(async () => {
    server = await TdsServer.start({ postgres, tls: authority.issue({ hosts: ['localhost', '127.0.0.1'] }) })
    settings = await server.database()
    await using client = await RawMssql.connect(settings)
    await client.batch(`CREATE TABLE account (id INT NOT NULL PRIMARY KEY, owner NVARCHAR(40) NOT NULL, balance DECIMAL(38, 10))
      INSERT INTO account VALUES (1, N'Ada', 10.5), (2, N'Bob', 20)`)
  })

  afterAll(() => server.close())

  it('lets in who knows the password, and nobody else', async () => {
    await using client = await RawMssql.connect(settings, { appName: 'spec' })
    const spid = await client.value('SELECT @@SPID')
    expect(await client.value('SELECT DB_NAME()')).toBe(settings.database)
    const sessions = await server.sessions(settings.database)
    expect(sessions).toContainEqual({
      spid,
      database: settings.database,
      application: 'spec',
      isActive: false,
    })
    const wrong = RawMssql.connect({ ...settings, password: 'wrong' })
    await expect(wrong).rejects.toMatchObject({ code: 'ELOGIN', message: `Login failed for user 'sa'.` })
    await expect(RawMssql.connect({ ...settings, database: 'nowhere' })).rejects.toMatchObject({
      code: 'ELOGIN',
    })
    await client.close()
    while ((await sessionsOf('spec')).length > 0) await sleep(5)
  })

  it('speaks TLS, by which its name is proved', async () => {
    const tls = { encrypt: true, cryptoCredentialsDetails: { ca: authority.ca } }
    const host = 'localhost'
    await using client = await RawMssql.connect({ ...settings, host }, tls)
    expect(await client.value(`SELECT REPLICATE(N'x', 100000)`)).toHaveLength(100_000)
    const other = new CertificateAuthority('somebody else')
    const distrustful = { encrypt: true, cryptoCredentialsDetails: { ca: other.ca } }
    await expect(RawMssql.connect({ ...settings, host }, distrustful)).rejects.toMatchObject({
      code: 'ESOCKET',
    })
  })

  it('that requires TLS, turns away who will not encrypt', async () => {
    const tls = authority.issue({ hosts: ['localhost'] })
    await using strict = await TdsServer.start({ postgres, tls, requiresTls: true })
    const own = await strict.database()
    await expect(RawMssql.connect(own)).rejects.toMatchObject({ code: expect.any(String) })
    const options = { encrypt: true, cryptoCredentialsDetails: { ca: tls.ca } }
    await using client = await RawMssql.connect({ ...own, host: 'localhost' }, options)
    expect(await client.value('SELECT 1')).toBe(1)
  })

  it('agrees on a packet size, and cuts and joins messages by it, both ways', async () => {
    for (const packetSize of [512, 4_096, 32_767]) {
      await using client = await RawMssql.connect(settings, { packetSize })
      const text = 'ä€😀'.repeat(20_000)
      expect(await client.value('SELECT @p', [['p', TYPES.NVarChar, text]])).toBe(text)
      expect((await client.query(`SELECT '${'y'.repeat(20_000)}' AS y`)).rows[0]![0]).toHaveLength(20_000)
    }
  })

  it('stops a statement at an attention, and keeps the session and its transaction', async () => {
    await using client = await RawMssql.connect(settings)
    await client.batch(`BEGIN TRAN UPDATE account SET owner = N'Eve' WHERE id = 1`)
    const waiting = client.start(`WAITFOR DELAY '00:01:00' SELECT 1`)
    await sleep(50)
    waiting.request.cancel()
    await expect(waiting.result).rejects.toMatchObject({ code: 'ECANCEL' })
    expect(await client.value('SELECT owner FROM account WHERE id = 1')).toBe('Eve')
    await using other = await RawMssql.connect(settings, { requestTimeout: 100 })
    await expect(other.batch('UPDATE account SET owner = owner')).rejects.toMatchObject({ code: 'ETIMEOUT' })
    expect(await other.value('SELECT owner FROM account WHERE id = 1')).toBe('Ada')
    await client.batch('ROLLBACK')
    for (let round = 0; round < 20; round++) {
      const { request, result } = client.start(`SELECT ${round} AS n`)
      setTimeout(() => request.cancel(), round % 4)
      await result.catch((error: unknown) => expect(error).toMatchObject({ code: 'ECANCEL' }))
      expect(await client.value('SELECT 7')).toBe(7)
    }
  })

  it('sends no more rows than are read, and stops in the middle', async () => {
    await using client = await RawMssql.connect(settings)
    const rows: unknown[] = []
    const outcome = new Promise<unknown>((resolve) => {
      const request = new Request(
        `SELECT value, REPLICATE(N'x', 100) FROM GENERATE_SERIES(1, 300000)`,
        resolve,
      )
      request.on('row', (row) => {
        rows.push(row)
        if (rows.length === 500) request.cancel()
      })
      client.connection.execSqlBatch(request)
    })
    expect(await outcome).toMatchObject({ code: 'ECANCEL' })
    expect(rows.length).toBe(500)
    expect((await client.query('SELECT value FROM GENERATE_SERIES(1, 100000)')).rows.length).toBe(100_000)
  })

  it('kills sessions, and closes those with an error of severity 20 and above', async () => {
    await using killer = await RawMssql.connect(settings)
    await using idle = await RawMssql.connect(settings)
    const spid = String(await idle.value('SELECT @@SPID'))
    await killer.batch(`KILL ${spid}`)
    await expect(idle.batch('SELECT 1')).rejects.toThrow()
    await using busy = await RawMssql.connect(settings)
    const busySpid = Number(await busy.value('SELECT @@SPID'))
    const waiting = numberOf(busy.batch(`WAITFOR DELAY '00:01:00'`))
    await sleep(50)
    expect(await server.kill(busySpid)).toBe(true)
    expect(await waiting).toBe(596)
    expect(await server.kill(busySpid)).toBe(false)
    expect(await numberOf(killer.batch(`KILL ${busySpid}`))).toBe(6106)
    const ended = new Promise((resolve) => events(killer).on('end', resolve))
    expect(await numberOf(killer.batch(`RAISERROR(N'over', 20, 1) WITH LOG`))).toBe(50_000)
    await ended
  })

  it('ends the session of a client that is gone, whatever runs in it', async () => {
    const client = await RawMssql.connect(settings, { appName: 'leaver' })
    client.batch(`WAITFOR DELAY '00:01:00'`).catch(() => {})
    await sleep(50)
    await client.close()
    while ((await sessionsOf('leaver')).length > 0) await sleep(5)
  })

  it('is gone after a stop, and comes back with what was committed', async () => {
    await using own = await TdsServer.start({ postgres })
    const database = await own.database()
    const client = await RawMssql.connect(database)
    await client.batch('CREATE TABLE kept (n INT) INSERT INTO kept VALUES (1) BEGIN TRAN DELETE FROM kept')
    const running = client.batch(`WAITFOR DELAY '00:01:00'`)
    const lost = expect(running).rejects.toThrow()
    await own.stop()
    await lost
    await expect(RawMssql.connect(database)).rejects.toMatchObject({ code: 'ESOCKET' })
    expect(await own.sessions(database.database)).toEqual([])
    await own.listen()
    await using again = await RawMssql.connect(database)
    expect(await again.value('SELECT COUNT(*) FROM kept')).toBe(1)
  })

  /** Some of them have no types. */
  function events({ connection }: RawMssql): NodeJS.EventEmitter {
    return connection
  }

  async function sessionsOf(application: string): Promise<unknown[]> {
    return (await server.sessions(settings.database)).filter((session) => session.application === application)
  }
})
