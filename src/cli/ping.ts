import type { Command } from 'commander'
import type { Duration } from '../api/duration.ts'
import type { ConfiguredName } from '../naming/configuration.ts'
import { LinkRef } from '../naming/reference.ts'
import { loadConfiguration, type CliConfiguration } from './configuration.ts'
import { writeJson, writeLines, type CommandContext, type RunWork } from './context.ts'
import { factsOf } from './databases.ts'
import { effectiveSource } from './effective-settings.ts'
import { exitCodes, failureRecord, type FailureRecord } from './failures.ts'
import { timeoutOption } from './options.ts'
import { layOut } from './table.ts'

/** What one data source answered. */
interface Pong {
  readonly name: string
  readonly ok: boolean
  readonly product: string | undefined
  readonly serverVersion: string | undefined
  /** How long the login took, in milliseconds. */
  readonly login: number | undefined
  /** How long an answer took on a connection that was there, in milliseconds. */
  readonly latency: number | undefined
  readonly error: FailureRecord | undefined
}

interface PingOptions {
  readonly timeout?: Duration
}

export function addPing(program: Command, run: RunWork): void {
  program
    .command('ping')
    .description('connects to one data source, or to all at once, and tells how long it took')
    .argument('[name]', 'of the data source; default: all')
    .addOption(timeoutOption('of each answer; default: validationTimeout'))
    .action((name: string | undefined, options: PingOptions) =>
      run((context) => ping(context, name, options)),
    )
}

async function ping(
  context: CommandContext,
  name: string | undefined,
  { timeout }: PingOptions,
): Promise<number> {
  const { options, out, signal } = context
  const configuration = await loadConfiguration(options)
  const all = configuration.dataSources.filter(({ object }) => !(object instanceof LinkRef))
  const asked = name === undefined ? all : [configuration.find(name)]
  const pongs = await Promise.all(
    asked.map((configured) => pong(configured, configuration, { timeout, signal })),
  )
  const ok = pongs.every((answer) => answer.ok)
  if (options.json) await writeJson(out, { ok, dataSources: pongs })
  else await writeLines(out, pongLines(context, pongs))
  return ok ? exitCodes.ok : exitCodes.failed
}

async function pong(
  configured: ConfiguredName,
  configuration: CliConfiguration,
  options: { readonly timeout: Duration | undefined; readonly signal: AbortSignal },
): Promise<Pong> {
  const name = configured.name.toString()
  const { driver } = effectiveSource(configuration.follow(configured), configuration)
  const product = driver && factsOf(driver.name).product
  try {
    const source = configuration.open(configured)
    try {
      const login = await source.health(options)
      if (!login.ok) throw login.lastError!
      // Without a pool it would be another login.
      const answer = source.settings.pooling === 'none' ? undefined : await source.health(options)
      if (answer?.ok === false) throw answer.lastError!
      const { serverVersion, latency } = login
      return {
        name,
        ok: true,
        product,
        serverVersion,
        login: latency,
        latency: answer?.latency,
        error: undefined,
      }
    } finally {
      await source.close()
    }
  } catch (error) {
    if (options.signal.aborted) throw error
    const none = { serverVersion: undefined, login: undefined, latency: undefined }
    return { name, ok: false, product, ...none, error: failureRecord(error) }
  }
}

function pongLines({ out }: CommandContext, pongs: readonly Pong[]): string[] {
  const rows = pongs.map(({ name, ok, product = '?', serverVersion = '', login, latency, error }) => [
    name,
    ok ? 'ok' : 'failed',
    inMilliseconds(login),
    inMilliseconds(latency),
    ok ? `${product} ${serverVersion}` : (error?.message ?? ''),
  ])
  return layOut(['NAME', 'STATE', 'LOGIN', 'ANSWER', 'SERVER'], rows).map((line, at) =>
    at === 0 ? out.styled('bold', line) : pongs[at - 1]!.ok ? line : out.styled('red', line),
  )
}

function inMilliseconds(duration: number | undefined): string {
  return duration === undefined ? '' : `${duration.toFixed(1)} ms`
}
