// One row by its key: the test double of SQL Server through Wellhead, and through tedious by itself, 10 connections
// each. The double is a process of its own, and slow beside a SQL Server: what counts is the CPU time of this process.
// node-mssql is not among what is installed for development, and so not among the peers.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Request, TYPES, type Connection } from 'tedious'
import { mssqlDriver } from '../drivers/mssql/index.ts'
import { createDataSource } from '../src/index.ts'
import { PostgresServer } from '../spec/support/postgres-server.ts'
import { RawMssql } from '../spec/support/tds-client.ts'
import type { MssqlSettings } from '../spec/support/tds-server/database.ts'
import { TdsServer } from '../spec/support/tds-server/server.ts'
import { runBench, type Peer } from './support/harness.ts'
import { rowCount, selects, type Callers } from './support/point-selects.ts'

const size = 10
const scenarios: readonly Callers[] = [
  { name: '10 callers', callers: 10 },
  { name: '100 callers', callers: 100 },
]

if (process.send !== undefined) await serve()
else await compare()

/** In the child: the double on a PostgreSQL, until the parent goes. */
async function serve(): Promise<void> {
  const postgres = await PostgresServer.start()
  const server = await TdsServer.start({ postgres })
  const settings = await server.database()
  const filler = await RawMssql.connect(settings)
  await filler.batch('CREATE TABLE address (id INTEGER PRIMARY KEY, town NVARCHAR(40) NOT NULL)')
  await filler.batch(
    `INSERT INTO address SELECT value, CONCAT(N'town ', value) FROM GENERATE_SERIES(0, ${rowCount - 1})`,
  )
  await filler.close()
  process.send?.(settings)
  await once(process, 'disconnect')
  await server.close()
  await postgres.close()
}

async function compare(): Promise<void> {
  const child = fork(import.meta.filename, { stdio: 'inherit' })
  const [settings] = (await once(child, 'message')) as [MssqlSettings]
  try {
    const report = await runBench({
      name: 'point-select-mssql',
      title: 'One row by its key, a test double of SQL Server, 10 connections',
      unit: 'statements per second',
      scenarios,
      peers: [wellhead(settings), raw(settings)],
      control: 'wellhead',
    })
    for (const { scenario, peers } of report.scenarios) {
      for (const [name, { cpuMicroseconds }] of Object.entries(peers)) {
        console.log(`${scenario}, ${name}: ${cpuMicroseconds.toFixed(0)} µs of CPU for each statement`)
      }
    }
  } finally {
    child.disconnect()
    await once(child, 'exit')
  }
}

function wellhead(settings: MssqlSettings): Peer<Callers> {
  return {
    name: 'wellhead',
    async prepare(scenario) {
      const source = createDataSource({
        ...settings,
        driver: mssqlDriver,
        tls: 'disable',
        maximumPoolSize: size,
      })
      return selects(
        scenario,
        (id) => source.query('SELECT id, town FROM address WHERE id = ?', [id]),
        () => source.close(),
      )
    },
  }
}

/** Connections that their callers keep: no pool at all. One is asked for one statement at a time. */
function raw(settings: MssqlSettings): Peer<Callers> {
  return {
    name: 'tedious, execSql, no pool',
    package: 'tedious',
    async prepare(scenario) {
      const clients: RawMssql[] = []
      for (let at = 0; at < size; at++) clients.push(await RawMssql.connect(settings))
      const tails = clients.map(() => Promise.resolve<unknown>(undefined))
      return selects(
        scenario,
        (id, caller) => {
          const at = caller % size
          const turn = tails[at]!.then(() => selectOne(clients[at]!.connection, id))
          tails[at] = turn
          return turn
        },
        () => Promise.all(clients.map((client) => client.close())),
      )
    },
  }
}

function selectOne(connection: Connection, id: number): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const rows: unknown[] = []
    const request = new Request('SELECT id, town FROM address WHERE id = @id', (error) =>
      error ? reject(error) : resolve(rows),
    )
    request.addParameter('id', TYPES.Int, id)
    request.on('row', (columns) => {
      const row: Record<string, unknown> = {}
      for (const { metadata, value } of columns as { metadata: { colName: string }; value: unknown }[]) {
        row[metadata.colName] = value
      }
      rows.push(row)
    })
    connection.execSql(request)
  })
}
