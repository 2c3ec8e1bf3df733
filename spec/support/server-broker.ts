// vitest's global set-up. One process answers all spec files: whoever asks first has the server started, and a
// run that asks for none starts none.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { isAbsolute } from 'node:path'
import { text } from 'node:stream/consumers'
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { CertificateAuthority, type Certificate } from './certificates.ts'
import { addressOfUrl, type MariaDbAddress } from './mariadb-access.ts'
import { howToGetMariaDb, mariaDbBinaries } from './mariadb-binaries.ts'
import { MariaDbServer, mariaDbTemplate, type MariaDbTemplate } from './mariadb-server.ts'
import { howToGetPgBouncer, pgBouncerBinary } from './pgbouncer.ts'
import type { PostgresAddress } from './postgres-access.ts'
import { howToGetPostgres, postgresBinaries } from './postgres-binaries.ts'
import { clusterTemplate, PostgresServer, type PostgresTemplate } from './postgres-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    readonly serverBroker: number
  }
}

/** A server is the run's own, a template what another server can be copied from. */
interface Answers {
  readonly postgres: PostgresAddress
  readonly postgresTemplate: PostgresTemplate
  /** Whether PgBouncer can be started. */
  readonly bouncer: true
  readonly mariaDb: MariaDbAddress
  readonly mariaDbTemplate: MariaDbTemplate
}

interface Reply {
  readonly value?: unknown
  readonly error?: string
}

/** The answer, or undefined where there is no such server; under CI that is an error. */
export async function askBroker<K extends keyof Answers>(
  port: number,
  question: K,
): Promise<Answers[K] | undefined> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.write(question)
  const reply = JSON.parse(await text(socket)) as Reply
  if (reply.error !== undefined) throw new Error(reply.error)
  return reply.value as Answers[K] | undefined
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers = new Servers()
  const broker = createServer((socket) => {
    socket.on('error', () => {}) // the spec file has ended meanwhile
    once(socket, 'data')
      .then(([question]) => servers.answer(String(question) as keyof Answers))
      .then((value): Reply => ({ value }))
      .catch((error: unknown): Reply => ({ error: String(error) }))
      .then((reply) => socket.end(JSON.stringify(reply)))
      .catch(() => {})
  })
  broker.listen(0, '127.0.0.1')
  await once(broker, 'listening')
  project.provide('serverBroker', (broker.address() as AddressInfo).port)
  return async () => {
    broker.close()
    await servers.close()
  }
}

class Servers {
  readonly #postgres = new Shared(clusterTemplate, (options) => PostgresServer.start(options))
  readonly #mariaDb = new Shared(mariaDbTemplate, (options) => MariaDbServer.start(options))
  readonly #missed = new Set<string>()

  async answer(question: keyof Answers): Promise<Answers[keyof Answers] | undefined> {
    switch (question) {
      case 'bouncer':
        return pgBouncerBinary() ? true : this.#missing('PgBouncer', howToGetPgBouncer)
      case 'postgres': {
        const url = process.env['TEST_PG_URL']
        if (url) return addressOf(url)
        if (postgresBinaries() === undefined) return this.#missing('PostgreSQL', howToGetPostgres)
        return (await this.#postgres.server()).address
      }
      case 'postgresTemplate':
        if (postgresBinaries() === undefined) return this.#missing('PostgreSQL', howToGetPostgres)
        return await this.#postgres.template()
      case 'mariaDb': {
        const url = process.env['TEST_MYSQL_URL']
        if (url) return addressOfUrl(url)
        if (mariaDbBinaries() === undefined) return this.#missing('MariaDB', howToGetMariaDb)
        return (await this.#mariaDb.server()).address
      }
      case 'mariaDbTemplate':
        if (mariaDbBinaries() === undefined) return this.#missing('MariaDB', howToGetMariaDb)
        return await this.#mariaDb.template()
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#postgres.close(), this.#mariaDb.close()])
  }

  /** Said once; where everything is required, an error. */
  #missing(name: string, howToGet: string): undefined {
    if (process.env['CI'] === 'true') throw new Error(`CI=true requires ${name}: ${howToGet}`)
    if (!this.#missed.has(name)) process.stderr.write(`skipped: specs on ${name}, none found; ${howToGet}\n`)
    this.#missed.add(name)
  }
}

interface Made<Template> {
  readonly template: Template
  remove(): void
}

/** The data that servers of one kind are copied from, and the one that all share: made when they are asked for. */
class Shared<Template, Server extends { close(): Promise<void> }> {
  readonly #make: () => Promise<Made<Template>>
  readonly #start: (options: { readonly template: Template; readonly tls: Certificate }) => Promise<Server>
  #made: Promise<Made<Template>> | undefined
  #server: Promise<Server> | undefined

  constructor(
    make: () => Promise<Made<Template>>,
    start: (options: { readonly template: Template; readonly tls: Certificate }) => Promise<Server>,
  ) {
    this.#make = make
    this.#start = start
  }

  async template(): Promise<Template> {
    return (await (this.#made ??= this.#make())).template
  }

  async server(): Promise<Server> {
    const template = await this.template()
    const tls = new CertificateAuthority().issue({ hosts: ['localhost', '127.0.0.1', '::1'] })
    return await (this.#server ??= this.#start({ template, tls }))
  }

  async close(): Promise<void> {
    const server = await this.#server?.catch(() => undefined)
    await server?.close()
    const made = await this.#made?.catch(() => undefined)
    made?.remove()
  }
}

/** Read as the raw client reads it, with its defaults. */
function addressOf(url: string): PostgresAddress {
  const { host, port, user, password } = new Client({ connectionString: url })
  return {
    host,
    port,
    user: user ?? '',
    password: password ?? '',
    ...(isAbsolute(host) && { socketFolder: host }),
  }
}
