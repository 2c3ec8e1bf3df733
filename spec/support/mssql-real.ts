import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { TYPES } from 'tedious'
import type { MssqlAccess } from './mssql.ts'
import { RawMssql } from './tds-client.ts'
import type { MssqlSession, MssqlSettings } from './tds-server/database.ts'

const oracle = 'wellhead-oracle'

/** A SQL Server that is there already, where specs may make databases and kill sessions. */
export class RealMssql implements MssqlAccess {
  readonly isDouble = false
  readonly encrypts: boolean
  readonly ca = undefined
  readonly #settings: MssqlSettings
  readonly #databases: string[] = []
  #client: Promise<RawMssql> | undefined

  constructor(text: string) {
    const url = new URL(text)
    this.encrypts = url.searchParams.get('encrypt') === 'true'
    this.#settings = {
      host: url.hostname,
      port: Number(url.port || 1_433),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: 'master',
    }
  }

  async database(): Promise<MssqlSettings> {
    const name = `spec_${randomBytes(6).toString('hex')}`
    const client = await this.#connected()
    await client.batch(`CREATE DATABASE ${name}`)
    this.#databases.push(name)
    await client.batch(`ALTER DATABASE ${name} SET READ_COMMITTED_SNAPSHOT ON`)
    await client.batch(`ALTER DATABASE ${name} SET ALLOW_SNAPSHOT_ISOLATION ON`)
    return { ...this.#settings, database: name }
  }

  async sessions(database?: string): Promise<MssqlSession[]> {
    const client = await this.#connected()
    const { rows } = await client.query(
      `SELECT session_id, DB_NAME(database_id), program_name, status FROM sys.dm_exec_sessions
        WHERE is_user_process = 1 AND program_name <> @oracle AND DB_NAME(database_id) = COALESCE(@name, DB_NAME(database_id))
        ORDER BY session_id`,
      [
        ['oracle', TYPES.NVarChar, oracle],
        ['name', TYPES.NVarChar, database ?? null],
      ],
    )
    return rows.map(([spid, name, application, status]) => ({
      spid: spid as number,
      database: name as string,
      application: application as string,
      isActive: status === 'running',
    }))
  }

  async kill(spid: number): Promise<boolean> {
    const client = await this.#connected()
    const isThere = async (): Promise<boolean> =>
      (await this.sessions()).some((session) => session.spid === spid)
    if (!(await isThere())) return false
    await client.batch(`KILL ${spid}`)
    while (await isThere()) await sleep(5)
    return true
  }

  async close(): Promise<void> {
    const client = await this.#connected()
    for (const name of this.#databases.splice(0)) {
      await client.batch(`ALTER DATABASE ${name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE`)
      await client.batch(`DROP DATABASE ${name}`)
    }
    await client.close()
  }

  #connected(): Promise<RawMssql> {
    return (this.#client ??= RawMssql.connect(this.#settings, {
      appName: oracle,
      encrypt: this.encrypts,
      trustServerCertificate: true,
    }))
  }
}
