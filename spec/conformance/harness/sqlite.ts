import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sqliteDriver } from '../../../drivers/sqlite/index.ts'
import { noDeadline } from '../../../src/session/call-deadline.ts'
import { systemClock } from '../../../src/session/system-clock.ts'
import { createDataSourceWith } from '../../../src/source/managed-data-source.ts'
import { DriverTable } from '../../../src/source/driver-table.ts'
import type { PooledConnection } from '../../../src/spi/pooled-connection.ts'
import { validateSettings } from '../../../src/spi/settings.ts'
import type { ScriptedDriver } from '../../../src/testing/index.ts'
import type { Bench, DriverHarness, KitTexts, Need } from '../kit.ts'

export type SqliteMode = 'inline' | 'worker' | 'process'

/** Steps of the recursion in a millisecond, on a slow machine: a statement takes at least what it is asked for. */
const stepsPerMillisecond = 5_000

const counting = `WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < ?)`

const texts: KitTexts = {
  sleep: (milliseconds) => [
    `${counting} SELECT max(n) AS n FROM counter`,
    [milliseconds * stepsPerMillisecond],
  ],
  series: (count) => [`${counting} SELECT n FROM counter`, [count]],
  dirty: 'CREATE TEMP TABLE kit_marker (n INTEGER)',
  dirtyProbe: 'SELECT count(*) AS n FROM sqlite_temp_schema',
  unsupportedIsolation: 'snapshot',
}

/** SQLite under the kit, on a file of its own and on the machine's time. */
export function sqliteHarness(mode: SqliteMode): DriverHarness {
  const offers: Need[] = ['two sessions', 'session state', 'key columns']
  if (mode !== 'inline') offers.push('sleep')
  if (mode !== 'inline' && existsSync('/proc/self/task')) offers.push('count')
  if (mode === 'process') offers.push('kill', 'death notice')
  return {
    name: `sqlite, ${mode}`,
    offers,
    async open(): Promise<Bench> {
      const folder = mkdtempSync(join(tmpdir(), 'wellhead-kit-'))
      const settings = { path: join(folder, 'kit.db'), mode, synchronous: 'off' }
      const source = sqliteDriver.createConnectionPoolDataSource(
        validateSettings(sqliteDriver.settings, settings, 'sqlite'),
        {
          dataSourceName: 'sqlite',
          clock: systemClock,
          session: { queryTimeout: Infinity, validationTimeout: 5_000, statementCacheSize: 256 },
        },
      )
      const before = new Set(ids(mode))
      const opened: PooledConnection[] = []
      const owned: AsyncDisposable[] = []
      const connect = async (): Promise<PooledConnection> => {
        const pooled = await source.getPooledConnection({ deadline: noDeadline })
        opened.push(pooled)
        return pooled
      }
      const raw = new DatabaseSync(settings.path)
      raw.exec('CREATE TABLE kit (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, amount INTEGER)')
      raw.close()
      return {
        clock: systemClock,
        texts,
        connectionSource: () => source,
        connect,
        dataSource(given) {
          const made = createDataSourceWith(
            new DriverTable([]),
            { ...settings, ...given, driver: sqliteDriver },
            { name: 'sqlite' },
          )
          owned.push(made)
          return Promise.resolve(made)
        },
        physicalCount: () => Promise.resolve(ids(mode).filter((id) => !before.has(id)).length),
        kill(id) {
          const pid = /pid (\d+)/.exec(id)?.[1]
          assert.ok(pid !== undefined, `no process id in '${id}'`)
          process.kill(Number(pid), 'SIGKILL')
          return gone(Number(pid))
        },
        get driver(): ScriptedDriver {
          throw new Error('this is not the scripted driver')
        },
        async close() {
          await Promise.all(owned.map((made) => made[Symbol.asyncDispose]()))
          await Promise.all(opened.map((pooled) => pooled.close()))
          await source.close()
          rmSync(folder, { recursive: true, force: true })
        },
      }
    },
  }
}

/** The threads, or the children, of this process, as the operating system lists them. */
function ids(mode: SqliteMode): string[] {
  if (!existsSync('/proc/self/task')) return []
  if (mode === 'process') {
    return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && parentOf(entry) === process.pid)
  }
  return readdirSync('/proc/self/task').filter((task) => {
    const name = read(`/proc/self/task/${task}/comm`)
    // Those of the thread pools come when they are first needed, and stay.
    return name !== '' && !/^(libuv|node-V8|iou-)/.test(name)
  })
}

/** A process that has ended and was not yet waited for is none. */
function parentOf(pid: string): number | undefined {
  const [state, parent] = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /, '')
    .split(' ')
  return state === 'Z' ? undefined : Number(parent)
}

async function gone(pid: number): Promise<void> {
  for (let tries = 0; tries < 500 && parentOf(String(pid)) === process.pid; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}
