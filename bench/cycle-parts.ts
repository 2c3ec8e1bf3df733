// Where the time of a cycle goes: the same cycle with ever more of what a pool of connections does.
import { ConnectionPool } from '../src/pool/connection-pool.ts'
import { ResourcePool } from '../src/pool/resource-pool.ts'
import { parsePoolSettings } from '../src/pool/settings.ts'
import { systemClock } from '../src/session/system-clock.ts'
import type { Clock } from '../src/spi/clock.ts'
import { cycles, poolSize, type Borrowers } from './support/cycles.ts'
import { runBench, type Peer } from './support/harness.ts'
import { stubDriver } from './support/stub-driver.ts'

const scenarios: readonly Borrowers[] = [
  { name: '1 on 10', callers: 1 },
  { name: '100 on 10', callers: 100 },
]

/** Reading it costs nothing. */
const standing: Clock = { ...systemClock, now: () => 1 }

function limit(name: string, awaits: 1 | 2): Peer<Borrowers> {
  return {
    name,
    async prepare({ callers }) {
      const idle = Array.from({ length: Math.max(poolSize, callers) }, () => ({}))
      const done = Promise.resolve()
      return cycles(
        callers,
        async (rounds) => {
          for (let i = 0; i < rounds; i++) {
            const resource = await Promise.resolve(idle.pop()!)
            idle.push(resource)
            if (awaits === 2) await done
          }
        },
        async () => undefined,
      )
    },
  }
}

function resources(name: string, clock: Clock): Peer<Borrowers> {
  return {
    name,
    async prepare({ callers }) {
      const factory = { create: async () => ({}), destroy: async () => undefined }
      const pool = new ResourcePool(factory, { maximumPoolSize: poolSize, clock })
      return cycles(
        callers,
        async (rounds) => {
          for (let i = 0; i < rounds; i++) {
            const resource = await pool.acquire()
            pool.release(resource)
          }
        },
        () => pool.close(),
      )
    },
  }
}

function connections(name: string, clock: Clock): Peer<Borrowers> {
  return {
    name,
    async prepare({ callers }) {
      const settings = parsePoolSettings({ maximumPoolSize: poolSize }, 'bench')
      const context = { dataSourceName: 'bench', clock, session: settings }
      const dataSource = stubDriver.createConnectionPoolDataSource({}, context)
      const pool = new ConnectionPool({ name: 'bench', dataSource, settings, clock })
      return cycles(
        callers,
        async (rounds) => {
          for (let i = 0; i < rounds; i++) {
            const connection = await pool.acquire()
            await connection.close()
          }
        },
        () => pool.close(),
      )
    },
  }
}

await runBench({
  name: 'cycle-parts',
  title: 'The parts of a pool cycle',
  unit: 'cycles per second',
  scenarios,
  peers: [
    limit('an array and a promise', 1),
    limit('and the promise of close()', 2),
    resources('lending and taking back, the clock stands', standing),
    resources('lending and taking back', systemClock),
    connections('and handles, sessions, events, the clock stands', standing),
    connections('and handles, sessions, events', systemClock),
  ],
  control: 'lending and taking back',
})
