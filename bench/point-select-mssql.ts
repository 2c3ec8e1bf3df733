// One row by its key: the test double of SQL Server through Wellhead, through tedious by itself, and through node-mssql,
// 10 connections each. The double is a process of its own, and slow beside a SQL Server: what counts most is the CPU
// time of this process. All three stand on the same tedious; node-mssql asks `SELECT 1` of each connection before it
// lends it, by default, and so is measured a second time without.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import sql from 'mssql'
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
const text = 'SELECT id, town FROM address WHERE id = @id'
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
    await runBench({
      name: 'point-select-mssql',
      title: 'One row by its key, a test double of SQL Server, 10 connections',
      unit: 'statements per second',
      scenarios,
      peers: [
        wellhead(settings),
        raw(settings),
        nodeMssql('node-mssql', settings, {}),
        nodeMssql('node-mssql, not validated', settings, { validateConnection: false }),
      ],
      control: 'wellhead',
      targets: [
        ...scenarios.map(({ name }) => ({
          scenario: name,
          peer: 'wellhead',
          over: 'tedious, execSql, no pool',
          atMostMicroseconds: 15,
        })),
        { scenario: '100 callers', peer: 'wellhead', over: 'node-mssql', atLeast: 1.5 },
      ],
    })
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

/** As it is by default, but for TLS, which nobody has here: 10 connections at most. */
function nodeMssql(
  name: string,
  { host, ...settings }: MssqlSettings,
  options: Partial<sql.config>,
): Peer<Callers> {
  return {
    name,
    package: 'mssql',
    async prepare(scenario) {
      const pool = await new sql.ConnectionPool({
        server: host,
        ...settings,
        options: { encrypt: false },
        ...options,
      }).connect()
      return selects(
        scenario,
        (id) => pool.request().input('id', sql.Int, id).query(text),
        () => pool.close(),
      )
    },
  }
}

function selectOne(connection: Connection, id: number): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const rows: unknown[] = []
    const request = new Request(text, (error) => (error ? reject(error) : resolve(rows)))
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
