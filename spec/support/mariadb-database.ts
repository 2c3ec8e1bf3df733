import { createConnection, type Connection } from 'mysql2/promise'
import type { MariaDbAccess, MariaDbSession } from './mariadb-access.ts'

/** The fields that `mysql2` and the driver's settings have in common. */
export interface MariaDbSettings {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

/** A database of one spec file's own. */
export class MariaDbDatabase implements AsyncDisposable {
  readonly name: string
  /** Over TCP. */
  readonly settings: MariaDbSettings
  readonly #access: MariaDbAccess

  constructor(access: MariaDbAccess, name: string) {
    this.name = name
    this.settings = access.settings(name)
    this.#access = access
  }

  get url(): string {
    const { host, port, user, password } = this.settings
    const secret = password === '' ? '' : `:${encodeURIComponent(password)}`
    return `mysql://${encodeURIComponent(user)}${secret}@${host}:${port}/${this.name}`
  }

  /** A raw client, connected; its caller ends it. */
  async connect(): Promise<Connection> {
    return await rawConnection(this.settings)
  }

  async sessions(): Promise<MariaDbSession[]> {
    return await this.#access.sessions(this.name)
  }

  /** Whoever is still connected is thrown out. */
  async drop(): Promise<void> {
    for (const { id } of await this.sessions()) await this.#access.terminate(id)
    await this.#access.query(`DROP DATABASE IF EXISTS ${this.name}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drop()
  }
}

/** A client whose loss is no news to the process: the next use of it tells. */
export async function rawConnection(
  settings: Omit<MariaDbSettings, 'database'> & { readonly database?: string },
): Promise<Connection> {
  const connection = await createConnection({
    ...settings,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    multipleStatements: true,
  })
  connection.on('error', () => {})
  return connection
}
