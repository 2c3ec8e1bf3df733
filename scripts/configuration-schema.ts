// The JSON Schema of configuration files: `npm run schema` writes schema/wellhead.schema.json from the tables that
// validate the settings. Draft 7: what editors know.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { knownDrivers } from '../src/drivers.ts'
import { poolSettings } from '../src/pool/settings.ts'
import { jsonSchemaOf, type JsonSchema, type SettingDefinition } from '../src/spi/settings.ts'

type Properties = Record<string, JsonSchema>

export const schemaFile = join(import.meta.dirname, '../schema/wellhead.schema.json')

/** The text of schema/wellhead.schema.json. */
export async function configurationSchemaText(): Promise<string> {
  const options = await resolveConfig(schemaFile)
  return await format(JSON.stringify(configurationSchema()), { ...options, parser: 'json' })
}

function configurationSchema(): JsonSchema {
  const settings = [
    ['pool', poolSettings] as const,
    ...knownDrivers.map(({ name, settings: own }) => [name, own] as const),
  ]
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of Wellhead',
    type: 'object',
    properties: {
      $schema: { type: 'string', description: 'Where this schema is, for editors.' },
      defaults: ref('defaults'),
      dataSources: {
        description: "The data sources by their names: 'jdbc/accounts'.",
        type: 'object',
        additionalProperties: ref('dataSource'),
      },
      profiles: {
        description: 'What differs in each profile, by its name. WELLHEAD_PROFILE chooses one.',
        type: 'object',
        additionalProperties: ref('profile'),
      },
    },
    additionalProperties: false,
    anyOf: [{ required: ['dataSources'] }, { required: ['profiles'] }],
    definitions: {
      environment: {
        description: 'The value of an environment variable.',
        type: 'object',
        properties: {
          env: { type: 'string', minLength: 1, description: 'The name of the variable.' },
          default: { type: ['string', 'number', 'boolean'], description: 'Used when it is not set.' },
        },
        required: ['env'],
        additionalProperties: false,
      },
      file: {
        description: 'The text of a file, without the newline at its end.',
        type: 'object',
        properties: {
          file: { type: 'string', minLength: 1, description: 'Its path from the folder of this file.' },
        },
        required: ['file'],
        additionalProperties: false,
      },
      defaults: {
        description: 'Settings of every data source, unless it says otherwise.',
        ...closed(allProperties()),
      },
      link: {
        type: 'object',
        properties: { link },
        additionalProperties: false,
      },
      dataSource: {
        type: 'object',
        ...when({ required: ['link'] }, ref('link'), dataSource()),
      },
      ...Object.fromEntries(
        settings.flatMap(([room, table]) =>
          Object.entries(table).map(([name, definition]) => [`${room}.${name}`, property(definition)]),
        ),
      ),
      profile: {
        type: 'object',
        properties: {
          defaults: closed(nullable(allProperties())),
          dataSources: {
            type: 'object',
            additionalProperties: {
              description: 'What differs; null takes the data source, or a setting, away.',
              anyOf: [{ type: 'null' }, closed({ link, ...nullable(allProperties()) })],
            },
          },
        },
        additionalProperties: false,
      },
    },
  }
}

const link: JsonSchema = {
  type: 'string',
  minLength: 1,
  description: 'Another name in this file, which this one leads to.',
}

const common: Properties = {
  url: {
    description: 'Chooses the driver, and may carry settings as query keys.',
    anyOf: [{ type: 'string', minLength: 1 }, ref('environment'), ref('file')],
  },
  driver: {
    description: 'The name of the driver. Default: the one that takes the url.',
    anyOf: [
      { enum: knownDrivers.map(({ name }) => name) },
      { type: 'string', minLength: 1 },
      ref('environment'),
      ref('file'),
    ],
  },
}

/** The settings of a driver belong to where it is chosen; those of a registered driver are not known here. */
function dataSource(): JsonSchema {
  const pool = properties('pool', poolSettings)
  const chosen = knownDrivers.map(({ name, urlSchemes, settings }) => {
    const byUrl = {
      required: ['url'],
      not: { required: ['driver'] },
      properties: { url: { type: 'string', pattern: `^(${urlSchemes.join('|')}):` } },
    }
    const byName = { required: ['driver'], properties: { driver: { const: name } } }
    return when({ anyOf: [byName, byUrl] }, closed({ ...common, ...properties(name, settings), ...pool }))
  })
  const known = [{ required: ['driver'] }, { required: ['url'], properties: { url: { type: 'string' } } }]
  const open = when({ not: { anyOf: known } }, closed(allProperties()))
  return { properties: { ...common, ...pool }, allOf: [...chosen, open] }
}

/** All names that some driver knows; where drivers differ about one, what any of them takes. */
function allProperties(): Properties {
  const all: Properties = { ...common }
  const own = knownDrivers.flatMap(({ name, settings }) => Object.entries(properties(name, settings)))
  for (const [name, schema] of own) {
    const other = all[name]
    all[name] = other === undefined ? schema : { anyOf: [other, schema] }
  }
  return { ...all, ...properties('pool', poolSettings) }
}

function properties(room: string, settings: Readonly<Record<string, SettingDefinition>>): Properties {
  return Object.fromEntries(Object.keys(settings).map((name) => [name, ref(`${room}.${name}`)]))
}

function property({ schema, meaning, default: value, askedAtConnect }: SettingDefinition): JsonSchema {
  const again = askedAtConnect === true ? ' From a variable or a file it is read anew at every connect.' : ''
  return {
    description: `${meaning}${again}`,
    ...(['string', 'number', 'boolean'].includes(typeof value) && { default: value }),
    ...orFromOutside(jsonSchemaOf(schema)),
  }
}

/** Any value, and any part of one, may come from the environment or a file; what only code can give may not. */
function orFromOutside(schema: JsonSchema): JsonSchema {
  if ('not' in schema) return schema
  const alternatives = (schema['anyOf'] as readonly JsonSchema[] | undefined) ?? [schema]
  return { anyOf: [...alternatives.map(withParts), ref('environment'), ref('file')] }
}

function withParts(schema: JsonSchema): JsonSchema {
  const { properties: parts, additionalProperties: others, items } = schema
  return {
    ...schema,
    ...(isSchema(parts) && {
      properties: Object.fromEntries(
        Object.entries(parts).map(([name, part]) => [name, orFromOutside(part as JsonSchema)]),
      ),
    }),
    ...(isSchema(others) && { additionalProperties: orFromOutside(others) }),
    ...(isSchema(items) && { items: orFromOutside(items) }),
  }
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null
}

function nullable(all: Properties): Properties {
  return Object.fromEntries(
    Object.entries(all).map(([name, schema]) => [name, { anyOf: [schema, { type: 'null' }] }]),
  )
}

function when(condition: JsonSchema, then: JsonSchema, otherwise?: JsonSchema): JsonSchema {
  // oxlint-disable-next-line unicorn/no-thenable -- a word of JSON Schema
  return { if: condition, then, ...(otherwise !== undefined && { else: otherwise }) }
}

function closed(all: Properties): JsonSchema {
  return { type: 'object', properties: all, additionalProperties: false }
}

function ref(name: string): JsonSchema {
  return { $ref: `#/definitions/${name}` }
}

if (import.meta.main) {
  mkdirSync(join(schemaFile, '..'), { recursive: true })
  writeFileSync(schemaFile, await configurationSchemaText())
}
