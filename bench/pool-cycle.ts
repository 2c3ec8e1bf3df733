import { createPool } from 'generic-pool'
import PgPool from 'pg-pool'
import { Pool as TarnPool } from 'tarn'
import { ConnectionPool } from '../src/pool/connection-pool.ts'
import { ResourcePool } from '../src/pool/resource-pool.ts'
import { parsePoolSettings } from '../src/pool/settings.ts'
import { systemClock } from '../src/session/system-clock.ts'
import type { Bench, OpenPeer, Peer } from './support/bench.ts'
import { StubClient } from './support/stub-client.ts'
import { stubDriver } from './support/stub-driver.ts'

const size = 10
const create = async (): Promise<object> => ({})
const destroy = async (): Promise<void> => {}

/** Each peer writes its own loop, so that no call of ours stands between a pool and its caller. */
function cycles(loop: (times: number) => Promise<void>, close: () => Promise<unknown>): OpenPeer {
  return {
    async run(times, callers) {
      const share = Math.ceil(times / callers)
      await Promise.all(Array.from({ length: callers }, () => loop(share)))
    },
    async close() {
      await close()
    },
  }
}

/** With all that a connection of an application has: handles, events, clean-up, the laws. */
const wellhead: Peer = {
  name: 'Wellhead',
  async open() {
    const settings = parsePoolSettings({ maximumPoolSize: size }, 'bench')
    const dataSource = stubDriver.createConnectionPoolDataSource(
      {},
      { dataSourceName: 'bench', clock: systemClock, session: settings },
    )
    const pool = new ConnectionPool({ name: 'bench', dataSource, settings })
    return cycles(
      async (times) => {
        for (let time = 0; time < times; time++) {
          const connection = await pool.acquire()
          await connection.close()
        }
      },
      () => pool.close(),
    )
  },
}

const resourcePool: Peer = {
  name: 'Wellhead, ResourcePool',
  async open() {
    const pool = new ResourcePool({ create, destroy }, { maximumPoolSize: size })
    return cycles(
      async (times) => {
        for (let time = 0; time < times; time++) {
          const resource = await pool.acquire()
          pool.release(resource)
        }
      },
      () => pool.close(),
    )
  },
}

const genericPool: Peer = {
  name: 'generic-pool',
  package: 'generic-pool',
  async open() {
    const pool = createPool({ create, destroy }, { max: size })
    return cycles(
      async (times) => {
        for (let time = 0; time < times; time++) {
          const resource = await pool.acquire()
          await pool.release(resource)
        }
      },
      () => pool.drain().then(() => pool.clear()),
    )
  },
}

const tarn: Peer = {
  name: 'tarn',
  package: 'tarn',
  async open() {
    const pool = new TarnPool({ create, destroy, min: 0, max: size })
    return cycles(
      async (times) => {
        for (let time = 0; time < times; time++) {
          const resource = await pool.acquire().promise
          pool.release(resource)
        }
      },
      () => pool.destroy(),
    )
  },
}

const pgPool: Peer = {
  name: 'pg-pool',
  package: 'pg-pool',
  async open() {
    const pool = new PgPool({ max: size }, StubClient as never)
    return cycles(
      async (times) => {
        for (let time = 0; time < times; time++) {
          const client = await pool.connect()
          client.release()
        }
      },
      () => pool.end(),
    )
  },
}

/** No queue, no limit, nothing watched, one promise: below this no pool can be. */
const limit: Peer = {
  name: 'limit: array and promise',
  async open() {
    const idle = Array.from({ length: 5_000 }, () => ({}))
    return cycles(async (times) => {
      for (let time = 0; time < times; time++) {
        const resource = await Promise.resolve(idle.pop()!)
        idle.push(resource)
      }
    }, create)
  },
}

export const bench: Bench = {
  name: 'pool-cycle',
  title: 'Borrow and give back, stub connections, 10 at most',
  reference: wellhead,
  peers: [resourcePool, genericPool, tarn, pgPool, limit],
  callers: [1, 100, 5_000],
  targets: [
    { peer: 'generic-pool', callers: 1, atLeast: 2 },
    { peer: 'generic-pool', callers: 100, atLeast: 1.5 },
    { peer: 'generic-pool', callers: 5_000, atLeast: 1.5 },
  ],
}
