import { describeMariaDb } from '../../support/mariadb.ts'
import { registerPoolFaults } from '../faults/pool-faults.ts'
import { faulted } from './faulted.ts'

await describeMariaDb('a pool on MariaDB', (server) => {
  registerPoolFaults(async () => faulted(server, await server.database()))
})
