// Borrowing and giving back, over connections that do nothing: the cost of the pool itself.
import { createPool } from 'generic-pool'
import mysql from 'mysql2/promise'
import PgPool from 'pg-pool'
import { Pool as TarnPool } from 'tarn'
import { ConnectionPool } from '../src/pool/connection-pool.ts'
import { ResourcePool } from '../src/pool/resource-pool.ts'
import { parsePoolSettings } from '../src/pool/settings.ts'
import { systemClock } from '../src/session/system-clock.ts'
import { cycles, poolSize as size, type Borrowers } from './support/cycles.ts'
import { FakeMysql } from './support/fake-mysql.ts'
import { runBench } from './support/harness.ts'
import type { Peer } from './support/harness.ts'
import { StubClient } from './support/stub-client.ts'
import { stubDriver } from './support/stub-driver.ts'

const scenarios: readonly Borrowers[] = [
  { name: '1 on 10', callers: 1 },
  { name: '100 on 10', callers: 100 },
  { name: '5,000 on 10', callers: 5_000 },
]

const peers: readonly Peer<Borrowers>[] = [
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
  {
    name: 'mysql2',
    package: 'mysql2',
    async prepare({ callers }) {
      // Its pool makes its connections itself: these are idle ones of a server that says hello and nothing else.
      const server = await FakeMysql.start(0)
      const { port } = server
      const pool = mysql.createPool({ host: '127.0.0.1', port, user: 'bench', connectionLimit: size })
      return cycles(
        callers,
        async (rounds) => {
          for (let i = 0; i < rounds; i++) {
            const connection = await pool.getConnection()
            connection.release()
          }
        },
        async () => {
          await pool.end()
          await server.close()
        },
      )
    },
  },
]

const others = ['generic-pool', 'tarn', 'pg-pool', 'mysql2']

await runBench({
  name: 'pool-cycle',
  title: 'Pool cycle over a stub',
  unit: 'cycles per second',
  scenarios,
  peers,
  control: 'wellhead',
  targets: [
    { scenario: '1 on 10', peer: 'wellhead', over: others, atLeast: 3 },
    { scenario: '1 on 10', peer: 'wellhead', over: 'limit (array, promise)', atLeast: 0.5 },
    { scenario: '100 on 10', peer: 'wellhead', over: others, atLeast: 2 },
    { scenario: '5,000 on 10', peer: 'wellhead', over: others, atLeast: 2 },
  ],
})
