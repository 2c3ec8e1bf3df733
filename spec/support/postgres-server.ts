import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Certificate } from './certificates.ts'
import { PostgresAccess } from './postgres-access.ts'
import { howToGetPostgres, postgresBinaries, program } from './postgres-binaries.ts'
import { copyCluster, makeCluster, superuser, type Site } from './postgres-cluster.ts'
import { runnableBinaries } from './postgres-installation.ts'
import {
  freePort,
  installCertificate,
  isRunning,
  launch,
  logEnd,
  newPlace,
  removePlace,
  run,
} from './server-process.ts'

export interface PostgresTemplate {
  readonly data: string
  readonly binaries: string
}

export interface PostgresOptions {
  /** A cluster to copy instead of making one: see `clusterTemplate`. */
  readonly template?: PostgresTemplate
  /** Server settings beside and above the usual ones: `{ max_connections: 20 }`. */
  readonly config?: Readonly<Record<string, string | number>>
  /** Lines of pg_hba.conf that stand before the usual ones. */
  readonly hba?: readonly string[]
  /** The server speaks TLS, and still answers without: the rules of access can demand it by `hostssl`. */
  readonly tls?: Certificate
}

const windows = process.platform === 'win32'

/** Nothing here outlives the machine's crash, so nothing waits for a disk; the server's own crash loses nothing. */
const usualConfig = {
  fsync: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  wal_level: 'minimal',
  max_wal_senders: 0,
  shared_buffers: '32MB',
  max_connections: 200,
  max_prepared_transactions: 20,
  timezone: 'UTC',
  listen_addresses: '127.0.0.1',
}

const stopSignals = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const

/** A PostgreSQL of one's own, on a free port of the loopback and on a unix socket, in a temporary folder. */
export class PostgresServer extends PostgresAccess {
  readonly #site: Site
  readonly #config: Readonly<Record<string, string | number>>
  #process: ChildProcess | undefined

  static async start(options: PostgresOptions = {}): Promise<PostgresServer> {
    const site = newSite(options.template?.binaries)
    try {
      if (options.template === undefined) await makeCluster(site)
      else await copyCluster(options.template.data, site)
      if (options.hba) prepend(join(site.folder, 'data', 'pg_hba.conf'), options.hba)
      const tls = options.tls ? tlsConfig(site, options.tls) : {}
      const config = { ...usualConfig, ...tls, ...options.config }
      const server = new PostgresServer(site, await freePort(), config, options.tls?.ca)
      await server.start()
      return server
    } catch (error) {
      removePlace(site)
      throw error
    }
  }

  private constructor(site: Site, port: number, config: PostgresOptions['config'], ca: string | undefined) {
    const socketFolder = windows ? undefined : site.folder
    super({ host: '127.0.0.1', port, ...superuser, ...(socketFolder && { socketFolder }), ...(ca && { ca }) })
    this.#site = site
    this.#config = { ...config, port, unix_socket_directories: socketFolder ?? '' }
  }

  get pid(): number | undefined {
    return this.running ? this.#process?.pid : undefined
  }

  get running(): boolean {
    return this.#process !== undefined && isRunning(this.#process)
  }

  /** After `stop` or `kill`: on the same port, with the same data. */
  async start(): Promise<void> {
    if (this.running) return
    for (let patience = 50; ; patience--) {
      const problem = await this.#tryStart()
      if (problem === undefined) return
      // The sessions of a killed server need a moment to notice, and hold its memory until then.
      if (patience === 0 || !problem.includes('shared memory block')) throw new Error(problem)
      await sleep(100)
    }
  }

  /** `smart` waits for the clients, `fast` rolls back and tells them, `immediate` throws them out. */
  async stop(mode: keyof typeof stopSignals = 'fast'): Promise<void> {
    await this.disconnect()
    await this.#end(stopSignals[mode])
  }

  async restart(mode: keyof typeof stopSignals = 'fast'): Promise<void> {
    await this.stop(mode)
    await this.start()
  }

  /** A crash: no client is told. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
    await this.disconnect()
  }

  /** Ends the server and removes its folder. */
  override async close(): Promise<void> {
    await this.stop('immediate')
    removePlace(this.#site)
  }

  async #tryStart(): Promise<string | undefined> {
    const settings = Object.entries(this.#config).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const data = join(this.#site.folder, 'data')
    const before = logEnd(this.#site, Infinity).length
    const child = launch(program(this.#site.binaries, 'postgres'), ['-D', data, ...settings], this.#site)
    this.#process = child
    while (isRunning(child)) {
      if (isReady(data, child.pid)) {
        child.unref()
        return undefined
      }
      await sleep(10)
    }
    const said = logEnd(this.#site, Infinity).slice(before)
    return `PostgreSQL did not start:\n${said}`
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    if (child === undefined || !isRunning(child)) return
    child.ref()
    const gone = once(child, 'exit')
    // Windows has no such signals; pg_ctl knows how to send them to a server.
    if (windows && signal !== 'SIGKILL') {
      await run(program(this.#site.binaries, 'pg_ctl'), ['kill', signal.slice(3), `${child.pid}`], this.#site)
    } else child.kill(signal)
    await gone
  }
}

/** A cluster for `PostgresOptions.template`, made once; `remove` ends it. */
export async function clusterTemplate(): Promise<{ readonly template: PostgresTemplate; remove(): void }> {
  const site = newSite()
  try {
    await makeCluster(site)
  } catch (error) {
    removePlace(site)
    throw error
  }
  const template = { data: join(site.folder, 'data'), binaries: site.binaries }
  return { template, remove: () => removePlace(site) }
}

function newSite(given?: string): Site {
  const found = given ?? postgresBinaries()
  if (found === undefined) throw new Error(`no PostgreSQL to start: ${howToGetPostgres}`)
  const place = newPlace()
  const { account, folder } = place
  return { ...place, binaries: given ?? runnableBinaries(found, account, folder) }
}

function tlsConfig(site: Site, certificate: Certificate): Record<string, string> {
  const { cert, key } = installCertificate(site, certificate)
  return { ssl: 'on', ssl_cert_file: cert, ssl_key_file: key }
}

/** The eighth line of the server's own file says so before any client could ask. */
function isReady(data: string, pid: number | undefined): boolean {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready'
  } catch {
    return false
  }
}

function prepend(file: string, lines: readonly string[]): void {
  writeFileSync(file, [...lines, readFileSync(file, 'utf8')].join('\n'))
}
