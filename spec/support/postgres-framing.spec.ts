import { connect } from 'node:net'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import type { PostgresSession } from './postgres-access.ts'
import { FaultProxy } from './fault-proxy.ts'
import { postgresFraming } from './postgres-framing.ts'
import { describePostgres } from './postgres.ts'

await describePostgres('messages of PostgreSQL, counted by the fault proxy', (server) => {
  it('are counted by name in both directions', async () => {
    await using database = await server.database()
    await using proxy = await FaultProxy.start({ target: database.settings, framing: postgresFraming })
    const client = new Client({ ...database.settings, port: proxy.port })
    await client.connect()
    expect(proxy.counts().toServer.types).toMatchObject({ StartupMessage: 1 })
    expect(proxy.counts().toClient.types).toMatchObject({ BackendKeyData: 1, ReadyForQuery: 1 })
    const before = proxy.counts()
    await client.query('SELECT n FROM generate_series(1, 3) AS n')
    await client.query('SELECT $1::text', ['x'.repeat(300_000)])
    const { toServer, toClient } = proxy.counts()
    const more = (types: Record<string, number>, old: Record<string, number>) =>
      Object.fromEntries(Object.entries(types).map(([name, n]) => [name, n - (old[name] ?? 0)]))
    expect(more(toServer.types, before.toServer.types)).toMatchObject({
      Query: 1,
      Parse: 1,
      Bind: 1,
      Describe: 1,
      Execute: 1,
      Sync: 1,
    })
    expect(more(toClient.types, before.toClient.types)).toMatchObject({
      RowDescription: 2,
      DataRow: 4,
      ParseComplete: 1,
      BindComplete: 1,
      CommandComplete: 2,
      ReadyForQuery: 2,
    })
    await client.end()
    expect(proxy.counts().toServer.types['Terminate']).toBe(1)
  })

  it('are not seen after the turn to TLS', async () => {
    const { ca } = server.address
    if (ca === undefined) return // a server from TEST_PG_URL is as it is
    await using database = await server.database()
    await using proxy = await FaultProxy.start({ target: database.settings, framing: postgresFraming })
    const client = new Client({ ...database.settings, host: 'localhost', port: proxy.port, ssl: { ca } })
    await client.connect()
    await client.query('SELECT 1')
    await client.end()
    const { toServer, toClient } = proxy.counts()
    expect([toServer.types, toClient.types]).toEqual([{ SSLRequest: 1 }, { EncryptionAccepted: 1 }])
    expect(toClient.bytes).toBeGreaterThan(500)
  })

  it('include a request to cancel, which comes by a connection of its own', async () => {
    await using database = await server.database()
    await using proxy = await FaultProxy.start({ target: database.settings, framing: postgresFraming })
    const client = new Client({ ...database.settings, port: proxy.port })
    await client.connect()
    const slept = client.query('SELECT pg_sleep(30)').catch((error: unknown) => error)
    const isSleeping = (session: PostgresSession) => session.waitEvent === 'PgSleep'
    while (!(await database.sessions()).some(isSleeping));
    const { processID, secretKey } = client as Client & { processID: number; secretKey: number }
    const request = Buffer.alloc(16)
    for (const [at, value] of [16, 80_877_102, processID, secretKey].entries()) {
      request.writeInt32BE(value, at * 4)
    }
    connect(proxy.port, proxy.host).end(request)
    expect(await slept).toMatchObject({ code: '57014' })
    expect(proxy.connections[1]?.counts.toServer.types).toEqual({ CancelRequest: 1 })
    await client.end()
  })
})
