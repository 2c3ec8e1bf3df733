import { expect, it } from 'vitest'
import { describeOwnMariaDb } from '../../support/mariadb.ts'
import { registerOutage } from '../faults/outage.ts'
import { faulted } from './faulted.ts'
import { failure, open, valueOf } from './support.ts'

await describeOwnMariaDb('an outage of MariaDB', (start) => {
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
      expect(error.message).toContain('?ssl-mode=DISABLED')
    }
    expect(await valueOf(await open({ ...settings, tls: { mode: 'disable' } }), 'SELECT 1')).toBe(1)
  })
})

await describeOwnMariaDb('a crash of MariaDB', (start) => {
  registerOutage(async () => {
    const server = await start()
    const crashing = { stop: () => server.kill(), start: () => server.start() }
    return { server: crashing, database: faulted(server, await server.database()) }
  })
})
