import { ConnectionPool } from '../../src/pool/connection-pool.ts'
import { parsePoolSettings } from '../../src/pool/settings.ts'
import { ManualClock } from '../../spec/support/manual-clock.ts'
import { Watched } from '../../spec/pool/world.ts'
import { StubDriver } from '../../spec/support/stub-connection.ts'

/** Demand on a pool with some idle connections. Times in milliseconds. */
export interface Demand {
  readonly name: string
  readonly idle: number
  readonly maximum: number
  readonly connect: number
  readonly requests: number
  /** How long the request of that number uses its connection. */
  readonly use: (request: number) => number
  /** When it comes. Default: all at 0. */
  readonly arrival?: (request: number) => number
  /** Uses of 2 ms that the pool has seen before. Default: none. */
  readonly warmUp?: number
}

/** What came of it, in virtual time: the same on every machine, and every time. */
export interface Outcome {
  readonly makespan: number
  /** Connects for this demand. */
  readonly created: number
  readonly total: number
  /** Of waiting: the longest of 99 in 100. */
  readonly p99: number
}

/** Plays a demand on the real pool, under a clock that is moved by hand. */
export async function simulate(
  demand: Demand,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Outcome> {
  const clock = new ManualClock()
  const driver = new StubDriver()
  const after = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => void clock.setTimer(resolve, milliseconds))
  driver.behaviour.connect = () => after(demand.connect)
  const pool = new ConnectionPool({
    name: 'simulated',
    dataSource: driver,
    settings: parsePoolSettings(
      { maximumPoolSize: demand.maximum, validateAfterIdle: 'off', connectionTimeout: '1h', ...settings },
      'simulated',
    ),
    clock,
    random: () => 0.5,
  })
  const waits: number[] = []
  let endedAt = 0
  const request = async (at: number, use: number): Promise<void> => {
    if (at > 0) await after(at)
    const askedAt = clock.now()
    const connection = await pool.acquire()
    waits.push(clock.now() - askedAt)
    await after(use)
    await connection.close()
    endedAt = clock.now()
  }
  const run = async (requests: Promise<void>[]): Promise<void> => {
    const all = new Watched(Promise.all(requests))
    while (all.state === 'pending') await clock.advance(1_000)
    await all.promise
  }
  await run(
    'minimumIdle' in settings ? [pool.start()] : Array.from({ length: demand.idle }, () => request(0, 0)),
  )
  for (let seen = 0; seen < (demand.warmUp ?? 0); seen += demand.idle) {
    await run(Array.from({ length: demand.idle }, () => request(0, 2)))
  }
  const before = driver.connects
  waits.length = 0
  const startedAt = clock.now()
  await run(
    Array.from({ length: demand.requests }, (_, i) => request(demand.arrival?.(i) ?? 0, demand.use(i))),
  )
  const makespan = endedAt - startedAt
  await clock.advance(demand.connect)
  const { total } = pool.statistics()
  const closed = pool.close({ drainTimeout: 0 })
  await clock.advance(0)
  await closed
  waits.sort((a, b) => a - b)
  return { makespan, created: driver.connects - before, total, p99: waits[Math.floor(waits.length * 0.99)]! }
}

/** When the last request ends if each goes to the connection that is free first; these are free from those times on. */
function scheduled(demand: Demand, freeAt: readonly number[]): number {
  const free = [...freeAt]
  let last = 0
  for (let i = 0; i < demand.requests; i++) {
    let soonest = 0
    for (let j = 1; j < free.length; j++) if (free[j]! < free[soonest]!) soonest = j
    free[soonest] = Math.max(free[soonest]!, demand.arrival?.(i) ?? 0) + demand.use(i)
    last = Math.max(last, free[soonest]!)
  }
  return last
}

/** With the idle connections alone. */
export function withoutConnecting(demand: Demand): number {
  return scheduled(
    demand,
    Array.from({ length: demand.idle }, () => 0),
  )
}

/** With every other connection that there may be connected at once, all at the same time. */
export function connectingAtOnce(demand: Demand): number {
  const wanted = Math.max(0, Math.min(demand.maximum, demand.requests) - demand.idle)
  const idle = Array.from({ length: demand.idle }, () => 0)
  return scheduled(demand, [...idle, ...Array.from({ length: wanted }, () => demand.connect)])
}

const common = { idle: 5, maximum: 50, connect: 150 }

export const spike: Demand = { ...common, name: 'spike: 50 × 2 ms', requests: 50, use: () => 2 }
export const surge: Demand = { ...common, name: 'surge: 5,000 × 2 ms', requests: 5_000, use: () => 2 }

export const demands: readonly Demand[] = [
  spike,
  { ...spike, name: 'spike, after 100 uses of 2 ms', warmUp: 100 },
  { ...spike, name: 'spike: 50 × 50 ms', use: () => 50 },
  { ...spike, name: 'spike: 50 × 50 ms, after 100 of 2 ms', use: () => 50, warmUp: 100 },
  { ...spike, name: 'spike: 500 × 2 ms', requests: 500 },
  surge,
  { ...surge, name: 'surge, after 100 uses of 2 ms', warmUp: 100 },
  { ...surge, name: 'surge, connects take 1 s', connect: 1_000 },
  {
    ...common,
    name: 'steady: 1 a ms × 2 ms, 1 % 200 ms',
    requests: 5_000,
    use: (i) => (i % 100 === 50 ? 200 : 2),
    arrival: (i) => i,
    warmUp: 100,
  },
  { ...common, name: 'one slow query: 10 × 10 s', requests: 10, use: () => 10_000, warmUp: 100 },
]
