import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'
import { expect, it } from 'vitest'
import { CertificateAuthority } from './certificates.ts'
import { describeMariaDb, describeOwnMariaDb, mariaDb } from './mariadb.ts'

await describeMariaDb('the shared MariaDB', (server) => {
  it('gives each asker a database of its own and drops it under whoever is connected', async () => {
    const one = await server.database()
    const other = await server.database()
    const client = await one.connect()
    await client.query('CREATE TABLE t (n int)')
    const stranger = await other.connect()
    await expect(stranger.query('SELECT * FROM t')).rejects.toMatchObject({ errno: 1146 })
    await one.drop()
    await expect(client.query('SELECT 1')).rejects.toThrow()
    await stranger.end()
    await other.drop()
    const names = await server.query(
      'SELECT schema_name FROM information_schema.schemata WHERE schema_name IN (?, ?)',
      [one.name, other.name],
    )
    expect(names).toEqual([])
  })

  it('is reached by its unix socket', async () => {
    const { socketPath, user, password } = server.address
    if (socketPath === undefined) return // a server from TEST_MYSQL_URL is elsewhere
    const client = await createConnection({ socketPath, user, password })
    const [rows] = await client.query('SELECT 1 AS n')
    expect(rows).toEqual([{ n: 1 }])
    await client.end()
  })

  it('counts the sessions of a database and ends one by its number', async () => {
    await using database = await server.database()
    expect(await database.sessions()).toEqual([])
    const kept = await database.connect()
    const killed = await database.connect()
    const sessions = await database.sessions()
    expect(sessions).toHaveLength(2)
    const { id } = sessions[1]!
    expect(await server.terminate(id)).toBe(true)
    expect(await server.terminate(id)).toBe(false)
    await expect(killed.query('SELECT 1')).rejects.toThrow()
    expect(await database.sessions()).toHaveLength(1)
    await kept.end()
  })

  it('speaks TLS to who wants it', async () => {
    const { ca, port, user, password } = server.address
    if (ca === undefined) return // a server from TEST_MYSQL_URL is as it is
    const cipher = "SHOW SESSION STATUS LIKE 'Ssl_cipher'"
    const plain = await createConnection({ host: '127.0.0.1', port, user, password })
    expect((await plain.query(cipher))[0]).toMatchObject([{ Value: '' }])
    await plain.end()
    const ssl = { ca, verifyIdentity: true }
    const secure = await createConnection({ host: 'localhost', port, user, password, ssl })
    expect((await secure.query(cipher))[0]).not.toMatchObject([{ Value: '' }])
    await secure.end()
  })

  it('is one for all who ask', async () => {
    expect((await mariaDb())?.address).toEqual(server.address)
  })
})

await describeOwnMariaDb('a MariaDB of one’s own', (start) => {
  it('takes settings, and can demand TLS under a name that is not its own', async () => {
    const tls = new CertificateAuthority().issue({ hosts: ['elsewhere.test'] })
    const server = await start({ tls, config: { max_connections: 17 } })
    expect(await server.query('SELECT @@max_connections AS n')).toEqual([{ n: '17' }])
    const { port, user, password } = server.address
    const ssl = { ca: tls.ca, verifyIdentity: true }
    const mistaken = createConnection({ host: 'localhost', port, user, password, ssl })
    await expect(mistaken).rejects.toThrow(/altnames/)
  })

  it.each(['stop', 'kill'] as const)('comes back after %s, data and port kept', async (end) => {
    const server = await start()
    const database = await server.database()
    const client = await database.connect()
    await client.query('CREATE TABLE t (n int)')
    await client.query('INSERT INTO t VALUES (1)')
    await server[end]()
    expect(server.running).toBe(false)
    await expect(client.query('SELECT 1')).rejects.toThrow()
    await expect(database.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await server.start()
    const again = await database.connect()
    expect((await again.query('SELECT * FROM t'))[0]).toEqual([{ n: 1 }])
    await again.end()
    await server.close()
    expect(existsSync(server.address.socketPath ?? '')).toBe(false)
  })

  it('says what the server said when it does not start', async () => {
    await expect(start({ config: { innodb_page_size: 'odd' } })).rejects.toThrow('innodb-page-size')
  })
})

await describeOwnMariaDb('the watchdog of MariaDB', () => {
  it('ends the server and its folder when the runner is killed', async () => {
    const runner = spawn(
      process.execPath,
      [
        '--input-type=module-typescript',
        '--eval',
        `import { MariaDbServer } from '${import.meta.dirname}/mariadb-server.ts'
         const server = await MariaDbServer.start()
         console.log(JSON.stringify({ pid: server.pid, address: server.address }))`,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    const [line] = (await once(runner.stdout, 'data')) as [Buffer]
    const { pid, address } = JSON.parse(line.toString()) as { pid: number; address: { socketPath: string } }
    expect(isAlive(pid)).toBe(true)
    runner.kill('SIGKILL')
    while (isAlive(pid) || existsSync(address.socketPath)) await sleep(20)
  })
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
