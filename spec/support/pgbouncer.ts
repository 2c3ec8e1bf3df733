import { once } from 'node:events'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChildProcess } from 'node:child_process'
import { temporaryFolder, unprivilegedAccount } from './postgres-account.ts'
import type { PostgresAddress } from './postgres-access.ts'
import { launch, logEnd } from './postgres-cluster.ts'
import type { PostgresSettings } from './postgres-database.ts'
import { freePort } from './postgres-server.ts'
import { guard, unguard } from './postgres-watchdog.ts'

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
  readonly #folder: string
  readonly #process: ChildProcess

  static async start(server: PostgresAddress, options: PgBouncerOptions = {}): Promise<PgBouncer> {
    const binary = pgBouncerBinary()
    if (binary === undefined) throw new Error(`no PgBouncer to start: ${howToGetPgBouncer}`)
    const account = unprivilegedAccount()
    const site = { account, folder: temporaryFolder(account) }
    const port = await freePort()
    guard(site.folder)
    const ini = join(site.folder, 'pgbouncer.ini')
    const users = join(site.folder, 'users')
    const config = {
      ...usualConfig,
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
    const bouncer = new PgBouncer(server, site.folder, port, child)
    while (!(await bouncer.#listens())) {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) await sleep(10)
      else {
        const said = logEnd(site)
        await bouncer.close()
        throw new Error(`PgBouncer did not start:\n${said}`)
      }
    }
    child.unref()
    return bouncer
  }

  private constructor(server: PostgresAddress, folder: string, port: number, child: ChildProcess) {
    this.#server = server
    this.#folder = folder
    this.port = port
    this.#process = child
  }

  /** For one of the server's databases. */
  settings(database: string): PostgresSettings {
    const { user, password } = this.#server
    return { host: this.host, port: this.port, user, password, database }
  }

  async close(): Promise<void> {
    const child = this.#process
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      child.ref()
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    }
    rmSync(this.#folder, { recursive: true, force: true })
    unguard(this.#folder)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
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
