import type { DataSource } from '../api/data-source.ts'
import { CompositeName, withoutEnvironmentPrefix, type Name } from './composite-name.ts'
import {
  checkComponents,
  classNameOfObject,
  nextLink,
  notContext,
  notFound,
  notSupported,
} from './naming-failures.ts'
import { NameNotFoundException } from './naming-exception.ts'
import type { NamingContext } from './naming-context.ts'
import type { Namespace } from './namespace.ts'
import type { LinkRef } from './reference.ts'
import type { ReferencedObject } from './referenced-object.ts'

/** What is bound to a component. */
export type Binding =
  | { readonly kind: 'context'; readonly node: ContextNode }
  | { readonly kind: 'reference'; readonly object: ReferencedObject }
  | { readonly kind: 'link'; readonly link: LinkRef }
  | { readonly kind: 'object'; readonly object: unknown }

/** Where a name ended: at the context of its last component. */
export interface Place {
  readonly node: ContextNode
  /** Contexts that the name leads through from there, and that do not exist. */
  readonly missing: readonly string[]
  readonly component: string
}

/** A name without its prefix, and the context that it starts from. */
interface ParsedName {
  readonly start: ContextNode
  readonly name: CompositeName
}

const nothing = CompositeName.of()

/**
 * The names of one context, and where it hangs. In a scope it shows, behind its own names, those of the context of the
 * same name around the scope; to change something there it has contexts of its own over the ones that it inherits.
 */
export class ContextNode {
  readonly namespace: Namespace
  /** As applications see it. */
  view: NamingContext | undefined
  #parent: ContextNode | undefined
  /** From the initial context. */
  #name: CompositeName
  readonly #own = new Map<string, Binding>()
  /** What names lead to instead, the latest last. */
  #overrides: Map<string, readonly DataSource[]> | undefined
  /** Whether it is here only because there is one of the same name around the scope. */
  #isShadow = false
  #frozen = false
  #destroyed = false

  constructor(namespace: Namespace, parent?: ContextNode, component?: string) {
    this.namespace = namespace
    this.#parent = parent
    this.#name = component === undefined ? nothing : parent!.nameOf(component)
  }

  get name(): CompositeName {
    return this.#name
  }

  /** The names that it shows, those of its own last. */
  get components(): readonly string[] {
    return [...new Set([...(this.outer?.components ?? []), ...this.#own.keys()])].filter(
      (component) => this.get(component) !== undefined,
    )
  }

  get isEmpty(): boolean {
    return this.#own.size === 0
  }

  /** Of a scope: the context of the same name around it. */
  get outer(): ContextNode | undefined {
    if (this.#parent === undefined) return this.namespace.outer?.root
    const binding = this.#parent.outer?.get(this.#name.components.at(-1)!)
    return binding?.kind === 'context' ? binding.node : undefined
  }

  nameOf(...components: readonly string[]): CompositeName {
    return this.#name.concat(CompositeName.of(...components))
  }

  /** What a component leads to. */
  get(component: string): Binding | undefined {
    const own = this.#current(component)
    const binding = own === undefined ? this.#inherit(component) : own
    const override = this.overrideOf(component)
    // What was made from a reference leads there by itself, for the sake of those who have it already.
    if (override === undefined || binding === undefined || own?.kind === 'reference') return binding
    return { kind: 'object', object: override }
  }

  /** What is bound here itself, neither overridden nor inherited; but contexts, which are here as soon as they are there. */
  own(component: string): Binding | undefined {
    const own = this.#current(component)
    if (own !== undefined) return own
    const inherited = this.#inherit(component)
    return inherited?.kind === 'context' ? inherited : undefined
  }

  put(component: string, binding: Binding): void {
    this.#own.set(component, binding)
    this.#applyOverride(component)
  }

  remove(component: string): void {
    const binding = this.#own.get(component)
    if (binding?.kind === 'context') binding.node.#destroyed = true
    this.#own.delete(component)
  }

  /** Hangs what is bound to a component somewhere else. */
  move(component: string, to: ContextNode, newComponent: string): void {
    const binding = this.#own.get(component)!
    this.#own.delete(component)
    if (binding.kind === 'context') binding.node.#parent = to
    to.put(newComponent, binding)
    to.#renamed(newComponent, binding)
  }

  overrideOf(component: string): DataSource | undefined {
    return this.#overrides?.get(component)?.at(-1)
  }

  /** The function returned takes it back, in whatever order others are. */
  override(component: string, source: DataSource): () => void {
    const change = (sources: readonly DataSource[]): void => {
      this.#overrides ??= new Map()
      if (sources.length > 0) this.#overrides.set(component, sources)
      else this.#overrides.delete(component)
      if (this.#overrides.size === 0) this.#overrides = undefined
      this.#applyOverride(component)
    }
    change([...(this.#overrides?.get(component) ?? []), source])
    return () => {
      const sources = this.#overrides?.get(component) ?? []
      change(sources.toSpliced(sources.lastIndexOf(source), 1))
    }
  }

  /** Itself, or with one that it lies in. */
  get isFrozen(): boolean {
    return this.#frozen || this.#parent?.isFrozen === true
  }

  freeze(): void {
    this.#frozen = true
  }

  /** @throws OperationNotSupportedException when it is frozen. */
  checkChange(component: string): void {
    if (!this.isFrozen) return
    throw notSupported(this.nameOf(component), 'cannot be changed: the context is frozen', {
      resolvedName: this.#name,
      remainingName: CompositeName.of(component),
    })
  }

  isWithin(node: ContextNode): boolean {
    return this === node || this.#parent?.isWithin(node) === true
  }

  parse(written: Name): ParsedName {
    const name = CompositeName.parse(written)
    this.namespace.checkOpen(name)
    const bare = withoutEnvironmentPrefix(name)
    if (bare !== name) return { start: this.namespace.root, name: bare }
    if (!this.#destroyed) return { start: this, name }
    throw new NameNotFoundException(`The context '${this.#name.toString()}' was destroyed`, {
      resolvedName: nothing,
      remainingName: this.#name.concat(name),
    })
  }

  /** Where a name leads, its last component not looked at. */
  walk({ start, name }: ParsedName, options: { links?: number; createParents?: boolean } = {}): Place {
    checkComponents(name, start.#name)
    const { components } = name
    const last = components.length - 1
    let node = start
    for (let position = 0; position < last; position++) {
      const component = components[position]!
      if (options.createParents === true && node.get(component) === undefined) {
        return { node, missing: components.slice(position, last), component: components[last]! }
      }
      node = node.#contextAt(component, options.links ?? 0, () => name.suffix(position + 1))
    }
    return { node, missing: [], component: components[last]! }
  }

  /** The context of that name. */
  find(written: Name, links = 0, after: () => CompositeName = () => nothing): ContextNode {
    const parsed = this.parse(written)
    if (parsed.name.isEmpty) return parsed.start
    const { node, component } = this.walk(parsed, { links })
    return node.#contextAt(component, links, after)
  }

  /** What lookups give; of a context the node. */
  resolve(written: Name, followLast: boolean, links = 0): unknown {
    const parsed = this.parse(written)
    if (parsed.name.isEmpty) return parsed.start
    const { node, component } = this.walk(parsed, { links })
    const binding = node.get(component) ?? node.#missing(component)
    switch (binding.kind) {
      case 'context':
        return binding.node
      case 'reference':
        return binding.object.get()
      case 'link': {
        if (!followLast) return binding.link
        const count = nextLink(links, node.nameOf(component), nothing)
        return this.namespace.root.resolve(binding.link.linkName, true, count)
      }
      case 'object':
        return binding.object
    }
  }

  #contextAt(component: string, links: number, after: () => CompositeName): ContextNode {
    const binding = this.get(component) ?? this.#missing(component, after())
    if (binding.kind === 'context') return binding.node
    const name = this.nameOf(component)
    if (binding.kind !== 'link') throw notContext(name, after())
    return this.namespace.root.find(binding.link.linkName, nextLink(links, name, after()), after)
  }

  #missing(component: string, after = nothing): never {
    throw notFound(this.nameOf(component), after, this.components)
  }

  #inherit(component: string): Binding | undefined {
    const inherited = this.outer?.get(component)
    if (inherited?.kind !== 'context') return inherited
    const node = new ContextNode(this.namespace, this, component)
    node.#isShadow = true
    const binding: Binding = { kind: 'context', node }
    this.#own.set(component, binding)
    return binding
  }

  /** A shadow is gone with what it stood over, unless it has got names of its own. */
  #current(component: string): Binding | undefined {
    const own = this.#own.get(component)
    if (own?.kind !== 'context' || !own.node.#isShadow) return own
    if (own.node.outer !== undefined || own.node.components.length > 0) return own
    this.remove(component)
    return undefined
  }

  #renamed(component: string, binding: Binding): void {
    const name = this.nameOf(component)
    if (binding.kind === 'reference') binding.object.renamed(name)
    if (binding.kind !== 'context') return
    binding.node.#name = name
    for (const [inner, innerBinding] of binding.node.#own) binding.node.#renamed(inner, innerBinding)
  }

  #applyOverride(component: string): void {
    const binding = this.#own.get(component)
    if (binding?.kind === 'reference') binding.object.override(this.overrideOf(component))
  }
}

export function classNameOf(binding: Binding): string {
  switch (binding.kind) {
    case 'context':
      return 'NamingContext'
    case 'reference':
      return binding.object.reference.type
    case 'link':
      return 'LinkRef'
    case 'object':
      return classNameOfObject(binding.object)
  }
}
