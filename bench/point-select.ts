// One row by its key: SQLite in its three modes, and what Node has itself.
import { DatabaseSync } from 'node:sqlite'
import { createDataSource, type DataSourceSettings, type PooledDataSource } from '../src/index.ts'
import { runBench } from './support/harness.ts'
import type { Peer } from './support/harness.ts'
import { rowCount, selects, type Callers } from './support/point-selects.ts'

const text = 'SELECT id, town FROM address WHERE id = ?'
const scenarios: readonly Callers[] = [
  { name: '1 caller', callers: 1 },
  { name: '100 callers', callers: 100 },
]

async function filled(source: PooledDataSource): Promise<PooledDataSource> {
  await source.execute('CREATE TABLE address (id INTEGER PRIMARY KEY, town TEXT NOT NULL)')
  const addresses = Array.from({ length: rowCount }, (_, id) => [id, `town ${id}`])
  await source.batch('INSERT INTO address (id, town) VALUES (?, ?)', addresses)
  return source
}

/** `query` on the data source: each borrows a connection, runs, and gives it back. */
function borrowed(mode: 'worker' | 'process' | 'inline'): Peer<Callers> {
  return queried(`wellhead ${mode}`, { mode, maximumPoolSize: 10 })
}

/** The same, where statements may share: few connections, as each is a thread or a process. */
function sharing(mode: 'worker' | 'process' | 'inline'): Peer<Callers> {
  return queried(`wellhead ${mode}, sharing`, { mode, maximumPoolSize: 4, sharing: 'pipelined' })
}

function queried(name: string, settings: DataSourceSettings): Peer<Callers> {
  return {
    name,
    async prepare(scenario) {
      const source = await filled(createDataSource({ url: 'sqlite::memory:', ...settings }))
      return selects(
        scenario,
        (id) => source.query(text, [id]),
        () => source.close(),
      )
    },
  }
}

/** Connections that their callers keep and share: the statements of a turn travel together. */
function kept(mode: 'worker' | 'process' | 'inline'): Peer<Callers> {
  return {
    name: `wellhead ${mode}, 4 kept`,
    async prepare(scenario) {
      const source = await filled(createDataSource({ url: 'sqlite::memory:', mode, maximumPoolSize: 4 }))
      const connections = await Promise.all(Array.from({ length: 4 }, () => source.getConnection()))
      return selects(
        scenario,
        (id, caller) => connections[caller % connections.length]!.query(text, [id]),
        async () => {
          for (const connection of connections) await connection.close()
          await source.close()
        },
      )
    },
  }
}

const nodeSqlite: Peer<Callers> = {
  name: 'node:sqlite, awaited',
  async prepare(scenario) {
    const database = new DatabaseSync(':memory:')
    database.exec('CREATE TABLE address (id INTEGER PRIMARY KEY, town TEXT NOT NULL)')
    const insert = database.prepare('INSERT INTO address (id, town) VALUES (?, ?)')
    for (let id = 0; id < rowCount; id++) insert.run(id, `town ${id}`)
    const select = database.prepare(text)
    return selects(
      scenario,
      async (id) => select.all(id),
      async () => database.close(),
    )
  },
}

await runBench({
  name: 'point-select',
  title: 'One row by its key, SQLite',
  unit: 'statements per second',
  scenarios,
  isolated: true,
  peers: [
    borrowed('worker'),
    sharing('worker'),
    kept('worker'),
    borrowed('process'),
    sharing('process'),
    kept('process'),
    borrowed('inline'),
    sharing('inline'),
    kept('inline'),
    nodeSqlite,
  ],
  control: 'wellhead inline',
  targets: [
    { scenario: '100 callers', peer: 'wellhead worker', over: 'wellhead inline', atLeast: 0.3 },
    { scenario: '100 callers', peer: 'wellhead worker, sharing', over: 'wellhead inline', atLeast: 0.45 },
    {
      scenario: '100 callers',
      peer: 'wellhead worker, 4 kept',
      over: 'wellhead inline, 4 kept',
      atLeast: 0.3,
    },
  ],
})
