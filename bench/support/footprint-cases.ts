// Each figure in a process of its own, started by bench/footprint.ts: what was there before is nobody else's.
import { setTimeout as sleep } from 'node:timers/promises'
import { createDataSource } from '../../src/index.ts'
import { ConnectionPool } from '../../src/pool/connection-pool.ts'
import { parsePoolSettings } from '../../src/pool/settings.ts'
import { noDeadline } from '../../src/session/call-deadline.ts'
import { systemClock } from '../../src/session/system-clock.ts'
import { DriverTable, loaded } from '../../src/source/driver-table.ts'
import { createDataSourceWith } from '../../src/source/managed-data-source.ts'
import type { PooledDataSource } from '../../src/source/pooled-data-source.ts'
import { StatementCompiler } from '../../src/sql/statement-compiler.ts'
import { sqliteDialect } from '../../drivers/sqlite/dialect.ts'
import { stubDriver } from './stub-driver.ts'

const many = 100_000

const cases = {
  /** Bytes, each. */
  async 'idle source'() {
    const sources: PooledDataSource[] = []
    const make = (): void => void sources.push(createDataSource('sqlite::memory:'))
    make()
    return await growth(1_000, () => make())
  },

  /** Timers that a source has that was never asked. */
  async 'idle source, timers'() {
    const before = timers()
    for (let i = 0; i < 100; i++) createDataSource('sqlite::memory:')
    return timers() - before
  },

  async waiter() {
    const pool = stubPool(1)
    await pool.acquire()
    const promises: Promise<unknown>[] = []
    const bytes = await growth(many, () => void promises.push(pool.acquire()))
    for (const promise of promises) promise.catch(() => undefined)
    return bytes
  },

  async 'bare record'() {
    const records: object[] = []
    return await growth(many, () => {
      let resolve: unknown
      let reject: unknown
      const promise = new Promise((onResolve, onReject) => {
        resolve = onResolve
        reject = onReject
      })
      records.push({ promise, resolve, reject })
    })
  },

  async 'idle connection, without a pool'() {
    const dataSource = stubConnections()
    const kept: unknown[] = []
    const make = async (): Promise<void> =>
      void kept.push(await dataSource.getPooledConnection({ deadline: noDeadline }))
    await make()
    return await growth(1_000, make)
  },

  async 'idle connection, in a pool'() {
    const small = stubPool(1)
    await (await small.acquire()).close()
    const pool = stubPool(1_000)
    const before = settledHeap()
    const lent = await Promise.all(Array.from({ length: 1_000 }, () => pool.acquire()))
    for (const connection of lent.splice(0)) void connection.close()
    await sleep(50)
    const bytes = (settledHeap() - before) / 1_000
    if (pool.statistics().idle !== 1_000) throw new Error(`${pool.statistics().idle} are idle`)
    return bytes
  },

  async 'distinct texts'() {
    const compiler = new StatementCompiler(sqliteDialect, 256)
    let id = 0
    const bytes = await growth(many, () => {
      compiler.compile(`SELECT id, town FROM address_${id++} WHERE id = ? AND town LIKE ? ORDER BY town`)
    })
    compiler.compile('SELECT 1')
    return bytes * many
  },

  'a million rows, SQLite': () =>
    streamed(
      createDataSource('sqlite::memory:'),
      `WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 1000000)
       SELECT id, 'town ' || id AS town FROM n`,
    ),

  'a million rows, PostgreSQL': (url: string) =>
    streamed(createDataSource(url), "SELECT id, 'town ' || id AS town FROM generate_series(1, 1000000) id"),

  /** Milliseconds. */
  '100,000 waiters, one signal': () => aborted(() => 0),

  '100,000 waiters, a signal each': () => aborted((caller) => caller),

  /** What the runtime takes for that many signals, each with a listener that rejects a promise. */
  async '100,000 signals'() {
    const told: Promise<unknown>[] = []
    const controllers = Array.from({ length: many }, () => new AbortController())
    for (const { signal } of controllers) {
      const promise = new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
      })
      told.push(promise.catch(() => 1))
    }
    const startedAt = performance.now()
    for (const controller of controllers) controller.abort()
    await Promise.all(told)
    return performance.now() - startedAt
  },
} satisfies Record<string, (url: string) => Promise<number>>

/** What can be asked for. */
export type FootprintCase = keyof typeof cases

function stubConnections(): ReturnType<typeof stubDriver.createConnectionPoolDataSource> {
  const session = parsePoolSettings({}, 'bench')
  return stubDriver.createConnectionPoolDataSource(
    {},
    { dataSourceName: 'bench', clock: systemClock, session },
  )
}

function stubPool(maximumPoolSize: number): ConnectionPool {
  const settings = parsePoolSettings({ maximumPoolSize }, 'bench')
  return new ConnectionPool({ name: 'bench', dataSource: stubConnections(), settings })
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
}

function settledHeap(): number {
  for (let i = 0; i < 4; i++) globalThis.gc!()
  return process.memoryUsage().heapUsed
}

/** Of the heap, for each that was made. */
async function growth(count: number, make: () => unknown): Promise<number> {
  const before = settledHeap()
  for (let i = 0; i < count; i++) await make()
  return (settledHeap() - before) / count
}

/** Of the heap while rows are read, by a reader that sleeps now and then; at the most, in bytes. */
async function streamed(source: PooledDataSource, text: string): Promise<number> {
  await source.query('SELECT 1 AS one')
  const before = settledHeap()
  let most = 0
  let rows = 0
  for await (const row of source.stream(text)) {
    if (row === undefined) throw new Error('no row')
    if (++rows % 100_000 !== 50_000) continue
    await sleep(200)
    most = Math.max(most, settledHeap() - before)
  }
  if (rows !== 1_000_000) throw new Error(`${rows} rows`)
  await source.close()
  return most
}

/** How long it takes until 100,000 callers whose signals are aborted have been told; `signalOf` says who shares one. */
async function aborted(signalOf: (caller: number) => number): Promise<number> {
  const drivers = new DriverTable([loaded(stubDriver)])
  const source = createDataSourceWith(drivers, { driver: stubDriver, maximumPoolSize: 1 })
  await source.getConnection()
  const controllers = new Map<number, AbortController>()
  const told: Promise<unknown>[] = []
  for (let caller = 0; caller < many; caller++) {
    const at = signalOf(caller)
    let controller = controllers.get(at)
    if (controller === undefined) controllers.set(at, (controller = new AbortController()))
    const { signal } = controller
    told.push(
      source.getConnection({ signal }).then(
        () => 0,
        () => 1,
      ),
    )
  }
  const startedAt = performance.now()
  for (const controller of controllers.values()) controller.abort()
  const refused = (await Promise.all(told)).filter((one) => one === 1).length
  const took = performance.now() - startedAt
  if (refused !== many) throw new Error(`${refused} were told`)
  return took
}

const [name, url = ''] = process.argv.slice(2)
const value = await cases[name as FootprintCase](url)
process.stdout.write(`${JSON.stringify(value)}\n`, () => process.exit())
