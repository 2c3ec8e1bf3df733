import type { ConfigurationEntry, ConfigurationMap } from './configuration-node.ts'
import { isNothing, shortenKey } from './configuration-node.ts'
import { describePlace } from './configuration-place.ts'
import { isDeferred, readValue, resolveValue, type ConfigurationValue } from './configuration-value.ts'
import { ConfigurationException } from './naming-exception.ts'
import { poolSettings } from '../pool/settings.ts'
import type { DriverDescriptor } from '../spi/driver.ts'
import { nearestName } from '../spi/nearest-name.ts'

/** What is known of settings while a configuration is read. */
export interface SettingsRules {
  /**
   * Validates settings that are known before the data source is made. Those in `deferred` are not in `settings` and
   * must not be missed.
   *
   * @throws InvalidSettingError; `SQLNonTransientConnectionException` 08001 when there is no such driver.
   */
  check(settings: Readonly<Record<string, unknown>>, where: string, deferred: ReadonlySet<string>): void
  /** The driver that `url` and `driver` lead to; undefined while they are not known, or wrong. */
  driverOf(settings: Readonly<Record<string, unknown>>): DriverDescriptor | undefined
}

/** A setting as it was written. */
export interface WrittenSetting {
  readonly value: ConfigurationValue
  readonly entry: ConfigurationEntry
  /** Among `defaults`: what the data source says, and be it in its url, goes before. */
  readonly isDefault: boolean
  /** Undefined: it is there without a profile. */
  readonly profile: string | undefined
}

/** Settings by name. */
export type WrittenSettings = ReadonlyMap<string, WrittenSetting>

/** What is written in one place of the configuration. */
export interface SettingsLayer {
  readonly map: ConfigurationMap
  /** For messages: the name of the data source, or `defaults`. */
  readonly where: string
  readonly isDefaults?: true
  /** The profile that it belongs to, where null takes a setting away. Undefined: it is there without a profile. */
  readonly profile: string | undefined
}

/** Settings with those of a layer over them: whole values, not their parts, so that `{ env }` can replace `{ file }`. */
export function overlay(settings: WrittenSettings, layer: SettingsLayer | undefined): WrittenSettings {
  if (layer === undefined) return settings
  const { map, where, profile, isDefaults: isDefault = false } = layer
  const merged = new Map(settings)
  for (const [name, entry] of map.entries) {
    if (profile === undefined || !isNothing(entry.value)) {
      const value = readValue(entry.value, `${where}: ${shortenKey(name)}`)
      merged.set(name, { value, entry, isDefault, profile })
    } else if (!merged.delete(name)) {
      throw nothingToTakeAway(name, [...settings.keys()], `${where}: profile '${profile}'`, entry)
    }
  }
  return merged
}

/** @throws ConfigurationException for a profile that takes away what is not there. */
export function nothingToTakeAway(
  name: string,
  present: readonly string[],
  who: string,
  { keyPlace }: ConfigurationEntry,
): ConfigurationException {
  const nearest = nearestName(name, present)
  const hint = nearest === undefined ? '' : `; did you mean '${shortenKey(nearest)}'?`
  const message = `${who} takes away '${shortenKey(name)}', which is not there${hint}`
  return new ConfigurationException(message, { place: keyPlace })
}

/**
 * A profile that goes to another driver must say what becomes of the settings of the old one: two drivers may give
 * one name two meanings, and a password must not follow to another server.
 *
 * @throws ConfigurationException at the first setting that would be left over, with the place that changes the driver.
 */
export function refuseLeftovers(base: SettingsLayer, over: SettingsLayer, rules: SettingsRules): void {
  const changing = over.map.entries.get('driver') ?? over.map.entries.get('url')
  if (changing === undefined || isNothing(changing.value)) return
  const before = rules.driverOf(knownSettings(overlay(new Map(), base)).known)
  const after = rules.driverOf(knownSettings(overlay(new Map(), onlyDriver(over))).known)
  if (before === undefined || after === undefined || before.name === after.name) return
  for (const [name, { keyPlace }] of base.map.entries) {
    if (over.map.entries.has(name) || !isOwn(name, before)) continue
    throw new ConfigurationException(
      `${base.where}: '${name}' is for driver ${before.name}, and profile '${over.profile}' goes over to ` +
        `${after.name} (${describePlace(changing.keyPlace)}); write it there too, or take it away: '${name}: null'`,
      { place: keyPlace },
    )
  }
}

/** Those that do not come from the environment or a file, and the names of those that do. */
export function knownSettings(settings: WrittenSettings): {
  readonly known: Readonly<Record<string, unknown>>
  readonly deferred: ReadonlySet<string>
} {
  const known: [string, unknown][] = []
  const deferred = new Set<string>()
  for (const [name, { value }] of settings) {
    if (isDeferred(value)) deferred.add(name)
    else known.push([name, resolveValue(value, name, { environment: {}, folder: '' })])
  }
  return { known: Object.fromEntries(known), deferred }
}

/** Values without those of `defaults` that the url of the data source says otherwise. */
export function withUrlBeforeDefaults(
  values: Readonly<Record<string, unknown>>,
  settings: WrittenSettings,
  rules: SettingsRules,
): Record<string, unknown> {
  const { url } = values
  const ownUrl = typeof url === 'string' && settings.get('url')?.isDefault === false
  const fromUrl = ownUrl ? parsedUrl(url, rules.driverOf(values)) : {}
  const isOverruled = (name: string): boolean =>
    settings.get(name)?.isDefault === true && Object.hasOwn(fromUrl, name)
  return Object.fromEntries(Object.entries(values).filter(([name]) => !isOverruled(name)))
}

function parsedUrl(url: string, driver: DriverDescriptor | undefined): Record<string, unknown> {
  try {
    return driver?.parseUrl(url) ?? {}
  } catch {
    // What is wrong with it is told by the check.
    return {}
  }
}

function onlyDriver(layer: SettingsLayer): SettingsLayer {
  const chosen = [...layer.map.entries].filter(
    ([name, { value }]) => (name === 'driver' || name === 'url') && !isNothing(value),
  )
  return { ...layer, map: { ...layer.map, entries: new Map(chosen) } }
}

function isOwn(name: string, driver: DriverDescriptor): boolean {
  if (name === 'url' || name === 'driver') return true
  return Object.hasOwn(driver.settings, name) && !Object.hasOwn(poolSettings, name)
}
