import { SQLException } from '../api/sql-exception.ts'
import { InvalidSettingError } from '../spi/settings.ts'
import { nearestName } from '../spi/nearest-name.ts'
import { CompositeName, withoutEnvironmentPrefix } from './composite-name.ts'
import { expectMap, expectText, isNothing, refuseUnknownKeys, shortenKey } from './configuration-node.ts'
import type { ConfigurationEntry, ConfigurationNode } from './configuration-node.ts'
import { readSections } from './configuration-sections.ts'
import {
  knownSettings,
  nothingToTakeAway,
  overlay,
  refuseLeftovers,
  withUrlBeforeDefaults,
} from './configuration-settings.ts'
import type { SettingsLayer, SettingsRules, WrittenSettings } from './configuration-settings.ts'
import { filesOf, isDeferred, resolveValue, writtenForm } from './configuration-value.ts'
import type { ValueSources } from './configuration-value.ts'
import { ConfigurationException, NamingException, type ConfigurationPlace } from './naming-exception.ts'
import { LinkRef, Reference, type ReferenceOrigin } from './reference.ts'

/** What a configuration says. */
export interface Configuration {
  readonly dataSources: readonly ConfiguredName[]
}

/** A name, and what is to be bound to it. */
export interface ConfiguredName {
  readonly name: CompositeName
  readonly object: Reference | LinkRef
  readonly place: ConfigurationPlace
  /** Equal for two that say the same, wherever they stand. A function, so that printing it shows no secret. */
  written(): string
  /** The files that its values are in, but for those that the driver asks for at every connect. */
  readonly files: readonly string[]
  /** Those of a data source, and where each was written; a link has none. A function for the same reason. */
  settings(): WrittenSettings
}

/** How a configuration is understood. */
export interface ConfigurationReading {
  readonly rules: SettingsRules
  readonly sources: ValueSources
  /** Undefined, or the empty text: none. */
  readonly profile?: string | undefined
}

/** A data source in the configuration, and what the profile says of it. */
interface Named {
  readonly key: string
  readonly entry: ConfigurationEntry
  readonly profile: string | undefined
}

/**
 * Understands a configuration:
 * ```yaml
 * defaults: { maximumPoolSize: 20 }
 * dataSources:
 *   jdbc/accounts: { url: { env: ACCOUNTS_URL }, password: { file: /run/secrets/accounts } }
 *   jdbc/ledger: { link: jdbc/accounts }
 * profiles:
 *   development: { dataSources: { jdbc/accounts: { url: 'sqlite:accounts.db', password: null } } }
 * ```
 * `defaults` are settings that each data source has unless it says otherwise. `{ env }` and `{ file }` are looked up
 * when the data source is made; a relative file starts from the folder of the configuration file. The settings
 * themselves mean what they mean in code: a relative path of a database starts from the working directory.
 */
export function readConfiguration(root: ConfigurationNode, reading: ConfigurationReading): Configuration {
  const sections = readSections(root, reading.profile)
  let defaults: WrittenSettings = new Map()
  const entries = new Map<string, Named[]>()
  for (const { defaults: map, dataSources, profile } of sections) {
    defaults = overlay(defaults, map && { map, where: 'defaults', isDefaults: true, profile })
    for (const [key, entry] of dataSources) {
      if (profile === undefined || !isNothing(entry.value)) {
        entries.set(key, [...(entries.get(key) ?? []), { key, entry, profile }])
      } else if (!entries.delete(key)) {
        throw nothingToTakeAway(key, [...entries.keys()], `profile '${profile}'`, entry)
      }
    }
  }
  const names = Array.from(entries.values(), (named) => readDataSource(named, defaults, reading))
  checkLinks(names)
  return { dataSources: names }
}

function readDataSource(
  named: readonly Named[],
  defaults: WrittenSettings,
  { rules, sources }: ConfigurationReading,
): ConfiguredName {
  const { key, entry } = named.at(-1)!
  const name = atPlace(entry.keyPlace, () => withoutEnvironmentPrefix(CompositeName.parse(key)))
  const layers = named.map(({ entry: { value }, profile }): SettingsLayer => ({
    map: expectMap(value, key),
    where: key,
    profile,
  }))
  // A link and a data source have nothing in common: the later one counts.
  const link = layers.at(-1)!.map.entries.get('link')
  if (link !== undefined) return readLink(name, layers.at(-1)!, link.value)
  const [base, over] = layers.filter(({ map }) => !map.entries.has('link'))
  if (over !== undefined) refuseLeftovers(base!, over, rules)
  const settings = overlay(overlay(defaults, base), over)
  const origin: ReferenceOrigin = { placeOf: (path) => placeOf(path, settings, entry) }
  checkKnown(settings, key, origin, rules)
  const properties = () => resolveSettings(settings, key, rules, sources)
  const written = () =>
    JSON.stringify(
      [...settings.keys()].toSorted().map((setting) => [setting, writtenForm(settings.get(setting)!.value)]),
    )
  const object = new Reference('DataSource', properties, { origin })
  const files = filesRead(settings, rules, sources)
  return { name, object, place: entry.keyPlace, written, files, settings: () => settings }
}

function readLink(
  name: CompositeName,
  { map, where }: SettingsLayer,
  node: ConfigurationNode,
): ConfiguredName {
  refuseUnknownKeys(map, ['link'], `${where}, being a link,`)
  const linkName = expectText(node, `${where}: link`)
  return {
    name,
    object: new LinkRef(linkName),
    place: node.place,
    written: () => `link ${linkName}`,
    files: [],
    settings: () => new Map(),
  }
}

function filesRead(settings: WrittenSettings, rules: SettingsRules, { folder }: ValueSources): string[] {
  const table = rules.driverOf(knownSettings(settings).known)?.settings
  return [...settings].flatMap(([name, { value }]) =>
    table?.[name]?.askedAtConnect === true ? [] : [...filesOf(value, folder)],
  )
}

/** For the making of the data source. */
function resolveSettings(
  settings: WrittenSettings,
  key: string,
  rules: SettingsRules,
  sources: ValueSources,
): Record<string, unknown> {
  const resolve = (name: string) => resolveValue(settings.get(name)!.value, `${key}: ${name}`, sources)
  const all = Object.fromEntries(Array.from(settings.keys(), (name) => [name, resolve(name)]))
  const resolved = withUrlBeforeDefaults(all, settings, rules)
  const table = rules.driverOf(resolved)?.settings
  for (const [name, { value }] of settings) {
    // It was there now, or there would be an error; and is asked for again at every connect.
    const again = isDeferred(value) && table?.[name]?.askedAtConnect === true
    if (again && Object.hasOwn(resolved, name)) resolved[name] = () => resolve(name)
  }
  return resolved
}

/** A link in a file leads to a name in the file: another one is a slip of the pen, told before anybody looks it up. */
function checkLinks(names: readonly ConfiguredName[]): void {
  const links = new Map<string, ConfiguredName>()
  const known = new Set<string>()
  for (const configured of names) {
    const { name, object } = configured
    if (object instanceof LinkRef) links.set(name.toString(), configured)
    for (let count = 1; count <= name.components.length; count++) known.add(name.prefix(count).toString())
  }
  for (const { name, object, place } of links.values()) {
    const passed = new Set<string>()
    let link: Reference | LinkRef | undefined = object
    while (link instanceof LinkRef) {
      const target = targetOf(link, place)
      if (!known.has(target))
        throw nowhere(
          target,
          [...known].filter((other) => other !== name.toString()),
          place,
        )
      if (passed.has(target)) {
        throw new ConfigurationException(`the link leads in a circle over '${shortenKey(target)}'`, { place })
      }
      passed.add(target)
      link = links.get(target)?.object
    }
  }
}

function targetOf(link: LinkRef, place: ConfigurationPlace): string {
  return atPlace(place, () => withoutEnvironmentPrefix(CompositeName.parse(link.linkName)).toString())
}

function nowhere(
  target: string,
  known: readonly string[],
  place: ConfigurationPlace,
): ConfigurationException {
  const nearest = nearestName(target, known)
  const hint = nearest === undefined ? '' : `; did you mean '${shortenKey(nearest)}'?`
  return new ConfigurationException(
    `the link leads to '${shortenKey(target)}', which is not in this file${hint}`,
    {
      place,
    },
  )
}

/** What can be wrong without looking into the environment is told when the file is read, not at the first lookup. */
function checkKnown(
  settings: WrittenSettings,
  key: string,
  origin: ReferenceOrigin,
  rules: SettingsRules,
): void {
  const { known, deferred } = knownSettings(settings)
  try {
    rules.check(withUrlBeforeDefaults(known, settings, rules), key, deferred)
  } catch (error) {
    throw atOrigin(error, origin)
  }
}

/** An error about settings becomes one that says where they were written. Others stay as they are. */
export function atOrigin(error: unknown, origin: ReferenceOrigin | undefined): unknown {
  if (!(error instanceof SQLException)) return error
  // One without a path says that there is no such driver.
  const path = error instanceof InvalidSettingError ? error.path : ['driver']
  return new ConfigurationException(error.message, { place: origin?.placeOf(path), cause: error })
}

/** The place of a setting: of its key, because faults are in the key as often as in the value. */
function placeOf(
  path: readonly string[],
  settings: WrittenSettings,
  dataSource: ConfigurationEntry,
): ConfigurationPlace {
  // What is not there by name came with the url.
  let entry = (settings.get(path[0] ?? '') ?? settings.get('url'))?.entry
  for (const key of path.slice(1)) {
    const inner = entry?.value.kind === 'map' ? entry.value.entries.get(key) : undefined
    if (inner === undefined) break
    entry = inner
  }
  return entry?.keyPlace ?? dataSource.keyPlace
}

/** Errors about names become such that say where the names were written. */
export function atPlace<T>(place: ConfigurationPlace, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof NamingException)) throw error
    const { message, resolvedName, remainingName } = error
    throw new ConfigurationException(message, { place, resolvedName, remainingName, cause: error })
  }
}
