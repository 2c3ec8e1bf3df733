import { Container, ContainerInstance, Inject, Token } from 'typedi'
import type { DataSource } from './api/data-source.ts'
import { CompositeName, withoutEnvironmentPrefix } from './naming/composite-name.ts'
import type { NamingContext } from './naming/naming-context.ts'

/** A context that its owner closes: `InitialContext`, or the scope of one. */
export type OwnedContext = NamingContext & AsyncDisposable

/** Options of {@link registerContext}. */
export interface RegisterContextOptions {
  /** Whether {@link ContextRegistration.close} closes the context as well. Default: true. */
  readonly closeContext?: boolean | undefined
}

/** A context in a container, until it is closed. */
export interface ContextRegistration extends AsyncDisposable {
  /**
   * Takes the context out of the container, and closes it unless it was registered with `closeContext: false`. Settles
   * when that is done. Idempotent.
   *
   * typedi's own `reset()` and `remove()` wait for nothing, so they close nothing here either.
   */
  close(): Promise<void>
}

/** For a property, or for a parameter of a constructor. Needs `experimentalDecorators`, as typedi itself. */
export interface InjectDataSourceDecorator {
  (target: object, propertyName: string | symbol | undefined, index?: number): void
}

/** What all copies of this module share, for each copy of typedi. */
interface Shared {
  /** One for each name. */
  readonly tokens: Map<string, Token<DataSource>>
  readonly registrations: Map<ContainerInstance, Registration>
}

const shared = sharedState()

/**
 * The key of a data source in a container: the same token for the same name.
 *
 * ```ts
 * const address = Container.get(dataSourceToken('jdbc/address'))
 * ```
 * @throws InvalidNameException for a text that is no name.
 */
export function dataSourceToken(name: string): Token<DataSource> {
  const key = withoutEnvironmentPrefix(CompositeName.parse(name)).toString()
  const known = shared.tokens.get(key)
  if (known !== undefined) return known
  const token = new Token<DataSource>(key)
  shared.tokens.set(key, token)
  for (const registration of shared.registrations.values()) registration.provide(key, token)
  return token
}

/**
 * Injects the data source of that name, whatever the type of the property or parameter says. A property has it after
 * the constructor only.
 *
 * ```ts
 * @Service()
 * class AddressBook {
 *   constructor(@InjectDataSource('jdbc/address') private readonly address: DataSource) {}
 * }
 * ```
 * @throws InvalidNameException for a text that is no name, when the class is defined.
 */
export function InjectDataSource(name: string): InjectDataSourceDecorator {
  const inject = Inject(dataSourceToken(name))
  return (target, propertyName, index) => {
    // A decorator of the standard is called with a context object; typedi would fail much later, and elsewhere.
    if (typeof propertyName === 'object') {
      throw new TypeError(
        `@InjectDataSource('${name}') was called as a standard decorator; typedi needs "experimentalDecorators": true`,
      )
    }
    inject(target, propertyName, index)
  }
}

/**
 * Has a container give the data sources of a context by their {@link dataSourceToken}: those bound now and those bound
 * later. Each is looked up when it is first asked for, by `context.dataSource(name)`, and follows its name from then on.
 * What the container itself has for a token already stays.
 *
 * ```ts
 * await using registration = registerContext(Container, await InitialContext.fromFile('wellhead.yaml'))
 * ```
 * @param container `Container` itself, which lends to all others, or `Container.of(id)`.
 * @throws Error when the container has a context already, or is not of the typedi that Wellhead imports.
 */
export function registerContext(
  container: typeof Container | ContainerInstance,
  context: OwnedContext,
  options: RegisterContextOptions = {},
): ContextRegistration {
  const instance = container === Container ? Container.of() : container
  // Of another copy of typedi: what our decorators say is unknown to it, and it would inject undefined.
  if (!(instance instanceof ContainerInstance)) {
    throw new Error(
      'This is not a container of the typedi that wellhead/typedi imports: there are two copies. See npm ls typedi; a bundle holds both packages or neither',
    )
  }
  if (shared.registrations.has(instance)) {
    throw new Error(`The container '${instance.id}' has a context already; close its registration first`)
  }
  const registration = new Registration(instance, context, options.closeContext ?? true)
  shared.registrations.set(instance, registration)
  for (const [name, token] of shared.tokens) registration.provide(name, token)
  return registration
}

class Registration implements ContextRegistration {
  readonly #container: ContainerInstance
  readonly #context: OwnedContext
  readonly #closeContext: boolean
  readonly #provided = new Set<Token<DataSource>>()
  #closing: Promise<void> | undefined

  constructor(container: ContainerInstance, context: OwnedContext, closeContext: boolean) {
    this.#container = container
    this.#context = context
    this.#closeContext = closeContext
  }

  /** Transient: the container keeps no value, and so no failure and no data source of a name that was bound anew. */
  provide(name: string, token: Token<DataSource>): void {
    if (this.#container.has(token)) return
    this.#provided.add(token)
    this.#container.set({ id: token, transient: true, factory: () => this.#context.dataSource(name) })
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    shared.registrations.delete(this.#container)
    this.#container.remove([...this.#provided])
    if (this.#closeContext) await this.#context[Symbol.asyncDispose]()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** Kept by its Container: tokens are objects of a class, and another copy of typedi has another class. */
function sharedState(): Shared {
  const key = Symbol.for('wellhead.typedi')
  const all = ((globalThis as { [key]?: WeakMap<object, Shared> })[key] ??= new WeakMap())
  const known = all.get(Container)
  if (known !== undefined) return known
  const state: Shared = { tokens: new Map(), registrations: new Map() }
  all.set(Container, state)
  return state
}
