// Five ways of keeping connections, behind HTTP: what Apache's authors compared when they gave mod_dbd its pool.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PostgresServer } from '../spec/support/postgres-server.ts'
import { reportFigures } from './support/figures.ts'
import { ascending, inTurn, median, medianRatio, quantile } from './support/rounds.ts'
import type { StrategyPorts } from './support/strategies-server.ts'

interface Sample {
  readonly perSecond: number
  readonly p99: number
  /** Of the requests that asked the database. */
  readonly databaseP99: number
  readonly failed: number
  /** Sessions of the server during the rush, and two seconds later. */
  readonly sessions: number
  readonly sessionsAfter: number
}

const strategies = [
  'connection per request',
  'persistent per worker',
  'one, locked',
  'fixed pool of 10',
  'dynamic pool, 2 to 10',
]
const control = 'fixed pool of 10'
const again = `${control} (again)`
const clients = 50
const quick = process.argv.includes('--quick')
const rounds = quick ? 1 : 5
const milliseconds = quick ? 800 : 3_000
const rest = quick ? 1_500 : 2_000

const server = await PostgresServer.start()
const urls: Record<string, string> = {}
for (const name of [...strategies, again]) {
  const database = await server.database()
  const filler = await database.connect()
  await filler.query('CREATE TABLE address (id INTEGER PRIMARY KEY, town TEXT NOT NULL)')
  await filler.query("INSERT INTO address SELECT id, 'town ' || id FROM generate_series(0, 999) id")
  await filler.end()
  urls[name] = database.url
}
const service = fork(join(import.meta.dirname, 'support/strategies-server.ts'), [JSON.stringify(urls)])

/** The strategies have a database each, so that their sessions can be told apart. */
function databaseOf(name: string): string {
  return new URL(urls[name]!).pathname.slice(1)
}

async function rush(name: string, port: number): Promise<Sample> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const all: number[] = []
  const asking: number[] = []
  let failed = 0
  const startedAt = performance.now()
  const endsAt = startedAt + milliseconds
  let number = 0
  const client = async (): Promise<void> => {
    while (performance.now() < endsAt) {
      const asks = number++ % 5 === 0
      const askedAt = performance.now()
      const status = await page(agent, port, asks ? `/address/${number % 1_000}` : '/page')
      const took = performance.now() - askedAt
      if (status !== 200) failed++
      all.push(took)
      if (asks) asking.push(took)
    }
  }
  const calls = Array.from({ length: clients }, client)
  await sleep(milliseconds / 2)
  const sessions = await server.sessions(databaseOf(name))
  await Promise.all(calls)
  const perSecond = (all.length * 1_000) / (performance.now() - startedAt)
  await sleep(rest)
  const sessionsAfter = await server.sessions(databaseOf(name))
  agent.destroy()
  return {
    perSecond,
    p99: quantile(ascending(all), 0.99),
    databaseP99: quantile(ascending(asking), 0.99),
    failed,
    sessions: sessions.length,
    sessionsAfter: sessionsAfter.length,
  }
}

function page(agent: Agent, port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ agent, port, host: '127.0.0.1', path }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode ?? 0))
    }).once('error', reject)
  })
}

try {
  const [ports] = (await once(service, 'message')) as [StrategyPorts]
  const samples = await inTurn([...strategies, again], { rounds, warmUp: quick ? 0 : 1 }, (name) =>
    rush(name, ports[name]!),
  )
  const of = (name: string, figure: keyof Sample): number[] =>
    samples.get(name)!.map((sample) => sample[figure])
  const figures = ['perSecond', 'p99', 'databaseP99', 'failed', 'sessions', 'sessionsAfter'] as const
  const dynamic = 'dynamic pool, 2 to 10'
  reportFigures({
    name: 'five-strategies',
    title: 'Five ways of keeping connections, behind HTTP',
    about:
      `${clients} clients of an HTTP server in one process; one request in five asks PostgreSQL for a row and 2 ms of its time. Workers ` +
      `are kept connections of clients. Sessions are counted by the server: in the middle of the rush, and ${rest / 1_000} s after it.`,
    columns: [
      { name: 'requests a second' },
      { name: 'p99', unit: 'ms', digits: 1 },
      { name: 'p99 of those that ask the database', unit: 'ms', digits: 1 },
      { name: 'failed' },
      { name: 'sessions' },
      { name: 'sessions after' },
    ],
    rows: strategies.map((name) => ({ name, figures: figures.map((figure) => median(of(name, figure))) })),
    control: medianRatio(of(again, 'perSecond'), of(control, 'perSecond')),
    targets: [
      {
        what: 'dynamic pool, throughput of the fixed pool',
        value: medianRatio(of(dynamic, 'perSecond'), of(control, 'perSecond')),
        atLeast: 0.95,
      },
      {
        what: 'dynamic pool, sessions after the rush',
        value: median(of(dynamic, 'sessionsAfter')),
        atMost: 2,
        timed: false,
      },
    ],
    plot: {
      title: 'Five ways of keeping connections, behind HTTP',
      columns: ['requests a second', 'p99 of those that ask the database', 'sessions'],
    },
  })
} finally {
  service.disconnect()
  await server.close()
}
