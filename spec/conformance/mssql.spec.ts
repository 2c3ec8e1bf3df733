import { describeMssql } from '../support/mssql.ts'
import { mssqlHarness } from './harness/mssql.ts'
import { registerKit } from './register.ts'

await describeMssql('SQL Server', (server) => {
  registerKit(
    mssqlHarness('mssql', server, (database) => ({
      ...database,
      tls: server.encrypts ? 'require' : 'disable',
    })),
  )
  const { ca } = server
  if (ca !== undefined) {
    registerKit(
      mssqlHarness('mssql over TLS', server, (database) => ({
        ...database,
        tls: { mode: 'verify-full', ca },
      })),
    )
  }
})
