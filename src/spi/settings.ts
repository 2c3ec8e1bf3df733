import * as v from 'valibot'
import { parseDuration } from '../api/duration.ts'
import { SQLNonTransientException } from '../api/sql-exception.ts'

/**
 * One setting: the source of validation, of its default, of its line in the documentation, and of its place in the
 * JSON Schema.
 */
export interface SettingDefinition<T = unknown> {
  /** Accepts what people write and gives what the code uses (milliseconds, `Infinity`). */
  readonly schema: v.GenericSchema<unknown, T>
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
    Object.defineProperty(this.prototype, 'name', { value: 'InvalidSettingError', configurable: true })
  }
}

/** A length of time. In code: milliseconds, and `Infinity` for `off`, which only some settings allow. */
export function duration(options: { off?: boolean } = {}): v.GenericSchema<unknown, number> {
  const words =
    options.off === true
      ? `milliseconds, a duration such as '30s', or 'off'`
      : `milliseconds or a duration such as '30s'`
  return v.pipe(
    v.unknown(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      if (options.off === true && isWord(dataset.value, 'off')) return Infinity
      const milliseconds = parseDuration(dataset.value)
      if (milliseconds !== undefined) return milliseconds
      addIssue({ message: words })
      return NEVER
    }),
  )
}

/** A whole number. In code `Infinity` for `unlimited` (or -1), which only some settings allow. */
export function count(options: { min: number; unlimited?: boolean }): v.GenericSchema<unknown, number> {
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
export function choice<const Word extends string>(...words: Word[]): v.GenericSchema<unknown, Word> {
  return v.picklist(words, `one of ${words.map((word) => `'${word}'`).join(', ')}`)
}

/** A text that is not empty. */
export function text(): v.GenericSchema<unknown, string> {
  return v.pipe(v.string('a text'), v.nonEmpty('a text that is not empty'))
}

/** Yes or no. In a URL also as the texts `true` and `false`. */
export function flag(): v.GenericSchema<unknown, boolean> {
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
export function optional<T>(schema: v.GenericSchema<unknown, T>): v.GenericSchema<unknown, T | undefined> {
  return v.optional(schema)
}

/** One text or several, as a list. */
export function texts(): v.GenericSchema<unknown, readonly string[]> {
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
    const outcome = v.safeParse(definition.schema, written === undefined ? definition.default : written)
    if (outcome.success) {
      settings[name] = outcome.output
      continue
    }
    const shown = definition.secret === true ? 'not allowed' : show(written)
    throw new InvalidSettingError(`${where}: ${name} is ${shown}; it wants ${outcome.issues[0].message}`, [
      name,
    ])
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

function isWord(value: unknown, word: string): boolean {
  return typeof value === 'string' && value.toLowerCase() === word
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`
  if (value === null || value === undefined || typeof value !== 'object') return String(value)
  return Array.isArray(value) ? 'a list' : 'an object'
}
