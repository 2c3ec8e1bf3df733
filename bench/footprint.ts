// What things weigh: memory of what there may be many of, what it costs to load the package, and the end of a long queue.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { PostgresServer } from '../spec/support/postgres-server.ts'
import { reportFigures } from './support/figures.ts'
import type { FootprintCase } from './support/footprint-cases.ts'
import { median, medianRatio } from './support/rounds.ts'

const root = join(import.meta.dirname, '..')
const quick = process.argv.includes('--quick')
const rounds = quick ? 3 : 11

/** The output of another process, as a number. */
function child(...args: readonly string[]): number {
  return Number(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout: 120_000 }))
}

function figure(name: FootprintCase, url = ''): number {
  return child('--expose-gc', join(import.meta.dirname, 'support/footprint-cases.ts'), name, url)
}

/** In milliseconds; the package as it is published, so `npm run build` comes first. */
function loading(name: string): number {
  const program = `const before = performance.now(); await import('${name}'); console.log(performance.now() - before)`
  return child('--input-type=module', '--eval', program)
}

const wellhead: number[] = []
const again: number[] = []
const pg: number[] = []
for (let round = 0; round < rounds; round++) {
  wellhead.push(loading('wellhead'))
  pg.push(loading('pg'))
  again.push(loading('wellhead'))
}

const source = figure('idle source')
const timers = figure('idle source, timers')
const waiter = figure('waiter')
const record = figure('bare record')
const alone = figure('idle connection, without a pool')
const pooled = figure('idle connection, in a pool')
const texts = figure('distinct texts')
const sqlite = figure('a million rows, SQLite')
const server = await PostgresServer.start()
let postgres: number
try {
  postgres = figure('a million rows, PostgreSQL', (await server.database()).url)
} finally {
  await server.close()
}
const oneSignal = median(Array.from({ length: quick ? 1 : 5 }, () => figure('100,000 waiters, one signal')))
const signals = median(Array.from({ length: quick ? 1 : 5 }, () => figure('100,000 waiters, a signal each')))
const bare = median(Array.from({ length: quick ? 1 : 5 }, () => figure('100,000 signals')))
const kB = 1_024
const MB = kB * kB

reportFigures({
  name: 'footprint',
  title: 'What it weighs',
  about:
    'Memory is the growth of the heap after collection, in a process of its own for each figure. While a million rows are read the ' +
    'reader sleeps for 200 ms ten times, and the heap is looked at then.',
  columns: [{ name: 'figure', digits: 1 }],
  rows: [
    { name: "import of 'wellhead', ms", figures: [median(wellhead)] },
    { name: "import of 'pg', ms", figures: [median(pg)] },
    { name: 'a data source that was never asked, bytes', figures: [source] },
    { name: 'its timers', figures: [timers] },
    { name: 'a caller in the queue, bytes', figures: [waiter] },
    { name: 'a record with a promise and its two functions, bytes', figures: [record] },
    { name: 'an idle connection in the pool, over a stub driver, bytes', figures: [pooled] },
    { name: 'the same without a pool, bytes', figures: [alone] },
    { name: 'after 100,000 distinct texts, MB', figures: [texts / MB] },
    { name: 'while 1,000,000 rows of SQLite are read, MB', figures: [sqlite / MB] },
    { name: 'while 1,000,000 rows of PostgreSQL are read, MB', figures: [postgres / MB] },
    { name: '100,000 waiters aborted by one signal, ms', figures: [oneSignal] },
    { name: '100,000 waiters aborted by a signal each, ms', figures: [signals] },
    { name: '100,000 promises rejected by a signal each, without a pool, ms', figures: [bare] },
  ],
  control: medianRatio(again, wellhead),
  targets: [
    { what: "import of 'wellhead', ms", value: median(wellhead), atMost: 25 },
    { what: "import of 'wellhead' beside 'pg'", value: medianRatio(wellhead, pg), atMost: 1.5 },
    { what: 'a data source that was never asked, kB', value: source / kB, atMost: 8, timed: false },
    { what: 'its timers', value: timers, atMost: 0, timed: false },
    { what: 'a caller in the queue beside a bare record', value: waiter / record, atMost: 1.5, timed: false },
    {
      what: "the pool's share of an idle connection, kB",
      value: (pooled - alone) / kB,
      atMost: 2,
      timed: false,
    },
    { what: '100,000 distinct texts, MB', value: texts / MB, atMost: 8, timed: false },
    { what: 'a million rows of SQLite, MB', value: sqlite / MB, atMost: 30, timed: false },
    { what: 'a million rows of PostgreSQL, MB', value: postgres / MB, atMost: 30, timed: false },
    { what: '100,000 waiters aborted at once, ms', value: oneSignal, atMost: 1_000 },
  ],
})
