// Borrowing and giving back, over connections that do nothing: the cost of the pool itself.
import { createPool } from 'generic-pool'
import PgPool from 'pg-pool'
import { Pool as TarnPool } from 'tarn'
import { ConnectionPool } from '../src/pool/connection-pool.ts'
import { ResourcePool } from '../src/pool/resource-pool.ts'
import { parsePoolSettings } from '../src/pool/settings.ts'
import { systemClock } from '../src/session/system-clock.ts'
import { runBench } from './support/harness.ts'
import type { Contender, Peer } from './support/harness.ts'
import { StubClient } from './support/stub-client.ts'
import { stubDriver } from './support/stub-driver.ts'

interface Scenario {
  readonly name: string
  readonly callers: number
}

const size = 10
const scenarios: readonly Scenario[] = [
  { name: '1 on 10', callers: 1 },
  { name: '100 on 10', callers: 100 },
  { name: '5,000 on 10', callers: 5_000 },
]

/** Cycles by that many callers at once; each writes its own loop, so that no call stands between pool and caller. */
function cycles(
  callers: number,
  loop: (rounds: number) => Promise<void>,
  end: () => Promise<unknown>,
): Contender {
  const rounds = Math.ceil(20_000 / callers)
  return {
    async run() {
      await Promise.all(Array.from({ length: callers }, () => loop(rounds)))
      return rounds * callers
    },
    async end() {
      await end()
    },
  }
}

const peers: readonly Peer<Scenario>[] = [
  {
    name: 'limit (array, promise)',
    async prepare({ callers }) {
      // No queue, no limit, nothing watched: what a promise per borrowing costs in this runtime.
      const idle = Array.from({ length: Math.max(size, callers) }, () => ({}))
      return cycles(
        callers,
        async (rounds) => {
          for (let i = 0; i < rounds; i++) {
            const resource = await Promise.resolve(idle.pop()!)
            idle.push(resource)
          }
        },
        async () => undefined,
      )
    },
  },
  {
    name: 'wellhead',
    async prepare({ callers }) {
      // With all that a connection of an application has: handles, events, clean-up, the laws.
      const settings = parsePoolSettings({ maximumPoolSize: size }, 'bench')
      const dataSource = stubDriver.createConnectionPoolDataSource(
        {},
        { dataSourceName: 'bench', clock: systemClock, session: settings },
      )
      const pool = new ConnectionPool({ name: 'bench', dataSource, settings })
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
  },
  {
    name: 'wellhead ResourcePool',
    async prepare({ callers }) {
      const pool = new ResourcePool(
        { create: async () => ({}), destroy: async () => undefined },
        { maximumPoolSize: size },
      )
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
  },
  {
    name: 'generic-pool',
    package: 'generic-pool',
    async prepare({ callers }) {
      const pool = createPool({ create: async () => ({}), destroy: async () => undefined }, { max: size })
      return cycles(
        callers,
        async (rounds) => {
          for (let i = 0; i < rounds; i++) {
            const resource = await pool.acquire()
            await pool.release(resource)
          }
        },
        () => pool.drain().then(() => pool.clear()),
      )
    },
  },
  {
    name: 'tarn',
    package: 'tarn',
    async prepare({ callers }) {
      const pool = new TarnPool({
        create: async () => ({}),
        destroy: async () => undefined,
        min: 0,
        max: size,
      })
      return cycles(
        callers,
        async (rounds) => {
          for (let i = 0; i < rounds; i++) {
            const resource = await pool.acquire().promise
            pool.release(resource)
          }
        },
        () => pool.destroy(),
      )
    },
  },
  {
    name: 'pg-pool',
    package: 'pg-pool',
    async prepare({ callers }) {
      const pool = new PgPool({ max: size }, StubClient as never)
      return cycles(
        callers,
        async (rounds) => {
          for (let i = 0; i < rounds; i++) {
            const client = await pool.connect()
            client.release()
          }
        },
        () => pool.end(),
      )
    },
  },
]

await runBench({
  name: 'pool-cycle',
  title: 'Pool cycle over a stub',
  unit: 'cycles per second',
  scenarios,
  peers,
  control: 'wellhead',
  targets: [
    { scenario: '1 on 10', peer: 'wellhead', over: 'generic-pool', atLeast: 2 },
    { scenario: '100 on 10', peer: 'wellhead', over: 'generic-pool', atLeast: 1.5 },
    { scenario: '5,000 on 10', peer: 'wellhead', over: 'generic-pool', atLeast: 1.5 },
  ],
})
