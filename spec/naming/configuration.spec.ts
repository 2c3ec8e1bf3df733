import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bindConfiguration } from '../../src/naming/configuration.ts'
import { readConfigurationFile } from '../../src/naming/configuration-file.ts'
import { ConfigurationException } from '../../src/naming/naming-exception.ts'
import { settingsCheck } from '../../src/naming/settings-check.ts'
import { DriverTable, type LoadableDriver } from '../../src/source/driver-table.ts'
import { InvalidSettingError, optional, text, type SettingsTable } from '../../src/spi/settings.ts'
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
const check = settingsCheck(new DriverTable([driver]))

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
  bindConfiguration(fixture.context, await readConfigurationFile(write(content, name), check))
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

const password = 'geheim'
const wrong: [title: string, text: string, message: string][] = [
  ['nothing', '', '1:1: a configuration wants names and values, and has nothing'],
  ['only comments', '# soon\n', ':1:1: a configuration wants names and values, and has nothing'],
  ['a text', 'hello', ':1:1: a configuration wants names and values, and has a text'],
  ['a list', '- a', ':1:1: a configuration wants names and values, and has a list'],
  ['no data sources', 'defaults: {}', ":1:1: a configuration wants 'dataSources:'"],
  [
    'a misspelt section',
    'datasources: {}',
    ":1:1: a configuration has no 'datasources'; did you mean 'dataSources'?",
  ],
  [
    'an unknown section',
    'xyz: {}',
    ":1:1: a configuration has no 'xyz'; it may have dataSources, defaults, $schema",
  ],
  [
    'data sources without value',
    'dataSources:\n',
    ':1:13: dataSources wants names and values, and has nothing',
  ],
  [
    'data sources as a list',
    'dataSources:\n  - a',
    ':2:3: dataSources wants names and values, and has a list',
  ],
  [
    'a text as data source',
    `dataSources:\n  a: ${password}`,
    ':2:6: a wants names and values, and has a text',
  ],
  [
    'defaults as a list',
    'defaults: [1]\ndataSources: {}',
    ':1:11: defaults wants names and values, and has a list',
  ],
  [
    'a misspelt setting',
    'dataSources:\n  a:\n    url: fake://a\n    maximumPolSize: 5',
    ":4:5: a: there is no setting 'maximumPolSize'; did you mean 'maximumPoolSize'?",
  ],
  [
    'a misspelt setting beside values from outside',
    'dataSources:\n  a:\n    url: { env: X }\n    pasword: { env: Y }',
    ":4:5: a: there is no setting 'pasword'; did you mean 'password'?",
  ],
  [
    'a misspelt default',
    'defaults:\n  idleTimout: 5s\ndataSources:\n  a: { url: fake://a }',
    ":2:3: a: there is no setting 'idleTimout'; did you mean 'idleTimeout'?",
  ],
  [
    'a value that is not allowed',
    'dataSources:\n  a:\n    url: fake://a\n    maximumPoolSize: many',
    ':4:5: a: maximumPoolSize ',
  ],
  [
    'a value that is not allowed, beside values from outside',
    'dataSources:\n  a:\n    url: { env: X }\n    maximumPoolSize: many',
    ':4:5: a: maximumPoolSize ',
  ],
  ['a number as password', 'dataSources:\n  a: { url: fake://a, password: 12345678 }', ':2:23: a: password '],
  ['no url', 'dataSources:\n  a:\n    maximumPoolSize: 5', ':2:3: a: neither url nor driver is given'],
  [
    'no url beside values from outside',
    'dataSources:\n  a:\n    password: { env: X }',
    ':2:3: a: neither url nor driver is given',
  ],
  [
    'an unknown driver',
    'dataSources:\n  a:\n    driver: fke',
    ":3:5: a: there is no driver 'fke'; did you mean 'fake'?",
  ],
  [
    'an unknown scheme',
    'dataSources:\n  a:\n    url: other:x',
    ":3:5: a: no driver takes a url that begins with 'other:'",
  ],
  ['a setting without value', 'dataSources:\n  a:\n    url:\n', ':3:9: a: url has no value'],
  [
    'a setting of a setting without value',
    'dataSources:\n  a:\n    url: fake://a\n    tls:\n      ca: ~',
    ':5:11: a: tls.ca has no value',
  ],
  [
    'env without a name',
    'dataSources:\n  a: { url: { env: } }',
    ':2:20: a: url: env wants a text, and has nothing',
  ],
  [
    'env with something else',
    'dataSources:\n  a: { url: { env: X, defualt: y } }',
    ":2:23: a: url has no 'defualt'; did you mean 'default'?",
  ],
  [
    'env with a strange default',
    'dataSources:\n  a: { url: { env: X, default: [1] } }',
    ':2:32: a: url: default wants a text, and has a list',
  ],
  [
    'file with something else',
    'dataSources:\n  a: { url: { file: X, default: y } }',
    ":2:24: a: url has no 'default'; it may have file",
  ],
  [
    'file as a number',
    'dataSources:\n  a: { url: { file: 5 } }',
    ':2:21: a: url: file wants a text, and has a number',
  ],
  [
    'file as an empty text',
    "dataSources:\n  a: { url: { file: '' } }",
    ':2:21: a: url: file wants a text, and has an empty one',
  ],
  [
    'a link with settings',
    'dataSources:\n  a: { link: b, url: x }',
    ":2:17: a, being a link, has no 'url'; it may have link",
  ],
  [
    'a link to nothing',
    'dataSources:\n  jdbc/a: { url: fake://a }\n  b: { link: jdbc/aa }',
    ":3:14: the link leads to 'jdbc/aa', which is not in this file; did you mean 'jdbc/a'?",
  ],
  [
    'links in a circle',
    'dataSources:\n  a: { link: b }\n  b: { link: a }',
    ":2:14: the link leads in a circle over 'b'",
  ],
  [
    'a name that is no name',
    `dataSources:\n  "'a": { url: fake://a }`,
    ":2:3: ''a' is not a name: a quote is not closed",
  ],
  ['an empty name', "dataSources:\n  '': { url: fake://a }", ':2:3: The empty name is the context itself'],
  ['an empty component', 'dataSources:\n  a//b: { url: fake://a }', ":2:3: 'a//b' has an empty component"],
  [
    'a foreign name',
    'dataSources:\n  java:global/a: { url: fake://a }',
    ":2:3: 'java:global/a' is not a name: of those that begin with 'java:'",
  ],
  ['10,000 components', `dataSources:\n  ? ${'a/'.repeat(9_999)}a\n  : { url: fake://a }`, ':2:5: '],
  [
    'a name twice, spelt differently',
    'dataSources:\n  jdbc/a: { url: fake://a }\n  java:comp/env/jdbc/a: { url: fake://a }',
    ":3:3: 'jdbc/a' is already bound",
  ],
  [
    'a name within a name',
    'dataSources:\n  jdbc: { url: fake://a }\n  jdbc/a: { url: fake://a }',
    ":3:3: 'jdbc' is not a context, so there is no 'a' in it",
  ],
  [
    '__proto__ as a name',
    'dataSources:\n  __proto__: { url: fake://a }',
    ":2:3: '__proto__' cannot be a key or a name",
  ],
  [
    '__proto__ as a setting',
    'dataSources:\n  a:\n    __proto__: { url: fake://a }',
    ":3:5: '__proto__' cannot be a key or a name",
  ],
  [
    'constructor as a setting',
    'dataSources:\n  a: { url: fake://a, constructor: 5 }',
    ":2:23: a: there is no setting 'constructor'",
  ],
  [
    'a key twice',
    'dataSources:\n  a: { url: fake://a }\n  a: { url: fake://b }',
    ":3:3: 'a' is there twice; the first is in line 2",
  ],
  ['a number as a key', 'dataSources:\n  5: { url: fake://a }', ':2:3: a key has to be a text'],
  ['a list as a key', 'dataSources:\n  ? [a]\n  : { url: fake://a }', ':2:5: a key has to be a text'],
  [
    'a number without end',
    'dataSources:\n  a: { url: fake://a, maximumPoolSize: .inf }',
    ':2:40: a value is neither a text nor a number',
  ],
  ['a tab', 'dataSources:\n\ta: 1', ':2:1: a tab cannot indent in YAML; use spaces'],
  ['a second document', 'dataSources: {}\n---\ndataSources: {}', ':2:1: a second document begins'],
  ['a quote not closed', `dataSources:\n  a: { url: "${password}`, ': Missing closing "quote'],
  [
    'a colon in a text',
    `dataSources:\n  a:\n    url: ${password}: x`,
    ':3:10: a colon and a space within a text',
  ],
  [
    'a reserved character',
    `dataSources:\n  a:\n    password: @${password}`,
    ':3:15: a text begins with a character that YAML reserves',
  ],
  ['a tag', `dataSources:\n  a:\n    password: !${password}`, ':3:15: a tag (after !) means nothing here'],
  [
    'a known tag',
    `dataSources:\n  a:\n    password: !!binary ${password}`,
    ':3:15: a tag (after !) means nothing here',
  ],
  [
    'an alias without anchor',
    `dataSources:\n  a:\n    password: *${password}`,
    ':3:15: an alias (after *) has no anchor',
  ],
  [
    'an anchor without value',
    `dataSources:\n  a:\n    password: &${password}\n`,
    ': a: password has no value',
  ],
  [
    'an escape that is none',
    `dataSources:\n  a:\n    password: "\\${password}"`,
    ': a backslash between double quotes',
  ],
  ['a directive', `%${password}\n---\ndataSources: {}`, ':1:1: this is not YAML'],
  ['a brace too many', `dataSources:\n  a: }${password}`, ':2:6: this is not YAML'],
  ['a block header', `dataSources:\n  a: |${password}\n    x`, ': this is not YAML'],
  ['text after a quote', `dataSources:\n  a: "x" ${password}`, ':2:10: this is not YAML'],
  ['brackets without end', '['.repeat(1_000_000), ':1:50: the text is nested too deeply'],
  ['marks without end', '- '.repeat(500_000), ':1:'],
  [
    'indentation without end',
    Array.from({ length: 1_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
    ':51:',
  ],
  ['an alias of what contains it', 'dataSources: &a\n  a: *a', ': too many values, or too deep'],
  [
    'aliases that multiply (billion laughs)',
    `a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array.from({ length: 10 }, () => `*a${n}`).join(',')}]`).join('\n')}`,
    ': too many values, or too deep',
  ],
  [
    '60,000 keys',
    Array.from({ length: 60_000 }, (_, n) => `k${n}: 1`).join('\n'),
    ":1:1: a configuration has no 'k0'",
  ],
]

describe('a file that is wrong', () => {
  test.each(wrong)('%s', async (_title, content, message) => {
    const error = await failure(load(content))
    expect(error.message).toContain(message)
    expect(error.message).toMatch(/wellhead\.yaml:\d+:\d+: /)
    expect(error.message.length).toBeLessThan(400)
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(password)
  })

  test('JSON that is wrong has a place too', async () => {
    const error = await failure(
      load(
        '{\n  "dataSources": {\n    "a": { "url": "fake://a", "maximumPolSize": 5 }\n  }\n}',
        'wellhead.json',
      ),
    )
    expect(error.message).toContain("wellhead.json:3:31: a: there is no setting 'maximumPolSize'")
    expect(error.place).toEqual({ file: join(folder, 'wellhead.json'), line: 3, column: 31 })
  })

  test('50 MB are not read', async () => {
    const error = await failure(load(new Uint8Array(50_000_000), 'large.yaml'))
    expect(error.message).toContain("large.yaml' has 50000000 bytes; at most 1048576")
  })

  test('not UTF-8, a folder, not there', async () => {
    expect((await failure(load(Uint8Array.of(0x61, 0xff)))).message).toContain('is not UTF-8 text')
    expect((await failure(readConfigurationFile(folder, check))).message).toContain('is not a file')
    const nowhere = join(folder, 'nowhere.yaml')
    expect((await failure(readConfigurationFile(nowhere, check))).message).toContain('does not exist')
  })
})
