import { join } from 'node:path'
import { InitialContext, PooledDataSource, type DataSource } from 'wellhead'
import type { ClientsReport } from './clients.ts'
import { count } from './count.ts'
import { csvAddresses } from './csv-addresses.ts'
import { displayFor, type Display } from './display.ts'
import { Gate } from './gate.ts'
import { generatedAddresses } from './generated-addresses.ts'
import { InputError } from './input-error.ts'
import { ledgerOf, type Facts, type LedgerLine } from './ledger.ts'
import { loadAddresses, type Loaded } from './load.ts'
import { moveToNext, type Move } from './move.ts'
import { parseOptions, usage, type Options } from './options.ts'
import { rush } from './rush.ts'
import { countRows, createIndex, createTables, openAccounts, sumOfBalances } from './schema.ts'
import { createService } from './service.ts'
import { withTemporaryFolder } from './temporary-folder.ts'
import { transfer as honestTransfer, type Transfer } from './transfer.ts'
import { Watcher } from './watcher.ts'

const configuration = new URL('wellhead.yaml', import.meta.url)
const accountsAtMost = 1_000
const badRowsShown = 5
/** How long an idle connection is looked for, in milliseconds: at a rush all may be busy for a moment. */
const patience = 5_000

/** What is known before everything is closed. */
type FactsOfRun = Omit<Facts, 'acquired' | 'released' | 'killed' | 'statistics'>

/** Returns the exit code: 0 when every line of the ledger holds, 1 when one does not, 2 when it was given what it cannot use. */
export async function runQuickstart(
  args: readonly string[],
  transfer: Transfer = honestTransfer,
): Promise<number> {
  try {
    const options = parseOptions(args)
    if (options !== 'help') return await quickstart(options, transfer)
    process.stdout.write(usage)
    return 0
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 2
  }
}

async function quickstart(options: Options, transfer: Transfer): Promise<number> {
  const display = displayFor(process.stdout, options.json)
  const ledger = await ledgerOfRun(options, display, transfer)
  const holds = ledger.every((line) => line.holds)
  for (const line of ledger) display.verdict(line)
  if (options.json) process.stdout.write(`${JSON.stringify({ holds, ledger }, undefined, 2)}\n`)
  if (holds) tellHowToGoOn(display)
  return holds ? 0 : 1
}

async function ledgerOfRun(options: Options, display: Display, transfer: Transfer): Promise<LedgerLine[]> {
  return withTemporaryFolder('address-service-', async (folder) => {
    const nextFile = join(folder, 'address-next.db')
    process.env['ADDRESS_URL'] = sqliteUrl(join(folder, 'address.db'))
    process.env['NEXT_ADDRESS_URL'] = sqliteUrl(nextFile)
    const context = await InitialContext.fromFile(configuration)
    const pools = ['jdbc/address', 'jdbc/address-next'].map((name) => poolOf(context, name))
    const watcher = new Watcher(pools[0]!, pools[1]!)
    let facts: FactsOfRun
    try {
      facts = await run(context, nextFile, watcher, options, display, transfer)
    } finally {
      await context.close()
      watcher.stop()
    }
    const { acquired, released, killed } = watcher
    return ledgerOf({
      ...facts,
      acquired,
      released,
      killed,
      statistics: pools.map((pool) => pool.statistics()),
    })
  })
}

async function run(
  context: InitialContext,
  nextFile: string,
  watcher: Watcher,
  options: Options,
  display: Display,
  transfer: Transfer,
): Promise<FactsOfRun> {
  const dataSource = context.dataSource('jdbc/address')
  await tellDatabase(display, dataSource)
  const loaded = await load(dataSource, options, display)
  const accounts = await openAccounts(dataSource, accountsAtMost)
  const towns = await dataSource.query<{ town: string }>('SELECT DISTINCT town FROM address LIMIT 500')
  const balancesBefore = await sumOfBalances(dataSource)
  const gate = new Gate()
  const service = createService(context, (source, order) => gate.pass(() => transfer(source, order)))
  let moved: Pick<Facts, 'move' | 'failedBeforeMove'> | undefined
  const kill = async (): Promise<void> => tellKilled(display, await watcher.killIdleConnection(patience))
  const move = async ({ failed }: ClientsReport): Promise<void> => {
    moved = { move: await moveToNext(context, gate, nextFile), failedBeforeMove: failed }
    tellMoved(display, moved.move)
  }
  const clients = await rush(service, dataSource, display, {
    clients: options.clients,
    seconds: options.seconds,
    addresses: loaded.committed,
    accounts,
    towns: towns.rows.map(({ town }) => town),
    incidents: [
      { quarters: 2, happen: kill },
      { quarters: 3, happen: move },
    ],
  })
  return {
    ...moved!,
    loaded,
    clients,
    rowsStored: await countRows(dataSource, 'address'),
    transfersStored: await countRows(dataSource, 'transfer'),
    balancesBefore,
    balancesAfter: await sumOfBalances(dataSource),
  }
}

async function load(dataSource: DataSource, { rows, csv }: Options, display: Display): Promise<Loaded> {
  await createTables(dataSource)
  const begun = performance.now()
  const source = csv === undefined ? generatedAddresses(rows) : csvAddresses(csv)
  const total = csv === undefined ? rows : undefined
  const loaded = await loadAddresses(dataSource, source, (committed) => display.progress(committed, total))
  tellLoaded(display, loaded, (performance.now() - begun) / 1000)
  if (loaded.committed === 0) throw new InputError('there is no address to serve')
  await createIndex(dataSource)
  return loaded
}

function sqliteUrl(file: string): string {
  return `sqlite:${encodeURIComponent(file)}`
}

function poolOf(context: InitialContext, name: string): PooledDataSource {
  return context.dataSource(name).unwrap(PooledDataSource)
}

async function tellDatabase(display: Display, dataSource: DataSource): Promise<void> {
  const { databaseProductName, databaseProductVersion } = await dataSource.withConnection((connection) =>
    connection.getMetaData(),
  )
  display.line(
    'database',
    `jdbc/address, which is ${databaseProductName} ${databaseProductVersion} in a temporary file`,
  )
}

function tellLoaded(display: Display, { committed, bad }: Loaded, seconds: number): void {
  display.line(
    'loaded',
    `${count(committed)} rows in ${seconds.toFixed(1)} s, ${count(committed / seconds)} rows/s`,
  )
  for (const { line, fault } of bad.slice(0, badRowsShown)) display.line('bad row', `line ${line}: ${fault}`)
  if (bad.length > badRowsShown) display.line('bad rows', `${count(bad.length - badRowsShown)} more`)
}

function tellKilled(display: Display, killed: string | undefined): void {
  display.line(
    'killed',
    killed === undefined ? 'nothing: no connection was idle' : `connection ${killed}, while idle`,
  )
}

function tellMoved(display: Display, { seconds }: Move): void {
  const time = `${seconds.toFixed(1)} s`
  display.line('moved', `to another database file in ${time}: transfers waited, the rest went on`)
}

function tellHowToGoOn(display: Display): void {
  display.line('', '')
  display.line('go on', 'with your own addresses: npm run quickstart -- --csv FILE')
  display.line('', 'with your own database: a file own.mjs here, run by npx node own.mjs')
  display.line('', "  import { createDataSource } from 'wellhead'")
  display.line('', "  await using source = createDataSource('sqlite:FILE')")
  display.line('', "  console.log((await source.query('SELECT …')).rows)")
}
