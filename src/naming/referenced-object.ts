import { DataSource } from '../api/data-source.ts'
import { shorten } from './composite-name.ts'
import { DataSourceSlot, NamedDataSource } from './named-data-source.ts'
import { NameNotFoundException, NamingException } from './naming-exception.ts'
import type { Namespace } from './namespace.ts'
import type { Reference } from './reference.ts'

/**
 * - `absent`: not made yet, or the last attempt failed.
 * - `making`: by a factory that takes time (`promise`), or by one that is on the stack right now (no promise).
 * - `made`: `handedOut` is what lookups give: of a data source not itself but its {@link NamedDataSource}.
 * - `closed`: unbound, replaced, or closed with the context.
 */
type State =
  | { readonly kind: 'absent' }
  | { readonly kind: 'making'; readonly promise: Promise<unknown> | undefined }
  | { readonly kind: 'made'; readonly object: object; readonly handedOut: object }
  | { readonly kind: 'closed' }

/** What a reference stands for at the name it is bound to: made once, at the first lookup, and closed by the context. */
export class ReferencedObject {
  readonly name: string
  readonly reference: Reference
  readonly #namespace: Namespace
  #state: State = { kind: 'absent' }
  /** Outlives a rebind, so that data sources handed out before follow. */
  #named: { readonly slot: DataSourceSlot; readonly dataSource: NamedDataSource } | undefined

  constructor(namespace: Namespace, name: string, reference: Reference) {
    this.#namespace = namespace
    this.name = name
    this.reference = reference
  }

  /** Whether an application holds a data source that must follow the name. */
  get isFollowed(): boolean {
    return this.#named !== undefined
  }

  /** The object, or its promise when a factory takes time. A failure is thrown (or rejects), and forgotten. */
  get(): unknown {
    switch (this.#state.kind) {
      case 'made':
        return this.#state.handedOut
      case 'making':
        if (this.#state.promise !== undefined) return this.#state.promise
        throw new NamingException(`'${this.name}' cannot be made: its factory looks itself up`)
      case 'closed':
        throw this.#unbound()
      case 'absent':
        return this.#make()
    }
  }

  /** Takes over from the object that the name was bound to: what was handed out then leads here from now on. */
  succeed(previous: ReferencedObject): void {
    this.#named = previous.#named
  }

  /** The name leads somewhere else from now on, or nowhere. */
  redirect(source: DataSource | undefined): void {
    this.#named?.slot.replace(source)
  }

  /** Closes the object, now or as soon as it is made. Nothing is made any more. */
  async close(): Promise<void> {
    const state = this.#state
    if (state.kind === 'closed') return
    this.#state = { kind: 'closed' }
    // The object comes to #keep, which closes it.
    if (state.kind === 'making') await state.promise?.catch(() => undefined)
    if (state.kind !== 'made') return
    this.#namespace.forget(this)
    await this.#namespace.closing(this.#closeObject(state.object))
  }

  #make(): unknown {
    const factory = this.#namespace.factoryOf(this.reference.type, this.name)
    this.#state = { kind: 'making', promise: undefined }
    let outcome: object | Promise<object>
    try {
      outcome = factory.getObjectInstance(this.reference, this.name)
      if (!isPromise(outcome)) return this.#keep(outcome)
    } catch (error) {
      throw this.#failed(error)
    }
    const promise = Promise.resolve(outcome).then(
      (object) => this.#keep(object),
      (error: unknown) => {
        throw this.#failed(error)
      },
    )
    this.#state = { kind: 'making', promise }
    // Those who look the name up hear of a failure; nobody else has to.
    void this.#namespace.closing(promise).catch(() => undefined)
    return promise
  }

  #keep(object: object): unknown {
    if ((typeof object !== 'object' && typeof object !== 'function') || object === null) {
      throw this.#failed(new TypeError('the factory returned no object'))
    }
    if (this.#state.kind === 'closed') {
      void this.#namespace.closing(this.#closeObject(object)).catch(() => undefined)
      throw this.#unbound()
    }
    const handedOut = object instanceof DataSource ? this.#follow(object) : object
    this.#state = { kind: 'made', object, handedOut }
    this.#namespace.remember(this)
    return handedOut
  }

  #follow(source: DataSource): NamedDataSource {
    const slot = this.#named?.slot ?? new DataSourceSlot()
    this.#named ??= { slot, dataSource: new NamedDataSource(this.name, slot) }
    slot.replace(source)
    return this.#named.dataSource
  }

  #failed(error: unknown): NamingException {
    if (this.#state.kind === 'making') this.#state = { kind: 'absent' }
    if (error instanceof NamingException) return error
    const why = error instanceof Error ? error.message : String(error)
    return new NamingException(`'${shorten(this.name)}' cannot be made: ${why}`, { cause: error })
  }

  #unbound(): NameNotFoundException {
    return new NameNotFoundException(`'${this.name}' was unbound, or bound anew, while it was being made`)
  }

  async #closeObject(object: object): Promise<void> {
    try {
      await closeMethodOf(object)?.call(object)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new NamingException(`'${this.name}' could not be closed: ${why}`, { cause: error })
    }
  }
}

type CloseMethod = (this: object) => unknown

function closeMethodOf(object: object): CloseMethod | undefined {
  for (const key of [Symbol.asyncDispose, Symbol.dispose, 'close']) {
    const method: unknown = (object as Record<PropertyKey, unknown>)[key]
    if (typeof method === 'function') return method as CloseMethod
  }
  return undefined
}

function isPromise(value: object | Promise<object>): value is Promise<object> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
