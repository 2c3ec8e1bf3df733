import { SQLException, SQLNonTransientConnectionException } from '../api/sql-exception.ts'
import type { Driver, DriverDescriptor } from '../spi/driver.ts'
import { driverByForeignName } from '../spi/foreign-names.ts'
import { nearestName } from '../spi/nearest-name.ts'
import { InvalidSettingError } from '../spi/settings.ts'

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
    const known = [...this.#drivers.keys()]
    const foreign = driverByForeignName(name)
    const nearest = foreign !== undefined && this.#drivers.has(foreign) ? foreign : nearestName(name, known)
    const hint = nearest === undefined ? `known are ${known.join(', ')}` : `did you mean '${nearest}'?`
    throw noDriver(`${where}: there is no driver '${name}'; ${hint}`)
  }

  /** @throws SQLNonTransientConnectionException 08001 when none takes the URL (as `DriverManager` says it). */
  byUrl(url: string, where: string): LoadableDriver {
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()
    if (scheme === undefined) {
      throw noDriver(`${where}: the url has no scheme; it begins like 'sqlite:' or 'postgres:'`)
    }
    for (const driver of this.#drivers.values()) if (driver.urlSchemes.includes(scheme)) return driver
    if (scheme === 'jdbc') throw noDriver(`${where}: ${this.#explainJdbc(url)}`)
    const schemes = this.#schemes()
    const nearest = nearestName(scheme, schemes)
    const hint = nearest === undefined ? `known are ${schemes.join(', ')}` : `did you mean '${nearest}:'?`
    throw noDriver(`${where}: no driver takes a url that begins with '${scheme}:'; ${hint}`)
  }

  /** Without showing the url: it may hold a password. */
  #explainJdbc(url: string): string {
    const inner = /^jdbc:([a-z][a-z0-9+.-]*):(\/\/)?/i.exec(url)
    const scheme = inner?.[1]?.toLowerCase() ?? ''
    const driver = [...this.#drivers.values()].find(({ urlSchemes }) => urlSchemes.includes(scheme))
    if (driver === undefined)
      return `'jdbc:' URLs are Java's; here a url begins with ${this.#schemes().join(', ')}`
    return `'jdbc:' URLs are Java's; here write ${driver.urlSchemes[0]}:${inner?.[2] ?? ''}… (numbers in it are milliseconds)`
  }

  #schemes(): string[] {
    return [...this.#drivers.values()].flatMap((driver) => driver.urlSchemes)
  }
}

/** A driver object in the place of a name. */
export function loaded(driver: Driver): LoadableDriver {
  const { name, urlSchemes, settings } = driver
  return {
    name,
    urlSchemes,
    settings,
    parseUrl: (url) => parseUrl(driver, url),
    checkSettings: (all, where) => driver.checkSettings?.(all, where),
    load: () => Promise.resolve(driver),
  }
}

/** An error of another kind, such as that of `new URL()`, may carry the url, and so a password. */
function parseUrl(driver: Driver, url: string): Record<string, unknown> {
  try {
    return driver.parseUrl(url)
  } catch (error) {
    if (error instanceof SQLException) throw error
    throw new InvalidSettingError(`The url is not one that driver '${driver.name}' understands`, ['url'])
  }
}

function noDriver(message: string): SQLNonTransientConnectionException {
  return new SQLNonTransientConnectionException(message, { sqlState: '08001', reason: 'connect-failed' })
}
