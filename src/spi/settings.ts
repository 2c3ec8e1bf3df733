import { nameAfterClass } from '../api/error-name.ts'
import * as v from 'valibot'
import { parseDuration } from '../api/duration.ts'
import { SQLNonTransientException } from '../api/sql-exception.ts'

/**
 * Says which values are allowed, and makes of them what the code uses: any schema that follows Standard Schema 1 and
 * answers at once (Valibot, Zod, ArkType).
 */
export interface SettingSchema<T> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown): SettingOutcome<T> | Promise<SettingOutcome<T>>
  }
}

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
  const words =
    options.off === true
      ? `milliseconds, a duration such as '30s', or 'off'`
      : `milliseconds or a duration such as '30s'`
  return v.pipe(
    v.unknown(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      if (options.off === true && isWord(dataset.value, 'off')) return Infinity
      // In a URL a number is a text.
      const { value } = dataset
      const milliseconds = parseDuration(
        typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value,
      )
      if (milliseconds !== undefined) return milliseconds
      addIssue({ message: words })
      return NEVER
    }),
  )
}

/** A whole number. In code `Infinity` for `unlimited` (or -1), which only some settings allow. */
export function count(options: { min: number; unlimited?: boolean }): SettingSchema<number> {
  const words = `a whole number from ${options.min}${options.unlimited === true ? `, or 'unlimited'` : ''}`
  return v.pipe(
    v.unknown(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const value =
        typeof dataset.value === 'string' && /^-?\d+$/.test(dataset.value)
          ? Number(dataset.value)
          : dataset.value
      if (options.unlimited === true && (value === -1 || value === Infinity || isWord(value, 'unlimited')))
        return Infinity
      if (Number.isSafeInteger(value) && (value as number) >= options.min) return value as number
      addIssue({ message: words })
      return NEVER
    }),
  )
}

/** One of some words. */
export function choice<const Word extends string>(...words: Word[]): SettingSchema<Word> {
  return v.picklist(words, `one of ${words.map((word) => `'${word}'`).join(', ')}`)
}

/** A text that is not empty. */
export function text(): SettingSchema<string> {
  return v.pipe(v.string('a text'), v.nonEmpty('a text that is not empty'))
}

/** Yes or no. In a URL also as the texts `true` and `false`. */
export function flag(): SettingSchema<boolean> {
  return v.pipe(
    v.unknown(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      if (dataset.value === true || dataset.value === 'true') return true
      if (dataset.value === false || dataset.value === 'false') return false
      addIssue({ message: 'true or false' })
      return NEVER
    }),
  )
}

/** Like a schema, and undefined when the setting is absent. */
export function optional<T>(schema: SettingSchema<T>): SettingSchema<T | undefined> {
  return {
    '~standard': {
      version: 1,
      vendor: 'wellhead',
      validate: (value) => (value === undefined ? { value } : schema['~standard'].validate(value)),
    },
  }
}

/** A word, or what another schema allows. */
export function wordOr<const Word extends string, T>(
  word: Word,
  other: SettingSchema<T>,
): SettingSchema<Word | T> {
  return {
    '~standard': {
      version: 1,
      vendor: 'wellhead',
      validate(value) {
        if (isWord(value, word)) return { value: word }
        const outcome = atOnce(other['~standard'].validate(value))
        if (outcome.issues === undefined) return outcome
        return { issues: outcome.issues.map(({ message }) => ({ message: `'${word}' or ${message}` })) }
      },
    },
  }
}

/** Any value: for a setting that cannot be checked yet. */
export function anything(): SettingSchema<unknown> {
  return v.unknown()
}

/** One text or several, as a list. */
export function texts(): SettingSchema<readonly string[]> {
  return v.pipe(
    v.union([v.string(), v.array(v.string())], 'a text, or a list of texts'),
    v.transform((value) => (typeof value === 'string' ? [value] : value)),
  )
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
      const nearest = nearestName(name, Object.keys(table))
      throw new InvalidSettingError(
        `${where}: there is no setting '${name}'${nearest === undefined ? '' : `; did you mean '${nearest}'?`}`,
        [name],
      )
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

/** The known name that a misspelt one is closest to, if any is close. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase(), bestDistance)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(replace, previous[j]! + 1, current[j - 1]! + 1))
    }
    previous = current
  }
  return previous[b.length]!
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
