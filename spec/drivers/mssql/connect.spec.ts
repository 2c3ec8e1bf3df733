import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { beforeAll, expect, it } from 'vitest'
import { mssqlDescriptor } from '../../../drivers/mssql/settings.ts'
import { createDataSource } from '../../../src/index.ts'
import { CallDeadline } from '../../../src/session/call-deadline.ts'
import { systemClock } from '../../../src/session/system-clock.ts'
import { CertificateAuthority } from '../../support/certificates.ts'
import { describeMssql } from '../../support/mssql.ts'
import { describePostgres } from '../../support/postgres.ts'
import type { MssqlSettings } from '../../support/tds-server/database.ts'
import { TdsServer } from '../../support/tds-server/server.ts'
import { failure, open, tlsOf, valueOf } from './support.ts'

await describeMssql('connecting to SQL Server', (server) => {
  let settings: MssqlSettings & { readonly tls: string }
  beforeAll(async () => {
    settings = { ...(await server.database()), ...tlsOf(server) }
  })

  it('asks for the password at every connect', async () => {
    const passwords = [settings.password, settings.password, 'wrong']
    let asked = 0
    const password = async (): Promise<string> => passwords[asked++]!
    await open({ ...settings, password })
    await open({ ...settings, password })
    const error = await failure(open({ ...settings, password }))
    expect(asked).toBe(3)
    expect([error.name, error.sqlState, error.errorCode]).toEqual([
      'SQLInvalidAuthorizationSpecException',
      '28P01',
      18456,
    ])
    expect(error.message).toMatch(
      /^Cannot connect to SQL Server database .* as sa: Login failed for user 'sa'/,
    )
    expect(error.message).not.toContain('wrong')
  })

  it('says when the provider of a password fails, gives none, or is late', async () => {
    const failing = await failure(
      open({ ...settings, password: () => Promise.reject(new Error('vault is sealed')) }),
    )
    expect(failing.message).toMatch(/vault is sealed/)
    const deadline = new CallDeadline(systemClock, 'Connecting', { timeout: 30 })
    const never = new Promise<string>(() => {})
    const late = await failure(open({ ...settings, password: () => never }, { deadline }))
    expect(late.sqlState).toBe('HYT00')
    const wrong = await failure(open({ ...settings, password: () => 4711 }))
    expect(wrong.message).toMatch(/a value of type number/)
  })

  it('tells a database that does not exist', async () => {
    const error = await failure(open({ ...settings, database: 'no_such_database' }))
    expect(error.message).toMatch(/Cannot open database "no_such_database".*Login failed/)
    expect(error.errorCode).toBe(4060)
    expect(error.fatal).toBe(false)
  })

  it('takes a URL', async () => {
    const { host, port, user, password, database, tls } = settings
    const credentials = `${user}:${encodeURIComponent(password)}`
    const query = `lockTimeout=7s&maximumPoolSize=1&tls=${tls}`
    for (const scheme of ['mssql', 'sqlserver']) {
      await using source = createDataSource(`${scheme}://${credentials}@${host}:${port}/${database}?${query}`)
      const { rows } = await source.query('SELECT @@LOCK_TIMEOUT AS ms, DB_NAME() AS name')
      expect(rows).toEqual([{ ms: 7_000, name: database }])
    }
  })

  it('tells every address that was tried', async () => {
    const nobody = createServer().listen(0, '127.0.0.1')
    await once(nobody, 'listening')
    const { port } = nobody.address() as AddressInfo
    nobody.close()
    await once(nobody, 'close')
    const error = await failure(open({ ...settings, host: 'localhost', port }))
    expect([error.sqlState, error.reason, error.retry, error.errorCode]).toEqual([
      '08001',
      'connect-failed',
      'connect',
      'ECONNREFUSED',
    ])
    expect(error.message).toMatch(/: connect ECONNREFUSED /)
    const unknown = await failure(open({ ...settings, host: 'no-such-host.invalid' }))
    expect([unknown.sqlState, unknown.retry]).toEqual(['08001', 'no'])
  })

  it('refuses a token where somebody could read it, before anything is sent', async () => {
    const { user: _, password: __, ...rest } = settings
    for (const tls of ['disable', 'require']) {
      const error = await failure(open({ ...rest, tls, accessToken: () => 'secret-token' }))
      expect([error.sqlState, error.reason]).toEqual(['28000', 'auth'])
      expect(error.message).not.toContain('secret')
    }
    const both = { accessToken: 'a', password: 'b' }
    expect(() => mssqlDescriptor.checkSettings?.(both, 'here')).toThrow(/accessToken stands in the place/)
  })
})

await describePostgres('connecting to the double of SQL Server over TLS', (postgres) => {
  const authority = new CertificateAuthority()
  let server: TdsServer
  let settings: MssqlSettings

  beforeAll(async () => {
    server = await TdsServer.start({
      postgres,
      tls: authority.issue({ hosts: ['localhost'] }),
      requiresTls: true,
      accessToken: 'a.token',
    })
    settings = { ...(await server.database()), host: 'localhost' }
    return () => server.close()
  })

  it('looks as far as it is asked to look', async () => {
    const { ca } = authority
    for (const tls of [
      'require',
      { mode: 'verify-full', ca },
      { mode: 'verify-ca', ca },
      { mode: 'verify-ca', ca, serverName: 'other.example' },
    ]) {
      expect(await valueOf(await open({ ...settings, tls }), 'SELECT 1')).toBe(1)
    }
    // The certificate is that of a name, not of this address.
    const address = { ...settings, host: '127.0.0.1' }
    expect(await valueOf(await open({ ...address, tls: { mode: 'verify-ca', ca } }), 'SELECT 1')).toBe(1)
    const named = { mode: 'verify-full', ca, serverName: 'localhost' }
    expect(await valueOf(await open({ ...address, tls: named }), 'SELECT 1')).toBe(1)
    for (const wrong of [
      { ...settings, tls: 'verify-full' },
      { ...settings, tls: 'verify-ca' },
      { ...settings, tls: { mode: 'verify-full', ca, serverName: 'other.example' } },
      { ...address, tls: { mode: 'verify-full', ca } },
    ]) {
      const error = await failure(open(wrong))
      expect([error.sqlState, error.name]).toEqual(['08001', 'SQLNonTransientConnectionException'])
      expect(error.message).toMatch(/tls: \{/)
    }
  })

  it('takes a token in the place of user and password, asked for at every connect', async () => {
    const { user: _, password: __, ...rest } = settings
    const tokens = ['a.token', 'a.token', 'stale.token']
    let asked = 0
    const accessToken = async (): Promise<string> => tokens[asked++]!
    for (const mode of ['verify-full', 'verify-ca'] as const) {
      const connection = await open({ ...rest, accessToken, tls: { mode, ca: authority.ca } })
      expect(await valueOf(connection, 'SELECT 1')).toBe(1)
    }
    const tls = { mode: 'verify-full', ca: authority.ca }
    const error = await failure(open({ ...rest, accessToken, tls }))
    expect([error.sqlState, asked]).toEqual(['28P01', 3])
    expect(error.message).not.toContain('stale')
  })

  it('tells who will not encrypt what to write', async () => {
    const error = await failure(open({ ...settings, tls: 'disable' }))
    expect([error.sqlState, error.retry]).toEqual(['08001', 'no'])
    expect(error.message).toMatch(/tls: 'verify-full'/)
  })

  it('does not go on without TLS when the server has none', async () => {
    await using without = await TdsServer.start({ postgres })
    const database = await without.database()
    const error = await failure(open({ ...database, tls: 'require' }))
    expect([error.sqlState, error.retry]).toEqual(['08001', 'no'])
    expect(error.message).toMatch(/tls: 'disable'/)
  })
})
