import { describePostgres } from '../../support/postgres.ts'
import { registerPoolFaults } from '../faults/pool-faults.ts'
import { faulted } from './faulted.ts'

await describePostgres('a pool on PostgreSQL', (server) => {
  registerPoolFaults(async () => faulted(server, await server.database()))
})
