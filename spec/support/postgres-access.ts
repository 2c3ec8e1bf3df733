import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, QueryResultRow } from 'pg'
import { PostgresDatabase, rawClient, type PostgresSettings } from './postgres-database.ts'

/** How a server is reached. It crosses process borders as JSON. */
export interface PostgresAddress {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** The folder of the unix socket, where the server has one. */
  readonly socketFolder?: string
  /** The authority that signed the server's certificate, where it speaks TLS. */
  readonly ca?: string
}

/** A client's session as the server sees it. */
export interface PostgresSession {
  readonly pid: number
  readonly database: string
  readonly user: string
  readonly applicationName: string
  readonly state: string | null
  readonly query: string
  readonly waitEvent: string | null
}

const oracle = 'wellhead-oracle'

/** What specs ask a server, by the raw client and never through the product: an independent witness. */
export class PostgresAccess implements AsyncDisposable {
  readonly address: PostgresAddress
  readonly #databases = new Set<PostgresDatabase>()
  #client: Promise<Client> | undefined

  constructor(address: PostgresAddress) {
    this.address = address
  }

  /** A new database with a name of its own; `close` drops it at the latest. */
  async database(): Promise<PostgresDatabase> {
    const name = `spec_${randomBytes(6).toString('hex')}`
    await this.query(`CREATE DATABASE ${name}`)
    const database = new PostgresDatabase(this, name)
    this.#databases.add(database)
    return database
  }

  /** The clients' sessions, without the witness itself. */
  async sessions(database?: string): Promise<PostgresSession[]> {
    return await this.query<PostgresSession & QueryResultRow>(
      `SELECT pid, datname AS "database", usename AS "user", application_name AS "applicationName",
              state, query, wait_event AS "waitEvent"
         FROM pg_stat_activity
        WHERE datname = coalesce($1, datname) AND usename IS NOT NULL AND application_name <> $2
          AND backend_type IN ('client backend', 'walsender') ORDER BY backend_start, pid`,
      [database ?? null, oracle],
    )
  }

  /** Kills the session and returns when it is gone; false if it was gone before. */
  async terminate(pid: number): Promise<boolean> {
    const [row] = await this.query<{ killed: boolean }>('SELECT pg_terminate_backend($1) AS killed', [pid])
    while ((await this.query('SELECT FROM pg_stat_activity WHERE pid = $1', [pid])).length > 0) await sleep(2)
    return row?.killed === true
  }

  /** By one connection to the database `postgres`; a dead one is replaced at the next call. */
  async query<Row extends QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    const connecting = (this.#client ??= this.#connect())
    const client = await connecting.catch((error: unknown) => {
      if (this.#client === connecting) this.#client = undefined
      throw error
    })
    return (await client.query<Row>(text, values)).rows
  }

  settings(database: string): PostgresSettings {
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
    const client = await this.#client?.catch(() => undefined)
    this.#client = undefined
    await client?.end().catch(() => {}) // of a server that has gone already
  }

  async #connect(): Promise<Client> {
    const client = rawClient(this.settings('postgres'), oracle)
    client.once('end', () => (this.#client = undefined))
    await client.connect()
    return client
  }
}
