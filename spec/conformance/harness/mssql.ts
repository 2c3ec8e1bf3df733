import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { mssqlDriver } from '../../../drivers/mssql/index.ts'
import { noDeadline } from '../../../src/session/call-deadline.ts'
import { systemClock } from '../../../src/session/system-clock.ts'
import { DriverTable } from '../../../src/source/driver-table.ts'
import { createDataSourceWith } from '../../../src/source/managed-data-source.ts'
import type { PooledConnection } from '../../../src/spi/pooled-connection.ts'
import { validateSettings } from '../../../src/spi/settings.ts'
import type { ScriptedDriver } from '../../../src/testing/index.ts'
import type { MssqlAccess } from '../../support/mssql.ts'
import { RawMssql } from '../../support/tds-client.ts'
import type { MssqlSettings } from '../../support/tds-server/database.ts'
import type { Bench, DriverHarness, KitTexts } from '../kit.ts'

const texts: KitTexts = {
  sleep: (milliseconds) => [`WAITFOR DELAY '${new Date(milliseconds).toISOString().slice(11, 23)}'`, []],
  series: (count) => ['SELECT value AS n FROM GENERATE_SERIES(1, ?)', [count]],
  dirty: 'CREATE TABLE #kit_marker (n INT)',
  dirtyProbe: `SELECT CASE WHEN OBJECT_ID('tempdb..#kit_marker') IS NULL THEN 0 ELSE 1 END AS n`,
  otherIsolation: 'serializable',
  unsupportedIsolation: 'snapshot',
}

type Settings = Readonly<Record<string, unknown>>

/** SQL Server, or its test double, under the kit, in a database of the spec file, on the machine's time. */
export function mssqlHarness(
  name: string,
  server: MssqlAccess,
  settingsOf: (database: MssqlSettings) => Settings,
): DriverHarness {
  let made: Promise<MssqlSettings> | undefined
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
      const raw = await RawMssql.connect(database, { encrypt: server.encrypts, trustServerCertificate: true })
      // So that there is a level which it has not.
      await raw.batch('ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION OFF')
      await raw.batch('DROP TABLE IF EXISTS kit')
      await raw.batch('CREATE TABLE kit (id INTEGER PRIMARY KEY, name NVARCHAR(40) NOT NULL, amount INTEGER)')
      await raw.close()
      const source = mssqlDriver.createConnectionPoolDataSource(
        validateSettings(mssqlDriver.settings, settings, 'mssql'),
        {
          dataSourceName: 'mssql',
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
            { ...settings, ...given, driver: mssqlDriver },
            { name: 'mssql' },
          )
          owned.push(pooled)
          return Promise.resolve(pooled)
        },
        physicalCount: () => countOf(server, database),
        kill: (id) => kill(server, id),
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

async function kill(server: MssqlAccess, id: string): Promise<void> {
  const spid = /^mssql (\d+)/.exec(id)?.[1]
  assert.ok(spid !== undefined, `no number of a session in '${id}'`)
  await server.kill(Number(spid))
}

/** A session that was cut off is there until the server has read the end of its socket: moments, not more. */
async function countOf(server: MssqlAccess, { database }: MssqlSettings): Promise<number> {
  let count = (await server.sessions(database)).length
  for (let tries = 0, same = 0; count > 0 && same < 10 && tries < 200; tries++) {
    await sleep(5)
    const next = (await server.sessions(database)).length
    same = next === count ? same + 1 : 0
    count = next
  }
  return count
}
