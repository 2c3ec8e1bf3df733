// One row by its key: PostgreSQL through Wellhead, and through what people use instead, 10 connections each.
import type { Duplex } from 'node:stream'
import knex from 'knex'
import { Client, Pool, type QueryConfig } from 'pg'
import postgres from 'postgres'
import { createDataSource } from '../src/index.ts'
import { PostgresServer } from '../spec/support/postgres-server.ts'
import { runBench } from './support/harness.ts'
import type { Peer } from './support/harness.ts'
import { startOnce } from './support/peer-process.ts'
import { rowCount, selects, type Callers } from './support/point-selects.ts'

const size = 10
const scenarios: readonly Callers[] = [
  { name: '10 callers', callers: 10 },
  { name: '100 callers', callers: 100 },
  { name: '1,000 callers', callers: 1_000 },
]
const text = 'SELECT id, town FROM address WHERE id = $1'

const shared = await startOnce(async () => {
  const server = await PostgresServer.start()
  const database = await server.database()
  const filler = await database.connect()
  await filler.query('CREATE TABLE address (id INTEGER PRIMARY KEY, town TEXT NOT NULL)')
  await filler.query("INSERT INTO address SELECT id, 'town ' || id FROM generate_series(0, $1::int - 1) id", [
    rowCount,
  ])
  await filler.query('ANALYZE address')
  await filler.end()
  return { facts: { url: database.url, settings: database.settings }, close: () => server.close() }
})
const { url, settings } = shared.facts

function wellhead(name: string, sharing: 'exclusive' | 'pipelined'): Peer<Callers> {
  return {
    name,
    async prepare(scenario) {
      const source = createDataSource({ url, maximumPoolSize: size, sharing })
      const select = 'SELECT id, town FROM address WHERE id = ?'
      return selects(
        scenario,
        (id) => source.query(select, [id]),
        () => source.close(),
      )
    },
  }
}

function pgPool(name: string, query: (id: number) => QueryConfig): Peer<Callers> {
  return {
    name,
    async prepare(scenario) {
      const pool = new Pool({ ...settings, max: size })
      return selects(
        scenario,
        (id) => pool.query(query(id)),
        () => pool.end(),
      )
    },
  }
}

/** Clients that their callers keep: no pool at all. */
const rawPg: Peer<Callers> = {
  name: 'pg, clients kept, named',
  async prepare(scenario) {
    const clients = Array.from({ length: size }, () => new Client(settings))
    await Promise.all(clients.map((client) => client.connect()))
    // A client is asked for one statement at a time: more would queue within it.
    const tails = clients.map(() => Promise.resolve<unknown>(undefined))
    return selects(
      scenario,
      (id, caller) => {
        const at = caller % size
        const turn = tails[at]!.then(() => clients[at]!.query({ name: 'address', text, values: [id] }))
        tails[at] = turn
        return turn
      },
      () => Promise.all(clients.map((client) => client.end())),
    )
  },
}

/**
 * What is left when nothing is done but to write a prepared statement's request and to see that its answer has ended:
 * as quick as one statement a write can be on this machine, whoever the client is.
 */
const bareSockets: Peer<Callers> = {
  name: 'limit (sockets, nothing parsed)',
  async prepare(scenario) {
    const clients = Array.from({ length: size }, () => new Client(settings))
    const idle: BareSocket[] = []
    for (const client of clients) {
      await client.connect()
      await client.query({ name: 'address', text, values: [0] })
      idle.push(new BareSocket(client))
    }
    const waiting: ((socket: BareSocket) => void)[] = []
    return selects(
      scenario,
      async (id) => {
        const socket = idle.pop() ?? (await new Promise<BareSocket>((resolve) => waiting.push(resolve)))
        await socket.select(id)
        const next = waiting.shift()
        if (next === undefined) idle.push(socket)
        else next(socket)
      },
      async () => {
        for (const client of clients) client.connection.stream.destroy()
      },
    )
  },
}

class BareSocket {
  readonly #stream: Duplex
  #answered: (() => void) | undefined

  constructor(client: Client) {
    this.#stream = client.connection.stream
    client.on('error', () => {})
    this.#stream.removeAllListeners('data')
    this.#stream.on('data', (bytes: Buffer) => {
      // ReadyForQuery is the last message of an answer.
      if (bytes[bytes.length - 6] === 0x5a) this.#answered?.()
    })
  }

  select(id: number): Promise<void> {
    const value = String(id)
    const bytes = Buffer.allocUnsafe(40 + value.length)
    let at = bytes.write('B', 0)
    at = bytes.writeInt32BE(23 + value.length, at)
    at += bytes.write('\0address\0', at)
    at = bytes.writeInt16BE(0, at)
    at = bytes.writeInt16BE(1, at)
    at = bytes.writeInt32BE(value.length, at)
    at += bytes.write(value, at)
    at = bytes.writeInt16BE(0, at)
    at += bytes.write('E\0\0\0\x09\0\0\0\0\0', at)
    at += bytes.write('S\0\0\0\x04', at)
    return new Promise((resolve) => {
      this.#answered = resolve
      this.#stream.write(bytes.subarray(0, at))
    })
  }
}

const postgresJs: Peer<Callers> = {
  name: 'postgres',
  package: 'postgres',
  async prepare(scenario) {
    const { host, port, user, password } = settings
    const sql = postgres({ host, port, user, password, database: settings.database, max: size })
    return selects(
      scenario,
      async (id) => sql`SELECT id, town FROM address WHERE id = ${id}`,
      () => sql.end(),
    )
  },
}

const knexPeer: Peer<Callers> = {
  name: 'knex',
  package: 'knex',
  async prepare(scenario) {
    const client = knex({ client: 'pg', connection: { ...settings }, pool: { min: 0, max: size } })
    return selects(
      scenario,
      async (id) => client('address').select('id', 'town').where('id', id),
      () => client.destroy(),
    )
  },
}

try {
  await runBench({
    name: 'point-select-pg',
    title: 'One row by its key, PostgreSQL, 10 connections',
    unit: 'statements per second',
    scenarios,
    isolated: true,
    peers: [
      bareSockets,
      wellhead('wellhead', 'exclusive'),
      wellhead('wellhead, sharing', 'pipelined'),
      rawPg,
      pgPool('pg-pool, plain', (id) => ({ text, values: [id] })),
      pgPool('pg-pool, named', (id) => ({ name: 'address', text, values: [id] })),
      postgresJs,
      knexPeer,
    ],
    control: 'wellhead',
    targets: [
      { scenario: '100 callers', peer: 'wellhead', over: 'pg-pool, plain', atLeast: 1.8 },
      { scenario: '100 callers', peer: 'wellhead, sharing', over: 'pg-pool, plain', atLeast: 3 },
      { scenario: '100 callers', peer: 'wellhead, sharing', over: 'postgres', atLeast: 1.2 },
    ],
  })
} finally {
  await shared.close()
}
