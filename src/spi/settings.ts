import { nameAfterClass } from '../api/error-name.ts'
import * as v from 'valibot'
import { parseDuration } from '../api/duration.ts'
import { SQLNonTransientException } from '../api/sql-exception.ts'
import { foreignNameHint } from './foreign-names.ts'
import { nearestName } from './nearest-name.ts'

export { nearestName } from './nearest-name.ts'

/**
 * Says which values are allowed, and makes of them what the code uses: any schema that follows Standard Schema 1 and
 * answers at once (Valibot, Zod, ArkType).
 */
export interface SettingSchema<T> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown): SettingOutcome<T> | Promise<SettingOutcome<T>>
    /** What people may write, for editors (Standard JSON Schema). Default: anything. */
    readonly jsonSchema?: { input(options: { readonly target: 'draft-07' }): JsonSchema } | undefined
  }
}

/** JSON Schema, draft 7. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** The value, or what is wanted instead: `milliseconds, or 'off'`. */
export type SettingOutcome<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] }

/**
 * One setting: the source of validation, of its default, of its line in the documentation, and of its place in the
 * JSON Schema.
 */
export interface SettingDefinition<T = unknown> {
  /** Accepts what people write and gives what the code uses (milliseconds, `Infinity`). */
  readonly schema: SettingSchema<T>
  /** As people would write it; without one the setting is `undefined` when absent. */
  readonly default?: unknown
  /** One sentence, with the unit. */
  readonly meaning: string
  /** Never shown: not in errors, lists or events. */
  readonly secret?: boolean
  /**
   * May be a function that gives the value, which the driver calls at every connect. A configuration file's `{ env }`
   * or `{ file }` becomes such a function, so that a rotated secret is read anew. Default: false.
   */
  readonly askedAtConnect?: boolean
}

/** Settings by their names. */
export type SettingsTable = Readonly<Record<string, SettingDefinition>>

/** The validated settings of a table. */
export type SettingsOf<Table extends SettingsTable> = {
  readonly [Name in keyof Table]: Table[Name] extends SettingDefinition<infer T> ? T : never
}

/** A setting is unknown, or its value is not allowed (HY024). */
export class InvalidSettingError extends SQLNonTransientException {
  /** The path of the setting, as written: `['pool', 'maximumPoolSize']`. */
  readonly path: readonly string[]

  constructor(message: string, path: readonly string[]) {
    super(message, { sqlState: 'HY024', reason: 'parameter' })
    this.path = path
  }

  static {
    nameAfterClass(this)
  }
}

/** A length of time. In code: milliseconds, and `Infinity` for `off`, which only some settings allow. */
export function duration(options: { off?: boolean } = {}): SettingSchema<number> {
  const off = options.off === true
  const words = off
    ? `milliseconds, a duration such as '30s', or 'off'`
    : `milliseconds or a duration such as '30s'`
  const jsonSchema = anyOf(
    ...(off ? [{ enum: ['off'] }] : []),
    { type: 'number', minimum: 0 },
    { type: 'string', pattern: String.raw`^(\d+|\d+(\.\d+)? ?(ms|s|m|h|d))$` },
  )
  return checked(jsonSchema, words, (value) => {
    if (off && isWord(value, 'off')) return Infinity
    // In a URL a number is a text.
    return parseDuration(typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value)
  })
}

/** A whole number. In code `Infinity` for `unlimited` (or -1), which only some settings allow. */
export function count(options: { min: number; max?: number; unlimited?: boolean }): SettingSchema<number> {
  const { min, max = Number.MAX_SAFE_INTEGER, unlimited = false } = options
  const range = options.max === undefined ? `from ${min}` : `from ${min} to ${max}`
  // A text has a pattern, which cannot say `at most`: of it editors know less than the check.
  const jsonSchema = anyOf(
    ...(unlimited ? [{ enum: ['unlimited', -1, '-1'] }] : []),
    { type: 'integer', minimum: min, ...(options.max !== undefined && { maximum: max }) },
    { type: 'string', pattern: min === 0 ? String.raw`^\d+$` : String.raw`^0*[1-9]\d*$` },
  )
  return checked(jsonSchema, `a whole number ${range}${unlimited ? `, or 'unlimited'` : ''}`, (value) => {
    const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
    if (unlimited && (number === -1 || number === Infinity || isWord(value, 'unlimited'))) return Infinity
    if (typeof number !== 'number' || !Number.isSafeInteger(number)) return undefined
    return number >= min && number <= max ? number : undefined
  })
}

/** A part of a whole, from 0 to 1. */
export function share(): SettingSchema<number> {
  const jsonSchema = anyOf(
    { type: 'number', minimum: 0, maximum: 1 },
    { type: 'string', pattern: String.raw`^(0?\.\d+|[01](\.0+)?)$` },
  )
  return checked(jsonSchema, 'a number from 0 to 1', (value) => {
    const number = typeof value === 'string' && /^\d*\.?\d+$/.test(value) ? Number(value) : value
    return typeof number === 'number' && number >= 0 && number <= 1 ? number : undefined
  })
}

/** One of some words. */
export function choice<const Word extends string>(...words: Word[]): SettingSchema<Word> {
  const wanted = `one of ${words.map((word) => `'${word}'`).join(', ')}`
  return described({ enum: words }, v.picklist(words, wanted))
}

/** A text that is not empty. */
export function text(): SettingSchema<string> {
  const schema = v.pipe(v.string('a text'), v.nonEmpty('a text that is not empty'))
  return described({ type: 'string', minLength: 1 }, schema)
}

/** Yes or no. In a URL also as the texts `true` and `false`. */
export function flag(): SettingSchema<boolean> {
  return checked({ enum: [true, false, 'true', 'false'] }, 'true or false', (value) => {
    if (value === true || value === 'true') return true
    return value === false || value === 'false' ? false : undefined
  })
}

/** Like a schema, and undefined when the setting is absent. */
export function optional<T>(schema: SettingSchema<T>): SettingSchema<T | undefined> {
  return standard<T | undefined>(jsonSchemaOf(schema), (value) =>
    value === undefined ? { value } : schema['~standard'].validate(value),
  )
}

/** A word, or what another schema allows. */
export function wordOr<const Word extends string, T>(
  word: Word,
  other: SettingSchema<T>,
): SettingSchema<Word | T> {
  return standard<Word | T>(anyOf({ enum: [word] }, jsonSchemaOf(other)), (value) => {
    if (isWord(value, word)) return { value: word }
    const outcome = atOnce(other['~standard'].validate(value))
    if (outcome.issues === undefined) return outcome
    return { issues: outcome.issues.map(({ message }) => ({ message: `'${word}' or ${message}` })) }
  })
}

/** Any value: for a setting that cannot be checked yet. */
export function anything(): SettingSchema<unknown> {
  return v.unknown()
}

/** A function: no configuration file and no url can hold one. */
export function onlyInCode<T extends (...parameters: never[]) => unknown>(): SettingSchema<T> {
  const wanted = 'a function, which only code can give: no configuration file and no url'
  return checked({ not: {} }, wanted, (value) => (typeof value === 'function' ? (value as T) : undefined))
}

/** One text or several, as a list. */
export function texts(): SettingSchema<readonly string[]> {
  const one = { type: 'string' }
  return described(
    anyOf(one, { type: 'array', items: one }),
    v.pipe(
      v.union([v.string(), v.array(v.string())], 'a text, or a list of texts'),
      v.transform((value) => (typeof value === 'string' ? [value] : value)),
    ),
  )
}

/** A schema of any maker, and what editors are to know of it. */
export function described<T>(jsonSchema: JsonSchema, schema: SettingSchema<T>): SettingSchema<T> {
  return standard(jsonSchema, (value) => schema['~standard'].validate(value))
}

/** What editors may know of a schema; `{}` allows anything. */
export function jsonSchemaOf(schema: SettingSchema<unknown>): JsonSchema {
  return schema['~standard'].jsonSchema?.input({ target: 'draft-07' }) ?? {}
}

/**
 * Checks settings against a table and completes them with the defaults. The first fault is thrown.
 *
 * @param where Which data source they belong to, for the message.
 * @throws InvalidSettingError for an unknown name (the nearest known one is suggested) or a value not allowed.
 */
export function validateSettings<Table extends SettingsTable>(
  table: Table,
  input: Readonly<Record<string, unknown>>,
  where: string,
): SettingsOf<Table> {
  for (const name of Object.keys(input)) {
    if (!Object.hasOwn(table, name)) {
      throw new InvalidSettingError(`${where}: ${unknownSetting(name, table)}`, [name])
    }
  }
  const settings: Record<string, unknown> = {}
  for (const [name, definition] of Object.entries(table)) {
    const written = Object.hasOwn(input, name) ? input[name] : undefined
    const value = written === undefined ? definition.default : written
    const outcome = atOnce(definition.schema['~standard'].validate(value))
    if (outcome.issues === undefined) {
      settings[name] = outcome.value
      continue
    }
    const shown = definition.secret === true ? 'not allowed' : show(written)
    throw new InvalidSettingError(
      `${where}: ${name} is ${shown}; it wants ${outcome.issues[0]?.message ?? 'another value'}`,
      [name],
    )
  }
  return Object.freeze(settings) as SettingsOf<Table>
}

function unknownSetting(name: string, table: SettingsTable): string {
  const foreign = foreignNameHint(name, (setting) => Object.hasOwn(table, setting))
  if (foreign !== undefined) return foreign
  const nearest = nearestName(name, Object.keys(table))
  return `there is no setting ${show(name)}${nearest === undefined ? '' : `; did you mean '${nearest}'?`}`
}

/** @param check The value for the code, or undefined when it is not allowed. */
function checked<T>(
  jsonSchema: JsonSchema,
  wanted: string,
  check: (value: unknown) => T | undefined,
): SettingSchema<T> {
  return standard(jsonSchema, (written) => {
    const value = check(written)
    return value === undefined ? { issues: [{ message: wanted }] } : { value }
  })
}

function standard<T>(
  jsonSchema: JsonSchema,
  validate: SettingSchema<T>['~standard']['validate'],
): SettingSchema<T> {
  const props = { version: 1, vendor: 'wellhead', validate, jsonSchema: { input: () => jsonSchema } } as const
  return { '~standard': props }
}

function anyOf(...schemas: readonly JsonSchema[]): JsonSchema {
  return { anyOf: schemas }
}

function atOnce<T>(outcome: SettingOutcome<T> | Promise<SettingOutcome<T>>): SettingOutcome<T> {
  if (outcome instanceof Promise) throw new TypeError('The schema of a setting has to answer at once')
  return outcome
}

function isWord(value: unknown, word: string): boolean {
  return typeof value === 'string' && value.toLowerCase() === word
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`
  if (value === null || value === undefined || typeof value !== 'object') return String(value)
  return Array.isArray(value) ? 'a list' : 'an object'
}
