import { describePostgres } from '../support/postgres.ts'
import { pgHarness } from './harness/pg.ts'
import { registerKit } from './register.ts'

await describePostgres('PostgreSQL', (server) => {
  registerKit(pgHarness('pg', server, (database) => ({ ...database.settings })))
  const { ca } = server.address
  if (ca !== undefined) {
    registerKit(
      pgHarness('pg over TLS', server, (database) => ({
        ...database.settings,
        tls: { mode: 'verify-full', ca },
      })),
    )
  }
})
