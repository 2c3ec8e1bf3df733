import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from 'mysql2/promise'
import { MariaDbDatabase, rawConnection, type MariaDbSettings } from './mariadb-database.ts'

/** How a server is reached. It crosses process borders as JSON. */
export interface MariaDbAddress {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** The unix socket, where the server has one. */
  readonly socketPath?: string
  /** The authority that signed the server's certificate, where it speaks TLS. */
  readonly ca?: string
}

/** A client's session as the server sees it. */
export interface MariaDbSession {
  readonly id: number
  readonly user: string
  readonly database: string | null
  readonly command: string
  readonly state: string | null
  readonly query: string | null
}

/** What specs ask a server, by the raw client and never through the product: an independent witness. */
export class MariaDbAccess implements AsyncDisposable {
  readonly address: MariaDbAddress
  readonly #databases = new Set<MariaDbDatabase>()
  #connection: Promise<Connection> | undefined

  constructor(address: MariaDbAddress) {
    this.address = address
  }

  /** A new database with a name of its own; `close` drops it at the latest. */
  async database(): Promise<MariaDbDatabase> {
    const name = `spec_${randomBytes(6).toString('hex')}`
    await this.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`)
    const database = new MariaDbDatabase(this, name)
    this.#databases.add(database)
    return database
  }

  /** The clients' sessions, without the witness itself. Those in no database belong to none. */
  async sessions(database?: string): Promise<MariaDbSession[]> {
    const rows = await this.query<Omit<MariaDbSession, 'id'> & { readonly id: string }>(
      `SELECT id, user, db AS \`database\`, command, state, info AS query FROM information_schema.processlist
        WHERE user NOT IN ('system user', 'event_scheduler', 'unauthenticated user') AND id <> CONNECTION_ID()
          AND command <> 'Daemon' ${database === undefined ? '' : 'AND db = ?'} ORDER BY id`,
      database === undefined ? [] : [database],
    )
    return rows.map((row) => ({ ...row, id: Number(row.id) }))
  }

  /** Kills the session and returns when it is gone; false if it was gone before. */
  async terminate(id: number): Promise<boolean> {
    const killed = await this.query(`KILL ${id}`).then(
      () => true,
      (error: { errno?: number }) => {
        if (error.errno === 1094) return false
        throw error
      },
    )
    while ((await this.query('SELECT 1 FROM information_schema.processlist WHERE id = ?', [id])).length > 0) {
      await sleep(2)
    }
    return killed
  }

  /** By one connection to no database; a dead one is replaced at the next call. */
  async query<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    const connecting = (this.#connection ??= this.#connect())
    const connection = await connecting.catch((error: unknown) => {
      if (this.#connection === connecting) this.#connection = undefined
      throw error
    })
    const [rows] = await connection.query(text, values)
    return rows as Row[]
  }

  settings(database: string): MariaDbSettings {
    const { host, port, user, password } = this.address
    return { host, port, user, password, database }
  }

  /** Drops what was made here and ends the witness's connection. A server that is down keeps its databases. */
  async close(): Promise<void> {
    for (const database of this.#databases) await database.drop()
    this.#databases.clear()
    await this.disconnect()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  protected async disconnect(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined)
    this.#connection = undefined
    connection?.destroy()
  }

  async #connect(): Promise<Connection> {
    const { host, port, user, password } = this.address
    const connection = await rawConnection({ host, port, user, password })
    connection.on('error', () => (this.#connection = undefined))
    return connection
  }
}

/** `mysql://user:password@host:3306`. */
export function addressOfUrl(text: string): MariaDbAddress {
  const url = new URL(text)
  return {
    host: url.hostname,
    port: Number(url.port || 3306),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  }
}
