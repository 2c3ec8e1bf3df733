import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, it } from 'vitest'
import { mssqlDriver } from '../../../drivers/mssql/index.ts'
import { createDataSource } from '../../../src/index.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { describeMssql } from '../../support/mssql.ts'
import type { MssqlSettings } from '../../support/tds-server/database.ts'
import { raceCancels } from '../../support/cancel-race.ts'
import { compiled, execute, failure, open, spidOf, tlsOf, valueOf } from './support.ts'

const tries = process.env['MODE'] === 'long' ? 10_000 : 1_000

await describeMssql('cancelling on SQL Server', (server) => {
  let settings: MssqlSettings & { readonly tls: string }
  beforeAll(async () => {
    settings = { ...(await server.database()), ...tlsOf(server) }
  })

  /** Whether the server is at work for a session. */
  async function isActive(spid: number): Promise<boolean> {
    return (await server.sessions(settings.database)).some((one) => one.spid === spid && one.isActive)
  }

  async function untilActive(spid: number): Promise<void> {
    while (!(await isActive(spid))) await sleep(2)
  }

  it('stops the statement on the server, and the session and its transaction live on', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE kept (n INT)')
    await connection.begin({})
    await execute(connection, 'INSERT INTO kept VALUES (1)')
    const stopped = failure(execute(connection, `WAITFOR DELAY '00:01:00'`))
    await untilActive(spidOf(connection))
    await connection.cancel()
    expect((await stopped).sqlState).toBe('57014')
    expect(connection.transactionStatus).toBe('open')
    await connection.commit()
    expect(await valueOf(connection, 'SELECT COUNT(*) FROM kept')).toBe(1)
  })

  it('of an idle session harms nothing', async () => {
    const connection = await open(settings)
    for (let n = 0; n < 20; n++) {
      await connection.cancel()
      expect(await valueOf(connection, 'SELECT ?', n)).toBe(n)
    }
  })

  it('ends a batch between two of its rows', async () => {
    const connection = await open(settings)
    await execute(connection, 'CREATE TABLE rows_of_batch (n INT)')
    const rows = Array.from({ length: 5_000 }, (_, n) => [n])
    const running = connection.executeBatch(compiled('INSERT INTO rows_of_batch VALUES (?)'), rows)
    await sleep(30)
    await connection.cancel()
    const { updateCounts, error } = await running
    expect(error?.sqlState).toBe('57014')
    // The one that was stopped may have reached its end on the server.
    const kept = (await valueOf(connection, 'SELECT COUNT(*) FROM rows_of_batch')) as number
    expect([0, 1]).toContain(kept - updateCounts.length)
    expect(kept).toBeLessThan(rows.length)
  })

  it('leaves a stream early: the server stops, and the session goes on', async () => {
    const connection = await open(settings)
    const stream = connection.stream(
      compiled(`SELECT value, REPLICATE(N'x', 1000) AS x FROM GENERATE_SERIES(1, 1000000)`),
      [],
      10,
    )
    expect((await stream.fetch()).rows).toHaveLength(10)
    await stream.close()
    expect(await valueOf(connection, 'SELECT 1')).toBe(1)
    expect(await isActive(spidOf(connection))).toBe(false)
    // One that has come as a whole needs nobody to stop it.
    const short = connection.stream(compiled('SELECT value FROM GENERATE_SERIES(1, 20)'), [], 5)
    await short.fetch()
    await short.close()
    expect(await valueOf(connection, 'SELECT 2')).toBe(2)
  })

  it('stops what runs when the connection is cut off: nobody would wait for it', async () => {
    const connection = await open(settings)
    const spid = spidOf(connection)
    const lost = failure(execute(connection, `WAITFOR DELAY '00:01:00'`))
    await untilActive(spid)
    connection.destroy()
    expect(await lost).toMatchObject({ fatal: true })
    await connection.close()
    while (await isActive(spid)) await sleep(2)
  })

  it(
    'whose attention is not answered costs the connection, and no more than that',
    { timeout: 20_000 },
    async () => {
      await using proxy = await FaultProxy.start({ target: settings })
      const connection = await open({ ...settings, port: proxy.port })
      const lost = failure(execute(connection, `WAITFOR DELAY '00:01:00'`))
      await untilActive(spidOf(connection))
      await proxy.set({ kind: 'stall', direction: 'toServer' })
      await connection.cancel()
      expect(await lost).toMatchObject({ fatal: true, reason: 'connection-lost' })
      await connection.close()
    },
  )

  it(`never reaches another statement: ${tries} tries aimed at the end of a statement`, async () => {
    await using source = createDataSource({ ...settings, driver: mssqlDriver, maximumPoolSize: 4 })
    await raceCancels(
      tries,
      (n) =>
        source.withConnection((connection) =>
          connection.query(`WAITFOR DELAY '00:00:00.003'`, [], { timeout: 2 + (n % 5) }),
        ),
      async (n) => {
        expect((await source.query('SELECT ? AS n', [n])).rows).toEqual([{ n }])
      },
    )
    expect(source.statistics().counters.closed.broken).toBe(0)
    expect((await server.sessions(settings.database)).length).toBeLessThanOrEqual(4)
  }, 120_000)
})
