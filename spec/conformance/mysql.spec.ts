import { describeMariaDb } from '../support/mariadb.ts'
import { mysqlHarness } from './harness/mysql.ts'
import { registerKit } from './register.ts'

await describeMariaDb('MariaDB', (server) => {
  registerKit(mysqlHarness('mysql', server, (database) => ({ ...database.settings })))
  const { ca } = server.address
  if (ca !== undefined) {
    registerKit(
      mysqlHarness('mysql over TLS', server, (database) => ({
        ...database.settings,
        tls: { mode: 'verify-full', ca },
      })),
    )
  }
})
