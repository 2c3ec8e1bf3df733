import { poolSettings } from '../pool/settings.ts'
import { findDriver, resolveSettings } from '../source/data-source-settings.ts'
import type { DriverTable, LoadableDriver } from '../source/driver-table.ts'
import type { DriverDescriptor } from '../spi/driver.ts'
import { anything, validateSettings, type SettingDefinition, type SettingsTable } from '../spi/settings.ts'
import type { SettingsRules } from './configuration-settings.ts'

const unchecked: SettingDefinition = {
  schema: anything(),
  meaning: 'Known only when the data source is made.',
}

/**
 * Checks the settings of configurations while they are read. A setting whose value comes from outside is checked by
 * its name; so are the driver's own settings while the driver itself is not known.
 */
export function settingsRules(drivers: DriverTable): SettingsRules {
  return {
    check(settings, where, deferred) {
      if (deferred.size === 0) resolveSettings(drivers, settings, where)
      else checkPart(drivers, settings, where, deferred)
    },
    driverOf(settings) {
      try {
        return findDriver(drivers, settings['url'], settings['driver'], '')
      } catch {
        // What is wrong with it is told by the check.
        return undefined
      }
    },
  }
}

function checkPart(
  drivers: DriverTable,
  settings: Readonly<Record<string, unknown>>,
  where: string,
  deferred: ReadonlySet<string>,
): void {
  const { url, driver: _, ...own } = settings
  const driver = driverOf(drivers, settings, where, deferred)
  const driverTable = driver?.settings ?? withAnyValue(namesOf(drivers))
  const known = { ...driverTable, ...poolSettings }
  const open = [...deferred].filter((setting) => setting !== 'url' && setting !== 'driver')
  const table = {
    ...known,
    ...withAnyValue(open.filter((setting) => Object.hasOwn(known, setting))),
    // A url that is not known may give whatever the driver wants.
    ...(deferred.has('url') && withAnyValue(missing(driverTable, own))),
  }
  const fromUrl = typeof url === 'string' && driver !== undefined ? driver.parseUrl(url) : {}
  validateSettings(
    table,
    { ...fromUrl, ...own, ...Object.fromEntries(open.map((name) => [name, undefined])) },
    where,
  )
}

/** Undefined while it is not known. */
function driverOf(
  drivers: DriverTable,
  { url, driver }: Readonly<Record<string, unknown>>,
  where: string,
  deferred: ReadonlySet<string>,
): LoadableDriver | undefined {
  if (driver === undefined && (deferred.has('driver') || deferred.has('url'))) return undefined
  return findDriver(drivers, url, driver, where)
}

function* namesOf(descriptors: Iterable<DriverDescriptor>): Generator<string> {
  for (const descriptor of descriptors) yield* Object.keys(descriptor.settings)
}

function missing(table: SettingsTable, input: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(table).filter((name) => !Object.hasOwn(input, name))
}

function withAnyValue(names: Iterable<string>): SettingsTable {
  return Object.fromEntries(Array.from(names, (name) => [name, unchecked]))
}
