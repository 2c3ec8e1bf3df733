import { writeFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import { asJson, configure, lines, wellhead, workingFolder } from './support.ts'

const folder = workingFolder()

const configuration = `defaults:
  connectionTimeout: 5s
  maximumPoolSize: 4
dataSources:
  jdbc/accounts:
    url: sqlite:accounts.db?maximumPoolSize=3
    mode: inline
  jdbc/ledger: { link: jdbc/accounts }
  jdbc/remote:
    url: { env: REMOTE_URL, default: 'postgres://app@db.example/app' }
    password: { file: secret.txt }
    maximumPoolSize: { env: POOL_SIZE, default: 20 }
    queryTimeout: { env: QUERY_TIMEOUT }
profiles:
  production:
    dataSources:
      jdbc/accounts: { url: 'postgres://db.example/accounts', mode: ~ }
`

describe('list', () => {
  it('tells names, drivers, databases, links and places, and connects to nothing', async () => {
    configure(configuration)
    const { code, stdout, stderr } = await wellhead(['list'])
    expect([code, stderr]).toEqual([0, ''])
    expect(lines(stdout)).toEqual([
      'NAME | DRIVER | DATABASE | WRITTEN IN',
      'jdbc/accounts | sqlite | accounts.db | wellhead.yaml:5',
      'jdbc/ledger | link | jdbc/accounts | wellhead.yaml:8',
      'jdbc/remote | pg | db.example:5432/app | wellhead.yaml:9',
    ])
  })

  it('says so in JSON', async () => {
    configure(configuration)
    const { json } = await asJson(['list', '--profile', 'production'])
    expect(json).toEqual({
      dataSources: [
        {
          name: 'jdbc/accounts',
          driver: 'pg',
          database: 'db.example:5432/accounts',
          link: null,
          place: { file: 'wellhead.yaml', line: 17, column: 7 },
        },
        {
          name: 'jdbc/ledger',
          driver: null,
          database: null,
          link: 'jdbc/accounts',
          place: { file: 'wellhead.yaml', line: 8, column: 24 },
        },
        expect.objectContaining({ name: 'jdbc/remote', driver: 'pg' }),
      ],
    })
  })

  it('lists what cannot be known yet', async () => {
    configure('dataSources: { a: { url: { env: NOBODY_SETS_THIS } } }')
    expect(lines((await wellhead(['list'])).stdout)[1]).toBe('a | ? | ? | wellhead.yaml:1')
  })
})

describe('the configuration of a command', () => {
  it('is the file of --config, else of WELLHEAD_CONFIG, else wellhead.yaml', async () => {
    for (const name of ['wellhead.yaml', 'other.yaml', 'third.yaml'])
      configure(`dataSources: { 'in/${name}': { url: 'sqlite::memory:' } }`, name)
    const first = async (...args: string[]) => lines((await wellhead(['list', ...args])).stdout)[1]
    expect(await first()).toContain('in/wellhead.yaml')
    vi.stubEnv('WELLHEAD_CONFIG', 'other.yaml')
    expect(await first()).toContain('in/other.yaml')
    expect(await first('--config', 'third.yaml')).toContain('in/third.yaml')
    expect(await wellhead(['-c', 'third.yaml', 'list'])).toMatchObject({ code: 0 })
    vi.stubEnv('WELLHEAD_CONFIG', undefined)
  })

  it('has the profile of --profile, else of WELLHEAD_PROFILE; the empty text is none', async () => {
    configure(configuration)
    const driver = async (...args: string[]) =>
      lines((await wellhead(['list', ...args])).stdout)[1]!.split(' | ')[1]
    vi.stubEnv('WELLHEAD_PROFILE', 'production')
    expect(await driver()).toBe('pg')
    expect(await driver('--profile', '')).toBe('sqlite')
    vi.stubEnv('WELLHEAD_PROFILE', undefined)
    expect(await driver('-p', 'production')).toBe('pg')
    const { code, stderr } = await wellhead(['list', '-p', 'producton'])
    expect([code, stderr]).toEqual([
      2,
      "wellhead: wellhead.yaml:14:1: there is no profile 'producton'; there are production; did you mean 'production'?\n",
    ])
  })

  it('may not be there, nor be wrong: exit code 2', async () => {
    const missing = await wellhead(['list', '--config', 'nowhere.yaml'])
    expect(missing).toMatchObject({ code: 2, stdout: '' })
    expect(missing.stderr).toBe(
      `wellhead: The configuration file 'nowhere.yaml' does not exist in ${process.cwd()}\n`,
    )
    configure('dataSources: { a: { url: sqlite:a.db, max: 3 } }', 'wrong.yaml')
    const wrong = await asJson(['show', 'a', '--config', 'wrong.yaml'])
    expect(wrong).toMatchObject({ code: 2, stderr: '' })
    expect(wrong.json).toEqual({
      error: {
        name: 'ConfigurationException',
        message: expect.stringMatching(/^wrong\.yaml:1:39: a: 'max' is pg.Pool's name/) as string,
        sqlState: null,
        reason: null,
        retry: null,
        place: { file: 'wrong.yaml', line: 1, column: 39 },
      },
    })
  })

  it('is asked for by name where there is none', async () => {
    process.chdir('/')
    const { code, stderr } = await wellhead(['list'])
    process.chdir(folder)
    expect(code).toBe(2)
    expect(stderr).toBe(
      "wellhead: there is no wellhead.yaml in /; 'wellhead init' writes one, --config or WELLHEAD_CONFIG names another\n",
    )
  })
})

describe('show', () => {
  it('tells each setting, and where it comes from', async () => {
    configure(configuration)
    writeFileSync('secret.txt', 'geheim')
    vi.stubEnv('QUERY_TIMEOUT', '3s')
    const { code, stdout, stderr } = await wellhead(['show', 'jdbc/remote'])
    expect([code, stderr]).toEqual([0, ''])
    const shown = lines(stdout)
    expect(shown[0]).toBe('jdbc/remote | driver pg, wellhead.yaml:9')
    expect(shown).toEqual(
      expect.arrayContaining([
        'host | db.example | wellhead.yaml:10, url, default of $REMOTE_URL',
        'port | 5432 | built-in default',
        'password | •••••• | wellhead.yaml:11, file secret.txt',
        'maximumPoolSize | 20 | wellhead.yaml:12, default of $POOL_SIZE',
        'softPoolSize | 20 | built-in default',
        'connectionTimeout | 5s | wellhead.yaml:2, defaults',
        'queryTimeout | 3s | wellhead.yaml:13, $QUERY_TIMEOUT',
        'maxUses | unlimited | built-in default',
        'exceptionOverride | - | built-in default',
      ]),
    )
    vi.stubEnv('QUERY_TIMEOUT', undefined)
  })

  it('follows a link; a url goes before defaults, a profile before both', async () => {
    configure(configuration)
    const plain = lines((await wellhead(['show', 'java:comp/env/jdbc/ledger'])).stdout)
    expect(plain.slice(0, 2)).toEqual([
      'jdbc/ledger is a link to jdbc/accounts',
      'jdbc/accounts | driver sqlite, wellhead.yaml:5',
    ])
    expect(plain).toContain('maximumPoolSize | 3 | wellhead.yaml:6, url')
    const production = lines((await wellhead(['show', 'jdbc/ledger', '-p', 'production'])).stdout)
    expect(production).toContain('host | db.example | wellhead.yaml:17, profile production, url')
    expect(production).toContain('maximumPoolSize | 4 | wellhead.yaml:3, defaults')
  })

  it('shows the rest where a value is missing, and says what to do', async () => {
    configure(configuration)
    const { code, stdout, stderr } = await wellhead(['show', 'jdbc/remote'])
    expect(code).toBe(2)
    expect(lines(stdout)).toContain('queryTimeout | - | wellhead.yaml:13, $QUERY_TIMEOUT, which is not set')
    expect(stderr).toBe(
      'wellhead: wellhead.yaml:13:26: jdbc/remote: queryTimeout: the environment variable QUERY_TIMEOUT is not set\n' +
        '  → set QUERY_TIMEOUT, or write { env: QUERY_TIMEOUT, default: … }\n',
    )
  })

  it('says all of it in JSON, with the same keys always', async () => {
    configure(configuration)
    const { json } = await asJson(['show', 'jdbc/accounts'])
    const { dataSource } = json as { dataSource: { settings: { name: string }[] } }
    expect(dataSource).toMatchObject({ name: 'jdbc/accounts', link: null, driver: 'sqlite', problems: [] })
    expect(dataSource.settings.find(({ name }) => name === 'mode')).toEqual({
      name: 'mode',
      value: 'inline',
      origin: {
        kind: 'data source',
        url: false,
        profile: null,
        place: { file: 'wellhead.yaml', line: 7, column: 5 },
        environment: null,
        file: null,
      },
    })
  })

  it('suggests the nearest name', async () => {
    configure(configuration)
    expect(await wellhead(['show', 'jdbc/acounts'])).toEqual({
      code: 2,
      stdout: '',
      stderr: "wellhead: wellhead.yaml has no 'jdbc/acounts'; did you mean 'jdbc/accounts'?\n",
    })
  })
})
