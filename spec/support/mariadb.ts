import { afterAll, describe, inject } from 'vitest'
import { MariaDbAccess } from './mariadb-access.ts'
import { MariaDbServer, type MariaDbOptions } from './mariadb-server.ts'
import { askBroker } from './server-broker.ts'
import { skipSuite } from './skip-suite.ts'

/**
 * The server that all spec files of a run share, or undefined where there is none (the run says so once, and
 * under CI it fails). To be awaited at the top of a spec file, which drops its databases at its end.
 */
export async function mariaDb(): Promise<MariaDbAccess | undefined> {
  const address = await askBroker(inject('serverBroker'), 'mariaDb')
  if (address === undefined) return undefined
  const access = new MariaDbAccess(address)
  afterAll(() => access.close())
  return access
}

/** A suite on the shared server: `await describeMariaDb('…', (server) => { … })`. */
export async function describeMariaDb(name: string, suite: (server: MariaDbAccess) => void): Promise<void> {
  const server = await mariaDb()
  if (server) describe(name, () => suite(server))
  else skipSuite(name, 'MariaDB')
}

/** A suite that starts, stops and kills servers of its own; what it leaves is closed at its end. */
export async function describeOwnMariaDb(
  name: string,
  suite: (start: (options?: MariaDbOptions) => Promise<MariaDbServer>) => void,
): Promise<void> {
  const template = await askBroker(inject('serverBroker'), 'mariaDbTemplate')
  if (template === undefined) return skipSuite(name, 'MariaDB')
  describe(name, () => {
    const started: MariaDbServer[] = []
    afterAll(() => Promise.all(started.map((server) => server.close())))
    suite(async (options) => {
      const server = await MariaDbServer.start({ template, ...options })
      started.push(server)
      return server
    })
  })
}
