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
import type { Bench, DriverHarness, KitTexts, Need } from '../kit.ts'

const texts: KitTexts = {
  sleep: (milliseconds) => ['SELECT pg_sleep(?::float8 / 1000) AS n', [milliseconds]],
  series: (count) => ['SELECT n FROM generate_series(1, ?) AS n', [count]],
  dirty: 'CREATE TEMP TABLE kit_marker (n INTEGER)',
  dirtyProbe: `SELECT CASE WHEN to_regclass('pg_temp.kit_marker') IS NULL THEN 0 ELSE 1 END AS n`,
  otherIsolation: 'serializable',
  unsupportedIsolation: 'snapshot',
  otherSchema: 'kit_other',
}

type Settings = Readonly<Record<string, unknown>>

/** What differs where something stands between the driver and the server. */
export interface PgFront {
  /** What cannot hold there. */
  readonly without: readonly Need[]
  /** Sessions of the driver, seen there. */
  count(database: PostgresDatabase): Promise<number>
  /** Ends the session of that id. */
  kill(database: PostgresDatabase, id: string): Promise<void>
  /** After a case: rejects when something of it goes on. */
  settled(database: PostgresDatabase): Promise<void>
}

const all: readonly Need[] = [
  'kill',
  'death notice',
  'sleep',
  'cancel',
  'two sessions',
  'count',
  'session state',
  'key columns',
]

/** PostgreSQL under the kit, in a database of the spec file, on the machine's time. */
export function pgHarness(
  name: string,
  server: PostgresAccess,
  settingsOf: (database: PostgresDatabase) => Settings | Promise<Settings>,
  front: PgFront = itself(server),
): DriverHarness {
  let made: Promise<PostgresDatabase> | undefined
  return {
    name,
    offers: all.filter((need) => !front.without.includes(need)),
    async open(): Promise<Bench> {
      const database = await (made ??= prepared(server))
      const settings = await settingsOf(database)
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
        physicalCount: () => front.count(database),
        kill: (id) => front.kill(database, id),
        get driver(): ScriptedDriver {
          throw new Error('this is not the scripted driver')
        },
        async close() {
          await Promise.all(owned.map((pooled) => pooled[Symbol.asyncDispose]()))
          await Promise.all(opened.map((pooled) => pooled.close()))
          await source.close()
          await front.settled(database)
        },
      }
    },
  }
}

/** Nothing is in between. */
function itself(server: PostgresAccess): PgFront {
  return {
    without: [],
    count: countOf,
    kill: (_, id) => terminate(server, id),
    settled: () => Promise.resolve(),
  }
}

export async function terminate(server: PostgresAccess, id: string): Promise<void> {
  const pid = /^pg (\d+)/.exec(id)?.[1]
  assert.ok(pid !== undefined, `no process id in '${id}'`)
  await server.terminate(Number(pid))
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
