import { InvalidSettingError, validateSettings } from '../spi/settings.ts'
import { poolLimits, poolSettings, resolveLimits } from './settings.ts'
import type { PoolLimits, PoolSettings } from './settings.ts'

/** What decides how programs see their data, or how the data source is built. */
const fixed: ReadonlySet<string> = new Set(['integers', 'types', 'exceptionOverride', 'pooling'])

/**
 * The settings that are in force after a change. A softPoolSize that was maximumPoolSize stays so.
 *
 * @param ofDriver Whether a name is that of a setting of the driver.
 * @throws InvalidSettingError HY024 for a setting that cannot be changed while the pool runs, or is not allowed.
 */
export function changePoolSettings(
  current: PoolSettings,
  changes: Readonly<Record<string, unknown>>,
  where: string,
  ofDriver: (name: string) => boolean,
): PoolSettings {
  for (const name of Object.keys(changes)) {
    if (!fixed.has(name) && !ofDriver(name)) continue
    throw new InvalidSettingError(
      `${where}: ${name} cannot be changed while the data source runs; ` +
        'make another data source, and rebind the name to it or close this one with it as successor',
      [name],
    )
  }
  return changed(current, changes, validateSettings(poolSettings, changes, where), where)
}

/** Like {@link changePoolSettings}, for a pool of anything. */
export function changePoolLimits(
  current: PoolLimits,
  changes: Readonly<Record<string, unknown>>,
  where: string,
): PoolLimits {
  return changed(current, changes, validateSettings(poolLimits, changes, where), where)
}

function changed<Settings extends PoolLimits>(
  current: Settings,
  changes: Readonly<Record<string, unknown>>,
  validated: object,
  where: string,
): Settings {
  const given = Object.entries(validated).filter(([name]) => changes[name] !== undefined)
  const softFollows = current.softPoolSize === current.maximumPoolSize
  const merged = { ...current, ...(softFollows && { softPoolSize: undefined }), ...Object.fromEntries(given) }
  return resolveLimits(merged as Settings, where) as unknown as Settings
}
