// One row by its key: MariaDB through Wellhead, and through what people use instead, 10 connections each.
import knex from 'knex'
import { createConnection, createPool, type Connection, type Pool } from 'mysql2/promise'
import { createDataSource } from '../src/index.ts'
import { MariaDbServer } from '../spec/support/mariadb-server.ts'
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
const text = 'SELECT id, town FROM address WHERE id = ?'

const shared = await startOnce(async () => {
  const server = await MariaDbServer.start()
  const database = await server.database()
  const filler = await database.connect()
  await filler.query('CREATE TABLE address (id INTEGER PRIMARY KEY, town VARCHAR(40) NOT NULL)')
  await filler.query(`INSERT INTO address SELECT seq, CONCAT('town ', seq) FROM seq_0_to_${rowCount - 1}`)
  await filler.query('ANALYZE TABLE address')
  await filler.end()
  return { facts: { url: database.url, settings: database.settings }, close: () => server.close() }
})
const { url, settings } = shared.facts

const wellhead: Peer<Callers> = {
  name: 'wellhead',
  async prepare(scenario) {
    const source = createDataSource({ url, maximumPoolSize: size })
    return selects(
      scenario,
      (id) => source.query(text, [id]),
      () => source.close(),
    )
  },
}

/** Connections that their callers keep: no pool at all. One is asked for one statement at a time. */
const raw: Peer<Callers> = {
  name: 'mysql2, execute, no pool',
  async prepare(scenario) {
    const connections: Connection[] = []
    for (let at = 0; at < size; at++) connections.push(await createConnection(settings))
    const tails = connections.map(() => Promise.resolve<unknown>(undefined))
    return selects(
      scenario,
      (id, caller) => {
        const at = caller % size
        const turn = tails[at]!.then(() => connections[at]!.execute(text, [id]))
        tails[at] = turn
        return turn
      },
      () => Promise.all(connections.map((connection) => connection.end())),
    )
  },
}

function mysqlPool(name: string, select: (pool: Pool, id: number) => Promise<unknown>): Peer<Callers> {
  return {
    name,
    async prepare(scenario) {
      const pool = createPool({ ...settings, connectionLimit: size })
      return selects(
        scenario,
        (id) => select(pool, id),
        () => pool.end(),
      )
    },
  }
}

const knexPeer: Peer<Callers> = {
  name: 'knex',
  package: 'knex',
  async prepare(scenario) {
    const client = knex({ client: 'mysql2', connection: { ...settings }, pool: { min: 0, max: size } })
    return selects(
      scenario,
      async (id) => client('address').select('id', 'town').where('id', id),
      () => client.destroy(),
    )
  },
}

try {
  await runBench({
    name: 'point-select-mysql',
    title: 'One row by its key, MariaDB, 10 connections',
    unit: 'statements per second',
    scenarios,
    isolated: true,
    peers: [
      wellhead,
      raw,
      mysqlPool('mysql2 pool, execute', (pool, id) => pool.execute(text, [id])),
      mysqlPool('mysql2 pool, query', (pool, id) => pool.query(text, [id])),
      knexPeer,
    ],
    control: 'wellhead',
    targets: [
      { scenario: '100 callers', peer: 'wellhead', over: 'mysql2, execute, no pool', atLeast: 0.97 },
      { scenario: '100 callers', peer: 'wellhead', over: 'mysql2 pool, execute', atLeast: 1 },
      { scenario: '100 callers', peer: 'wellhead', over: 'mysql2 pool, query', atLeast: 1 },
      { scenario: '100 callers', peer: 'wellhead', over: 'knex', atLeast: 1 },
    ],
  })
} finally {
  await shared.close()
}
