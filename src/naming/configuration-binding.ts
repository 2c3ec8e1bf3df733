import { atPlace, type Configuration, type ConfiguredName } from './configuration.ts'
import type { NamingContext } from './naming-context.ts'

/** What a configuration has bound in a context, and what the next one makes of it. */
export class ConfigurationBinding {
  readonly #context: NamingContext
  readonly #verify: boolean
  readonly #bound = new Map<string, ConfiguredName>()

  /** @param verify Whether a changed data source must connect before the name goes over to it. */
  constructor(context: NamingContext, verify = false) {
    this.#context = context
    this.#verify = verify
  }

  /**
   * Binds everything, in the order of the configuration.
   *
   * @throws ConfigurationException when a name is there twice in different spellings, or lies within another name.
   */
  bind(configuration: Configuration): void {
    for (const configured of configuration.dataSources) this.#bind(configured)
  }

  /**
   * Goes over to another configuration: removes names, rebinds those that say something else, binds new ones. Data
   * sources that were looked up follow; a name that says the same is left alone, with its connections. Pools that are
   * not needed any more drain and close by themselves.
   *
   * @param changed Files that say something else than before, as absolute paths: where a value is in one, the data
   * source follows as well.
   * @param report Is told of each name that could not follow, and of each pool that could not be closed.
   */
  update(next: Configuration, changed: ReadonlySet<string>, report: (error: unknown) => void): void {
    const wanted = new Map(next.dataSources.map((configured) => [configured.name.toString(), configured]))
    for (const name of this.#bound.keys()) {
      if (wanted.has(name)) continue
      this.#bound.delete(name)
      this.#context.unbind(name).catch(report)
    }
    for (const [name, configured] of wanted) {
      const present = this.#bound.get(name)
      const stays = !configured.files.some((file) => changed.has(file))
      if (stays && present?.written() === configured.written()) continue
      if (present !== undefined) this.#rebind(configured, report)
      else attempt(() => this.#bind(configured), report)
    }
  }

  #bind(configured: ConfiguredName): void {
    atPlace(configured.place, () => {
      this.#context.bind(configured.name, configured.object)
    })
    this.#bound.set(configured.name.toString(), configured)
  }

  #rebind(configured: ConfiguredName, report: (error: unknown) => void): void {
    const name = configured.name.toString()
    const previous = this.#bound.get(name)!
    this.#bound.set(name, configured)
    this.#context
      .rebind(configured.name, configured.object, { verify: this.#verify })
      .catch((error: unknown) => {
        // The next change of the configuration tries again, should the new one not be in place.
        if (this.#bound.get(name) === configured) this.#bound.set(name, previous)
        report(error)
      })
  }
}

function attempt(work: () => void, report: (error: unknown) => void): void {
  try {
    work()
  } catch (error) {
    report(error)
  }
}
