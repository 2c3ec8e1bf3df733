import { InvalidArgumentError, type Command } from 'commander'
import type { Duration } from '../api/duration.ts'
import { checkLimits, type LimitFinding } from './check-limits.ts'
import { checkSource, type CheckProblem, type SourceFinding } from './check-source.ts'
import { loadConfiguration } from './configuration.ts'
import { writeJson, writeLines, type CommandContext, type RunWork } from './context.ts'
import { describeLine } from './effective-settings.ts'
import { exitCodes } from './failures.ts'
import { timeoutOption } from './options.ts'
import type { Output } from './output.ts'
import { settingLines } from './show.ts'

interface CheckOptions {
  readonly processes: number
  readonly defaults?: true
  readonly timeout?: Duration
}

/** What was found out about a configuration. */
interface Findings {
  readonly ok: boolean
  readonly file: string
  readonly profile: string | undefined
  readonly node: string
  /** With this configuration, as the caller says. */
  readonly processes: number
  readonly dataSources: readonly SourceFinding[]
  readonly limits: readonly LimitFinding[]
  readonly problems: readonly CheckProblem[]
}

const details = `
For each data source: its settings and where they come from, whether its driver
is installed and the server answers; and whether the server gives as many
connections as all pools together may open. No SQLite file is created.`

export function addCheck(program: Command, run: RunWork): void {
  program
    .command('check')
    .description('connects to all data sources; tells what is in force, why, and what is wrong')
    .option('--processes <number>', 'how many use this configuration', wholeNumber, 1)
    .option('--defaults', 'shows built-in defaults too')
    .addOption(timeoutOption('of each answer; default: validationTimeout'))
    .addHelpText('after', details)
    .action((options: CheckOptions) => run((context) => check(context, options)))
}

async function check(context: CommandContext, options: CheckOptions): Promise<number> {
  const { processes, defaults = false, timeout } = options
  const configuration = await loadConfiguration(context.options)
  const { file, profile, dataSources } = configuration
  const checked = await Promise.all(
    dataSources.map((configured) =>
      checkSource(configured, configuration, { timeout, signal: context.signal, defaults }),
    ),
  )
  const limits = checkLimits(checked, processes)
  const problems = [
    ...checked.flatMap((source) => source.problems),
    ...limits.flatMap(({ problem }) => problem ?? []),
  ]
  const findings: Findings = {
    ok: problems.length === 0,
    file,
    profile,
    node: process.versions.node,
    processes,
    dataSources: checked.map(({ finding }) => finding),
    limits: limits.map(({ finding }) => finding),
    problems,
  }
  if (context.options.json) await writeJson(context.out, findings)
  else await writeLines(context.out, report(findings, context.out))
  if (findings.ok) return exitCodes.ok
  return problems.some(({ configuration: wrong }) => wrong) ? exitCodes.wrongUsage : exitCodes.failed
}

function report(findings: Findings, out: Output): string[] {
  const { file, profile, node, processes, dataSources, limits, problems } = findings
  const lines = [`${file}, ${profile === undefined ? 'no profile' : `profile ${profile}`}, Node ${node}`]
  for (const source of dataSources) lines.push('', ...sourceLines(source, out))
  if (limits.length > 0) lines.push('')
  for (const { what, maximum, total, dataSources: shares } of limits) {
    const parts = shares.map(({ name, maximumPoolSize }) => `${name} ${maximumPoolSize}`).join(', ')
    const times = processes === 1 ? '' : `, in each of ${processes} processes`
    lines.push(`${total} connections at most (${parts}${times}); ${what} gives ${maximum}`)
  }
  lines.push('')
  if (problems.length === 0) lines.push(out.styled('green', 'nothing is wrong'))
  else lines.push(out.styled('red', problems.length === 1 ? '1 problem' : `${problems.length} problems`))
  for (const { message, remedy } of problems) lines.push(`- ${message}`, `  → ${remedy}`)
  return lines
}

function sourceLines(source: SourceFinding, out: Output): string[] {
  const { name, link, place, driver, client, product, serverVersion, login, notes, settings } = source
  const title = `${out.styled('bold', name)}  ${describeLine(place)}`
  if (link !== undefined) return [`${title}, link to ${link}`]
  const lines = [title]
  if (driver !== undefined) {
    const version =
      client === undefined ? '' : ` (${[client.name, client.version].filter(Boolean).join(' ')})`
    lines.push(`  driver ${driver}${version}`)
  }
  if (serverVersion !== undefined)
    lines.push(`  ${product} ${serverVersion}, login in ${login!.toFixed(1)} ms`)
  for (const note of notes) lines.push(`  note: ${note}`)
  return [...lines, ...settingLines(settings).map((line) => `    ${line}`)]
}

function wholeNumber(value: string): number {
  if (/^[1-9]\d{0,5}$/.test(value)) return Number(value)
  throw new InvalidArgumentError('It wants a whole number from 1.')
}
