// The database is killed under load and started again three seconds later: who notices, who asks how often, who is back when.
import { setTimeout as sleep } from 'node:timers/promises'
import mysql from 'mysql2/promise'
import { Pool } from 'pg'
import postgres from 'postgres'
import { createDataSource } from '../src/index.ts'
import { FaultProxy } from '../spec/support/fault-proxy.ts'
import { MariaDbServer } from '../spec/support/mariadb-server.ts'
import { PostgresServer } from '../spec/support/postgres-server.ts'
import { reportFigures, type FigureRow } from './support/figures.ts'
import { inTurn, median } from './support/rounds.ts'

/** How a contender reaches the server: through what counts the connects. */
interface Address {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

interface Client {
  select(): Promise<unknown>
  close(): Promise<unknown>
}

interface Peer {
  readonly name: string
  readonly package?: string
  open(address: Address): Client
}

interface Server {
  readonly address: { readonly host: string; readonly port: number }
  start(): Promise<void>
  kill(): Promise<void>
}

/** What an outage did to one contender. */
interface Sample {
  readonly errors: number
  readonly uncaught: number
  /** A second, while the server was away. */
  readonly connects: number
  /** From the moment at which the server accepts to the first good answer, in milliseconds. */
  readonly backAfter: number
}

const size = 10
const callers = 50
const text = 'SELECT 1 AS one'
const rounds = process.argv.includes('--quick') ? 1 : 3
const [before, away, after] = process.argv.includes('--quick') ? [400, 1_500, 1_500] : [1_000, 3_000, 2_000]

function wellhead(scheme: 'postgresql' | 'mariadb'): Peer {
  return {
    name: 'wellhead',
    open({ host, port, user, password, database }) {
      const url = `${scheme}://${user}:${password}@${host}:${port}/${database}`
      const source = createDataSource({ url, maximumPoolSize: size })
      return { select: () => source.query(text), close: () => source.close({ drainTimeout: 0 }) }
    },
  }
}

const postgresPeers: readonly Peer[] = [
  wellhead('postgresql'),
  {
    name: 'pg-pool',
    package: 'pg-pool',
    open(address) {
      const pool = new Pool({ ...address, max: size })
      pool.on('error', () => undefined)
      return { select: () => pool.query(text), close: () => pool.end() }
    },
  },
  {
    name: 'pg-pool, clients lent',
    open(address) {
      const pool = new Pool({ ...address, max: size })
      pool.on('error', () => undefined)
      return {
        async select() {
          const client = await pool.connect()
          try {
            await client.query(text)
            client.release()
          } catch (error) {
            client.release(true)
            throw error
          }
        },
        close: () => pool.end(),
      }
    },
  },
  {
    name: 'postgres',
    package: 'postgres',
    open(address) {
      const sql = postgres({ ...address, max: size })
      return { select: async () => sql`SELECT 1 AS one`, close: () => sql.end({ timeout: 1 }) }
    },
  },
]

const mariaDbPeers: readonly Peer[] = [
  wellhead('mariadb'),
  {
    name: 'mysql2',
    package: 'mysql2',
    open(address) {
      const pool = mysql.createPool({ ...address, connectionLimit: size })
      return { select: () => pool.query(text), close: () => pool.end() }
    },
  },
]

let uncaught = 0
process.on('uncaughtException', () => void uncaught++)

async function play(peer: Peer, server: Server, address: Omit<Address, 'host' | 'port'>): Promise<Sample> {
  const proxy = await FaultProxy.start({ target: server.address })
  const { user, password, database } = address
  const client = peer.open({ host: proxy.host, port: proxy.port, user, password, database })
  const sample = { errors: 0, uncaught: 0, connects: 0, backAfter: Number.NaN }
  let acceptsSince = Infinity
  const ended = new AbortController()
  const call = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      try {
        await client.select()
        const now = performance.now()
        if (now >= acceptsSince && Number.isNaN(sample.backAfter)) sample.backAfter = now - acceptsSince
      } catch {
        sample.errors++
        // Whoever is refused asks again a moment later.
        await sleep(25)
      }
    }
  }
  uncaught = 0
  const calls = Array.from({ length: callers }, call)
  await sleep(before)
  const connectsBefore = proxy.connections.length
  await server.kill()
  const awaySince = performance.now()
  await sleep(away)
  const connects = proxy.connections.length - connectsBefore
  sample.connects = (connects * 1_000) / (performance.now() - awaySince)
  await server.start()
  acceptsSince = performance.now()
  await sleep(after)
  ended.abort()
  await Promise.all(calls)
  await client.close().catch(() => undefined)
  proxy.close()
  sample.uncaught = uncaught
  return sample
}

/** The rows of one database. */
async function compare(
  database: string,
  peers: readonly Peer[],
  server: Server,
  address: Omit<Address, 'host' | 'port'>,
): Promise<FigureRow[]> {
  const samples = await inTurn(peers, { rounds }, (peer) => play(peer, server, address))
  return peers.map((peer) => {
    const of = (figure: keyof Sample): number => median(samples.get(peer)!.map((sample) => sample[figure]))
    return {
      name: `${database}, ${peer.name}`,
      ...(peer.package !== undefined && { package: peer.package }),
      figures: [of('errors'), of('uncaught'), of('connects'), of('backAfter')],
    }
  })
}

const rows: FigureRow[] = []
const postgresServer = await PostgresServer.start()
try {
  const { user, password, database } = postgresServer.settings('postgres')
  rows.push(...(await compare('PostgreSQL', postgresPeers, postgresServer, { user, password, database })))
} finally {
  await postgresServer.close()
}
const mariaDbServer = await MariaDbServer.start()
try {
  const { user, password } = mariaDbServer.address
  rows.push(...(await compare('MariaDB', mariaDbPeers, mariaDbServer, { user, password, database: 'mysql' })))
} finally {
  await mariaDbServer.close()
}

const ours = rows.filter(({ name }) => name.endsWith(', wellhead'))
reportFigures({
  name: 'outage',
  title: 'An outage under load',
  about:
    `The server is killed under ${callers} callers on ${size} connections, and started again ${away / 1_000} s later. Connects are counted ` +
    `between client and server. Whoever is refused asks again after 25 ms. The median of ${rounds} rounds.`,
  columns: [
    { name: 'errors' },
    { name: 'uncaught' },
    { name: 'connects a second while away', digits: 1 },
    { name: 'first good answer after', unit: 'ms' },
  ],
  rows,
  targets: ours.flatMap(({ name, figures: [, thrown, connects, backAfter] }) => [
    { what: `${name}: first good answer, ms`, value: backAfter ?? Infinity, atMost: 1_000 },
    { what: `${name}: connects a second`, value: connects ?? Infinity, atMost: 5 },
    { what: `${name}: uncaught`, value: thrown ?? Infinity, atMost: 0 },
  ]),
})
