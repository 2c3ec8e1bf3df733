import { poolSettings } from '../pool/settings.ts'
import { resolveSettings, type DataSourceSettings } from '../source/data-source-settings.ts'
import type { DriverTable, LoadableDriver } from '../source/driver-table.ts'
import type { DriverDescriptor } from '../spi/driver.ts'
import { anything, validateSettings, type SettingDefinition, type SettingsTable } from '../spi/settings.ts'
import type { SettingsCheck } from './configuration.ts'

const unchecked: SettingDefinition = {
  schema: anything(),
  meaning: 'Known only when the data source is made.',
}

/**
 * Checks the settings of configuration files while they are read. A setting whose value comes from outside is
 * checked by its name; so are the driver's own settings while the driver itself is not known.
 */
export function settingsCheck(drivers: DriverTable): SettingsCheck {
  return (settings, where, deferred) => {
    if (deferred.size === 0) {
      resolveSettings(drivers, settings, where)
      return
    }
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
}

/** Undefined while it is not known. */
function driverOf(
  drivers: DriverTable,
  { url, driver }: Readonly<Record<string, unknown>>,
  where: string,
  deferred: ReadonlySet<string>,
): LoadableDriver | undefined {
  if (typeof driver === 'string') return drivers.byName(driver, where)
  if (deferred.has('driver') || deferred.has('url')) return undefined
  if (typeof url === 'string') return drivers.byUrl(url, where)
  // Says what is wrong with having neither, or a url that is no text.
  return resolveSettings(drivers, { url } as DataSourceSettings, where).driver
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
