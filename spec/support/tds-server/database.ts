import type { PostgresAccess, PostgresSession } from '../postgres-access.ts'
import type { PostgresDatabase } from '../postgres-database.ts'
import { bootstrap } from './bootstrap.ts'
import { Catalogue } from './catalogue.ts'

export const serverName = 'TDS-DOUBLE'

/** What a client of SQL Server needs. */
export interface MssqlSettings {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

/** A session, as the witness sees it. */
export interface MssqlSession {
  readonly spid: number
  readonly database: string
  readonly application: string
  readonly isActive: boolean
}

/** A database of PostgreSQL that stands for one of SQL Server. */
export class DoubleDatabase {
  readonly catalogue = new Catalogue()
  readonly postgres: PostgresDatabase

  static async create(postgres: PostgresAccess): Promise<DoubleDatabase> {
    const database = await postgres.database()
    const client = await database.connect('wellhead-oracle')
    try {
      await client.query(bootstrap)
    } finally {
      await client.end()
    }
    return new DoubleDatabase(database)
  }

  private constructor(postgres: PostgresDatabase) {
    this.postgres = postgres
  }

  get name(): string {
    return this.postgres.name
  }
}

/** What the backend of a session calls itself, so that the witness knows it. */
export function backendName(spid: number, application: string): string {
  return `tds ${spid} ${application}`
}

export function sessionOf({ applicationName, database, state }: PostgresSession): MssqlSession | undefined {
  const [, spid, application = ''] = /^tds (\d+) (.*)$/s.exec(applicationName) ?? []
  if (spid === undefined) return undefined
  return { spid: Number(spid), database, application, isActive: state === 'active' }
}
