import type { DataSourceSettings } from '../source/data-source-settings.ts'
import type { ConfigurationEntry, ConfigurationNode } from './configuration-node.ts'
import { refusePrototype } from './configuration-node.ts'
import { ConfigurationException } from './naming-exception.ts'

/**
 * A configuration in TypeScript or JavaScript: what `wellhead.yaml` holds, as an object. Beyond that its values may be
 * what only code can give: a driver, a function that gives the password.
 */
export interface WellheadConfiguration {
  readonly $schema?: string | undefined
  /** Settings of every data source, unless it says otherwise. */
  readonly defaults?: ConfiguredSettings | undefined
  /** By their names: `jdbc/accounts`. */
  readonly dataSources?: Readonly<Record<string, ConfiguredDataSource>> | undefined
  /** By their names: what differs there. One is chosen by `WELLHEAD_PROFILE`, or the option `profile`. */
  readonly profiles?: Readonly<Record<string, ConfigurationProfile>> | undefined
}

/** What differs in a profile; null takes away. */
export interface ConfigurationProfile {
  readonly defaults?: ConfiguredSettings | undefined
  readonly dataSources?: Readonly<Record<string, ConfiguredDataSource | null>> | undefined
}

/** A second name, or a data source. */
export type ConfiguredDataSource = { readonly link: string } | ConfiguredSettings

/** Settings, any of which may come from the environment or a file. */
export type ConfiguredSettings = {
  readonly [Name in keyof DataSourceSettings]: DataSourceSettings[Name] | ValueFromOutside | null
}

/** A value that is looked up when the data source is made, or at every connect where the driver asks for it then. */
export type ValueFromOutside =
  { readonly env: string; readonly default?: string | number | boolean } | { readonly file: string }

/** Deeper than any configuration; an object that contains itself ends here. */
const maximumDepth = 50

/**
 * Reads a configuration that the application gives: an object, or the namespace of a module whose default export it
 * is.
 *
 * @throws ConfigurationException when it is neither.
 */
export function readConfigurationObject(given: unknown): ConfigurationNode {
  let configuration = given
  // A module compiled to CommonJS has its default export within a default export.
  for (let inner = 0; inner < 2 && isModule(configuration); inner++) configuration = configuration.default
  return readNode(configuration, [])
}

function readNode(value: unknown, path: readonly string[]): ConfigurationNode {
  const place = { path }
  if (path.length > maximumDepth) {
    throw new ConfigurationException('too deep; does the object contain itself?', { place })
  }
  if (Array.isArray(value)) {
    const items = Array.from(value, (item: unknown, index) => readNode(item, [...path, String(index)]))
    return { kind: 'list', place, items }
  }
  if (!isPlain(value)) return { kind: 'scalar', place, value: value ?? null }
  const entries = new Map<string, ConfigurationEntry>()
  for (const [key, inner] of Object.entries(value)) {
    const keyPlace = { path: [...path, key] }
    refusePrototype(key, keyPlace)
    // As in code: a setting that is undefined is not there.
    if (inner !== undefined) entries.set(key, { keyPlace, value: readNode(inner, keyPlace.path) })
  }
  return { kind: 'map', place, entries }
}

/** Not an object with a class, nor a driver, which is a value. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || 'createConnectionPoolDataSource' in value) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function isModule(value: unknown): value is { readonly default: unknown } {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'default')) return false
  return !Object.hasOwn(value, 'dataSources') && !Object.hasOwn(value, 'profiles')
}
