import { Client } from 'pg'
import { expect, it } from 'vitest'
import { describePgBouncer } from './postgres.ts'

await describePgBouncer('PgBouncer', (start, server) => {
  it('serves many clients by two connections to the server', async () => {
    const database = await server.database()
    await using bouncer = await start()
    const clients = await Promise.all(
      Array.from({ length: 6 }, () => connected(bouncer.settings(database.name))),
    )
    const answers = await Promise.all(
      clients.map((client) => client.query('SELECT pg_backend_pid() AS pid FROM pg_sleep(0.02)')),
    )
    expect(new Set(answers.map(({ rows }) => rows[0].pid)).size).toBe(2)
    expect(await database.sessions()).toHaveLength(2)
    await Promise.all(clients.map((client) => client.end()))
  })

  it('takes other settings: one session for each client', async () => {
    const database = await server.database()
    await using bouncer = await start({ config: { pool_mode: 'session' } })
    const client = await connected(bouncer.settings(database.name))
    await client.query("SET application_name = 'mine'")
    expect((await client.query('SHOW application_name')).rows).toEqual([{ application_name: 'mine' }])
    await client.end()
  })

  it('says what it said when it does not start', async () => {
    await expect(start({ config: { pool_mode: 'nonsense' } })).rejects.toThrow('nonsense')
  })
})

async function connected(settings: ConstructorParameters<typeof Client>[0]): Promise<Client> {
  const client = new Client(settings)
  client.on('error', () => {})
  await client.connect()
  return client
}
