import { Client } from 'pg'
import type { PostgresAccess, PostgresSession } from './postgres-access.ts'

/** The fields that `pg` and the driver's settings have in common. */
export interface PostgresSettings {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

/** A database of one spec file's own. */
export class PostgresDatabase implements AsyncDisposable {
  readonly name: string
  /** Over TCP. */
  readonly settings: PostgresSettings
  readonly #access: PostgresAccess

  constructor(access: PostgresAccess, name: string) {
    this.name = name
    this.settings = access.settings(name)
    this.#access = access
  }

  get url(): string {
    return urlOf(this.settings)
  }

  /** Over the unix socket, where the server has one: for `pg` its folder stands in the place of the host. */
  get socketSettings(): PostgresSettings | undefined {
    const { socketFolder } = this.#access.address
    return socketFolder === undefined ? undefined : { ...this.settings, host: socketFolder }
  }

  /** A raw client, connected; its caller ends it. */
  async connect(applicationName = 'wellhead-raw'): Promise<Client> {
    const client = rawClient(this.settings, applicationName)
    await client.connect()
    return client
  }

  async sessions(): Promise<PostgresSession[]> {
    return await this.#access.sessions(this.name)
  }

  /** Whoever is still connected is thrown out. */
  async drop(): Promise<void> {
    for (const { pid } of await this.sessions()) await this.#access.terminate(pid)
    await this.#access.query(`DROP DATABASE IF EXISTS ${this.name}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drop()
  }
}

export function urlOf({ host, port, user, password, database }: PostgresSettings): string {
  const secret = password === '' ? '' : `:${encodeURIComponent(password)}`
  return `postgresql://${encodeURIComponent(user)}${secret}@${encodeURIComponent(host)}:${port}/${database}`
}

/** A client whose loss is no news to the process: the next use of it tells. */
export function rawClient(settings: PostgresSettings, applicationName: string): Client {
  const client = new Client({ ...settings, application_name: applicationName })
  client.on('error', () => {})
  return client
}
