import type { ConfigurationEntry, ConfigurationMap, ConfigurationNode } from './configuration-node.ts'
import { expectMap, refuseUnknownKeys, shortenKey } from './configuration-node.ts'
import { ConfigurationException } from './naming-exception.ts'
import { nearestName } from '../spi/nearest-name.ts'

/** `defaults` and `dataSources`, of the configuration itself or of a profile. */
export interface Sections {
  readonly defaults: ConfigurationMap | undefined
  readonly dataSources: ReadonlyMap<string, ConfigurationEntry>
  /** Undefined: they are there without a profile. */
  readonly profile: string | undefined
}

/**
 * The parts of a configuration: what it says, and what a profile changes.
 *
 * @param profile Undefined, or the empty text: none.
 * @throws ConfigurationException for unknown parts, also in other profiles, and when there is no such profile.
 */
export function readSections(root: ConfigurationNode, profile: string | undefined): readonly Sections[] {
  const map = expectMap(root, 'a configuration')
  refuseUnknownKeys(map, ['dataSources', 'defaults', 'profiles', '$schema'], 'a configuration')
  const profiles = readProfiles(map)
  const chosen = profile === undefined || profile === '' ? undefined : findProfile(profile, profiles, map)
  const base = sectionsOf(map, undefined)
  if (!map.entries.has('dataSources') && (chosen?.dataSources.size ?? 0) === 0) {
    throw new ConfigurationException(`a configuration wants 'dataSources:'${orProfile(profiles)}`, root)
  }
  return chosen === undefined ? [base] : [base, chosen]
}

function readProfiles(map: ConfigurationMap): ReadonlyMap<string, Sections> {
  const written = map.entries.get('profiles')
  const profiles = new Map<string, Sections>()
  if (written === undefined) return profiles
  for (const [name, { value }] of expectMap(written.value, 'profiles').entries) {
    const what = `profile '${shortenKey(name)}'`
    const sections = expectMap(value, what)
    refuseUnknownKeys(sections, ['dataSources', 'defaults'], what)
    profiles.set(name, sectionsOf(sections, name))
  }
  return profiles
}

function sectionsOf(map: ConfigurationMap, profile: string | undefined): Sections {
  const prefix = profile === undefined ? '' : `profile '${shortenKey(profile)}': `
  const defaults = map.entries.get('defaults')
  const dataSources = map.entries.get('dataSources')
  return {
    defaults: defaults && expectMap(defaults.value, `${prefix}defaults`),
    dataSources: dataSources ? expectMap(dataSources.value, `${prefix}dataSources`).entries : new Map(),
    profile,
  }
}

function findProfile(name: string, profiles: ReadonlyMap<string, Sections>, map: ConfigurationMap): Sections {
  const profile = profiles.get(name)
  if (profile !== undefined) return profile
  const names = [...profiles.keys()]
  const nearest = nearestName(name, names)
  const known = names.length === 0 ? 'there is none at all' : `there are ${names.map(shortenKey).join(', ')}`
  const hint = nearest === undefined ? '' : `; did you mean '${shortenKey(nearest)}'?`
  throw new ConfigurationException(`there is no profile '${shortenKey(name)}'; ${known}${hint}`, {
    place: map.entries.get('profiles')?.keyPlace ?? map.place,
  })
}

function orProfile(profiles: ReadonlyMap<string, Sections>): string {
  const names = [...profiles.keys()]
  return names.length === 0
    ? ''
    : `, or a profile that has them, chosen by WELLHEAD_PROFILE: ${names.join(', ')}`
}
