import { afterAll } from 'vitest'
import { CertificateAuthority } from '../../support/certificates.ts'
import { describePostgres } from '../../support/postgres.ts'
import { TdsServer } from '../../support/tds-server/server.ts'
import { registerOutage } from '../faults/outage.ts'
import { faulted } from './faulted.ts'

// On the double alone: a real server is not ours to stop.
await describePostgres('an outage of the double of SQL Server', (postgres) => {
  let double: TdsServer | undefined
  afterAll(() => double?.close())

  registerOutage(async () => {
    const tls = new CertificateAuthority().issue({ hosts: ['localhost', '127.0.0.1'] })
    const server = await TdsServer.start({ postgres, tls })
    double = server
    return {
      server: { stop: () => server.stop(), start: () => server.listen() },
      database: await faulted(server),
    }
  })
})
