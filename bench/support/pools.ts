import { setTimeout as sleep } from 'node:timers/promises'
import { createPool } from 'generic-pool'
import mysql from 'mysql2/promise'
import PgPool from 'pg-pool'
import { Pool as TarnPool } from 'tarn'
import { ConnectionPool } from '../../src/pool/connection-pool.ts'
import { parsePoolSettings } from '../../src/pool/settings.ts'
import { systemClock } from '../../src/session/system-clock.ts'
import { FakeMysql } from './fake-mysql.ts'
import { StubClient } from './stub-client.ts'
import { stubDriverWith } from './stub-driver.ts'

/** A pool, as far as demand on it is concerned. */
export interface PoolContender {
  /** Resolves with what gives the connection back. */
  borrow(): Promise<() => unknown>
  /** Physical connections that there are. */
  total(): number
  close(): Promise<unknown>
}

export interface PoolPeer {
  readonly name: string
  readonly package?: string
  /** A pool of that size, whose connects take that many milliseconds. */
  open(maximum: number, connect: number): Promise<PoolContender>
}

export const wellheadPool: PoolPeer = {
  name: 'wellhead',
  async open(maximum, connect) {
    const settings = parsePoolSettings({ maximumPoolSize: maximum }, 'bench')
    const dataSource = stubDriverWith(() => sleep(connect)).createConnectionPoolDataSource(
      {},
      { dataSourceName: 'bench', clock: systemClock, session: settings },
    )
    const pool = new ConnectionPool({ name: 'bench', dataSource, settings })
    return {
      async borrow() {
        const connection = await pool.acquire()
        return () => connection.close()
      },
      total: () => pool.statistics().total,
      close: () => pool.close(),
    }
  },
}

export const poolPeers: readonly PoolPeer[] = [
  wellheadPool,
  {
    name: 'generic-pool',
    package: 'generic-pool',
    async open(max, connect) {
      const create = (): Promise<object> => sleep(connect, {})
      const pool = createPool({ create, destroy: async () => undefined }, { max })
      return {
        async borrow() {
          const resource = await pool.acquire()
          return () => pool.release(resource)
        },
        total: () => pool.size,
        close: () => pool.drain().then(() => pool.clear()),
      }
    },
  },
  {
    name: 'tarn',
    package: 'tarn',
    async open(max, connect) {
      const create = (): Promise<object> => sleep(connect, {})
      const pool = new TarnPool({ create, destroy: async () => undefined, min: 0, max })
      return {
        async borrow() {
          const resource = await pool.acquire().promise
          return () => pool.release(resource)
        },
        total: () => pool.numUsed() + pool.numFree(),
        close: () => pool.destroy(),
      }
    },
  },
  {
    name: 'pg-pool',
    package: 'pg-pool',
    async open(max, connect) {
      class SlowClient extends StubClient {
        override connect(callback: (error?: Error) => void): void {
          setTimeout(callback, connect)
        }
      }
      const pool = new PgPool({ max }, SlowClient as never)
      return {
        async borrow() {
          const client = await pool.connect()
          return () => client.release()
        },
        total: () => pool.totalCount,
        close: () => pool.end(),
      }
    },
  },
  {
    name: 'mysql2',
    package: 'mysql2',
    async open(connectionLimit, connect) {
      const server = await FakeMysql.start(connect)
      const { port } = server
      const pool = mysql.createPool({ host: '127.0.0.1', port, user: 'bench', connectionLimit })
      let total = 0
      pool.on('connection', () => void total++)
      return {
        async borrow() {
          const connection = await pool.getConnection()
          return () => connection.release()
        },
        total: () => total,
        async close() {
          await pool.end()
          await server.close()
        },
      }
    },
  },
]
