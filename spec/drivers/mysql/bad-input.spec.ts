import { registerBadInput } from '../../conformance/bad-input-register.ts'
import { mysqlHarness } from '../../conformance/harness/mysql.ts'
import { describeMariaDb } from '../../support/mariadb.ts'

/** Labels are quoted as in the standard. */
const serverSettings = { sql_mode: 'ANSI_QUOTES,STRICT_TRANS_TABLES' }
const options = { database: 'mysql', maxParameters: 65_535 } as const

await describeMariaDb('MariaDB', (server) => {
  registerBadInput(
    mysqlHarness('mysql', server, (database) => ({ ...database.settings, serverSettings })),
    options,
  )
  const { ca } = server.address
  if (ca !== undefined) {
    registerBadInput(
      mysqlHarness('mysql over TLS', server, (database) => ({
        ...database.settings,
        serverSettings,
        tls: { mode: 'verify-full', ca },
      })),
      options,
    )
  }
})
