// Forked with --expose-gc: works on a database until it is told to stop, and tells what it has come to.
import { setTimeout as sleep } from 'node:timers/promises'
import { createDataSource, SQLException, type Connection, type PooledDataSource } from '../../src/index.ts'

declare const gc: () => void

/** What the program tells, and when: a sample of the heap after collection each second, the report in the end. */
export type SoakMessage =
  { readonly heap: number } | { readonly report: SoakReport } | { readonly fault: string }

export interface SoakReport {
  /** Calls on the data source. */
  readonly begun: number
  readonly settled: number
  readonly succeeded: number
  readonly dropped: number
  /** Of the pool: who asked, and what came of it. */
  readonly requested: number
  readonly acquired: number
  readonly rejected: number
  readonly created: number
  readonly closed: Readonly<Record<string, number>>
  readonly leaksRecovered: number
  /** What keeps the process running, by kind, before the pool was made and after it was closed. */
  readonly resourcesBefore: readonly string[]
  readonly resourcesAfter: readonly string[]
}

const callers = 24
const tell = (message: SoakMessage): void => void process.send!(message)
const settings = JSON.parse(process.argv[2]!) as object
const resources = (): string[] => process.getActiveResourcesInfo().toSorted()

process.on('uncaughtException', (error) => tell({ fault: `uncaught: ${error.stack}` }))
process.on('unhandledRejection', (error) => tell({ fault: `unhandled: ${String(error)}` }))
process.on('warning', (warning) => {
  if (warning.name !== 'Warning') tell({ fault: `warning: ${warning.message}` })
})

const stopping = new AbortController()
let requested = 0
let leaksRecovered = 0
const count = { begun: 0, settled: 0, succeeded: 0, dropped: 0 }

// From here on the channel to whoever forked it is open.
process.on('message', () => stopping.abort())
const resourcesBefore = resources()
const source = createDataSource({
  driver: 'pg',
  ...settings,
  maximumPoolSize: 8,
  softPoolSize: 4,
  minimumIdle: 1,
  overflowTimeout: 300,
  idleTimeout: '2s',
  maxLifetime: '4s',
  connectionTimeout: '3s',
  loginTimeout: '1s',
  networkTimeout: '1s',
  validationTimeout: 500,
  leakDetectionThreshold: '2s',
  leakReclaim: true,
})
source.on('requested', () => requested++)
source.on('leakRecovered', () => leaksRecovered++)
// Someone listens: none of this is to be said.
for (const name of ['leakSuspected', 'connectFailed', 'recovered'] as const) source.on(name, () => {})

const work: readonly ((pool: PooledDataSource) => Promise<unknown>)[] = [
  (pool) => pool.query('SELECT n FROM soak WHERE n = ?', [1]),
  (pool) => pool.query('SELECT pg_sleep(0.01)'),
  (pool) => pool.transaction({ retries: 1 }, (tx) => tx.execute('UPDATE soak SET n = n WHERE n = ?', [2])),
  (pool) =>
    pool.transaction(async (tx) => {
      await tx.query('SELECT 1')
      throw new SQLException('changed its mind', { sqlState: '45000', reason: 'user-raised' })
    }),
  async (pool) => {
    for await (const _ of pool.stream('SELECT * FROM generate_series(1, 50)', [], { fetchSize: 10 })) break
  },
  (pool) => pool.query('SELECT 1', [], { timeout: 20 }),
  (pool) => pool.query('SELECT pg_sleep(5)', [], { timeout: 30 }),
  (pool) =>
    pool.withConnection({ signal: AbortSignal.timeout(5) }, (connection) => connection.query('SELECT 1')),
  (pool) =>
    pool.withConnection(async (connection) => {
      await connection.setAutoCommit(false)
      await connection.query("SELECT set_config('application_name', 'changed', false)")
    }),
]

async function drop(): Promise<void> {
  const connection: Connection = await source.getConnection()
  count.dropped++
  await connection.query('SELECT 1')
}

async function call(): Promise<void> {
  count.begun++
  try {
    await (Math.random() < 0.002 ? drop() : work[Math.floor(Math.random() * work.length)]!(source))
    count.succeeded++
  } catch (error) {
    if (!(error instanceof SQLException)) tell({ fault: `not typed: ${String(error)}` })
  } finally {
    count.settled++
  }
}

async function caller(): Promise<void> {
  while (!stopping.signal.aborted) {
    await call()
    await sleep(Math.random() * 10)
  }
}

async function sample(): Promise<void> {
  while (!stopping.signal.aborted) {
    await sleep(1_000)
    gc()
    tell({ heap: process.memoryUsage().heapUsed })
  }
}

await Promise.all([sample(), ...Array.from({ length: callers }, caller)])
// The world is well again: what was dropped is found, and a caller is served.
for (let round = 0; round < 250 && source.statistics().inUse > 0; round++) {
  gc()
  await sleep(20)
}
await source.query('SELECT 1')
const { inUse, waiting } = source.statistics()
if (inUse + waiting > 0) tell({ fault: `${inUse} in use and ${waiting} waiting when nobody works any more` })
await source.close()
await sleep(50)
const { acquired, rejected, created, closed } = source.statistics().counters
tell({
  report: {
    ...count,
    requested,
    acquired,
    rejected,
    created,
    closed,
    leaksRecovered,
    resourcesBefore,
    resourcesAfter: resources(),
  },
})
process.disconnect()
