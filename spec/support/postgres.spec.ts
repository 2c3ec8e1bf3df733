import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { CertificateAuthority } from './certificates.ts'
import { describeOwnPostgres, describePostgres, postgres } from './postgres.ts'
import { reachable } from './server-account.ts'

await describePostgres('the shared server', (server) => {
  it('gives each asker a database of its own and drops it under whoever is connected', async () => {
    const one = await server.database()
    const other = await server.database()
    const client = await one.connect()
    await client.query('CREATE TABLE t (n int)')
    const stranger = await other.connect()
    await expect(stranger.query('SELECT * FROM t')).rejects.toMatchObject({ code: '42P01' })
    const lost = once(client, 'error')
    await one.drop()
    await lost
    await stranger.end()
    await other.drop()
    const names = await server.query('SELECT FROM pg_database WHERE datname IN ($1, $2)', [
      one.name,
      other.name,
    ])
    expect(names).toEqual([])
  })

  it('is reached by URL and by its unix socket', async () => {
    await using database = await server.database()
    const byUrl = new Client({ connectionString: database.url })
    await byUrl.connect()
    const { rows } = await byUrl.query('SELECT current_database() AS name')
    expect(rows).toEqual([{ name: database.name }])
    await byUrl.end()
    if (database.socketSettings === undefined) return
    const bySocket = new Client(database.socketSettings)
    await bySocket.connect()
    const found = await bySocket.query('SELECT inet_server_addr() AS address')
    expect(found.rows).toEqual([{ address: null }])
    await bySocket.end()
  })

  it('counts the sessions of a database and ends one by its number', async () => {
    await using database = await server.database()
    expect(await database.sessions()).toEqual([])
    const kept = await database.connect('kept')
    const killed = await database.connect('killed')
    const sessions = await database.sessions()
    expect(sessions.map((session) => session.applicationName)).toEqual(['kept', 'killed'])
    const lost = once(killed, 'error')
    const { pid } = sessions[1]!
    expect(await server.terminate(pid)).toBe(true)
    expect(await server.terminate(pid)).toBe(false)
    expect((await lost)[0]).toMatchObject({ code: '57P01' })
    expect(await database.sessions()).toHaveLength(1)
    await kept.end()
  })

  it('speaks TLS to who wants it', async () => {
    const { ca } = server.address
    if (ca === undefined) return // a server from TEST_PG_URL is as it is
    await using database = await server.database()
    const inUse = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
    const plain = await database.connect()
    expect((await plain.query(inUse)).rows).toEqual([{ ssl: false }])
    await plain.end()
    const secure = new Client({ ...database.settings, host: 'localhost', ssl: { ca } })
    await secure.connect()
    expect((await secure.query(inUse)).rows).toEqual([{ ssl: true }])
    await secure.end()
  })

  it('is one for all who ask', async () => {
    expect((await postgres())?.address).toEqual(server.address)
  })
})

await describeOwnPostgres('a server of one’s own', (start) => {
  it('takes settings and rules of access', async () => {
    const server = await start({
      config: { max_connections: 17 },
      hba: ['host all barred 127.0.0.1/32 reject'],
    })
    expect(await server.query('SHOW max_connections')).toEqual([{ max_connections: '17' }])
    await server.query('CREATE ROLE barred LOGIN')
    const barred = new Client({ ...server.settings('postgres'), user: 'barred' })
    await expect(barred.connect()).rejects.toMatchObject({ code: '28000' })
    const wrong = new Client({ ...server.settings('postgres'), password: 'wrong' })
    await expect(wrong.connect()).rejects.toMatchObject({ code: '28P01' })
  })

  it('can demand TLS, under a name that is not its own', async () => {
    const tls = new CertificateAuthority().issue({ hosts: ['elsewhere.test'] })
    const server = await start({ tls, hba: ['hostnossl all all all reject'] })
    const settings = { ...server.settings('postgres'), host: 'localhost' }
    await expect(new Client(settings).connect()).rejects.toMatchObject({ code: '28000' })
    const mistaken = new Client({ ...settings, ssl: { ca: tls.ca } })
    await expect(mistaken.connect()).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  })

  it.each(['fast', 'immediate', 'kill'] as const)('comes back after %s, data and port kept', async (mode) => {
    const server = await start()
    const database = await server.database()
    const client = await database.connect()
    await client.query('CREATE TABLE t (n int)')
    const lost = new Promise((resolve) => client.once('end', resolve))
    if (mode === 'kill') await server.kill()
    else await server.stop(mode)
    await lost
    expect(server.running).toBe(false)
    await expect(database.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await server.start()
    const again = await database.connect()
    expect((await again.query('SELECT * FROM t')).rows).toEqual([])
    await again.end()
    await server.close()
    expect(existsSync(server.address.socketFolder ?? '')).toBe(false)
  })

  it('says what the server said when it does not start', async () => {
    await expect(start({ config: { max_connections: 'many' } })).rejects.toThrow('max_connections')
  })
})

await describeOwnPostgres('the watchdog', () => {
  it('ends the server and its folder when the runner is killed', async () => {
    const runner = spawn(
      process.execPath,
      [
        '--input-type=module-typescript',
        '--eval',
        `import { PostgresServer } from '${import.meta.dirname}/postgres-server.ts'
         const server = await PostgresServer.start()
         console.log(JSON.stringify({ pid: server.pid, address: server.address }))`,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    const [line] = (await once(runner.stdout, 'data')) as [Buffer]
    const { pid, address } = JSON.parse(line.toString()) as { pid: number; address: { socketFolder: string } }
    expect(isAlive(pid)).toBe(true)
    runner.kill('SIGKILL')
    while (isAlive(pid) || existsSync(address.socketFolder)) await sleep(20)
  })
})

it('a closed folder above a path is found', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wellhead-closed-'))
  const inner = join(folder, 'inner')
  mkdirSync(inner)
  const stranger = { uid: 64_000, gid: 64_000 }
  expect(reachable(inner, stranger)).toBe(false)
  expect(reachable(inner, undefined)).toBe(true)
  chmodSync(folder, 0o755)
  expect(reachable(inner, stranger)).toBe(true)
  rmSync(folder, { recursive: true })
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
