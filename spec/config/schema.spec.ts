// The published JSON Schema says what the tables say: it is made from them, and both judge values alike.
import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'
import { describe, expect, it, test } from 'vitest'
import { parse } from 'yaml'
import { configurationSchemaText, schemaFile } from '../../scripts/configuration-schema.ts'
import { knownDrivers } from '../../src/drivers.ts'
import { poolSettings } from '../../src/pool/settings.ts'
import { count, jsonSchemaOf, validateSettings, type SettingsTable } from '../../src/spi/settings.ts'

const written = readFileSync(schemaFile, 'utf8')
const schema = JSON.parse(written)
const ajv = new Ajv({ strictSchema: true, allErrors: true, allowUnionTypes: true })
const validate: ValidateFunction = ajv.compile(schema)

/** The faults that an editor would mark, by their places. */
function faults(yaml: string): string[] {
  validate(parse(yaml))
  return (validate.errors ?? []).map(({ instancePath, params, message }) =>
    `${instancePath} ${(params as { additionalProperty?: string }).additionalProperty ?? message}`.trim(),
  )
}

it('schema/wellhead.schema.json is what the tables say: npm run schema', async () => {
  expect(written).toBe(await configurationSchemaText())
})

describe('an editor', () => {
  test.each([
    ['the smallest', 'dataSources: {}'],
    [
      'values from outside, also within a value',
      `dataSources:
  a:
    url: { env: A_URL, default: 'postgres://db/a' }
    maximumPoolSize: { env: A_SIZE, default: 5 }
    password: { file: /run/secrets/a }
    tls: { mode: verify-full, ca: { file: ca.pem } }
    connectionInitSql: ['SELECT 1', { env: A_SQL }]`,
    ],
    [
      'links, defaults and profiles',
      `$schema: x
defaults: { idleTimeout: 5m }
dataSources:
  a: { url: 'sqlite:a.db', mode: inline }
  b: { link: a }
profiles:
  production:
    defaults: { idleTimeout: ~ }
    dataSources:
      a: { url: 'postgres://db/a', mode: ~ }
      b: ~
      c: { link: a }`,
    ],
    ['only profiles', 'profiles: { p: { dataSources: { a: { url: "sqlite:a" } } } }'],
    ['a driver of the application', 'dataSources: { a: { driver: duckdb, threads: 4 } }'],
    ['a url of a driver of the application', 'dataSources: { a: { url: "duckdb:x", threads: 4 } }'],
  ])('accepts %s', (_title, yaml) => {
    expect(faults(yaml)).toEqual([])
  })

  test.each([
    ['an unknown section', 'datasources: {}\ndataSources: {}', ' datasources'],
    [
      'a misspelt setting',
      'dataSources: { a: { url: "sqlite:a", maxPoolSize: 1 } }',
      '/dataSources/a maxPoolSize',
    ],
    [
      'a setting of another driver',
      'dataSources: { a: { url: "sqlite:a", password: x } }',
      '/dataSources/a password',
    ],
    ['the same, by name', 'dataSources: { a: { driver: pg, mode: inline } }', '/dataSources/a mode'],
    [
      'a misspelt setting of whatever',
      'dataSources: { a: { url: { env: X }, pasword: x } }',
      '/dataSources/a pasword',
    ],
    ['a misspelt default', 'dataSources: {}\ndefaults: { idleTimout: 1 }', '/defaults idleTimout'],
    [
      'a misspelt setting of a profile',
      'profiles: { p: { dataSources: { a: { idleTimout: 1 } } } }',
      '/profiles/p/dataSources/a idleTimout',
    ],
    ['a link with more', 'dataSources: { a: { link: b, url: x } }', '/dataSources/a url'],
    [
      'a misspelt source',
      'dataSources: { a: { url: { env: X, defualt: y } } }',
      '/dataSources/a/url defualt',
    ],
  ])('marks %s', (_title, yaml, fault) => {
    expect(faults(yaml).map((found) => found.trim())).toContain(fault.trim())
  })
})

const numbers = [-2, -1, 0, 1, 1.5, 8, 256, 65_535, 70_000, 1e15]
const texts =
  ` 0 1 7 -1 1.5 30s 1.5~m 3~weeks 250ms s off unlimited auto none true false maybe pool worker wal full
  bigint always require verify-full date number
  fifo warn validate exclusive`.split(/\s+/)
const others = [true, false, null, [], ['a', 'b'], [1], {}, { a: 'b' }, { a: 1 }, { mode: 'x' }, { ca: 'x' }]
const values: readonly unknown[] = [...numbers, ...texts.map((text) => text.replace('~', ' ')), ...others]

const tables: readonly (readonly [string, SettingsTable])[] = [
  ['pool', poolSettings],
  ...knownDrivers.map(({ name, settings }) => [name, settings] as const),
]

test('where the schema is not exact it marks too little, or wants words in small letters', () => {
  const judge = ajv.compile(jsonSchemaOf(count({ min: 1, max: 10, unlimited: true })))
  const check = (value: unknown) => () =>
    validateSettings(
      { x: { schema: count({ min: 1, max: 10, unlimited: true }), meaning: '' } },
      { x: value },
      '',
    )
  expect(judge('11')).toBe(true)
  expect(check('11')).toThrow('from 1 to 10')
  expect(judge('Unlimited')).toBe(false)
  expect(check('Unlimited')().x).toBe(Infinity)
})

describe.each(tables)('the settings of %s', (room, table) => {
  test.each(Object.keys(table))('%s: the schema and the check agree about every value', (name) => {
    const definition = table[name]!
    expect(jsonSchemaOf(definition.schema), 'it says nothing').not.toEqual({})
    const judge = ajv.compile({ $ref: `#/definitions/${room}.${name}`, definitions: schema.definitions })
    const accepted = (value: unknown): boolean => {
      try {
        validateSettings({ [name]: definition }, { [name]: value }, 'it')
        return true
      } catch {
        return false
      }
    }
    const wrong = values.filter((value) => judge(value) !== accepted(value))
    expect(wrong).toEqual([])
    // What only code can give is refused in a file, whatever it is.
    const inFiles = name !== 'exceptionOverride'
    expect(values.some(accepted), 'no value is allowed').toBe(inFiles)
  })
})
