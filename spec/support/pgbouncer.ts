import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChildProcess } from 'node:child_process'
import type { Client } from 'pg'
import type { PostgresAddress } from './postgres-access.ts'
import { rawClient, type PostgresSettings } from './postgres-database.ts'
import { freePort, isRunning, launch, logEnd, newPlace, removePlace, type Place } from './server-process.ts'

export interface PgBouncerOptions {
  /** Settings of its section `[pgbouncer]` beside and above the usual ones. */
  readonly config?: Readonly<Record<string, string | number>>
}

export const howToGetPgBouncer =
  'install PgBouncer (Debian: apt-get install pgbouncer; macOS: brew install pgbouncer)'

/** Two connections to the server for any number of clients, handed on after each transaction. */
const usualConfig = {
  pool_mode: 'transaction',
  default_pool_size: 2,
  max_client_conn: 500,
  listen_addr: '127.0.0.1',
  unix_socket_dir: '',
  server_tls_sslmode: 'disable',
}

/** A PgBouncer of one's own in front of a server of the specs. */
export class PgBouncer implements AsyncDisposable {
  readonly host = '127.0.0.1'
  readonly port: number
  readonly #server: PostgresAddress
  readonly #place: Place
  readonly #process: ChildProcess
  #console: Promise<Client> | undefined

  static async start(server: PostgresAddress, options: PgBouncerOptions = {}): Promise<PgBouncer> {
    const binary = pgBouncerBinary()
    if (binary === undefined) throw new Error(`no PgBouncer to start: ${howToGetPgBouncer}`)
    const site = newPlace()
    const port = await freePort()
    const ini = join(site.folder, 'pgbouncer.ini')
    const users = join(site.folder, 'users')
    const config = {
      ...usualConfig,
      admin_users: server.user,
      auth_type: server.password ? 'scram-sha-256' : 'trust',
      ...options.config,
    }
    const own = { listen_port: port, auth_file: users, pidfile: join(site.folder, 'pgbouncer.pid') }
    writeFileSync(users, `"${server.user}" "${server.password}"\n`)
    writeFileSync(
      ini,
      ['[databases]', `* = host=${server.host} port=${server.port}`, '[pgbouncer]']
        .concat(Object.entries({ ...config, ...own }).map(([name, value]) => `${name} = ${value}`))
        .join('\n'),
    )
    const child = launch(binary, [ini], site)
    const bouncer = new PgBouncer(server, site, port, child)
    while (!(await bouncer.#listens())) {
      if (isRunning(child)) await sleep(10)
      else {
        const said = logEnd(site)
        await bouncer.close()
        throw new Error(`PgBouncer did not start:\n${said}`)
      }
    }
    child.unref()
    return bouncer
  }

  private constructor(server: PostgresAddress, place: Place, port: number, child: ChildProcess) {
    this.#server = server
    this.#place = place
    this.port = port
    this.#process = child
  }

  /** For one of the server's databases. */
  settings(database: string): PostgresSettings {
    const { user, password } = this.#server
    return { host: this.host, port: this.port, user, password, database }
  }

  /** Its clients, by their ports, as its own console shows them. */
  async clients(database: string): Promise<number[]> {
    const rows = await this.#ask('SHOW CLIENTS')
    return rows.filter((row) => row['database'] === database).map((row) => Number(row['port']))
  }

  /** Ends all clients of a database, with their connections to the server. Others may come at once. */
  async killClients(database: string): Promise<void> {
    await this.#ask(`KILL ${database}`)
    await this.#ask(`RESUME ${database}`)
  }

  async close(): Promise<void> {
    await (await this.#console)?.end()
    this.#console = undefined
    const child = this.#process
    if (isRunning(child)) {
      child.ref()
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    }
    removePlace(this.#place)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #ask(command: string): Promise<Record<string, unknown>[]> {
    const client = await (this.#console ??= this.#connect())
    return (await client.query<Record<string, unknown>>(command)).rows
  }

  async #connect(): Promise<Client> {
    const client = rawClient(this.settings('pgbouncer'), 'wellhead-oracle')
    await client.connect()
    return client
  }

  async #listens(): Promise<boolean> {
    const socket = connect(this.port, this.host)
    try {
      await once(socket, 'connect')
      return true
    } catch {
      return false
    } finally {
      socket.destroy()
    }
  }
}

export function pgBouncerBinary(): string | undefined {
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/sbin',
    '/opt/homebrew/bin',
    '/usr/local/bin',
  ]
  return folders.map((folder) => join(folder, 'pgbouncer')).find((file) => existsSync(file))
}
