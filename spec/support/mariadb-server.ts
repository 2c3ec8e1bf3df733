import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Certificate } from './certificates.ts'
import { MariaDbAccess } from './mariadb-access.ts'
import { howToGetMariaDb, mariaDbBinaries, type MariaDbBinaries } from './mariadb-binaries.ts'
import {
  copyData,
  freePort,
  installCertificate,
  isRunning,
  launch,
  logEnd,
  newPlace,
  removePlace,
  run,
  type Place,
} from './server-process.ts'

export interface MariaDbTemplate {
  readonly data: string
}

export interface MariaDbOptions {
  /** Data to copy instead of making them: see `mariaDbTemplate`. */
  readonly template?: MariaDbTemplate
  /** Server settings beside and above the usual ones: `{ max_connections: 20 }`. */
  readonly config?: Readonly<Record<string, string | number>>
  /** The server speaks TLS, and still answers without: `require_secure_transport` demands it. */
  readonly tls?: Certificate
}

/** Who rules in each server made here. */
const superuser = { user: 'wellhead', password: 'wellhead-specs' }

/**
 * Nothing here outlives the machine's crash, so nothing waits for a disk; the server's own crash loses nothing. Its
 * zone is not UTC, so that a session that forgot its own shows.
 */
const usualConfig = {
  innodb_flush_log_at_trx_commit: 2,
  innodb_doublewrite: 0,
  innodb_buffer_pool_size: '32M',
  innodb_use_native_aio: 0,
  skip_log_bin: 1,
  performance_schema: 0,
  skip_name_resolve: 1,
  max_connections: 200,
  character_set_server: 'utf8mb4',
  default_time_zone: '+03:00',
  bind_address: '127.0.0.1',
}

/** A MariaDB of one's own, on a free port of the loopback and on a unix socket, in a temporary folder. */
export class MariaDbServer extends MariaDbAccess {
  readonly #place: Place
  readonly #binaries: MariaDbBinaries
  readonly #config: Readonly<Record<string, string | number>>
  #process: ChildProcess | undefined

  static async start(options: MariaDbOptions = {}): Promise<MariaDbServer> {
    const binaries = installed()
    const place = newPlace()
    try {
      if (options.template === undefined) await makeData(place, binaries)
      else await copyData(options.template.data, join(place.folder, 'data'), place)
      const tls = options.tls ? tlsConfig(place, options.tls) : { skip_ssl: 1 }
      const config = { ...usualConfig, ...tls, ...options.config }
      const server = new MariaDbServer(place, binaries, await freePort(), config, options.tls?.ca)
      await server.start()
      return server
    } catch (error) {
      removePlace(place)
      throw error
    }
  }

  private constructor(
    place: Place,
    binaries: MariaDbBinaries,
    port: number,
    config: MariaDbOptions['config'],
    ca: string | undefined,
  ) {
    const socketPath = join(place.folder, 'socket')
    super({ host: '127.0.0.1', port, ...superuser, socketPath, ...(ca && { ca }) })
    this.#place = place
    this.#binaries = binaries
    this.#config = { ...config, port, socket: socketPath }
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
    const { folder } = this.#place
    const own = {
      datadir: join(folder, 'data'),
      pid_file: join(folder, 'mariadb.pid'),
      tmpdir: folder,
      init_file: writeInitFile(folder),
    }
    const settings = Object.entries({ ...this.#config, ...own }).map(([name, value]) => `--${name}=${value}`)
    const before = logEnd(this.#place, Infinity).length
    const child = launch(this.#binaries.server, ['--no-defaults', ...settings], this.#place)
    this.#process = child
    while (isRunning(child)) {
      if (logEnd(this.#place, Infinity).slice(before).includes('ready for connections')) {
        child.unref()
        return
      }
      await sleep(10)
    }
    throw new Error(`MariaDB did not start:\n${logEnd(this.#place, Infinity).slice(before)}`)
  }

  /** Ends the sessions first. */
  async stop(): Promise<void> {
    await this.disconnect()
    await this.#end('SIGTERM')
  }

  /** A crash: no client is told. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
    await this.disconnect()
  }

  /** Ends the server and removes its folder. */
  override async close(): Promise<void> {
    await this.kill()
    removePlace(this.#place)
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    if (child === undefined || !isRunning(child)) return
    child.ref()
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
}

/** Data for `MariaDbOptions.template`, made once; `remove` ends it. */
export async function mariaDbTemplate(): Promise<{ readonly template: MariaDbTemplate; remove(): void }> {
  const place = newPlace()
  try {
    await makeData(place, installed())
  } catch (error) {
    removePlace(place)
    throw error
  }
  return { template: { data: join(place.folder, 'data') }, remove: () => removePlace(place) }
}

async function makeData(place: Place, { install, base }: MariaDbBinaries): Promise<void> {
  await run(
    install,
    [
      '--no-defaults',
      `--basedir=${base}`,
      `--datadir=${join(place.folder, 'data')}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--innodb-log-file-size=8M',
    ],
    place,
  )
}

/** Run at each start, before anybody is let in. */
function writeInitFile(folder: string): string {
  const path = join(folder, 'init.sql')
  const { user, password } = superuser
  const statements = [
    `CREATE USER IF NOT EXISTS ${user}@'%' IDENTIFIED BY '${password}'`,
    `GRANT ALL ON *.* TO ${user}@'%' WITH GRANT OPTION`,
    `DELETE FROM mysql.global_priv WHERE user = ''`,
    'FLUSH PRIVILEGES',
  ]
  writeFileSync(path, statements.map((statement) => `${statement};\n`).join(''))
  return path
}

function tlsConfig(place: Place, certificate: Certificate): Record<string, string> {
  const { cert, key } = installCertificate(place, certificate)
  return { ssl_cert: cert, ssl_key: key }
}

function installed(): MariaDbBinaries {
  const binaries = mariaDbBinaries()
  if (binaries === undefined) throw new Error(`no MariaDB to start: ${howToGetMariaDb}`)
  return binaries
}
