import { DataSource } from '../api/data-source.ts'
import { parseDuration } from '../api/duration.ts'
import type { DeadlineOptions, StatementOptions } from '../api/executor.ts'
import type { Result } from '../api/result.ts'
import type { SqlFragment } from '../api/sql-template.ts'
import type { SqlParameters } from '../api/sql-types.ts'
import type { ClassToken } from '../api/wrapper.ts'
import type { DataSourceStartOptions } from '../source/pooled-data-source.ts'
import type { BindOptions, RebindOptions } from './bind-options.ts'
import { CompositeName, type Name } from './composite-name.ts'
import * as changes from './context-changes.ts'
import { healthOfContext, startContext, type ContextHealth } from './context-lifecycle.ts'
import { classNameOf, ContextNode, type Place } from './context-node.ts'
import { notSupported, wrongType } from './naming-failures.ts'
import { NamingException } from './naming-exception.ts'
import type { NamingEventScope, NamingListener } from './naming-events.ts'
import type { Namespace } from './namespace.ts'

/** A name within a context, and the class of what is bound to it (`javax.naming.NameClassPair`). */
export interface NameClassPair {
  /** Of one component, relative to the context that was listed. */
  readonly name: string
  /** Of a {@link Reference}: its type. */
  readonly className: string
}

/** A name within a context, and the way to what is bound to it (`javax.naming.Binding`). */
export interface NamingBinding extends NameClassPair {
  /** As `lookup` of the name at the moment of asking: what nobody asks for is not made. */
  getObject(): Promise<unknown>
  /** As the other form, and typed by the token. */
  getObject<T>(token: ClassToken<T>): Promise<T>
}

/** What `override` did, to be undone: by `using`, by `await using`, or by a call. Undoing twice is undoing once. */
export interface NamingOverride extends Disposable, AsyncDisposable {
  undo(): void
}

/**
 * A set of names (`javax.naming.Context`). Names of several components lead through contexts within contexts.
 * `java:comp/env/` before a name means the initial context, wherever it is used.
 *
 * A {@link Reference} is turned into its object at the first lookup, once for all that wait for it; a failure is
 * told to those who waited and forgotten. A data source that the context made is handed out without `close`: the
 * context closes it. Objects that the application bound are returned as they are, and never closed.
 *
 * All methods throw (or reject with) a {@link NamingException}, which says how far the name led. Every method that
 * changes something throws OperationNotSupportedException once the context is frozen.
 */
export class NamingContext {
  readonly #node: ContextNode

  /** @internal Contexts are made by `InitialContext`, `createSubcontext`, and by binding names of several components. */
  constructor(namespace: Namespace, node: ContextNode = namespace.root) {
    this.#node = node
    node.view = this
  }

  /** The name of this context from the initial context; empty for the initial context itself. */
  get nameInNamespace(): string {
    return this.#node.name.toString()
  }

  /**
   * Binds an object, a {@link Reference} or a {@link LinkRef}. The object may be null, as in JNDI, not undefined.
   *
   * @throws NameAlreadyBoundException when the name is taken.
   * @throws InvalidNameException for a name that is empty or has an empty component.
   * @throws NotContextException when the name leads through something that is not a context.
   */
  bind(name: Name, object: unknown, options?: BindOptions): void {
    changes.bind(this.#placeFor(name, options), object)
  }

  /**
   * Binds, and replaces what was bound. The name changes at once; the promise settles when the object that the
   * context had made for the old reference is closed.
   *
   * A data source looked up before goes to the new one with its next call. Those who wait for a connection go on waiting
   * for one of the new source, in their order and with what is left of their time; connections in use are finished with
   * on the old one, which is closed after the last. The new one is made first: when that fails the old one stays. A
   * reference of equal type and properties changes nothing.
   *
   * @throws OperationNotSupportedException when the name leads to a context.
   */
  async rebind(name: Name, object: unknown, options: RebindOptions = {}): Promise<void> {
    const drainTimeout = parseDuration(options.drainTimeout ?? '30m')
    if (drainTimeout === undefined) {
      throw new NamingException(`drainTimeout is no duration; give milliseconds, or '30s', '10m'`)
    }
    const replacement = { object, verify: options.verify ?? false, drainTimeout }
    return changes.rebind(() => this.#placeFor(name, options), replacement)
  }

  /**
   * Removes a binding; a name that is not bound is no error, a missing context on the way is (JNDI). The name is
   * gone at once; the promise settles when the object that the context had made for it is closed.
   *
   * @throws OperationNotSupportedException when the name leads to a context.
   */
  async unbind(name: Name): Promise<void> {
    return changes.unbind(this.#place(name))
  }

  /**
   * Binds under another name what is bound under this one; makes nothing, closes nothing. Data sources looked up before
   * go with it. A context takes its names with it. A link that leads there is not changed.
   *
   * @throws NameAlreadyBoundException when the new name is taken.
   */
  rename(oldName: Name, newName: Name, options?: BindOptions): void {
    changes.rename(this.#place(oldName), this.#placeFor(newName, options))
  }

  /** An empty context under a new name. @throws NameAlreadyBoundException when the name is taken. */
  createSubcontext(name: Name, options?: BindOptions): NamingContext {
    return viewOf(changes.createSubcontext(this.#placeFor(name, options)))
  }

  /**
   * Removes an empty context; a name that is not bound is no error, a missing context on the way is (JNDI).
   *
   * @throws ContextNotEmptyException
   * @throws NotContextException when the name leads to something else, be it a link to a context.
   */
  destroySubcontext(name: Name): void {
    changes.destroySubcontext(this.#place(name))
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
    if (token !== undefined && !(object instanceof token)) throw this.#wrongType(name, object, token)
    return object
  }

  /** As {@link NamingContext.lookup}, but a link in the last place is not followed: it is the {@link LinkRef} itself. */
  async lookupLink(name: Name): Promise<unknown> {
    return this.#resolve(name, false)
  }

  /**
   * The data source bound to a name, at once: like `lookup(name, DataSource)` without its promise.
   *
   * @throws OperationNotSupportedException when a factory is still making it.
   */
  dataSource(name: Name): DataSource {
    const object = this.#resolve(name)
    if (object instanceof DataSource) return object
    if (!(object instanceof Promise)) throw this.#wrongType(name, object, DataSource)
    // The creation goes on, and whoever looks the name up later hears of its failure.
    object.catch(() => undefined)
    throw notSupported(this.#fullName(name), 'is made by a factory that takes time; await its lookup')
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
   * Looks up all references of this context and of those below it, and has their data sources connect, so that wrong
   * settings show at once: as `PooledDataSource.start`, all at the same time.
   *
   * @throws ContextStartError of all failures, when each has succeeded or failed. Without `failFast` only of references
   *   that cannot be made.
   */
  async start(options?: DataSourceStartOptions): Promise<void> {
    await startContext(this.#node, options)
  }

  /**
   * As `DataSource.health` of the data sources of this context and of those below it, all at the same time. Makes
   * nothing: a reference that nobody has looked up, and no `start` has made, is left out. It rejects only when its signal
   * was aborted (57014), an option is wrong (HY024), or the context is closed.
   */
  async health(options?: DeadlineOptions): Promise<ContextHealth> {
    return healthOfContext(this.#node, options)
  }

  /**
   * The names bound in a context, in the order in which they were bound, as they are now. Makes nothing.
   *
   * @param name Of the context. Default: this one.
   * @throws NotContextException when the name leads to something that is not a context.
   */
  list(name: Name = ''): readonly NameClassPair[] {
    return listed(this.#node.find(name), (pair) => pair)
  }

  /** As {@link NamingContext.list}, with the way to the objects. Makes nothing either. */
  listBindings(name: Name = ''): readonly NamingBinding[] {
    const node = this.#node.find(name)
    const context = viewOf(node)
    return listed(node, (pair, component) => ({
      ...pair,
      getObject: <T>(token?: ClassToken<T>) =>
        token === undefined ? context.lookup(component) : context.lookup(component, token),
    }))
  }

  /**
   * Tells a listener of changes from now on (`javax.naming.event.EventContext`). Added twice for the same it counts once.
   *
   * @param target Whether it is bound or not. A link is not followed: it is the name itself that is listened to.
   */
  addNamingListener(target: Name, scope: NamingEventScope, listener: NamingListener): void {
    this.#node.namespace.listeners.add(this, this.#fullName(target), scope, listener)
  }

  /** For all targets and scopes that it was added for on this context. */
  removeNamingListener(listener: NamingListener): void {
    this.#node.namespace.listeners.remove(this, listener)
  }

  /** Refuses every change of this context, and of those below, for good. Lookups go on: creating is no change. */
  freeze(): void {
    this.#node.parse('')
    this.#node.freeze()
  }

  /**
   * Has a name lead to another data source, for a test: for lookups, and for calls on a data source of the context that
   * was looked up before. What is bound to the name stays bound, and is not made if it is not there. The source stays the
   * application's, and is not closed. Overrides of one name can be undone in any order: the latest that is left counts.
   *
   * An object that the application bound itself cannot be followed, nor can what a scope shows of the context around it:
   * there only lookups lead elsewhere. A link is overridden itself, not what it leads to.
   *
   * @throws NameNotFoundException when nothing is bound to the name.
   */
  override(name: Name, source: DataSource): NamingOverride {
    const undo = changes.override(this.#place(name), source)
    return { undo, [Symbol.dispose]: undo, [Symbol.asyncDispose]: async () => undo() }
  }

  #resolve(name: Name, followLast = true): unknown {
    const object = this.#node.resolve(name, followLast)
    return object instanceof ContextNode ? viewOf(object) : object
  }

  #place(name: Name): Place {
    return this.#node.walk(this.#node.parse(name))
  }

  #placeFor(name: Name, options: BindOptions = {}): Place {
    return this.#node.walk(this.#node.parse(name), { createParents: options.createParents ?? true })
  }

  #fullName(written: Name): CompositeName {
    const { start, name } = this.#node.parse(written)
    return start.name.concat(name)
  }

  #wrongType(name: Name, object: unknown, token: ClassToken<unknown>): NamingException {
    return wrongType(this.#fullName(name), object, token.name)
  }
}

function viewOf(node: ContextNode): NamingContext {
  return node.view ?? new NamingContext(node.namespace, node)
}

function listed<T>(node: ContextNode, entry: (pair: NameClassPair, component: CompositeName) => T): T[] {
  return node.components.map((component) => {
    const name = CompositeName.of(component)
    return entry({ name: name.toString(), className: classNameOf(node.get(component)!) }, name)
  })
}
