import { ConfigurationException, type ConfigurationPlace } from './naming-exception.ts'
import { nearestName } from '../spi/nearest-name.ts'

/** A value in a configuration, and where it stands. */
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

/** In a file a text, a number, a boolean or null; what an application gives may be anything (a function, a driver). */
interface ConfigurationScalar {
  readonly kind: 'scalar'
  readonly place: ConfigurationPlace
  readonly value: unknown
}

/** What is at a place, in words, without showing it: it may be a secret. */
export function describeNode(node: ConfigurationNode): string {
  if (node.kind === 'map') return 'names and values'
  if (node.kind === 'list') return 'a list'
  switch (typeof node.value) {
    case 'string':
      return 'a text'
    case 'number':
      return 'a number'
    case 'boolean':
      return `${node.value}`
    default:
      return node.value === null ? 'nothing' : `a value of type ${typeof node.value}`
  }
}

/** Whether somebody wrote null, or nothing behind the colon. */
export function isNothing(node: ConfigurationNode): boolean {
  return node.kind === 'scalar' && node.value === null
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

/** `'__proto__'` would be lost, or worse, wherever the keys become those of an object. */
export function refusePrototype(key: string, place: ConfigurationPlace): void {
  if (key !== '__proto__') return
  throw new ConfigurationException(`'__proto__' cannot be a key or a name: JavaScript gives it a meaning`, {
    place,
  })
}

/** A key within a message. */
export function shortenKey(key: string): string {
  return key.length > 60 ? `${key.slice(0, 60)}…` : key
}
