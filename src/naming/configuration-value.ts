import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ConfigurationMap, ConfigurationNode } from './configuration-node.ts'
import { describeNode, expectText, isNothing, refuseUnknownKeys } from './configuration-node.ts'
import { ConfigurationException, type ConfigurationPlace } from './naming-exception.ts'

/** What values from outside the configuration are looked up in. */
export interface ValueSources {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The folder that `{ file }` starts from: that of the configuration file. */
  readonly folder: string
}

/** The value of a setting, found when the data source is made. */
export type ConfigurationValue =
  | { readonly kind: 'given'; readonly value: unknown }
  | {
      readonly kind: 'environment'
      readonly variable: string
      readonly default: ConfigurationValue | undefined
      readonly place: ConfigurationPlace
    }
  | { readonly kind: 'file'; readonly path: string; readonly place: ConfigurationPlace }
  | { readonly kind: 'list'; readonly items: readonly ConfigurationValue[] }
  | { readonly kind: 'map'; readonly entries: ReadonlyMap<string, ConfigurationValue> }

/** Secrets are short; a longer file is the wrong one. */
const maximumFileSize = 65_536

/**
 * Understands a value: as it stands, `{ env: NAME, default: … }` or `{ file: PATH }`.
 *
 * @param what The setting, for messages.
 */
export function readValue(node: ConfigurationNode, what: string): ConfigurationValue {
  if (node.kind === 'list') {
    return { kind: 'list', items: node.items.map((item, index) => readValue(item, `${what}[${index}]`)) }
  }
  if (node.kind === 'map') return readMap(node, what)
  if (isNothing(node)) {
    throw new ConfigurationException(`${what} has no value; remove it, or write '' for an empty text`, node)
  }
  return { kind: 'given', value: node.value }
}

/** Whether the value is known only when the data source is made, in part or as a whole. */
export function isDeferred(value: ConfigurationValue): boolean {
  if (value.kind === 'list') return value.items.some(isDeferred)
  if (value.kind === 'map') return [...value.entries.values()].some(isDeferred)
  return value.kind !== 'given'
}

/**
 * The value itself. Reads files synchronously: they are small, and making a data source is synchronous.
 *
 * @throws ConfigurationException when the variable is not set, or the file cannot be read.
 */
export function resolveValue(value: ConfigurationValue, what: string, sources: ValueSources): unknown {
  switch (value.kind) {
    case 'environment': {
      const found = sources.environment[value.variable]
      if (found !== undefined) return found
      if (value.default !== undefined) return resolveValue(value.default, what, sources)
      throw new ConfigurationException(
        `${what}: the environment variable ${value.variable} is not set`,
        value,
      )
    }
    case 'file':
      return readSecret(value.path, value.place, what, sources.folder)
    case 'list':
      return value.items.map((item, index) => resolveValue(item, `${what}[${index}]`, sources))
    case 'map':
      return Object.fromEntries(
        Array.from(value.entries, ([key, entry]) => [key, resolveValue(entry, `${what}.${key}`, sources)]),
      )
    default:
      return value.value
  }
}

/** The files that a value is in, as absolute paths. */
export function* filesOf(value: ConfigurationValue, folder: string): Generator<string> {
  if (value.kind === 'file') yield resolve(folder, value.path)
  if (value.kind === 'list') for (const item of value.items) yield* filesOf(item, folder)
  if (value.kind === 'map') for (const entry of value.entries.values()) yield* filesOf(entry, folder)
}

/** Equal for values that were written alike, wherever they stand. It may hold secrets. */
export function writtenForm(value: ConfigurationValue): unknown {
  switch (value.kind) {
    case 'environment':
      return { env: value.variable, default: value.default && writtenForm(value.default) }
    case 'file':
      return { file: value.path }
    case 'list':
      return value.items.map(writtenForm)
    case 'map':
      // In an array, so that it is no { env } or { file }.
      return [Object.fromEntries(Array.from(value.entries, ([key, entry]) => [key, writtenForm(entry)]))]
    default:
      return value.value
  }
}

function readMap(map: ConfigurationMap, what: string): ConfigurationValue {
  const variable = map.entries.get('env')
  if (variable !== undefined) {
    refuseUnknownKeys(map, ['env', 'default'], what)
    const fallback = map.entries.get('default')?.value
    if (fallback !== undefined && fallback.kind !== 'scalar') {
      throw new ConfigurationException(
        `${what}: default wants a text, and has ${describeNode(fallback)}`,
        fallback,
      )
    }
    return {
      kind: 'environment',
      variable: expectText(variable.value, `${what}: env`),
      default: fallback && readValue(fallback, `${what}: default`),
      place: variable.value.place,
    }
  }
  const file = map.entries.get('file')
  if (file !== undefined) {
    refuseUnknownKeys(map, ['file'], what)
    return { kind: 'file', path: expectText(file.value, `${what}: file`), place: file.value.place }
  }
  const entries = Array.from(
    map.entries,
    ([key, entry]) => [key, readValue(entry.value, `${what}.${key}`)] as const,
  )
  return { kind: 'map', entries: new Map(entries) }
}

function readSecret(path: string, place: ConfigurationPlace, what: string, folder: string): string {
  const fault = (why: string, cause?: unknown) =>
    new ConfigurationException(`${what}: the file '${path}' ${why}`, { place, cause })
  const absolute = resolve(folder, path)
  try {
    const status = statSync(absolute)
    if (!status.isFile()) throw fault('is not a file')
    if (status.size > maximumFileSize) throw fault(`has ${status.size} bytes; at most ${maximumFileSize}`)
    // Editors and `echo` end a file with a newline, which is not part of the secret.
    return readFileSync(absolute, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    if (error instanceof ConfigurationException) throw error
    const { code } = error as NodeJS.ErrnoException
    throw fault(code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? 'unknown reason'})`, error)
  }
}
