import { SQLNonTransientConnectionException } from '../api/sql-exception.ts'
import type { Driver, DriverDescriptor } from '../spi/driver.ts'
import { nearestName } from '../spi/settings.ts'

/** A driver that is loaded when its first connection is made. */
export interface LoadableDriver extends DriverDescriptor {
  load(): Promise<Driver>
}

/** The drivers that configuration may name: those that Wellhead knows, and those that the application registered. */
export class DriverTable {
  readonly #drivers = new Map<string, LoadableDriver>()

  constructor(known: readonly LoadableDriver[]) {
    for (const driver of known) this.#drivers.set(driver.name, driver)
  }

  /** All that are known now. */
  [Symbol.iterator](): IterableIterator<LoadableDriver> {
    return this.#drivers.values()
  }

  /** Adds a driver, or replaces the one of that name. */
  register(driver: Driver): void {
    this.#drivers.set(driver.name, loaded(driver))
  }

  /** @throws SQLNonTransientConnectionException 08001 when there is none. */
  byName(name: string, where: string): LoadableDriver {
    const driver = this.#drivers.get(name)
    if (driver !== undefined) return driver
    const nearest = nearestName(name, [...this.#drivers.keys()])
    const hint =
      nearest === undefined
        ? `known are ${[...this.#drivers.keys()].join(', ')}`
        : `did you mean '${nearest}'?`
    throw noDriver(`${where}: there is no driver '${name}'; ${hint}`)
  }

  /** @throws SQLNonTransientConnectionException 08001 when none takes the URL (as `DriverManager` says it). */
  byUrl(url: string, where: string): LoadableDriver {
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()
    if (scheme === undefined) {
      throw noDriver(`${where}: the url has no scheme; it begins like 'sqlite:' or 'postgres:'`)
    }
    for (const driver of this.#drivers.values()) if (driver.urlSchemes.includes(scheme)) return driver
    const schemes = [...this.#drivers.values()].flatMap((driver) => driver.urlSchemes)
    throw noDriver(
      `${where}: no driver takes a url that begins with '${scheme}:'; known are ${schemes.join(', ')}`,
    )
  }
}

/** A driver object in the place of a name. */
export function loaded(driver: Driver): LoadableDriver {
  const { name, urlSchemes, settings } = driver
  return {
    name,
    urlSchemes,
    settings,
    parseUrl: (url) => driver.parseUrl(url),
    load: () => Promise.resolve(driver),
  }
}

function noDriver(message: string): SQLNonTransientConnectionException {
  return new SQLNonTransientConnectionException(message, { sqlState: '08001', reason: 'connect-failed' })
}
