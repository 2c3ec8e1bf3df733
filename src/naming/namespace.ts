import { nearestName } from '../spi/nearest-name.ts'
import type { CompositeName } from './composite-name.ts'
import { ContextNode } from './context-node.ts'
import { NamingListeners } from './naming-events.ts'
import { found, shown } from './naming-failures.ts'
import { ConfigurationException, ServiceUnavailableException } from './naming-exception.ts'
import type { ObjectFactory } from './reference.ts'

/** What the context closes with itself: what it made, and the scopes around it. */
interface Made {
  close(): Promise<void>
}

/** What an initial context and all contexts below it share: the names, the factories, the listeners, and what was made. */
export class Namespace implements Made {
  readonly root: ContextNode
  readonly listeners = new NamingListeners()
  /** Of a scope: where the names come from that it does not have. */
  readonly outer: Namespace | undefined
  /** By type. */
  readonly #factories: Map<string, ObjectFactory>
  /** In the order in which they were made. */
  readonly #made = new Set<Made>()
  /** Creations and closings under way, and what makes them go faster. */
  readonly #underWay = new Map<Promise<unknown>, (() => void) | undefined>()
  #end: Promise<void> | undefined

  constructor(factories: Iterable<ObjectFactory>, outer?: Namespace) {
    this.#factories = new Map(outer === undefined ? [] : outer.#factories)
    for (const factory of factories) this.#factories.set(factory.type, factory)
    this.outer = outer
    this.root = new ContextNode(this)
    outer?.remember(this)
  }

  /** @param name What the reference is bound to. */
  factoryOf(type: string, name: CompositeName): ObjectFactory {
    const factory = this.#factories.get(type)
    if (factory !== undefined) return factory
    const nearest = nearestName(type, [...this.#factories.keys()])
    const hint = nearest === undefined ? 'give the context a factory for it' : `did you mean '${nearest}'?`
    throw new ConfigurationException(
      `'${shown(name)}' is a reference of type '${type}', which no factory makes; ${hint}`,
      found(name),
    )
  }

  /** @param name What was to be done with. */
  checkOpen(name: CompositeName): void {
    if (this.#end !== undefined) {
      const resolvedName = this.root.name
      throw new ServiceUnavailableException('The context is closed', { resolvedName, remainingName: name })
    }
    this.outer?.checkOpen(name)
  }

  remember(made: Made): void {
    this.#made.add(made)
  }

  forget(made: Made): void {
    this.#made.delete(made)
  }

  /** Passes a creation or closing on, and has {@link close} wait for it, after calling `hurry`. */
  track<T>(work: Promise<T>, hurry?: () => void): Promise<T> {
    this.#underWay.set(work, hurry)
    return work.finally(() => this.#underWay.delete(work))
  }

  /** Closes what was made, the latest first, one after the other. The second call gives the promise of the first. */
  close(): Promise<void> {
    // From this moment the context is closed, also for the objects being closed.
    this.#end ??= Promise.resolve()
      .then(() => this.#close())
      .finally(() => this.outer?.forget(this))
    return this.#end
  }

  async #close(): Promise<void> {
    for (const hurry of this.#underWay.values()) hurry?.()
    // What is being made is closed with the rest; what is being unbound has told its failure to who unbound it.
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay.keys())
    const objects = [...this.#made].toReversed()
    const failures: unknown[] = []
    for (const object of objects) {
      try {
        await object.close()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length === 0) return
    const reasons = failures.map((error) => (error as Error).message).join('; ')
    throw new AggregateError(
      failures,
      `${failures.length} of ${objects.length} objects of the context could not be closed: ${reasons}`,
    )
  }
}
