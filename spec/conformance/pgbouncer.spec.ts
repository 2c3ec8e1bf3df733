import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PgBouncer } from '../support/pgbouncer.ts'
import type { PostgresDatabase } from '../support/postgres-database.ts'
import { describePgBouncer } from '../support/postgres.ts'
import { pgHarness, terminate } from './harness/pg.ts'
import { registerKit } from './register.ts'

await describePgBouncer('PostgreSQL behind PgBouncer', (start, server) => {
  const transactions = once(() => start())
  registerKit(
    pgHarness(
      'pg behind PgBouncer, two connections to the server, each for one transaction',
      server,
      async (database) => ({ ...(await transactions()).settings(database.name), pooler: 'transaction' }),
      {
        without: ['session state'],
        count: async (database) => (await (await transactions()).clients(database.name)).length,
        // No client has a process of the server to itself.
        async kill(database) {
          await (await transactions()).killClients(database.name)
          for (const { pid } of await database.sessions()) await server.terminate(pid)
        },
        settled: nothingRuns,
      },
    ),
  )

  const sessions = once(() => start({ config: { pool_mode: 'session', default_pool_size: 10 } }))
  registerKit(
    pgHarness(
      'pg behind PgBouncer, a connection to the server for each session',
      server,
      async (database) => ({ ...(await sessions()).settings(database.name), pooler: 'session' }),
      {
        without: [],
        count: async (database) => (await (await sessions()).clients(database.name)).length,
        kill: (_, id) => terminate(server, id),
        settled: nothingRuns,
      },
    ),
  )
})

function once(start: () => Promise<PgBouncer>): () => Promise<PgBouncer> {
  let started: Promise<PgBouncer> | undefined
  return () => (started ??= start())
}

/** The server may go on with what a client has left; PgBouncer itself would not stop it. */
async function nothingRuns(database: PostgresDatabase): Promise<void> {
  for (let waited = 0; ; waited += 10) {
    const busy = (await database.sessions()).filter(({ state }) => state !== 'idle')
    if (busy.length === 0) return
    assert.ok(waited < 500, `the server goes on with ${busy.map(({ query }) => query).join('; ')}`)
    await sleep(10)
  }
}
