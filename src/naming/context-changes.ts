import { DataSource } from '../api/data-source.ts'
import { CompositeName } from './composite-name.ts'
import { classNameOf, ContextNode, type Binding, type Place } from './context-node.ts'
import type { NamedClass } from './naming-events.ts'
import {
  contextInTheWay,
  found,
  foundContextOf,
  notContext,
  notFound,
  notOfThisScope,
  notSupported,
  shown,
  wrongType,
} from './naming-failures.ts'
import { ContextNotEmptyException, NameAlreadyBoundException, NamingException } from './naming-exception.ts'
import { LinkRef, Reference } from './reference.ts'
import { ReferencedObject } from './referenced-object.ts'

/** What `rebind` has to know beside the name. */
export interface Replacement {
  readonly object: unknown
  /** Whether its first connection is tried before the name changes. */
  readonly verify: boolean
  /** In milliseconds. */
  readonly drainTimeout: number
}

/** Every change is here: checked first, then made in one go, then told to the listeners. */
export function bind(place: Place, object: unknown): void {
  checkFree(place)
  addBinding(place, bindingOf(place, object))
}

/** @param at Where the name leads; asked again when something had to be waited for. */
export async function rebind(at: () => Place, replacement: Replacement): Promise<void> {
  let place = at()
  place.node.checkChange(place.component)
  const previous = ownAt(place)
  if (previous?.kind === 'context') throw contextInTheWay(nameAt(place), 'rebind')
  const next = bindingOf(place, replacement.object)
  if (previous?.kind === 'reference') {
    if (next.kind === 'reference' && previous.object.serves(next.object.reference)) return
    checkCircle(place, previous.object, replacement.object)
  }
  const preparing = prepare(place, previous, next, replacement.verify)
  if (preparing !== undefined) {
    try {
      await preparing
      place = at()
      place.node.checkChange(place.component)
      if (ownAt(place) !== previous) throw boundAnew(place)
    } catch (error) {
      // Whether it could be closed is of no interest beside why it is not bound.
      if (next.kind === 'reference') await next.object.close().catch(() => undefined)
      throw error
    }
  }
  await replace(place, previous, next, replacement.drainTimeout)
}

export async function unbind(place: Place): Promise<void> {
  const { node, component } = place
  node.checkChange(component)
  const binding = node.own(component)
  if (binding === undefined) {
    if (node.get(component) !== undefined) throw notOfThisScope(nameAt(place), 'unbind')
    return
  }
  if (binding.kind === 'context') throw contextInTheWay(nameAt(place), 'unbind')
  const before = namedAt(place, binding)
  node.remove(component)
  const closing = binding.kind === 'reference' ? binding.object.unbind() : undefined
  node.namespace.listeners.fire('objectRemoved', before, undefined)
  await closing
}

export function rename(from: Place, to: Place): void {
  const { node, component } = from
  node.checkChange(component)
  const name = nameAt(from)
  const binding = node.own(component)
  if (binding === undefined) {
    if (node.get(component) !== undefined) throw notOfThisScope(name, 'rename')
    throw notFound(name, CompositeName.of(), node.components)
  }
  if (node.overrideOf(component) !== undefined) throw notSupported(name, 'is overridden; undo that first')
  if (binding.kind === 'context') {
    if (binding.node.outer !== undefined) throw notOfThisScope(name, 'rename')
    if (to.node.isWithin(binding.node)) throw notSupported(name, `does not go into '${shown(nameAt(to))}'`)
  }
  checkFree(to)
  const before = namedAt(from, binding)
  const { parent, added } = makeContexts(to.node, to.missing)
  node.move(component, parent, to.component)
  tellAdded(added)
  node.namespace.listeners.fire('objectRenamed', before, namedAt(to, binding))
}

export function createSubcontext(place: Place): ContextNode {
  checkFree(place)
  const { parent, added } = makeContexts(place.node, [...place.missing, place.component])
  tellAdded(added)
  return parent
}

export function destroySubcontext(place: Place): void {
  const { node, component } = place
  node.checkChange(component)
  const binding = node.get(component)
  if (binding === undefined) return
  const name = nameAt(place)
  if (binding.kind !== 'context') throw notContext(name, CompositeName.of())
  const { length } = binding.node.components
  if (length > 0) {
    const names = length === 1 ? 'a name' : `${length} names`
    throw new ContextNotEmptyException(`'${shown(name)}' has ${names} in it`, found(name))
  }
  if (binding.node.outer !== undefined) throw notOfThisScope(name, 'destroy')
  node.remove(component)
  node.namespace.listeners.fire('objectRemoved', namedAt(place, binding), undefined)
}

/** The function returned undoes it, once. */
export function override(place: Place, source: DataSource): () => void {
  const { node, component } = place
  node.checkChange(component)
  const name = nameAt(place)
  if (!(source instanceof DataSource)) throw wrongType(name, source, DataSource.name)
  const binding = node.get(component)
  if (binding === undefined) throw notFound(name, CompositeName.of(), node.components)
  if (binding.kind === 'context') throw contextInTheWay(name, 'override')
  const own = node.own(component)
  if (own?.kind === 'reference') checkCircle(place, own.object, source)
  let takeBack: (() => void) | undefined
  changeOverride(place, () => (takeBack = node.override(component, source)))
  return () => {
    const undo = takeBack
    takeBack = undefined
    if (undo !== undefined) changeOverride(place, undo)
  }
}

function changeOverride(place: Place, work: () => void): void {
  const { node, component } = place
  const binding = node.get(component)
  const source = node.overrideOf(component)
  const before = binding && namedAt(place, binding)
  work()
  const after = node.get(component)
  // Another one may be on top, and the name may be gone.
  if (after === undefined || node.overrideOf(component) === source) return
  node.namespace.listeners.fire('objectChanged', before, namedAt(place, after))
}

/**
 * Makes what has to be there before the name changes: a failure leaves the old one in place. A promise only when that
 * takes time.
 */
function prepare(
  place: Place,
  previous: Binding | undefined,
  next: Binding,
  verify: boolean,
): Promise<void> | undefined {
  if (next.kind === 'reference') {
    const isFollowed = previous?.kind === 'reference' && previous.object.isFollowed
    if (!verify && !isFollowed) return undefined
    const made = next.object.make()
    if (made instanceof Promise) return made.then((object) => (verify ? connect(place, object) : undefined))
    return verify ? connect(place, made) : undefined
  }
  if (!verify) return undefined
  if (next.kind === 'object' && next.object instanceof DataSource) return connect(place, next.object)
  throw notSupported(nameAt(place), 'cannot be verified: what is to be bound is no data source')
}

async function connect(place: Place, object: object): Promise<void> {
  if (!(object instanceof DataSource)) return
  try {
    const connection = await object.getConnection()
    await connection.close()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const name = nameAt(place)
    throw new NamingException(`'${shown(name)}' was not bound: its first connection failed: ${why}`, {
      ...found(name),
      cause: error,
    })
  }
}

/** Settles when what is replaced is closed. */
async function replace(
  place: Place,
  previous: Binding | undefined,
  next: Binding,
  drainTimeout: number,
): Promise<void> {
  if (previous === undefined) {
    addBinding(place, next)
    return
  }
  place.node.put(place.component, next)
  let closing: Promise<void> | undefined
  if (previous.kind === 'reference') {
    // First where it leads, then the end of the old one, and only then anybody else.
    const target = next.kind === 'link' || next.kind === 'context' ? undefined : next.object
    closing = previous.object.replace(target, drainTimeout)
  }
  const { listeners } = place.node.namespace
  listeners.fire('objectChanged', namedAt(place, previous), namedAt(place, next))
  await closing
}

function addBinding(place: Place, binding: Binding): void {
  const { parent, added } = makeContexts(place.node, place.missing)
  parent.put(place.component, binding)
  tellAdded(added)
  parent.namespace.listeners.fire('objectAdded', undefined, namedAt(place, binding))
}

/** Contexts within contexts; with none of them the context itself. */
function makeContexts(
  node: ContextNode,
  components: readonly string[],
): { parent: ContextNode; added: readonly ContextNode[] } {
  const added: ContextNode[] = []
  let parent = node
  for (const component of components) {
    const made = new ContextNode(parent.namespace, parent, component)
    parent.put(component, { kind: 'context', node: made })
    added.push(made)
    parent = made
  }
  return { parent, added }
}

function tellAdded(contexts: readonly ContextNode[]): void {
  for (const node of contexts) {
    const after = { name: node.name, className: classNameOf({ kind: 'context', node }) }
    node.namespace.listeners.fire('objectAdded', undefined, after)
  }
}

function bindingOf(place: Place, object: unknown): Binding {
  const name = nameAt(place)
  if (object === undefined) {
    throw new NamingException(`'${shown(name)}' cannot be bound to undefined`, foundContextOf(name))
  }
  if (object instanceof LinkRef) return { kind: 'link', link: object }
  if (!(object instanceof Reference)) return { kind: 'object', object }
  return { kind: 'reference', object: new ReferencedObject(place.node.namespace, name, object) }
}

function checkFree(place: Place): void {
  place.node.checkChange(place.component)
  if (ownAt(place) === undefined) return
  const name = nameAt(place)
  throw new NameAlreadyBoundException(`'${shown(name)}' is already bound; rebind replaces`, found(name))
}

function checkCircle(place: Place, object: ReferencedObject, source: unknown): void {
  if (!(source instanceof DataSource) || !object.isBehind(source)) return
  throw notSupported(nameAt(place), 'leads to this data source already; a second name is a LinkRef')
}

function boundAnew(place: Place): NamingException {
  const name = nameAt(place)
  return new NamingException(
    `'${shown(name)}' was bound anew, or unbound, while its data source was being made`,
    found(name),
  )
}

function ownAt({ node, missing, component }: Place): Binding | undefined {
  return missing.length > 0 ? undefined : node.own(component)
}

function nameAt({ node, missing, component }: Place): CompositeName {
  return node.nameOf(...missing, component)
}

function namedAt(place: Place, binding: Binding): NamedClass {
  return { name: nameAt(place), className: classNameOf(binding) }
}
