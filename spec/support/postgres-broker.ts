// vitest's global set-up. One process answers all spec files: whoever asks first has the server started, and a
// run that asks for none starts none.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { isAbsolute } from 'node:path'
import { text } from 'node:stream/consumers'
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { CertificateAuthority } from './certificates.ts'
import { howToGetPgBouncer, pgBouncerBinary } from './pgbouncer.ts'
import type { PostgresAccess, PostgresAddress } from './postgres-access.ts'
import { howToGetPostgres, postgresBinaries } from './postgres-binaries.ts'
import { clusterTemplate, PostgresServer, type PostgresTemplate } from './postgres-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    readonly postgresBroker: number
  }
}

/** `server` is the run's own, `template` what another server can be copied from. */
interface Answers {
  readonly server: PostgresAddress
  readonly template: PostgresTemplate
  /** Whether PgBouncer can be started. */
  readonly bouncer: true
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
  project.provide('postgresBroker', (broker.address() as AddressInfo).port)
  return async () => {
    broker.close()
    await servers.close()
  }
}

class Servers {
  #template: Promise<Awaited<ReturnType<typeof clusterTemplate>>> | undefined
  #server: Promise<PostgresAccess> | undefined
  readonly #missed = new Set<string>()

  async answer(question: keyof Answers): Promise<Answers[keyof Answers] | undefined> {
    if (question === 'bouncer')
      return pgBouncerBinary() ? true : this.#missing('PgBouncer', howToGetPgBouncer)
    const url = process.env['TEST_PG_URL']
    if (question === 'server' && url) return addressOf(url)
    if (postgresBinaries() === undefined) return this.#missing('PostgreSQL', howToGetPostgres)
    const { template } = await (this.#template ??= clusterTemplate())
    if (question === 'template') return template
    const tls = new CertificateAuthority().issue({ hosts: ['localhost', '127.0.0.1', '::1'] })
    return (await (this.#server ??= PostgresServer.start({ template, tls }))).address
  }

  async close(): Promise<void> {
    const server = await this.#server?.catch(() => undefined)
    await server?.close()
    const template = await this.#template?.catch(() => undefined)
    template?.remove()
  }

  /** Said once; where everything is required, an error. */
  #missing(name: string, howToGet: string): undefined {
    if (process.env['CI'] === 'true') throw new Error(`CI=true requires ${name}: ${howToGet}`)
    if (!this.#missed.has(name)) process.stderr.write(`skipped: specs on ${name}, none found; ${howToGet}\n`)
    this.#missed.add(name)
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
