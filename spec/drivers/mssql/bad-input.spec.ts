import { registerBadInput } from '../../conformance/bad-input-register.ts'
import { mssqlHarness } from '../../conformance/harness/mssql.ts'
import { describeMssql } from '../../support/mssql.ts'

const options = { database: 'mssql', maxParameters: 2_098 } as const

await describeMssql('SQL Server', (server) => {
  registerBadInput(
    mssqlHarness('mssql', server, (database) => ({
      ...database,
      tls: server.encrypts ? 'require' : 'disable',
    })),
    options,
  )
  const { ca } = server
  if (ca !== undefined) {
    registerBadInput(
      mssqlHarness('mssql over TLS', server, (database) => ({
        ...database,
        tls: { mode: 'verify-full', ca },
      })),
      options,
    )
  }
})
