import { existsSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, vi } from 'vitest'
import { describeMariaDb } from '../support/mariadb.ts'
import { describePostgres } from '../support/postgres.ts'
import { asJson, configure, lines, wellhead, workingFolder } from './support.ts'

workingFolder()

interface Findings {
  readonly ok: boolean
  readonly dataSources: readonly { readonly settings: readonly { readonly name: string }[] }[]
  readonly limits: readonly object[]
  readonly problems: readonly { readonly message: string; readonly remedy: string }[]
}

describe('check', () => {
  it('tells what is in force, and that nothing is wrong', async () => {
    new DatabaseSync('accounts.db').close()
    configure(`defaults: { idleTimeout: 5m }
dataSources:
  jdbc/accounts: { url: 'sqlite:accounts.db', mode: inline }
  jdbc/ledger: { link: jdbc/accounts }
`)
    const { code, stdout, stderr } = await wellhead(['check'])
    expect([code, stderr]).toEqual([0, ''])
    expect(lines(stdout)).toEqual([
      `wellhead.yaml, no profile, Node ${process.versions.node}`,
      '',
      'jdbc/accounts | wellhead.yaml:3',
      `driver sqlite (node:sqlite ${process.versions['sqlite']})`,
      expect.stringMatching(/^SQLite 3\.\d+\.\d+, login in \d+\.\d ms$/),
      'SETTING | VALUE | FROM',
      'path | accounts.db | wellhead.yaml:3, url',
      'mode | inline | wellhead.yaml:3',
      'idleTimeout | 5m | wellhead.yaml:1, defaults',
      '',
      'jdbc/ledger | wellhead.yaml:4, link to jdbc/accounts',
      '',
      'nothing is wrong',
    ])
    const all = await wellhead(['check', '--defaults'])
    expect(lines(all.stdout)).toContain('maximumPoolSize | 10 | built-in default')
  })

  it('creates no database', async () => {
    configure("dataSources: { a: { url: 'sqlite:missing.db' } }")
    const { code, stdout } = await wellhead(['check'])
    expect([code, existsSync('missing.db')]).toEqual([0, false])
    expect(lines(stdout)).toContain('note: missing.db does not exist yet: the first connection creates it')
  })

  it('tells every problem, with what to do; the configuration being wrong counts most', async () => {
    writeFileSync('broken.db', 'x'.repeat(5_000))
    configure(`dataSources:
  missing: { url: { env: NOBODY_SETS_THIS } }
  file: { url: 'sqlite::memory:', busyTimeout: { file: nowhere.txt } }
  broken: { url: 'sqlite:broken.db' }
  value: { url: { env: CHECK_URL }, maximumPoolSize: { env: CHECK_SIZE } }
`)
    vi.stubEnv('CHECK_URL', 'sqlite::memory:')
    vi.stubEnv('CHECK_SIZE', 'many')
    const { code, stdout } = await wellhead(['check'])
    expect(code).toBe(2)
    const shown = lines(stdout)
    expect(shown.slice(shown.indexOf('4 problems'))).toEqual([
      '4 problems',
      '- wellhead.yaml:2:26: missing: url: the environment variable NOBODY_SETS_THIS is not set',
      '→ set NOBODY_SETS_THIS, or write { env: NOBODY_SETS_THIS, default: … }',
      "- wellhead.yaml:3:56: file: busyTimeout: the file 'nowhere.txt' does not exist",
      '→ write that file, or correct the path, which starts from the folder of the configuration',
      expect.stringMatching(
        /^- broken: Cannot open the SQLite database .*broken\.db: the file is not a database/,
      ),
      '→ see to the path: wellhead.yaml:4, url',
      expect.stringMatching(
        /^- wellhead\.yaml:5:37: value: maximumPoolSize is 'many'; it wants a whole number/,
      ),
      '→ correct it there',
    ])
  })

  it('says that a server cannot be reached: exit code 1', async () => {
    configure("dataSources: { a: { url: 'postgres://u@127.0.0.1:1/d' } }")
    const unreachable = await asJson(['check'])
    expect(unreachable.code).toBe(1)
    expect(unreachable.json).toMatchObject({
      ok: false,
      dataSources: [{ name: 'a', driver: 'pg', client: { name: 'pg' }, serverVersion: null, login: null }],
      problems: [
        {
          dataSource: 'a',
          configuration: false,
          message: expect.stringContaining('connect ECONNREFUSED 127.0.0.1:1') as string,
          remedy: 'see that the server runs and can be reached; where it is: wellhead.yaml:1, url',
        },
      ],
    })
  })
})

await describePostgres('check on PostgreSQL', (server) => {
  /** The setting of a role that a spec has for itself, which leaves the server as it is. */
  async function role(limit: number): Promise<string> {
    const name = `check_${Math.random().toString(36).slice(2)}`
    await server.query(`CREATE ROLE ${name} LOGIN PASSWORD 'geheim' CONNECTION LIMIT ${limit}`)
    return name
  }

  it('adds up what the pools may open, and compares it with what the server and the role give', async () => {
    const { settings } = await server.database()
    const user = await role(40)
    const { host, port, database } = settings
    configure(
      `dataSources:
${['a, maximumPoolSize: 20', 'b, pooling: single', 'none, pooling: none', 'pooled, pooler: session']
  .map((entry) => {
    const [name, setting] = entry.split(', ')
    return `  ${name}: { url: 'postgres://${user}:geheim@${host}:${port}/${database}', tls: disable, ${setting} }`
  })
  .join('\n')}
  link: { link: a }
  local: { url: 'sqlite::memory:' }
`,
    )
    const [{ free }] = (await server.query<{ free: number }>(
      `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS free`,
    )) as [{ free: number }]
    const shares = [
      { name: 'a', maximumPoolSize: 20 },
      { name: 'b', maximumPoolSize: 1 },
    ]
    const fine = await asJson(['check'])
    expect(fine.json).toMatchObject({
      ok: true,
      limits: [
        { what: 'the server', maximum: free, total: 21, dataSources: shares },
        { what: `the role ${user}`, maximum: 40, total: 21, dataSources: shares },
      ],
      problems: [],
    })
    expect(fine.code).toBe(0)
    const twice = await asJson(['check', '--processes', '2'])
    expect(twice.code).toBe(1)
    expect(twice.json).toMatchObject({
      limits: [{ total: 42 }, { total: 42 }],
      problems: [
        {
          dataSource: null,
          message: `a, b: 2 processes may open 42 connections, and the role ${user} gives 40`,
          remedy: 'lower maximumPoolSize to 10 each at most, or have the limit raised',
        },
      ],
    })
    expect(lines((await wellhead(['check', '--processes', '2'])).stdout)).toContain(
      `42 connections at most (a 20, b 1, in each of 2 processes); the server gives ${free}`,
    )
  })

  it('finds a pool without a limit to be too large, and a wrong password to be the password', async () => {
    const { settings } = await server.database()
    const user = await role(40)
    const url = (password: string) =>
      `'postgres://${user}:${password}@${settings.host}:${settings.port}/${settings.database}'`
    configure(`dataSources: { a: { url: ${url('geheim')}, tls: disable, maximumPoolSize: unlimited } }`)
    const { json } = await asJson(['check'])
    expect((json as Findings).problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^a: one process may open unlimited connections, and the server gives \d+$/),
      `a: one process may open unlimited connections, and the role ${user} gives 40`,
    ])
    configure(`dataSources: { a: { url: ${url('falsch')}, tls: disable } }`)
    const wrong = await wellhead(['check'])
    expect(wrong.code).toBe(1)
    expect(wrong.stdout).toMatch(/password authentication failed .*28P01/)
    expect(wrong.stdout).toContain('→ correct user and password: wellhead.yaml:1, url\n')
    expect(wrong.stdout).not.toContain('falsch')
  })
})

await describeMariaDb('check on MariaDB', (server) => {
  it('adds up what the pools may open, and compares it with what the server gives', async () => {
    const { url } = await server.database()
    configure(`dataSources:
  a: { url: '${url}', tls: disable, maximumPoolSize: 20 }
  b: { url: '${url.replace(/^mysql:/, 'mariadb:')}', tls: disable, maximumPoolSize: 5 }
`)
    const [row] = await server.query<{ n: string }>('SELECT @@max_connections AS n')
    const { code, json } = await asJson(['check'])
    expect(json).toMatchObject({
      ok: true,
      limits: [{ what: 'the server', maximum: Number(row!.n), total: 25 }],
      problems: [],
    })
    expect(code).toBe(0)
    expect((await wellhead(['check'])).stdout).toMatch(/MySQL\/MariaDB 1\d\.\S*MariaDB\S*, login in/)
  })
})
