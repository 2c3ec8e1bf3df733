import type { Duration } from '../api/duration.ts'
import type { ExceptionOverride } from '../api/exception-override.ts'
import { resolveLimits, poolSettings, type PoolSettings } from '../pool/settings.ts'
import type { Driver } from '../spi/driver.ts'
import { InvalidSettingError, validateSettings } from '../spi/settings.ts'
import { loaded, type DriverTable, type LoadableDriver } from './driver-table.ts'

/** A length of time, or `off` for none. */
export type DurationOrOff = Duration | 'off'

/** A number, or `unlimited`. */
export type CountOrUnlimited = number | 'unlimited'

/**
 * The settings of a data source, as people write them. Those of the pool are listed; the others are the driver's
 * own, described with each driver.
 */
export interface DataSourceSettings {
  /** `sqlite:address.db`, `postgres://…`. Chooses the driver, and may carry settings as query keys. */
  readonly url?: string | undefined
  /** The name of a driver, or a driver. Default: the one that takes the url. */
  readonly driver?: string | Driver | undefined
  readonly maximumPoolSize?: CountOrUnlimited | undefined
  readonly softPoolSize?: CountOrUnlimited | undefined
  readonly overflowTimeout?: Duration | undefined
  readonly minimumIdle?: number | undefined
  readonly connectionTimeout?: Duration | undefined
  readonly maxWaiters?: CountOrUnlimited | undefined
  readonly queue?: 'fifo' | 'codel' | undefined
  readonly nestedAcquisition?: 'warn' | 'error' | 'allow' | undefined
  readonly loginTimeout?: Duration | undefined
  readonly queryTimeout?: DurationOrOff | undefined
  readonly networkTimeout?: DurationOrOff | undefined
  readonly validateAfterIdle?: DurationOrOff | undefined
  readonly onStale?: 'validate' | 'reconnect' | undefined
  readonly validationTimeout?: Duration | undefined
  readonly idleTimeout?: DurationOrOff | undefined
  readonly maxLifetime?: DurationOrOff | undefined
  readonly maxUses?: CountOrUnlimited | undefined
  readonly keepaliveTime?: DurationOrOff | undefined
  readonly leakDetectionThreshold?: DurationOrOff | undefined
  readonly leakStackSampling?: number | undefined
  readonly leakReclaim?: boolean | undefined
  readonly maxConcurrentConnects?: 'auto' | number | undefined
  readonly connectionInitSql?: string | readonly string[] | undefined
  readonly sessionReset?: 'auto' | 'always' | 'never' | undefined
  readonly statementCacheSize?: number | undefined
  readonly prepareThreshold?: number | undefined
  readonly integers?: 'bigint' | 'safe' | undefined
  readonly exceptionOverride?: ExceptionOverride | undefined
  readonly types?: 'portable' | 'date' | 'native' | undefined
  readonly sharing?: 'exclusive' | 'pipelined' | undefined
  readonly allowExitOnIdle?: boolean | undefined
  readonly pooling?: 'pool' | 'none' | 'single' | undefined
  /** A setting of the driver. */
  readonly [driverSetting: string]: unknown
}

/** Settings that have been checked and completed, and the driver that they are for. */
export interface ResolvedSettings {
  readonly driver: LoadableDriver
  readonly pool: PoolSettings
  readonly driverSettings: Readonly<Record<string, unknown>>
}

/**
 * Finds the driver, and checks all settings against the tables of the pool and of the driver.
 * What is given beside the url wins over what the url says.
 *
 * @param where Which data source, for messages.
 * @throws InvalidSettingError HY024; `SQLNonTransientConnectionException` 08001 when there is no such driver.
 */
export function resolveSettings(
  drivers: DriverTable,
  input: string | DataSourceSettings | undefined,
  where: string,
): ResolvedSettings {
  const { url, driver: named, ...given } = written(input, where)
  const driver = findDriver(drivers, url, named, where)
  const fromUrl = url === undefined ? {} : driver.parseUrl(url)
  const own = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const validated = validateSettings({ ...driver.settings, ...poolSettings }, { ...fromUrl, ...own }, where)
  driver.checkSettings?.(validated, where)
  const pool: Record<string, unknown> = {}
  const driverSettings: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(validated)) {
    if (Object.hasOwn(poolSettings, name)) pool[name] = value
    else driverSettings[name] = value
  }
  return {
    driver,
    pool: resolveLimits(pool as Parameters<typeof resolveLimits>[0], where) as PoolSettings,
    driverSettings: Object.freeze(driverSettings),
  }
}

function written(input: unknown, where: string): DataSourceSettings {
  if (typeof input === 'string') return { url: input }
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input as DataSourceSettings
  throw new InvalidSettingError(
    `${where}: the settings are ${input === undefined || input === null ? 'missing (is the environment variable set?)' : `a ${typeof input}`};` +
      ` give a url such as 'sqlite:address.db', or an object`,
    [],
  )
}

/** @throws InvalidSettingError; `SQLNonTransientConnectionException` 08001 when there is no such driver. */
export function findDriver(
  drivers: DriverTable,
  url: unknown,
  named: unknown,
  where: string,
): LoadableDriver {
  if (url !== undefined && typeof url !== 'string')
    throw new InvalidSettingError(`${where}: url is not a text`, ['url'])
  if (typeof named === 'object' && named !== null && 'createConnectionPoolDataSource' in named) {
    return loaded(named as Driver)
  }
  if (typeof named === 'string') return drivers.byName(named, where)
  if (named !== undefined) {
    throw new InvalidSettingError(`${where}: driver is neither the name of a driver nor a driver`, ['driver'])
  }
  if (url !== undefined) return drivers.byUrl(url, where)
  throw new InvalidSettingError(`${where}: neither url nor driver is given`, ['url'])
}
