import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { mysqlDriver } from '../../../drivers/mysql/index.ts'
import { noDeadline } from '../../../src/session/call-deadline.ts'
import { systemClock } from '../../../src/session/system-clock.ts'
import { DriverTable } from '../../../src/source/driver-table.ts'
import { createDataSourceWith } from '../../../src/source/managed-data-source.ts'
import type { PooledConnection } from '../../../src/spi/pooled-connection.ts'
import { validateSettings } from '../../../src/spi/settings.ts'
import type { ScriptedDriver } from '../../../src/testing/index.ts'
import type { MariaDbAccess } from '../../support/mariadb-access.ts'
import type { MariaDbDatabase } from '../../support/mariadb-database.ts'
import type { Bench, DriverHarness, KitTexts } from '../kit.ts'

const texts: KitTexts = {
  sleep: (milliseconds) => ['SELECT SLEEP(? / 1000) AS n', [milliseconds]],
  // As INTEGER, which the numbers of a sequence are not. A recursion would end at max_recursive_iterations, in silence.
  series: (count) => [
    `SELECT DATEDIFF(ADDDATE('1000-01-01', seq), '1000-01-01') AS n FROM seq_1_to_${count}`,
    [],
  ],
  dirty: 'SET @kit_marker = 1',
  dirtyProbe: 'SELECT @kit_marker IS NOT NULL AS n',
  otherIsolation: 'serializable',
  unsupportedIsolation: 'snapshot',
}

type Settings = Readonly<Record<string, unknown>>

/** MariaDB under the kit, in a database of the spec file, on the machine's time. */
export function mysqlHarness(
  name: string,
  server: MariaDbAccess,
  settingsOf: (database: MariaDbDatabase) => Settings,
): DriverHarness {
  let made: Promise<MariaDbDatabase> | undefined
  return {
    name,
    offers: [
      'kill',
      'death notice',
      'sleep',
      'cancel',
      'two sessions',
      'count',
      'session state',
      'key columns',
    ],
    async open(): Promise<Bench> {
      const database = await (made ??= server.database())
      const settings = settingsOf(database)
      const raw = await database.connect()
      await raw.query('DROP TABLE IF EXISTS kit')
      await raw.query('CREATE TABLE kit (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, amount INTEGER)')
      await raw.end()
      const source = mysqlDriver.createConnectionPoolDataSource(
        validateSettings(mysqlDriver.settings, settings, 'mysql'),
        {
          dataSourceName: 'mysql',
          clock: systemClock,
          session: { queryTimeout: Infinity, validationTimeout: 5_000, statementCacheSize: 256 },
        },
      )
      const opened: PooledConnection[] = []
      const owned: AsyncDisposable[] = []
      return {
        clock: systemClock,
        texts,
        connectionSource: () => source,
        async connect() {
          const pooled = await source.getPooledConnection({ deadline: noDeadline })
          opened.push(pooled)
          return pooled
        },
        dataSource(given) {
          const pooled = createDataSourceWith(
            new DriverTable([]),
            { ...settings, ...given, driver: mysqlDriver },
            { name: 'mysql' },
          )
          owned.push(pooled)
          return Promise.resolve(pooled)
        },
        // The session by which others are stopped is in no database.
        physicalCount: () => countOf(database),
        kill: (id) => terminate(server, id),
        get driver(): ScriptedDriver {
          throw new Error('this is not the scripted driver')
        },
        async close() {
          await Promise.all(owned.map((pooled) => pooled[Symbol.asyncDispose]()))
          await Promise.all(opened.map((pooled) => pooled.close()))
          await source.close()
        },
      }
    },
  }
}

async function terminate(server: MariaDbAccess, id: string): Promise<void> {
  const threadId = /^mysql (\d+)/.exec(id)?.[1]
  assert.ok(threadId !== undefined, `no number of a session in '${id}'`)
  await server.terminate(Number(threadId))
}

/** A session that was cut off is there until the server has read the end of its socket: moments, not more. */
async function countOf(database: MariaDbDatabase): Promise<number> {
  let count = (await database.sessions()).length
  for (let tries = 0; tries < 10; tries++) {
    await sleep(5)
    const next = (await database.sessions()).length
    if (next === count) break
    count = next
  }
  return count
}
