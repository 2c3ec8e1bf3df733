// One row by its key: SQLite in its three modes, and what Node has itself.
import { DatabaseSync } from 'node:sqlite'
import { createDataSource, type PooledDataSource } from '../src/index.ts'
import { runBench } from './support/harness.ts'
import type { Contender, Peer } from './support/harness.ts'

interface Scenario {
  readonly name: string
  readonly callers: number
}

const rows = 10_000
const text = 'SELECT id, town FROM address WHERE id = ?'
const scenarios: readonly Scenario[] = [
  { name: '1 caller', callers: 1 },
  { name: '100 callers', callers: 100 },
]

/** Selects by that many callers at once, each waiting for its row before it asks for the next. */
function selects(
  { callers }: Scenario,
  select: (id: number, caller: number) => Promise<unknown>,
  end: () => Promise<void>,
): Contender {
  const rounds = Math.ceil(500 / callers)
  let id = 0
  const loop = async (caller: number): Promise<void> => {
    for (let i = 0; i < rounds; i++) {
      id = (id + 7_919) % rows
      await select(id, caller)
    }
  }
  return {
    async run() {
      await Promise.all(Array.from({ length: callers }, (_, caller) => loop(caller)))
      return rounds * callers
    },
    end,
  }
}

async function filled(source: PooledDataSource): Promise<PooledDataSource> {
  await source.execute('CREATE TABLE address (id INTEGER PRIMARY KEY, town TEXT NOT NULL)')
  const addresses = Array.from({ length: rows }, (_, id) => [id, `town ${id}`])
  await source.batch('INSERT INTO address (id, town) VALUES (?, ?)', addresses)
  return source
}

/** `query` on the data source: each borrows a connection, runs, and gives it back. */
function borrowed(mode: 'worker' | 'process' | 'inline'): Peer<Scenario> {
  return {
    name: `wellhead ${mode}`,
    async prepare(scenario) {
      const source = await filled(createDataSource({ url: 'sqlite::memory:', mode, maximumPoolSize: 10 }))
      return selects(
        scenario,
        (id) => source.query(text, [id]),
        () => source.close(),
      )
    },
  }
}

/** Connections that their callers keep and share: the statements of a turn travel together. */
function kept(mode: 'worker' | 'process' | 'inline'): Peer<Scenario> {
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

const nodeSqlite: Peer<Scenario> = {
  name: 'node:sqlite, awaited',
  async prepare(scenario) {
    const database = new DatabaseSync(':memory:')
    database.exec('CREATE TABLE address (id INTEGER PRIMARY KEY, town TEXT NOT NULL)')
    const insert = database.prepare('INSERT INTO address (id, town) VALUES (?, ?)')
    for (let id = 0; id < rows; id++) insert.run(id, `town ${id}`)
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
  peers: [
    borrowed('worker'),
    kept('worker'),
    borrowed('process'),
    kept('process'),
    borrowed('inline'),
    kept('inline'),
    nodeSqlite,
  ],
  control: 'wellhead inline',
  targets: [
    { scenario: '100 callers', peer: 'wellhead worker', over: 'wellhead inline', atLeast: 0.3 },
    {
      scenario: '100 callers',
      peer: 'wellhead worker, 4 kept',
      over: 'wellhead inline, 4 kept',
      atLeast: 0.3,
    },
  ],
})
