import { ConfigurationException, ServiceUnavailableException } from './naming-exception.ts'
import type { ObjectFactory } from './reference.ts'
import type { ReferencedObject } from './referenced-object.ts'
import { nearestName } from '../spi/settings.ts'

/** What an initial context and all contexts below it share: the factories, and what they made. */
export class Namespace {
  readonly #factories = new Map<string, ObjectFactory>()
  /** In the order in which they were made. */
  readonly #made = new Set<ReferencedObject>()
  /** Creations and closings under way. */
  readonly #underWay = new Set<Promise<unknown>>()
  #end: Promise<void> | undefined

  constructor(factories: Iterable<ObjectFactory>) {
    for (const factory of factories) this.#factories.set(factory.type, factory)
  }

  factoryOf(type: string, name: string): ObjectFactory {
    const factory = this.#factories.get(type)
    if (factory !== undefined) return factory
    const nearest = nearestName(type, [...this.#factories.keys()])
    const hint = nearest === undefined ? 'give the context a factory for it' : `did you mean '${nearest}'?`
    throw new ConfigurationException(
      `'${name}' is a reference of type '${type}', which no factory makes; ${hint}`,
    )
  }

  checkOpen(): void {
    if (this.#end !== undefined) throw new ServiceUnavailableException('The context is closed')
  }

  remember(object: ReferencedObject): void {
    this.#made.add(object)
  }

  forget(object: ReferencedObject): void {
    this.#made.delete(object)
  }

  /** Passes a creation or closing on, and has {@link close} wait for it. */
  closing<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work)
    return work.finally(() => this.#underWay.delete(work))
  }

  /** Closes what was made, the latest first, one after the other. The second call gives the promise of the first. */
  close(): Promise<void> {
    // From this moment the context is closed, also for the objects being closed.
    this.#end ??= Promise.resolve().then(() => this.#close())
    return this.#end
  }

  async #close(): Promise<void> {
    // What is being made is closed with the rest; what is being unbound has told its failure to who unbound it.
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay)
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
