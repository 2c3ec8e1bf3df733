import { SQLException } from '../api/sql-exception.ts'
import { InvalidSettingError, nearestName } from '../spi/settings.ts'
import { CompositeName, withoutEnvironmentPrefix } from './composite-name.ts'
import { expectMap, expectText, refuseUnknownKeys, shortenKey } from './configuration-node.ts'
import type { ConfigurationEntry, ConfigurationMap, ConfigurationNode } from './configuration-node.ts'
import { isDeferred, readValue, resolveValue } from './configuration-value.ts'
import type { ConfigurationValue, ValueSources } from './configuration-value.ts'
import type { NamingContext } from './naming-context.ts'
import { ConfigurationException, NamingException, type ConfigurationPlace } from './naming-exception.ts'
import { LinkRef, Reference, type ReferenceOrigin } from './reference.ts'

/** What a configuration file says. */
export interface Configuration {
  readonly dataSources: readonly ConfiguredName[]
}

/** A name, and what is to be bound to it. */
interface ConfiguredName {
  readonly name: CompositeName
  readonly object: Reference | LinkRef
  readonly place: ConfigurationPlace
}

/**
 * Validates settings that are known before the data source is made. Those in `deferred` are not in `settings` and
 * must not be missed.
 *
 * @throws InvalidSettingError
 */
export type SettingsCheck = (
  settings: Readonly<Record<string, unknown>>,
  where: string,
  deferred: ReadonlySet<string>,
) => void

/** A setting as it was written: in the entry of its data source, or in `defaults`. */
interface WrittenSetting {
  readonly value: ConfigurationValue
  readonly entry: ConfigurationEntry
}

/**
 * Understands a configuration:
 * ```yaml
 * defaults: { maximumPoolSize: 20 }
 * dataSources:
 *   jdbc/accounts: { url: { env: ACCOUNTS_URL }, password: { file: /run/secrets/accounts } }
 *   jdbc/ledger: { link: jdbc/accounts }
 * ```
 * `defaults` are settings that each data source has unless it says otherwise. `{ env }` and `{ file }` are looked up
 * when the data source is made; a relative file starts from the folder of the configuration file. The settings
 * themselves mean what they mean in code: a relative path of a database starts from the working directory.
 */
export function readConfiguration(
  root: ConfigurationNode,
  check: SettingsCheck,
  sources: ValueSources,
): Configuration {
  const what = 'a configuration'
  const map = expectMap(root, what)
  refuseUnknownKeys(map, ['dataSources', 'defaults', '$schema'], what)
  const dataSources = map.entries.get('dataSources')
  if (dataSources === undefined) {
    throw new ConfigurationException(`a configuration wants 'dataSources:'`, root)
  }
  const defaults = map.entries.get('defaults')
  const common = defaults && readSettings(expectMap(defaults.value, 'defaults'), 'defaults')
  const names: ConfiguredName[] = []
  for (const [key, entry] of expectMap(dataSources.value, 'dataSources').entries) {
    names.push(readDataSource(key, entry, common ?? new Map(), check, sources))
  }
  checkLinks(names)
  return { dataSources: names }
}

/**
 * Binds everything, in the order of the file.
 *
 * @throws ConfigurationException when a name is there twice in different spellings, or lies within another name.
 */
export function bindConfiguration(context: NamingContext, configuration: Configuration): void {
  for (const { name, object, place } of configuration.dataSources) {
    atPlace(place, () => {
      context.bind(name, object)
    })
  }
}

function readDataSource(
  key: string,
  entry: ConfigurationEntry,
  defaults: ReadonlyMap<string, WrittenSetting>,
  check: SettingsCheck,
  sources: ValueSources,
): ConfiguredName {
  const place = entry.keyPlace
  const name = atPlace(place, () => withoutEnvironmentPrefix(CompositeName.parse(key)))
  const map = expectMap(entry.value, key)
  const link = map.entries.get('link')
  if (link !== undefined) {
    refuseUnknownKeys(map, ['link'], `${key}, being a link,`)
    const linkName = expectText(link.value, `${key}: link`)
    return { name, object: new LinkRef(linkName), place: link.value.place }
  }
  const settings = new Map([...defaults, ...readSettings(map, key)])
  const origin: ReferenceOrigin = { placeOf: (path) => placeOf(path, settings, entry) }
  checkKnown(settings, key, origin, check)
  const properties = () =>
    Object.fromEntries(
      Array.from(settings, ([setting, { value }]) => [
        setting,
        resolveValue(value, `${key}: ${setting}`, sources),
      ]),
    )
  return { name, object: new Reference('DataSource', properties, { origin }), place }
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
  for (const { object, place } of links.values()) {
    const passed = new Set<string>()
    let link: Reference | LinkRef | undefined = object
    while (link instanceof LinkRef) {
      const target = targetOf(link, place)
      if (!known.has(target)) throw nowhere(target, known, place)
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
  known: ReadonlySet<string>,
  place: ConfigurationPlace,
): ConfigurationException {
  const nearest = nearestName(target, [...known])
  const hint = nearest === undefined ? '' : `; did you mean '${shortenKey(nearest)}'?`
  return new ConfigurationException(
    `the link leads to '${shortenKey(target)}', which is not in this file${hint}`,
    {
      place,
    },
  )
}

function readSettings(map: ConfigurationMap, where: string): Map<string, WrittenSetting> {
  const settings = new Map<string, WrittenSetting>()
  for (const [setting, entry] of map.entries) {
    settings.set(setting, { value: readValue(entry.value, `${where}: ${setting}`), entry })
  }
  return settings
}

/** What can be wrong without looking into the environment is told when the file is read, not at the first lookup. */
function checkKnown(
  settings: ReadonlyMap<string, WrittenSetting>,
  key: string,
  origin: ReferenceOrigin,
  check: SettingsCheck,
): void {
  const known: Record<string, unknown> = {}
  const deferred = new Set<string>()
  for (const [setting, { value }] of settings) {
    if (isDeferred(value)) deferred.add(setting)
    else known[setting] = resolveValue(value, setting, { environment: {}, folder: '' })
  }
  try {
    check(known, key, deferred)
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
  settings: ReadonlyMap<string, WrittenSetting>,
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

function atPlace<T>(place: ConfigurationPlace, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof NamingException)) throw error
    const { message, resolvedName, remainingName } = error
    throw new ConfigurationException(message, { place, resolvedName, remainingName, cause: error })
  }
}
