// What an expensive statement does to cheap ones that share connections with it. One in a hundred takes 200 ms; the
// callers arrive as they would at a service, whether the ones before are served or not.
import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { createDataSource, type PooledDataSource } from '../src/index.ts'
import { PostgresServer } from '../spec/support/postgres-server.ts'
import { reportFigures, type FigureRow } from './support/figures.ts'
import { ascending, inTurn, median, medianRatio, quantile } from './support/rounds.ts'

interface Scenario {
  readonly name: string
  /** Gives the text and its parameters; `slow` for one in a hundred. */
  readonly call: (slow: boolean, id: number) => readonly [text: string, parameters: (number | string)[]]
}

const cheap = 'SELECT id, town FROM address WHERE id = ?'
const scenarios: readonly Scenario[] = [
  {
    name: 'the expensive ones have a text of their own',
    call: (slow, id) => (slow ? ['SELECT pg_sleep(?)', [0.2]] : [cheap, [id]]),
  },
  {
    name: 'the same text, expensive by its parameter',
    call: (slow) => ['SELECT pg_sleep(?)', [slow ? 0.2 : 0]],
  },
]
const size = 10

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean' }, write: { type: 'boolean' }, rate: { type: 'string' } },
})
const rounds = options.quick === true ? 2 : 5
const seconds = options.quick === true ? 1 : 4
/** Calls a second: 200 ms for each hundredth keep six connections of ten busy, so that cheap ones meet in what is left. */
const rate = Number(options.rate ?? 3_000)

/** Latencies of the cheap ones, in milliseconds. */
async function load(source: PooledDataSource, { call }: Scenario): Promise<number[]> {
  const latencies: number[] = []
  const running: Promise<void>[] = []
  const startedAt = performance.now()
  for (let number = 0; number < rate * seconds;) {
    const due = ((performance.now() - startedAt) * rate) / 1_000
    for (; number < due; number++) {
      const slow = number % 100 === 50
      const askedAt = performance.now()
      const answered = source.query(...call(slow, number % 1_000)).then(() => {
        if (!slow) latencies.push(performance.now() - askedAt)
      })
      running.push(answered)
    }
    await sleep(1)
  }
  await Promise.all(running)
  return ascending(latencies)
}

const server = await PostgresServer.start()
try {
  const database = await server.database()
  const filler = await database.connect()
  await filler.query('CREATE TABLE address (id INTEGER PRIMARY KEY, town TEXT NOT NULL)')
  await filler.query("INSERT INTO address SELECT id, 'town ' || id FROM generate_series(0, 999) id")
  await filler.end()
  const sources = (['exclusive', 'pipelined'] as const).map((sharing) =>
    createDataSource({ url: database.url, maximumPoolSize: size, minimumIdle: size, sharing }),
  )
  const peers = [sources[0]!, sources[1]!, sources[0]!].map((source) => ({ source }))
  for (const source of sources) await source.start()
  const rows: FigureRow[] = []
  const targets: { what: string; value: number; atMost: number }[] = []
  const controls: number[] = []
  for (const scenario of scenarios) {
    const samples = await inTurn(peers, { rounds, warmUp: 1 }, ({ source }) => load(source, scenario))
    const of = (at: number, part: number): number[] =>
      samples.get(peers[at]!)!.map((latencies) => quantile(latencies, part))
    const ratio = medianRatio(of(1, 0.99), of(0, 0.99))
    controls.push(medianRatio(of(2, 0.99), of(0, 0.99)))
    for (const [at, sharing] of (['exclusive', 'pipelined'] as const).entries()) {
      const figures = [0.5, 0.99].map((part) => median(of(at, part)))
      rows.push({ name: `${scenario.name}: ${sharing}`, figures })
    }
    targets.push({ what: `${scenario.name}: p99 of exclusive`, value: ratio, atMost: 1.3 })
  }
  reportFigures({
    name: 'harm',
    title: 'What an expensive statement does to cheap ones that share connections with it',
    about:
      `PostgreSQL, cheap statements at ${rate.toLocaleString('en')} a second on ${size} connections, one in 100 takes 200 ms. ` +
      'Callers arrive whether those before are served or not. Latency of the cheap ones.',
    columns: [
      { name: 'p50', unit: 'ms', digits: 2 },
      { name: 'p99', unit: 'ms', digits: 2 },
    ],
    rows,
    // Of two, the one that is further off.
    control: controls.toSorted((a, b) => Math.abs(b - 1) - Math.abs(a - 1))[0],
    targets,
  })
  for (const source of sources) await source.close()
} finally {
  await server.close()
}
