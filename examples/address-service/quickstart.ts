import { join } from 'node:path'
import { InitialContext, PooledDataSource } from 'wellhead'
import { count } from './count.ts'
import { csvAddresses } from './csv-addresses.ts'
import { displayFor, type Display } from './display.ts'
import { generatedAddresses } from './generated-addresses.ts'
import { InputError } from './input-error.ts'
import { ledgerOf, type Facts, type LedgerLine } from './ledger.ts'
import { loadAddresses, type Loaded } from './load.ts'
import { parseOptions, usage, type Options } from './options.ts'
import { rush } from './rush.ts'
import { createIndex, createTables, openAccounts } from './schema.ts'
import { createService } from './service.ts'
import { withTemporaryFolder } from './temporary-folder.ts'
import { transfer as honestTransfer, type Transfer } from './transfer.ts'
import { Watcher } from './watcher.ts'

const configuration = new URL('wellhead.yaml', import.meta.url)
const accountsAtMost = 1_000
const badRowsShown = 5

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
    process.env['ADDRESS_URL'] = `sqlite:${encodeURIComponent(join(folder, 'address.db'))}`
    const context = await InitialContext.fromFile(configuration)
    const dataSource = context.dataSource('jdbc/address').unwrap(PooledDataSource)
    const watcher = new Watcher(dataSource)
    let facts: Omit<Facts, 'acquired' | 'released' | 'killed' | 'statistics'>
    try {
      facts = await run(context, dataSource, watcher, options, display, transfer)
    } finally {
      await context.close()
      watcher.stop()
    }
    const { acquired, released, killed } = watcher
    return ledgerOf({ ...facts, acquired, released, killed, statistics: dataSource.statistics() })
  })
}

async function run(
  context: InitialContext,
  dataSource: PooledDataSource,
  watcher: Watcher,
  { rows, csv, clients, seconds }: Options,
  display: Display,
  transfer: Transfer,
): Promise<Omit<Facts, 'acquired' | 'released' | 'killed' | 'statistics'>> {
  const { databaseProductName, databaseProductVersion } = await dataSource.withConnection((connection) =>
    connection.getMetaData(),
  )
  display.line(
    'database',
    `jdbc/address, which is ${databaseProductName} ${databaseProductVersion} in a temporary file`,
  )
  await createTables(dataSource)
  const begun = performance.now()
  const source = csv === undefined ? generatedAddresses(rows) : csvAddresses(csv)
  const total = csv === undefined ? rows : undefined
  const loaded = await loadAddresses(dataSource, source, (committed) => display.progress(committed, total))
  tellLoaded(display, loaded, (performance.now() - begun) / 1000)
  if (loaded.committed === 0) throw new InputError('there is no address to serve')
  await createIndex(dataSource)
  const accounts = await openAccounts(dataSource, accountsAtMost)
  const towns = await context.query<{ town: string }>(
    'jdbc/address',
    'SELECT DISTINCT town FROM address LIMIT 500',
  )
  const balancesBefore = await sumOfBalances(context)
  const report = await rush(createService(context, transfer), dataSource, watcher, display, {
    clients,
    seconds,
    addresses: loaded.committed,
    accounts,
    towns: towns.rows.map(({ town }) => town),
  })
  const stored = await context.query<{ n: number }>('jdbc/address', 'SELECT count(*) AS n FROM address', [], {
    types: { n: 'INTEGER' },
  })
  const balancesAfter = await sumOfBalances(context)
  return { loaded, rowsStored: stored.rows[0]!.n, clients: report, balancesBefore, balancesAfter }
}

async function sumOfBalances(context: InitialContext): Promise<bigint> {
  const { rows } = await context.query<{ total: bigint }>(
    'jdbc/address',
    'SELECT sum(balance) AS total FROM account',
    [],
    { types: { total: 'BIGINT' } },
  )
  return rows[0]!.total
}

function tellLoaded(display: Display, { committed, bad }: Loaded, seconds: number): void {
  display.line(
    'loaded',
    `${count(committed)} rows in ${seconds.toFixed(1)} s, ${count(committed / seconds)} rows/s`,
  )
  for (const { line, fault } of bad.slice(0, badRowsShown)) display.line('bad row', `line ${line}: ${fault}`)
  if (bad.length > badRowsShown) display.line('bad rows', `${count(bad.length - badRowsShown)} more`)
}

function tellHowToGoOn(display: Display): void {
  display.line('', '')
  display.line('go on', 'with your own addresses: npm run quickstart -- --csv FILE')
  display.line('', 'with your own database: a file own.mjs here, run by npx node own.mjs')
  display.line('', "  import { createDataSource } from 'wellhead'")
  display.line('', "  await using source = createDataSource('sqlite:FILE')")
  display.line('', "  console.log((await source.query('SELECT …')).rows)")
}
