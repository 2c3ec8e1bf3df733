import { DataSource } from '../api/data-source.ts'
import type { StatementOptions } from '../api/executor.ts'
import type { Result } from '../api/result.ts'
import type { SqlFragment } from '../api/sql-template.ts'
import type { SqlParameters } from '../api/sql-types.ts'
import type { ClassToken } from '../api/wrapper.ts'
import { CompositeName, withoutEnvironmentPrefix, type Name } from './composite-name.ts'
import type { Namespace } from './namespace.ts'
import {
  classNameOfObject,
  contextInTheWay,
  nextLink,
  notFound,
  shown,
  wrongType,
} from './naming-failures.ts'
import {
  InvalidNameException,
  NameAlreadyBoundException,
  NamingException,
  NotContextException,
  OperationNotSupportedException,
} from './naming-exception.ts'
import { LinkRef, Reference } from './reference.ts'
import { ReferencedObject } from './referenced-object.ts'

/** A name within a context, and the class of what is bound to it (`javax.naming.NameClassPair`). */
export interface NameClassPair {
  /** Of one component, relative to the context that was listed. */
  readonly name: string
  /** Of a {@link Reference}: its type. */
  readonly className: string
}

/** Options of `bind` and `rebind`. */
export interface BindOptions {
  /**
   * Makes the contexts that the name leads through. Default: true, so that `bind('jdbc/x', …)` works in an empty
   * context; JNDI's own rule, NameNotFoundException for a missing context, is `false`.
   */
  readonly createParents?: boolean | undefined
}

type Binding =
  | { readonly kind: 'context'; readonly context: NamingContext }
  | { readonly kind: 'reference'; readonly object: ReferencedObject }
  | { readonly kind: 'link'; readonly link: LinkRef }
  | { readonly kind: 'object'; readonly object: unknown }

/** A name without its prefix, and the context that it starts from. */
interface ParsedName {
  readonly start: NamingContext
  readonly name: CompositeName
}

/** Where a walk along a name ended: at the context of its last component. */
interface Place {
  readonly context: NamingContext
  readonly component: string
  /** From the initial context. */
  readonly name: CompositeName
}

/**
 * A set of names (`javax.naming.Context`). Names of several components lead through contexts within contexts.
 * `java:comp/env/` before a name means the initial context, wherever it is used.
 *
 * A {@link Reference} is turned into its object at the first lookup, once for all that wait for it; a failure is
 * told to those who waited and forgotten. A data source that the context made is handed out without `close`: the
 * context closes it. Objects that the application bound are returned as they are, and never closed.
 *
 * All methods throw (or reject with) a {@link NamingException}.
 */
export class NamingContext {
  readonly #namespace: Namespace
  readonly #name: CompositeName
  readonly #root: NamingContext
  readonly #bindings = new Map<string, Binding>()

  /** @internal Contexts are made by `InitialContext`, and by binding names of several components. */
  constructor(namespace: Namespace, name: CompositeName = CompositeName.of(), root?: NamingContext) {
    this.#namespace = namespace
    this.#name = name
    this.#root = root ?? this
  }

  /** The name of this context from the initial context; empty for the initial context itself. */
  get nameInNamespace(): string {
    return this.#name.toString()
  }

  /**
   * Binds an object, a {@link Reference} or a {@link LinkRef}. The object may be null, as in JNDI, not undefined.
   *
   * @throws NameAlreadyBoundException when the name is taken.
   * @throws InvalidNameException for a name that is empty or has an empty component.
   * @throws NotContextException when the name leads through something that is not a context.
   */
  bind(name: Name, object: unknown, options: BindOptions = {}): void {
    const place = this.#placeToBind(name, object, options)
    if (place.context.#bindings.has(place.component)) {
      throw new NameAlreadyBoundException(`'${shown(place.name)}' is already bound; rebind replaces`, {
        resolvedName: place.name,
      })
    }
    place.context.#bindings.set(place.component, this.#bindingOf(place.name, object))
  }

  /**
   * Binds, and replaces what was bound. The name changes at once; the promise settles when the object that the
   * context had made for the old reference is closed.
   *
   * A data source looked up before goes to the new one with its next call. The new one is made first: when that
   * fails the old one stays.
   */
  async rebind(name: Name, object: unknown, options: BindOptions = {}): Promise<void> {
    const place = this.#placeToBind(name, object, options)
    const { context, component } = place
    const previous = context.#bindings.get(component)
    if (previous?.kind === 'context') throw contextInTheWay(place.name, 'rebind')
    const binding = this.#bindingOf(place.name, object)
    if (previous?.kind === 'reference' && previous.object.isFollowed) {
      const redirected = context.#redirect(component, previous.object, binding)
      // Only then: awaiting nothing would leave the old binding in place for a moment.
      if (redirected !== undefined) await redirected
    }
    context.#bindings.set(component, binding)
    if (previous?.kind === 'reference') await previous.object.close()
  }

  /**
   * Removes a binding; a name that is not bound is no error, a missing context on the way is (JNDI). The name is
   * gone at once; the promise settles when the object that the context had made for it is closed.
   */
  async unbind(name: Name): Promise<void> {
    const place = this.#walk(this.#parse(name))
    const binding = place.context.#bindings.get(place.component)
    if (binding?.kind === 'context') throw contextInTheWay(place.name, 'unbind')
    place.context.#bindings.delete(place.component)
    if (binding?.kind !== 'reference') return
    binding.object.redirect(undefined)
    await binding.object.close()
  }

  /**
   * What is bound to a name; made now if it is a reference that nobody has looked up before. Links are followed.
   * Nothing connects to a database. The empty name gives this context.
   *
   * @param token What it has to be: a class, or the key `DataSource`.
   * @throws NameNotFoundException
   * @throws WrongTypeException when it is something else.
   */
  async lookup(name: Name): Promise<unknown>
  /** As the other form, and typed by the token. */
  async lookup<T>(name: Name, token: ClassToken<T>): Promise<T>
  async lookup(name: Name, token?: ClassToken<unknown>): Promise<unknown> {
    const object = await this.#resolve(name)
    if (token !== undefined && !(object instanceof token)) throw wrongType(name, object, token.name)
    return object
  }

  /**
   * The data source bound to a name, at once: like `lookup(name, DataSource)` without its promise.
   *
   * @throws OperationNotSupportedException when a factory is still making it.
   */
  dataSource(name: Name): DataSource {
    const object = this.#resolve(name)
    if (object instanceof DataSource) return object
    if (object instanceof Promise) {
      // The creation goes on, and whoever looks the name up later hears of its failure.
      object.catch(() => undefined)
      throw new OperationNotSupportedException(
        `'${shown(name)}' is made by a factory that takes time; use await lookup('${shown(name)}', DataSource)`,
      )
    }
    throw wrongType(name, object, DataSource.name)
  }

  /** Runs one statement on the data source of that name: borrows a connection, runs, gives it back. */
  async query<Row = Record<string, unknown>>(
    name: Name,
    sql: string | SqlFragment,
    parameters?: SqlParameters,
    options?: StatementOptions,
  ): Promise<Result<Row>> {
    const dataSource = await this.lookup(name, DataSource)
    return dataSource.query<Row>(sql, parameters, options)
  }

  /**
   * The names bound in a context, in the order in which they were bound, as they are now. Makes nothing.
   *
   * @param name Of the context. Default: this one.
   * @throws NotContextException when the name leads to something that is not a context.
   */
  list(name: Name = ''): readonly NameClassPair[] {
    const parsed = this.#parse(name)
    const context = parsed.name.isEmpty ? parsed.start : this.#contextAt(this.#walk(parsed), 0)
    return Array.from(context.#bindings, ([component, binding]) => ({
      name: CompositeName.of(component).toString(),
      className: classNameOf(binding),
    }))
  }

  #resolve(name: Name, links = 0): unknown {
    const parsed = this.#parse(name)
    if (parsed.name.isEmpty) return parsed.start
    const place = this.#walk(parsed, links)
    const binding = place.context.#bindings.get(place.component)
    if (binding === undefined) throw notFound(place.name, CompositeName.of(), place.context.#bindings.keys())
    switch (binding.kind) {
      case 'context':
        return binding.context
      case 'reference':
        return binding.object.get()
      case 'link':
        return this.#root.#resolve(binding.link.linkName, nextLink(links, place.name))
      case 'object':
        return binding.object
    }
  }

  #parse(name: Name): ParsedName {
    this.#namespace.checkOpen()
    const parsed = CompositeName.parse(name)
    const bare = withoutEnvironmentPrefix(parsed)
    return { start: bare === parsed ? this : this.#root, name: bare }
  }

  #placeToBind(name: Name, object: unknown, options: BindOptions): Place {
    if (object === undefined) throw new NamingException(`'${shown(name)}' cannot be bound to undefined`)
    return this.#walk(this.#parse(name), 0, options.createParents ?? true)
  }

  #walk({ start, name }: ParsedName, links = 0, createParents = false): Place {
    if (name.isEmpty) throw new InvalidNameException('The empty name is the context itself')
    if (name.components.includes('')) {
      throw new InvalidNameException(
        `'${shown(name)}' has an empty component; write single separators, and none at the ends`,
      )
    }
    let context = start
    const last = name.components.length - 1
    for (let position = 0; position < last; position++) {
      const component = name.components[position]!
      const place: Place = { context, component, name: context.#name.concat(CompositeName.of(component)) }
      if (createParents && !context.#bindings.has(component)) {
        const made = new NamingContext(context.#namespace, place.name, context.#root)
        context.#bindings.set(component, { kind: 'context', context: made })
      }
      context = this.#contextAt(place, links, name.suffix(position + 1))
    }
    const component = name.components[last]!
    return { context, component, name: context.#name.concat(CompositeName.of(component)) }
  }

  #contextAt(place: Place, links: number, remainingName: CompositeName = CompositeName.of()): NamingContext {
    const binding = place.context.#bindings.get(place.component)
    if (binding === undefined) throw notFound(place.name, remainingName, place.context.#bindings.keys())
    if (binding.kind === 'context') return binding.context
    if (binding.kind === 'link') {
      const target = this.#root.#parse(binding.link.linkName)
      const count = nextLink(links, place.name)
      if (target.name.isEmpty) return target.start
      return this.#contextAt(this.#walk(target, count), count, remainingName)
    }
    const beyond = remainingName.isEmpty ? '' : `, so there is no '${shown(remainingName)}' in it`
    throw new NotContextException(`'${shown(place.name)}' is not a context${beyond}`, {
      resolvedName: place.name,
      remainingName,
    })
  }

  #bindingOf(name: CompositeName, object: unknown): Binding {
    if (object instanceof LinkRef) return { kind: 'link', link: object }
    if (!(object instanceof Reference)) return { kind: 'object', object }
    return { kind: 'reference', object: new ReferencedObject(this.#namespace, name.toString(), object) }
  }

  /**
   * Leads the data sources handed out for a name to what it is bound to next. A promise only when that has to be
   * made by a factory that takes time.
   */
  #redirect(component: string, previous: ReferencedObject, next: Binding): Promise<void> | undefined {
    if (next.kind !== 'reference') {
      const object = next.kind === 'object' ? next.object : undefined
      previous.redirect(object instanceof DataSource ? object : undefined)
      return undefined
    }
    next.object.succeed(previous)
    const made = next.object.get()
    if (made instanceof Promise) return this.#redirectLater(component, previous, next.object, made)
    if (!(made instanceof DataSource)) previous.redirect(undefined)
    return undefined
  }

  async #redirectLater(
    component: string,
    previous: ReferencedObject,
    next: ReferencedObject,
    making: Promise<unknown>,
  ): Promise<void> {
    const made = await making
    const current = this.#bindings.get(component)
    if (current?.kind !== 'reference' || current.object !== previous) {
      await next.close()
      throw new NamingException(`'${next.name}' was bound anew while its data source was being made`)
    }
    if (!(made instanceof DataSource)) previous.redirect(undefined)
  }
}

function classNameOf(binding: Binding): string {
  switch (binding.kind) {
    case 'context':
      return NamingContext.name
    case 'reference':
      return binding.object.reference.type
    case 'link':
      return LinkRef.name
    case 'object':
      return classNameOfObject(binding.object)
  }
}
