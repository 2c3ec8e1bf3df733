import { expect, it } from 'vitest'
import { describeOwnPostgres } from '../../support/postgres.ts'
import { registerOutage } from '../faults/outage.ts'
import { faulted } from './faulted.ts'
import { failure, open, valueOf } from './support.ts'

await describeOwnPostgres('an outage of PostgreSQL', (start) => {
  registerOutage(async () => {
    const server = await start()
    return { server, database: faulted(server, await server.database()) }
  })

  it('of one without TLS: who asks for it is told the line that goes without', async () => {
    const server = await start()
    const { settings } = await server.database()
    for (const mode of ['require', 'verify-full']) {
      const error = await failure(open({ ...settings, tls: mode }))
      expect([error.name, error.sqlState]).toEqual(['SQLNonTransientConnectionException', '08001'])
      expect(error.message).toContain("tls: { mode: 'disable' }")
      expect(error.message).toContain('?sslmode=disable')
    }
    expect(await valueOf(await open({ ...settings, tls: { mode: 'disable' } }), 'SELECT 1')).toBe(1)
  })
})
