import { text as readText } from 'node:stream/consumers'
import { Option, type Command } from 'commander'
import type { SqlParameters } from '../api/sql-types.ts'
import type { DeadlineOptions } from '../api/executor.ts'
import { SQLException } from '../api/sql-exception.ts'
import type { PooledDataSource } from '../source/pooled-data-source.ts'
import type { DialectName } from '../sql/dialect.ts'
import { dialectFor } from '../sql/dialects/index.ts'
import { StatementCompiler } from '../sql/statement-compiler.ts'
import { loadConfiguration } from './configuration.ts'
import type { CommandContext, RunWork } from './context.ts'
import { factsOf } from './databases.ts'
import { effectiveSource } from './effective-settings.ts'
import { exitCodes, UsageError } from './failures.ts'
import { timeoutOption } from './options.ts'
import { isReaderGone } from './output.ts'
import { readParameter } from './query-parameters.ts'
import { resultWriter, type ResultFormat, type ResultWriter } from './result-writers.ts'

interface QueryOptions {
  readonly typed?: true
  readonly timeout?: number
  readonly format?: ResultFormat
  readonly csv?: true
}

/** What is run, and until when. */
interface Statement {
  readonly sql: string
  readonly parameters: SqlParameters | undefined
  readonly deadline: DeadlineOptions
}

/** Few at a time, so that a slow query shows what it has. */
const fetchSize = 100

const example = `
A ? in the statement is a parameter. Parameters are texts, of which the database
makes what the statement wants; with --typed they are JSON values: 42, 12.50,
true, null, "42". What is no JSON is a text.

  wellhead query jdbc/main "SELECT * FROM account WHERE city = ?" Basel
  wellhead query jdbc/main "UPDATE account SET limit = ?" --typed null
  wellhead query jdbc/main - < report.sql > report.csv`

export function addQuery(program: Command, run: RunWork): void {
  program
    .command('query')
    .description('runs one statement: a table on a terminal, CSV elsewhere')
    .argument('<name>', 'of the data source')
    .argument('<sql>', 'the statement; - reads it from the standard input')
    .argument('[parameters...]', 'one for each ? in it; behind -- they may begin with -')
    .option('--typed', 'parameters are JSON values')
    .addOption(timeoutOption('of the first rows, and of each later portion'))
    .addOption(
      new Option('--format <format>', 'how rows are written').choices(['table', 'csv', 'json', 'jsonl']),
    )
    .option('--csv', 'the same as --format csv')
    .addHelpText('after', example)
    .action((name: string, sql: string, parameters: readonly string[], options: QueryOptions) =>
      run((context) => query(context, name, sql, parameters, options)),
    )
}

async function query(
  context: CommandContext,
  name: string,
  sql: string,
  parameters: readonly string[],
  options: QueryOptions,
): Promise<number> {
  const { out, signal, stdin } = context
  const format = formatOf(context, options)
  const configuration = await loadConfiguration(context.options)
  const configured = configuration.find(name)
  const { driver } = effectiveSource(configuration.follow(configured), configuration)
  const values = parameters.map((parameter) => readParameter(parameter, options.typed === true))
  const statement: Statement = {
    sql: sql === '-' ? await readText(stdin()) : sql,
    // Without parameters nothing in the text is one.
    parameters: values.length === 0 ? undefined : values,
    deadline: { signal, timeout: options.timeout },
  }
  const source = configuration.open(configured, driver && factsOf(driver.name).forQueries)
  const writer = resultWriter(format, out)
  try {
    // Fails at once where a query would go on trying to connect.
    await source.start(statement.deadline)
    const mayHaveRows = driver === undefined || returnsRows(driver.name as DialectName, statement)
    await (mayHaveRows
      ? writeRows(source, statement, writer)
      : writeCount(source, statement, writer, context))
    return exitCodes.ok
  } catch (error) {
    if (isReaderGone(error) || !(await writer.failed(error))) throw error
    return exitCodes.failed
  } finally {
    await source.close({ drainTimeout: 0 })
  }
}

function formatOf({ options, out }: CommandContext, { format, csv }: QueryOptions): ResultFormat {
  const asked = new Set([format, csv && 'csv', options.json && 'json'].filter((one) => one !== undefined))
  if (asked.size > 1) throw new UsageError(`the result has one format, not ${[...asked].join(' and ')}`)
  const [only] = asked
  return (only as ResultFormat | undefined) ?? (out.isTerminal ? 'table' : 'csv')
}

/** As far as the text tells. A count comes only from a statement that is not asked for rows. */
function returnsRows(dialect: DialectName, { sql, parameters }: Statement): boolean {
  const compiler = new StatementCompiler(dialectFor(dialect), 0)
  return (parameters === undefined ? compiler.compileAsWritten(sql) : compiler.compile(sql)).returnsRows
}

async function writeRows(
  source: PooledDataSource,
  statement: Statement,
  writer: ResultWriter,
): Promise<void> {
  const { sql, parameters, deadline } = statement
  const stream = source.stream<unknown[]>(sql, parameters, { ...deadline, rowMode: 'array', fetchSize })
  let begun = false
  for await (const row of stream) {
    if (!begun) await writer.columns(stream.columns)
    begun = true
    await writer.row(row)
  }
  if (stream.columns.length === 0) return writer.updated(0)
  if (!begun) await writer.columns(stream.columns)
  await writer.end()
}

async function writeCount(
  source: PooledDataSource,
  { sql, parameters, deadline }: Statement,
  writer: ResultWriter,
  { err }: CommandContext,
): Promise<void> {
  const { updateCount, warnings } = await source.execute(sql, parameters, deadline)
  await writer.updated(updateCount)
  for (const warning of warnings) if (warning instanceof SQLException) await err.write(`${warning.message}\n`)
}
