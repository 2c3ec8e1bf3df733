import { DatabaseSync } from 'node:sqlite'
import { createDataSource, type PooledDataSource } from '../src/index.ts'
import { spread, type Bench, type Peer } from './support/bench.ts'

const rows = 10_000
const text = 'SELECT id, town FROM address WHERE id = ?'

async function fill(source: PooledDataSource): Promise<void> {
  await source.execute('CREATE TABLE address (id INTEGER PRIMARY KEY, town TEXT NOT NULL)')
  await source.batch(
    'INSERT INTO address (id, town) VALUES (?, ?)',
    Array.from({ length: rows }, (_, id) => [id, `town ${id}`]),
  )
}

/** Each id in turn: the same sequence for all. */
function ids(): () => number {
  let last = 0
  return () => (last = (last + 7_919) % rows)
}

function wellhead(mode: 'worker' | 'inline' | 'process'): Peer {
  return {
    name: `Wellhead, ${mode}`,
    async open() {
      const source = createDataSource({ url: 'sqlite::memory:', mode })
      await fill(source)
      const next = ids()
      return {
        run: (times, callers) => spread(times, callers, () => source.query(text, [next()])),
        close: () => source.close(),
      }
    },
  }
}

/** Four connections that are kept, each used by its share of the callers: their statements travel together. */
const keptWorkers: Peer = {
  name: 'Wellhead, worker, 4 connections kept',
  async open() {
    const source = createDataSource({ url: 'sqlite::memory:', maximumPoolSize: 4 })
    await fill(source)
    const kept = await Promise.all(Array.from({ length: 4 }, () => source.getConnection()))
    const next = ids()
    let turn = 0
    return {
      run: (times, callers) =>
        spread(times, callers, () => kept[turn++ % kept.length]!.query(text, [next()])),
      async close() {
        for (const connection of kept) await connection.close()
        await source.close()
      },
    }
  },
}

/** What Node has itself, on the caller's thread: no pool, no types, nothing that waits. */
const nodeSqlite: Peer = {
  name: 'node:sqlite, prepared, awaited',
  async open() {
    const database = new DatabaseSync(':memory:')
    database.exec('CREATE TABLE address (id INTEGER PRIMARY KEY, town TEXT NOT NULL)')
    const insert = database.prepare('INSERT INTO address (id, town) VALUES (?, ?)')
    for (let id = 0; id < rows; id++) insert.run(id, `town ${id}`)
    const select = database.prepare(text)
    const next = ids()
    return {
      run: (times, callers) => spread(times, callers, async () => select.all(next())),
      close: async () => database.close(),
    }
  },
}

export const bench: Bench = {
  name: 'point-select',
  title: 'One row by its key, SQLite, 10 connections at most',
  reference: wellhead('worker'),
  peers: [keptWorkers, wellhead('process'), wellhead('inline'), nodeSqlite],
  callers: [1, 100],
  targets: [{ peer: 'Wellhead, inline', callers: 100, atLeast: 0.3 }],
}
