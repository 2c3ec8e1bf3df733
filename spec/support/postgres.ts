import { afterAll, describe, inject } from 'vitest'
import { PgBouncer, type PgBouncerOptions } from './pgbouncer.ts'
import { PostgresAccess } from './postgres-access.ts'
import { PostgresServer, type PostgresOptions } from './postgres-server.ts'
import { askBroker } from './server-broker.ts'
import { skipSuite } from './skip-suite.ts'

/**
 * The server that all spec files of a run share, or undefined where there is none (the run says so once, and
 * under CI it fails). To be awaited at the top of a spec file, which drops its databases at its end.
 */
export async function postgres(): Promise<PostgresAccess | undefined> {
  const address = await askBroker(inject('serverBroker'), 'postgres')
  if (address === undefined) return undefined
  const access = new PostgresAccess(address)
  afterAll(() => access.close())
  return access
}

/** A suite on the shared server: `await describePostgres('…', (server) => { … })`. */
export async function describePostgres(name: string, suite: (server: PostgresAccess) => void): Promise<void> {
  const server = await postgres()
  if (server) describe(name, () => suite(server))
  else skipSuite(name, 'PostgreSQL')
}

/** A suite that starts, stops and kills servers of its own; what it leaves is closed at its end. */
export async function describeOwnPostgres(
  name: string,
  suite: (start: (options?: PostgresOptions) => Promise<PostgresServer>) => void,
): Promise<void> {
  const template = await askBroker(inject('serverBroker'), 'postgresTemplate')
  if (template === undefined) return skipSuite(name, 'PostgreSQL')
  describe(name, () => {
    const started: PostgresServer[] = []
    afterAll(() => Promise.all(started.map((server) => server.close())))
    suite(async (options) => {
      const server = await PostgresServer.start({ template, ...options })
      started.push(server)
      return server
    })
  })
}

/** A suite with PgBouncer in front of the shared server. */
export async function describePgBouncer(
  name: string,
  suite: (start: (options?: PgBouncerOptions) => Promise<PgBouncer>, server: PostgresAccess) => void,
): Promise<void> {
  const server = await serverForPgBouncer()
  if (server === undefined) return skipSuite(name, 'PgBouncer')
  describe(name, () => {
    const started: PgBouncer[] = []
    afterAll(() => Promise.all(started.map((bouncer) => bouncer.close())))
    suite(async (options) => {
      const bouncer = await PgBouncer.start(server.address, options)
      started.push(bouncer)
      return bouncer
    }, server)
  })
}

/** The shared server, where PgBouncer can be started in front of it. */
export async function serverForPgBouncer(): Promise<PostgresAccess | undefined> {
  return (await askBroker(inject('serverBroker'), 'bouncer')) && (await postgres())
}
