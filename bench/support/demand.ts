import { connectingAtOnce, simulate, withoutConnecting, type Demand } from '../sim/demand.ts'
import { reportFigures } from './figures.ts'
import { poolPeers, wellheadPool, type PoolContender, type PoolPeer } from './pools.ts'
import { inTurn, median, medianRatio } from './rounds.ts'

interface Sample {
  readonly makespan: number
  readonly total: number
}

/** How fast it can be done with these connections, on this machine and its timers. */
type BestPlan = 'never connecting' | 'all connects at once'

interface DemandBench {
  readonly name: string
  readonly title: string
  readonly demand: Demand
  readonly best: BestPlan
  /** The makespan of the best plan, so often. */
  readonly atMost: number
  /** Connections in the end. */
  readonly totalAtMost?: number
}

/** Plays a demand on real pools with real timers, one after the other, and once more in virtual time. */
export async function runDemandBench(bench: DemandBench): Promise<void> {
  const { name, title, demand, best, atMost, totalAtMost } = bench
  const quick = process.argv.includes('--quick')
  const limit: PoolPeer = { name: `limit (${best})`, open: (maximum) => openLimit(demand, best, maximum) }
  const again: PoolPeer = { ...wellheadPool, name: 'wellhead (again)' }
  const peers = [limit, ...poolPeers, again]
  const samples = await inTurn(peers, { rounds: quick ? 2 : 7, warmUp: quick ? 0 : 1 }, (peer) =>
    play(peer, demand),
  )
  const makespans = (peer: PoolPeer): number[] => samples.get(peer)!.map(({ makespan }) => makespan)
  const totals = (peer: PoolPeer): number => median(samples.get(peer)!.map(({ total }) => total))
  const ratio = (peer: PoolPeer): number => medianRatio(makespans(peer), makespans(limit))
  const simulated = await simulate(demand)
  const ideal = best === 'never connecting' ? withoutConnecting(demand) : connectingAtOnce(demand)
  reportFigures({
    name,
    title,
    about:
      `${demand.requests.toLocaleString('en')} requests at once, each using its connection for ${demand.use(0)} ms, ` +
      `on ${demand.idle} idle connections of at most ${demand.maximum}; a connect takes ${demand.connect} ms. Real timers; ` +
      'the last row is the same pool in virtual time, where nothing but its rule matters.',
    columns: [
      { name: 'makespan', unit: 'ms', digits: 1 },
      { name: 'of the limit', digits: 2 },
      { name: 'connections in the end' },
    ],
    rows: [
      ...[limit, ...poolPeers].map((peer) => ({
        name: peer.name,
        ...(peer.package !== undefined && { package: peer.package }),
        figures: [median(makespans(peer)), ratio(peer), totals(peer)],
      })),
      {
        name: 'wellhead, simulated',
        figures: [simulated.makespan, simulated.makespan / ideal, simulated.total],
      },
    ],
    control: medianRatio(makespans(again), makespans(wellheadPool)),
    targets: [
      { what: `makespan, of the limit (${best})`, value: ratio(wellheadPool), atMost },
      {
        what: 'makespan, of the limit, simulated',
        value: simulated.makespan / ideal,
        atMost,
        timed: false,
      },
      ...(totalAtMost === undefined
        ? []
        : [
            {
              what: 'connections in the end',
              value: totals(wellheadPool),
              atMost: totalAtMost,
              timed: false,
            },
          ]),
    ],
  })
}

async function play(peer: PoolPeer, { idle, maximum, connect, requests, use }: Demand): Promise<Sample> {
  const pool = await peer.open(maximum, connect)
  const first = await Promise.all(Array.from({ length: idle }, () => pool.borrow()))
  await Promise.all(first.map((release) => release()))
  globalThis.gc?.()
  let endedAt = 0
  const request = async (number: number): Promise<void> => {
    const release = await pool.borrow()
    await after(use(number))
    await release()
    endedAt = performance.now()
  }
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: requests }, (_, number) => request(number)))
  const makespan = endedAt - startedAt
  await after(connect)
  const total = pool.total()
  await pool.close()
  return { makespan, total }
}

/** No pool: a stack of connections and a queue, that knows what is to come. */
async function openLimit(demand: Demand, best: BestPlan, maximum: number): Promise<PoolContender> {
  let free = demand.idle
  let total = demand.idle
  const waiting: ((release: () => void) => void)[] = []
  const release = (): void => {
    const next = waiting.shift()
    if (next === undefined) free++
    else next(release)
  }
  return {
    borrow() {
      if (free > 0) {
        free--
        return Promise.resolve(release)
      }
      if (best === 'all connects at once' && total < maximum) {
        total++
        setTimeout(release, demand.connect)
      }
      return new Promise((resolve) => void waiting.push(resolve))
    },
    total: () => total,
    close: async () => undefined,
  }
}

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds))
}
