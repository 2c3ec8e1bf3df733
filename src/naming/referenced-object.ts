import { DataSource } from '../api/data-source.ts'
import { PooledDataSource, type DataSourceCloseOptions } from '../source/pooled-data-source.ts'
import type { CompositeName } from './composite-name.ts'
import { DataSourceSlot, NamedDataSource } from './named-data-source.ts'
import { found, foundContextOf, notSupported, shown, wrongType } from './naming-failures.ts'
import { NameNotFoundException, NamingException } from './naming-exception.ts'
import type { Namespace } from './namespace.ts'
import type { Reference } from './reference.ts'

/**
 * - `absent`: not made yet, or the last attempt failed.
 * - `making`: by a factory that takes time (`promise`), or by one that is on the stack right now (no promise).
 * - `made`: `from` the reference with the properties of that moment. A `source` is not handed out itself, but the
 *   {@link NamedDataSource} that leads to it.
 * - `closed`: unbound, replaced, or closed with the context.
 */
type State =
  | { readonly kind: 'absent' }
  | { readonly kind: 'making'; readonly promise: Promise<object> | undefined }
  | {
      readonly kind: 'made'
      readonly object: object
      readonly source: DataSource | undefined
      readonly from: Reference
    }
  | { readonly kind: 'closed' }

/** How long borrowers of a replaced source may take once the context is closed: as with any other close. */
const drainTimeoutOfClose = 10_000

/** What a reference stands for at the name it is bound to: made once, at the first lookup, and closed by the context. */
export class ReferencedObject {
  readonly reference: Reference
  readonly #namespace: Namespace
  #name: CompositeName
  #state: State = { kind: 'absent' }
  /** Outlives a rebind, so that data sources handed out before follow. */
  #named: { readonly slot: DataSourceSlot; readonly dataSource: NamedDataSource } | undefined

  constructor(namespace: Namespace, name: CompositeName, reference: Reference) {
    this.#namespace = namespace
    this.#name = name
    this.reference = reference
  }

  /** Whether an application holds a data source that must follow the name. */
  get isFollowed(): boolean {
    return this.#state.kind === 'made' && this.#state.source !== undefined
  }

  /** The data source that lookups give, if there is one already. */
  get present(): DataSource | undefined {
    return this.isFollowed || this.#named?.slot.isOverridden === true ? this.#named!.dataSource : undefined
  }

  /** Whether what is there is also what that reference would make. */
  serves(reference: Reference): boolean {
    return this.#state.kind === 'made' && reference.equals(this.#state.from)
  }

  /** Whether a data source is this one, or leads here: then the name cannot lead to it. */
  isBehind(source: DataSource): boolean {
    if (this.#state.kind === 'made' && this.#state.object === source) return true
    return this.#named !== undefined && NamedDataSource.leadsTo(source, this.#named.slot)
  }

  /** What lookups give, or its promise when a factory takes time. A failure is thrown (or rejects), and forgotten. */
  get(): unknown {
    if (this.#named?.slot.isOverridden === true) return this.#named.dataSource
    const made = this.make()
    return made instanceof Promise ? made.then(() => this.get()) : this.#handOut(made)
  }

  /** The object itself. */
  make(): object | Promise<object> {
    switch (this.#state.kind) {
      case 'made':
        return this.#state.object
      case 'making':
        if (this.#state.promise !== undefined) return this.#state.promise
        throw this.#failure('its factory looks itself up')
      case 'closed':
        throw this.#unbound()
      case 'absent':
        return this.#make()
    }
  }

  renamed(name: CompositeName): void {
    this.#name = name
    if (this.#named !== undefined) this.#named.dataSource.name = name.toString()
  }

  /** The name leads there, whatever is bound to it, until this is taken back with `undefined`. */
  override(source: DataSource | undefined): void {
    if (source !== undefined) this.#follow()
    this.#named?.slot.override(source)
  }

  /** Removed from its name, which leads nowhere from now on. */
  unbind(): Promise<void> {
    this.#named?.slot.override(undefined)
    this.#named?.slot.lead(undefined)
    return this.close()
  }

  /**
   * The name leads to something else from now on: what was handed out goes there, and those who wait go on waiting
   * there. What is lent may take its time to come back.
   */
  replace(next: unknown, drainTimeout: number): Promise<void> {
    let successor: DataSource | undefined
    if (next instanceof ReferencedObject) {
      successor = next.#succeed(this)
    } else {
      successor = next instanceof DataSource ? next : undefined
      this.#named?.slot.lead(successor)
    }
    return this.close({ drainTimeout, successor })
  }

  #succeed(previous: ReferencedObject): DataSource | undefined {
    const source = this.#state.kind === 'made' ? this.#state.source : undefined
    if (previous.#named !== undefined) {
      this.#named = previous.#named
      this.#named.slot.lead(source, () => this.#source())
    }
    return source
  }

  /** Closes the object, now or as soon as it is made. Nothing is made any more. */
  async close(options?: DataSourceCloseOptions): Promise<void> {
    const state = this.#state
    if (state.kind === 'closed') return
    this.#state = { kind: 'closed' }
    // The object comes to #keep, which closes it.
    if (state.kind === 'making') await state.promise?.catch(() => undefined)
    if (state.kind !== 'made') return
    this.#namespace.forget(this)
    await this.#end(state.object, options)
  }

  #make(): object | Promise<object> {
    // Data sources handed out under an override outlive the context, and nobody would close what they make.
    this.#namespace.checkOpen(this.#name)
    const factory = this.#namespace.factoryOf(this.reference.type, this.#name)
    this.#state = { kind: 'making', promise: undefined }
    let from: Reference
    let outcome: object | Promise<object>
    try {
      from = this.reference.snapshot()
      outcome = factory.getObjectInstance(from, this.#name.toString())
      if (!isPromise(outcome)) return this.#keep(outcome, from)
    } catch (error) {
      throw this.#failed(error)
    }
    const promise = Promise.resolve(outcome).then(
      (object) => this.#keep(object, from),
      (error: unknown) => {
        throw this.#failed(error)
      },
    )
    this.#state = { kind: 'making', promise }
    // Those who look the name up hear of a failure; nobody else has to.
    void this.#namespace.track(promise).catch(() => undefined)
    return promise
  }

  #keep(object: object, from: Reference): object {
    if ((typeof object !== 'object' && typeof object !== 'function') || object === null) {
      throw this.#failed(new TypeError('the factory returned no object'))
    }
    if (this.#state.kind === 'closed') {
      void this.#end(object).catch(() => undefined)
      throw this.#unbound()
    }
    const source = object instanceof DataSource ? object : undefined
    this.#state = { kind: 'made', object, source, from }
    if (source !== undefined) this.#follow().lead(source, () => this.#source())
    this.#namespace.remember(this)
    return object
  }

  #handOut(object: object): object {
    return this.isFollowed ? this.#named!.dataSource : object
  }

  #follow(): DataSourceSlot {
    if (this.#named === undefined) {
      const slot = new DataSourceSlot()
      slot.lead(undefined, () => this.#source())
      this.#named = { slot, dataSource: new NamedDataSource(this.#name.toString(), slot) }
    }
    return this.#named.slot
  }

  /** For calls on a data source that was handed out before anything was made. */
  #source(): DataSource {
    const made = this.make()
    if (made instanceof DataSource) return made
    if (!(made instanceof Promise)) throw wrongType(this.#name, made, DataSource.name)
    made.catch(() => undefined)
    throw notSupported(this.#name, 'is being made by a factory that takes time; look it up again')
  }

  #failed(error: unknown): NamingException {
    if (this.#state.kind === 'making') this.#state = { kind: 'absent' }
    if (error instanceof NamingException) return error
    return this.#failure(error instanceof Error ? error.message : String(error), error)
  }

  #failure(why: string, cause?: unknown): NamingException {
    return new NamingException(`'${shown(this.#name)}' cannot be made: ${why}`, {
      ...found(this.#name),
      cause,
    })
  }

  #unbound(): NameNotFoundException {
    return new NameNotFoundException(
      `'${shown(this.#name)}' was unbound, or bound anew, while it was being made`,
      foundContextOf(this.#name),
    )
  }

  #end(object: object, options?: DataSourceCloseOptions): Promise<void> {
    const begunAt = performance.now()
    return this.#namespace.track(this.#closeObject(object, options), () => {
      if (!(object instanceof PooledDataSource)) return
      const hurry = { drainTimeout: performance.now() - begunAt + drainTimeoutOfClose }
      // Its failure is told by the call that is under way.
      object.close(hurry).catch(() => undefined)
    })
  }

  async #closeObject(object: object, options: DataSourceCloseOptions | undefined): Promise<void> {
    try {
      if (options !== undefined && object instanceof PooledDataSource) await object.close(options)
      else await closeMethodOf(object)?.call(object)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new NamingException(`'${shown(this.#name)}' could not be closed: ${why}`, {
        ...found(this.#name),
        cause: error,
      })
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
