import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { knownDrivers } from '../../src/drivers.ts'
import { InitialContext, PooledDataSource, type WellheadConfiguration } from '../../src/index.ts'
import { ConfigurationBinding } from '../../src/naming/configuration-binding.ts'
import { readConfigurationFile } from '../../src/naming/configuration-file.ts'
import { ConfigurationException } from '../../src/naming/naming-exception.ts'
import { settingsRules } from '../../src/naming/settings-check.ts'
import { DriverTable, type LoadableDriver } from '../../src/source/driver-table.ts'
import type { Driver } from '../../src/spi/driver.ts'
import { anything, InvalidSettingError, optional, text, type SettingsTable } from '../../src/spi/settings.ts'
import { ScriptedDriver } from '../../src/testing/index.ts'
import { FakePool, NamingFixture } from './fake-data-source.ts'

const settings = {
  host: { schema: text(), meaning: 'Where the server is.' },
  password: { schema: optional(text()), meaning: 'Of the user.', secret: true },
  tls: { schema: v.optional(v.record(v.string(), v.unknown())), meaning: 'Encryption.' },
} as SettingsTable

const driver: LoadableDriver = {
  name: 'fake',
  urlSchemes: ['fake'],
  settings,
  parseUrl: (url) => ({ host: new URL(url).hostname }),
  load: () => Promise.reject(new Error('never loaded')),
}
const rules = settingsRules(new DriverTable([driver]))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wellhead-configuration-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

function write(content: string | Uint8Array, name = 'wellhead.yaml'): string {
  const file = join(folder, name)
  writeFileSync(file, content)
  return file
}

async function load(content: string | Uint8Array, name?: string): Promise<NamingFixture> {
  const fixture = new NamingFixture()
  new ConfigurationBinding(fixture.context).bind(await readConfigurationFile(write(content, name), rules))
  return fixture
}

async function failure(promise: Promise<unknown>): Promise<ConfigurationException> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ConfigurationException)
  return error as ConfigurationException
}

describe('a configuration', () => {
  test('binds data sources, with defaults and links, and makes none', async () => {
    const { context, made } = await load(`
defaults:
  maximumPoolSize: 20
  idleTimeout: 1m
dataSources:
  jdbc/accounts:
    url: fake://server/accounts
    maximumPoolSize: 5
    tls: { mode: verify, ca: [one, two] }
  java:comp/env/jdbc/ledger: { link: jdbc/accounts }
  jdbc/other: { driver: fake, host: there }
`)
    expect(context.list('jdbc').map(({ name }) => name)).toEqual(['accounts', 'ledger', 'other'])
    expect(made).toEqual([])
    expect(context.dataSource('jdbc/ledger')).toBe(context.dataSource('jdbc/accounts'))
    context.dataSource('jdbc/other')
    expect(made.map((pool) => pool.settings)).toEqual([
      {
        url: 'fake://server/accounts',
        maximumPoolSize: 5,
        idleTimeout: '1m',
        tls: { mode: 'verify', ca: ['one', 'two'] },
      },
      { driver: 'fake', host: 'there', maximumPoolSize: 20, idleTimeout: '1m' },
    ])
  })

  test('takes what a url says before defaults, whose faults it hides, but not before what stands beside it', async () => {
    process.env['WELLHEAD_SPEC_URL'] = 'sqlite:env.db?maximumPoolSize=3'
    const file = write(`
defaults: { maximumPoolSize: 20, softPoolSize: 4, mode: inline }
dataSources:
  written: { url: 'sqlite:x.db?maximumPoolSize=3&mode=worker&softPoolSize=2' }
  beside: { url: 'sqlite:x.db?maximumPoolSize=7', maximumPoolSize: 5 }
  outside: { url: { env: WELLHEAD_SPEC_URL }, softPoolSize: 1 }
  default: { driver: sqlite, path: x.db }
`)
    const { context, made } = new NamingFixture()
    const rulesOfAll = settingsRules(new DriverTable(knownDrivers))
    new ConfigurationBinding(context).bind(await readConfigurationFile(file, rulesOfAll))
    for (const name of ['written', 'beside', 'outside', 'default']) context.dataSource(name)
    expect(made.map((pool) => pool.settings)).toEqual([
      { url: 'sqlite:x.db?maximumPoolSize=3&mode=worker&softPoolSize=2' },
      { url: 'sqlite:x.db?maximumPoolSize=7', maximumPoolSize: 5, softPoolSize: 4, mode: 'inline' },
      { url: 'sqlite:env.db?maximumPoolSize=3', softPoolSize: 1, mode: 'inline' },
      { driver: 'sqlite', path: 'x.db', maximumPoolSize: 20, softPoolSize: 4, mode: 'inline' },
    ])
    delete process.env['WELLHEAD_SPEC_URL']
  })

  test('may be JSON, indented by tabs, with a byte order mark and a schema', async () => {
    const json = JSON.stringify(
      { $schema: './wellhead.schema.json', dataSources: { 'jdbc/x': { url: 'fake://server' } } },
      undefined,
      '\t',
    )
    const { context } = await load(`\uFEFF${json}`, 'wellhead.json')
    expect(context.dataSource('jdbc/x').name).toBe('jdbc/x')
  })

  test('may use anchors', async () => {
    const { context, made } = await load(
      'dataSources:\n  a: &a { url: "fake://a", maximumPoolSize: 2 }\n  b: *a\n',
    )
    context.dataSource('b')
    expect(made[0]!.settings).toEqual({ url: 'fake://a', maximumPoolSize: 2 })
  })
})

describe('values from outside', () => {
  const content = `
dataSources:
  jdbc/x:
    url: { env: WELLHEAD_SPEC_URL, default: 'fake://default' }
    password: { file: secret.txt }
    maximumPoolSize: { env: WELLHEAD_SPEC_SIZE }
    tls: { ca: { file: secret.txt } }
`
  test('are looked up when the data source is made, again after a failure', async () => {
    const { context, made } = await load(content)
    const missing = 'jdbc/x: maximumPoolSize: the environment variable WELLHEAD_SPEC_SIZE is not set'
    rmSync(join(folder, 'secret.txt'), { force: true })
    expect(() => context.dataSource('jdbc/x')).toThrow(
      ":5:23: jdbc/x: password: the file 'secret.txt' does not exist",
    )
    writeFileSync(join(folder, 'secret.txt'), 'geheim\n')
    expect(() => context.dataSource('jdbc/x')).toThrow(`wellhead.yaml:6:29: ${missing}`)
    process.env['WELLHEAD_SPEC_SIZE'] = '7'
    try {
      const source = context.dataSource('jdbc/x')
      expect(made[0]!.settings).toEqual({
        url: 'fake://default',
        password: 'geheim',
        maximumPoolSize: '7',
        tls: { ca: 'geheim' },
      })
      for (const thing of [context, source, context.list('jdbc')]) {
        expect(inspect(thing, { depth: 10, showHidden: true })).not.toContain('geheim')
        expect(JSON.stringify(thing)).not.toContain('geheim')
      }
    } finally {
      delete process.env['WELLHEAD_SPEC_SIZE']
    }
  })

  test('that are no small files are refused', async () => {
    writeFileSync(join(folder, 'large.txt'), 'x'.repeat(70_000))
    const { context } = await load(
      'dataSources:\n  a: { url: fake://a, password: { file: . } }\n  b: { url: fake://b, password: { file: large.txt } }',
    )
    expect(() => context.dataSource('a')).toThrow(":2:41: a: password: the file '.' is not a file")
    expect(() => context.dataSource('b')).toThrow(
      ":3:41: b: password: the file 'large.txt' has 70000 bytes; at most 65536",
    )
  })

  test('an error of the data source itself says where its setting was written', async () => {
    const { context, failures } = await load(
      'dataSources:\n  a:\n    url: fake://a?x=1\n    tls: { ca: { env: X, default: y } }\n',
    )
    const fault = (...path: string[]) => new InvalidSettingError(`a: ${path.join('.')} is wrong`, path)
    failures.push(fault('tls', 'ca'), fault('tls', 'mode'), fault('x'), fault())
    for (const place of [':4:12: a: tls.ca', ':4:5: a: tls.mode', ':3:5: a: x', ':3:5: a: ']) {
      const error = await failure(context.lookup('a'))
      expect(error.message).toContain(place)
      expect(error.cause).toBeInstanceOf(InvalidSettingError)
    }
    expect(context.dataSource('a').unwrap(FakePool).name).toBe('a')
  })
})

describe('a profile', () => {
  const content = `
defaults: { idleTimeout: 1m, maximumPoolSize: 4 }
dataSources:
  jdbc/accounts: { url: sqlite:accounts.db, mode: inline, queryTimeout: 5s }
  jdbc/reports: { url: sqlite:reports.db }
  jdbc/ledger: { link: jdbc/accounts }
profiles:
  production:
    defaults: { maximumPoolSize: ~ }
    dataSources:
      jdbc/accounts: { url: 'postgres://db/accounts', mode: ~, password: { env: WELLHEAD_SPEC_PASSWORD } }
      jdbc/reports: ~
      jdbc/ledger: { url: 'postgres://db/ledger', idleTimeout: ~ }
      jdbc/audit: { link: jdbc/ledger }
`
  const settingsOf = async (name: string, profile?: string): Promise<Record<string, unknown>> => {
    const fixture = new NamingFixture()
    const rulesOfAll = settingsRules(new DriverTable(knownDrivers))
    const configuration = await readConfigurationFile(write(content), rulesOfAll, profile)
    new ConfigurationBinding(fixture.context).bind(configuration)
    fixture.context.dataSource(name)
    return { ...fixture.made[0]!.settings }
  }

  test('changes what the file says, key by key; null takes away', async () => {
    expect(await settingsOf('jdbc/accounts')).toEqual({
      url: 'sqlite:accounts.db',
      mode: 'inline',
      queryTimeout: '5s',
      idleTimeout: '1m',
      maximumPoolSize: 4,
    })
    process.env['WELLHEAD_SPEC_PASSWORD'] = 'geheim'
    const { password, ...others } = await settingsOf('jdbc/accounts', 'production')
    expect(others).toEqual({ url: 'postgres://db/accounts', queryTimeout: '5s', idleTimeout: '1m' })
    process.env['WELLHEAD_SPEC_PASSWORD'] = 'anders'
    expect((password as () => string)()).toBe('anders')
    delete process.env['WELLHEAD_SPEC_PASSWORD']
    expect(password).toThrow(
      ':11:81: jdbc/accounts: password: the environment variable WELLHEAD_SPEC_PASSWORD',
    )
    expect(await settingsOf('jdbc/ledger', 'production')).toEqual({ url: 'postgres://db/ledger' })
    expect(await settingsOf('jdbc/audit', 'production')).toEqual({ url: 'postgres://db/ledger' })
    await expect(settingsOf('jdbc/reports', 'production')).rejects.toThrow("'jdbc/reports' is not bound")
  })

  test('is chosen by WELLHEAD_PROFILE, or the option; the empty text is none', async () => {
    const file = write(content)
    const names = async (profile?: string): Promise<string[]> => {
      await using context = await InitialContext.fromFile(file, { profile })
      return context.list('jdbc').map(({ name }) => name)
    }
    const before = process.env['WELLHEAD_PROFILE']
    try {
      process.env['WELLHEAD_PROFILE'] = 'production'
      expect(await names()).toEqual(['accounts', 'ledger', 'audit'])
      expect(await names('')).toEqual(['accounts', 'reports', 'ledger'])
      process.env['WELLHEAD_PROFILE'] = ''
      expect(await names()).toEqual(['accounts', 'reports', 'ledger'])
      await expect(names('test')).rejects.toThrow("there is no profile 'test'; there are production")
    } finally {
      if (before === undefined) delete process.env['WELLHEAD_PROFILE']
      else process.env['WELLHEAD_PROFILE'] = before
    }
  })
})

describe('a configuration in code', () => {
  const url = 'sqlite::memory:'

  test('is an object, or a module whose default export it is', async () => {
    const configuration = {
      defaults: { mode: 'inline', maximumPoolSize: undefined },
      dataSources: { 'jdbc/x': { url, queryTimeout: { env: 'WELLHEAD_SPEC_NOTHING', default: '5s' } } },
    } satisfies WellheadConfiguration
    const module = { __esModule: true, default: configuration }
    for (const given of [configuration, { default: configuration }, { default: module }]) {
      await using context = InitialContext.fromObject(given as { default: WellheadConfiguration }, {
        profile: '',
      })
      const { rows } = await context.query('jdbc/x', 'SELECT 1 AS one')
      expect(rows).toEqual([{ one: 1 }])
      expect(context.dataSource('jdbc/x').unwrap(PooledDataSource).settings.queryTimeout).toBe(5_000)
    }
  })

  test('may hold what only code can give: a driver, a function', async () => {
    const scripted = new ScriptedDriver()
    const given: unknown[] = []
    const own: Driver = {
      name: 'own',
      urlSchemes: [],
      parseUrl: () => ({}),
      settings: { ...scripted.settings, token: { schema: anything(), meaning: 'Of the user.' } },
      createConnectionPoolDataSource(driverSettings, context) {
        given.push(driverSettings['token'])
        return scripted.createConnectionPoolDataSource(driverSettings, context)
      },
    }
    const token = () => 'geheim'
    await using context = InitialContext.fromObject(
      { dataSources: { x: { driver: own, token } } },
      { profile: '' },
    )
    await context.dataSource('x').withConnection(() => Promise.resolve())
    expect(given).toEqual([token])
  })

  test.each([
    [null, 'configuration: a configuration wants names and values, and has nothing'],
    [
      { dataSources: { 'jdbc/x': { url, max: 5 } } },
      "dataSources['jdbc/x'].max: jdbc/x: 'max' is pg.Pool's name",
    ],
    [
      { dataSources: { x: { url, idleTimeout: new Date() } } },
      'dataSources.x.idleTimeout: x: idleTimeout is an object',
    ],
    [
      { dataSources: { x: new Map() } },
      'dataSources.x: x wants names and values, and has a value of type object',
    ],
    [{ dataSources: { x: { link: 'y' } } }, "dataSources.x.link: the link leads to 'y'"],
    [{ dataSources: { x: null } }, 'dataSources.x: x wants names and values, and has nothing'],
    [JSON.parse('{ "dataSources": { "__proto__": {} } }'), "'__proto__' cannot be a key"],
    [circle(), ': too deep; does the object contain itself?'],
  ])('is told where it is wrong: %#', (given, message) => {
    expect(() => InitialContext.fromObject(given as WellheadConfiguration, { profile: '' })).toThrow(message)
  })
})

function circle(): object {
  const endless: Record<string, unknown> = { url: 'sqlite:x' }
  endless['tls'] = endless
  return { dataSources: { x: endless } }
}
