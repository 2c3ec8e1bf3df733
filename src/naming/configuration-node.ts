import { ConfigurationException, type ConfigurationPlace } from './naming-exception.ts'
import { nearestName } from '../spi/settings.ts'

/** A value in a configuration file, and where it stands. */
export type ConfigurationNode = ConfigurationMap | ConfigurationList | ConfigurationScalar

export interface ConfigurationMap {
  readonly kind: 'map'
  readonly place: ConfigurationPlace
  readonly entries: ReadonlyMap<string, ConfigurationEntry>
}

export interface ConfigurationEntry {
  readonly keyPlace: ConfigurationPlace
  readonly value: ConfigurationNode
}

interface ConfigurationList {
  readonly kind: 'list'
  readonly place: ConfigurationPlace
  readonly items: readonly ConfigurationNode[]
}

interface ConfigurationScalar {
  readonly kind: 'scalar'
  readonly place: ConfigurationPlace
  readonly value: string | number | boolean | null
}

/** What is at a place, in words, without showing it: it may be a secret. */
export function describeNode(node: ConfigurationNode): string {
  if (node.kind === 'map') return 'names and values'
  if (node.kind === 'list') return 'a list'
  if (node.value === null) return 'nothing'
  if (typeof node.value === 'string') return 'a text'
  return typeof node.value === 'number' ? 'a number' : `${node.value}`
}

/** @throws ConfigurationException when it is something else. */
export function expectMap(node: ConfigurationNode, what: string): ConfigurationMap {
  if (node.kind === 'map') return node
  throw new ConfigurationException(`${what} wants names and values, and has ${describeNode(node)}`, node)
}

/** @throws ConfigurationException when it is something else, or empty. */
export function expectText(node: ConfigurationNode, what: string): string {
  if (node.kind === 'scalar' && typeof node.value === 'string' && node.value !== '') return node.value
  const found = node.kind === 'scalar' && node.value === '' ? 'an empty one' : describeNode(node)
  throw new ConfigurationException(`${what} wants a text, and has ${found}`, node)
}

/** @throws ConfigurationException at the first key that is not known, with the nearest one. */
export function refuseUnknownKeys(map: ConfigurationMap, known: readonly string[], where: string): void {
  for (const [key, { keyPlace }] of map.entries) {
    if (known.includes(key)) continue
    const nearest = nearestName(key, known)
    const hint = nearest === undefined ? `; it may have ${known.join(', ')}` : `; did you mean '${nearest}'?`
    throw new ConfigurationException(`${where} has no '${shortenKey(key)}'${hint}`, { place: keyPlace })
  }
}

/** A key within a message. */
export function shortenKey(key: string): string {
  return key.length > 60 ? `${key.slice(0, 60)}…` : key
}
