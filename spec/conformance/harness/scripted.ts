import type { PooledConnection } from '../../../src/spi/pooled-connection.ts'
import { noDeadline } from '../../../src/session/call-deadline.ts'
import { createDataSourceWith } from '../../../src/source/managed-data-source.ts'
import { DriverTable } from '../../../src/source/driver-table.ts'
import { validateSettings } from '../../../src/spi/settings.ts'
import { ScriptedDriver } from '../../../src/testing/index.ts'
import type { Bench, DriverHarness, KitTexts, Need } from '../kit.ts'
import { FlowingClock } from './flowing-clock.ts'

/** What of the scripted driver is chosen. */
export interface ScriptedHarnessOptions {
  readonly name?: string
  readonly settings?: Readonly<Record<string, unknown>>
  readonly driver?: () => ScriptedDriver
}

const texts: KitTexts = {
  sleep: (milliseconds) => ['SELECT sleep(?) AS n', [milliseconds]],
  series: (count) => ['SELECT n FROM series(?)', [count]],
  dirty: "SET kit_marker = 'on'",
  dirtyProbe: 'SELECT count(*) AS n FROM session_settings',
  otherIsolation: 'serializable',
  unsupportedIsolation: 'snapshot',
  otherSchema: 'other',
}

/** The scripted driver under the kit, on time that flows by itself. */
export function scriptedHarness(options: ScriptedHarnessOptions = {}): DriverHarness {
  const settings = options.settings ?? {}
  const cancel = settings['cancel'] ?? 'server'
  const offers: Need[] = [
    'script',
    'kill',
    'death notice',
    'sleep',
    'two sessions',
    'count',
    'schema',
    'session state',
    'key columns',
  ]
  if (cancel === 'server') offers.push('cancel')
  return {
    name: options.name ?? 'scripted',
    offers,
    async open(): Promise<Bench> {
      const clock = new FlowingClock()
      const driver = options.driver?.() ?? new ScriptedDriver()
      driver.query('CREATE TABLE kit (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, amount INTEGER)')
      const source = driver.createConnectionPoolDataSource(
        validateSettings(driver.settings, settings, 'scripted'),
        {
          dataSourceName: 'scripted',
          clock,
          session: { queryTimeout: Infinity, validationTimeout: 5_000, statementCacheSize: 256 },
        },
      )
      const opened: PooledConnection[] = []
      const owned: AsyncDisposable[] = []
      return {
        clock,
        texts,
        driver,
        connectionSource: () => source,
        async connect() {
          const pooled = await source.getPooledConnection({ deadline: noDeadline })
          opened.push(pooled)
          return pooled
        },
        dataSource(given) {
          const made = createDataSourceWith(
            new DriverTable([]),
            { ...settings, ...given, driver },
            { name: 'scripted', clock, random: () => 0.5 },
          )
          owned.push(made)
          return Promise.resolve(made)
        },
        physicalCount: () => Promise.resolve(driver.open),
        kill: (id) => Promise.resolve(driver.kill(id)),
        async close() {
          driver.clearFailures()
          await Promise.all(owned.map((made) => made[Symbol.asyncDispose]()))
          await Promise.all(opened.map((pooled) => pooled.close()))
          await source.close()
        },
        abandon: () => clock.stop(),
      }
    },
  }
}
