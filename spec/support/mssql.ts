import { afterAll, describe, it } from 'vitest'
import { CertificateAuthority } from './certificates.ts'
import { RealMssql } from './mssql-real.ts'
import { postgres } from './postgres.ts'
import type { MssqlSession, MssqlSettings } from './tds-server/database.ts'
import { TdsServer } from './tds-server/server.ts'

/** A SQL Server, or the test double of one. */
export interface MssqlAccess {
  /** What it says then was never said by a SQL Server. */
  readonly isDouble: boolean
  /** A client has to encrypt. */
  readonly encrypts: boolean
  /** The authority that signed its certificate; without one the certificate is not looked at. */
  readonly ca: string | undefined
  /** A new database, which is dropped in the end. */
  database(): Promise<MssqlSettings>
  /** Those of clients, by the server's own word and without the witness. */
  sessions(database?: string): Promise<MssqlSession[]>
  /** Returns when the session is gone; false if there was none. */
  kill(spid: number): Promise<boolean>
}

/**
 * A suite on SQL Server: the one at `TEST_MSSQL_URL` (`mssql://sa:secret@host:1433/?encrypt=true`), else on the test
 * double.
 */
export async function describeMssql(name: string, suite: (server: MssqlAccess) => void): Promise<void> {
  const server = await mssql()
  if (server) describe(name, () => suite(server))
  else describe(name, () => it.skip('needs PostgreSQL, behind the double of SQL Server', () => {}))
}

async function mssql(): Promise<MssqlAccess | undefined> {
  const url = process.env['TEST_MSSQL_URL']
  if (url) {
    const real = new RealMssql(url)
    afterAll(() => real.close())
    return real
  }
  const access = await postgres()
  if (!access) return undefined
  const tls = new CertificateAuthority().issue({ hosts: ['localhost', '127.0.0.1'] })
  const double = await TdsServer.start({ postgres: access, tls })
  afterAll(() => double.close())
  return double
}
