import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { pgDriver } from '../../../drivers/pg/index.ts'
import { noDeadline } from '../../../src/session/call-deadline.ts'
import { systemClock } from '../../../src/session/system-clock.ts'
import { DriverTable } from '../../../src/source/driver-table.ts'
import { createDataSourceWith } from '../../../src/source/managed-data-source.ts'
import type { PooledConnection } from '../../../src/spi/pooled-connection.ts'
import { validateSettings } from '../../../src/spi/settings.ts'
import type { ScriptedDriver } from '../../../src/testing/index.ts'
import type { PostgresAccess } from '../../support/postgres-access.ts'
import type { PostgresDatabase } from '../../support/postgres-database.ts'
import type { Bench, DriverHarness, KitTexts } from '../kit.ts'

const texts: KitTexts = {
  sleep: (milliseconds) => ['SELECT pg_sleep(?::float8 / 1000) AS n', [milliseconds]],
  series: (count) => ['SELECT n FROM generate_series(1, ?) AS n', [count]],
  dirty: 'CREATE TEMP TABLE kit_marker (n INTEGER)',
  dirtyProbe: `SELECT CASE WHEN to_regclass('pg_temp.kit_marker') IS NULL THEN 0 ELSE 1 END AS n`,
  otherIsolation: 'serializable',
  unsupportedIsolation: 'snapshot',
  otherSchema: 'kit_other',
}

/** PostgreSQL under the kit, in a database of the spec file, on the machine's time. */
export function pgHarness(
  name: string,
  server: PostgresAccess,
  settingsOf: (database: PostgresDatabase) => Readonly<Record<string, unknown>>,
): DriverHarness {
  let made: Promise<PostgresDatabase> | undefined
  return {
    name,
    offers: ['kill', 'death notice', 'sleep', 'cancel', 'two sessions', 'count'],
    async open(): Promise<Bench> {
      const database = await (made ??= prepared(server))
      const settings = settingsOf(database)
      const raw = await database.connect()
      await raw.query('DROP TABLE IF EXISTS kit')
      await raw.query('CREATE TABLE kit (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, amount INTEGER)')
      await raw.end()
      const source = pgDriver.createConnectionPoolDataSource(
        validateSettings(pgDriver.settings, settings, 'pg'),
        {
          dataSourceName: 'pg',
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
            { ...settings, ...given, driver: pgDriver },
            { name: 'pg' },
          )
          owned.push(pooled)
          return Promise.resolve(pooled)
        },
        physicalCount: () => countOf(database),
        async kill(id) {
          const pid = /^pg (\d+)/.exec(id)?.[1]
          assert.ok(pid !== undefined, `no process id in '${id}'`)
          await server.terminate(Number(pid))
        },
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

async function prepared(server: PostgresAccess): Promise<PostgresDatabase> {
  const database = await server.database()
  const raw = await database.connect()
  await raw.query('CREATE SCHEMA kit_other')
  await raw.end()
  return database
}

/** A session that was cut off is there until the server has read the end of its socket: moments, not more. */
async function countOf(database: PostgresDatabase): Promise<number> {
  let count = (await database.sessions()).length
  for (let tries = 0; tries < 10; tries++) {
    await sleep(5)
    const next = (await database.sessions()).length
    if (next === count) break
    count = next
  }
  return count
}
