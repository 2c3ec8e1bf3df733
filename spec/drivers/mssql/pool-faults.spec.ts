import { describeMssql } from '../../support/mssql.ts'
import { registerPoolFaults } from '../faults/pool-faults.ts'
import { faulted } from './faulted.ts'

await describeMssql('a pool on SQL Server', (server) => {
  registerPoolFaults(() => faulted(server))
})
