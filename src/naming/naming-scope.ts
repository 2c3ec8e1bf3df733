import { Namespace } from './namespace.ts'
import { NamingContext } from './naming-context.ts'
import type { ObjectFactory } from './reference.ts'

/** Options of a {@link NamingScope}. */
export interface NamingScopeOptions {
  /** Beside those of the context around it; one of the same type comes first. Default: none. */
  readonly factories?: Iterable<ObjectFactory> | undefined
}

/**
 * A context of its own within another, for a test or a tenant: made by `createScope()`. It shows the names around it as
 * they are at the moment, and hides those that it binds itself. Nothing that is done to it changes what is around it:
 * names of there can be bound here, not unbound, renamed or destroyed.
 *
 * What was made for a name around it is shared, and closed there; what was made for its own names it closes itself. Links
 * start from the scope, wherever they are bound. A frozen context has scopes that are not, and listeners hear of the
 * changes of the one that they were added to.
 */
export class NamingScope extends NamingContext implements AsyncDisposable {
  readonly #namespace: Namespace

  /** @internal See `InitialContext.createScope`. */
  constructor(outer: Namespace, options: NamingScopeOptions = {}) {
    outer.checkOpen(outer.root.name)
    const namespace = new Namespace(options.factories ?? [], outer)
    super(namespace)
    this.#namespace = namespace
  }

  /** A scope within this one. */
  createScope(options?: NamingScopeOptions): NamingScope {
    return new NamingScope(this.#namespace, options)
  }

  /**
   * Closes what the scope made, the latest first, one after the other. It refuses everything afterwards. Closing the
   * context around it closes it as well. Idempotent.
   *
   * @throws AggregateError of all failures; one stops nothing.
   */
  close(): Promise<void> {
    return this.#namespace.close()
  }

  /** {@link NamingScope.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
