import type { DeadlineOptions } from '../api/executor.ts'
import { SQLException } from '../api/sql-exception.ts'
import type { ConfiguredName } from '../naming/configuration.ts'
import { NamingException, type ConfigurationPlace } from '../naming/naming-exception.ts'
import { LinkRef } from '../naming/reference.ts'
import type { DriverClient } from '../spi/driver.ts'
import type { CliConfiguration } from './configuration.ts'
import { factsOf, type ConnectionLimit, type DatabaseFacts } from './databases.ts'
import { describeOrigin, effectiveSource, type EffectiveSetting, type Problem } from './effective-settings.ts'
import { describeFailure } from './failures.ts'

/** Something that is wrong with a data source. */
export interface CheckProblem extends Problem {
  /** Undefined: it is about several. */
  readonly dataSource: string | undefined
  /** What is written is wrong, whatever runs elsewhere. */
  readonly configuration: boolean
}

/** What was found out about a name. */
export interface SourceFinding {
  readonly name: string
  readonly link: string | undefined
  readonly place: ConfigurationPlace
  readonly driver: string | undefined
  readonly client: DriverClient | undefined
  readonly product: string | undefined
  readonly serverVersion: string | undefined
  /** How long it took, in milliseconds. */
  readonly login: number | undefined
  readonly notes: readonly string[]
  readonly settings: readonly EffectiveSetting[]
}

/** A name that was looked at. */
export interface CheckedSource {
  readonly finding: SourceFinding
  readonly problems: readonly CheckProblem[]
  /** Those that its connections count for. */
  readonly limits: readonly ConnectionLimit[]
  /** Connections of one process; undefined: without a pool nobody can tell. */
  readonly maximumPoolSize: number | undefined
}

interface CheckSourceOptions extends DeadlineOptions {
  readonly defaults: boolean
}

/** What a server answered. */
interface Answer {
  readonly serverVersion: string
  readonly login: number
  readonly limits: readonly ConnectionLimit[]
}

export async function checkSource(
  configured: ConfiguredName,
  configuration: CliConfiguration,
  { defaults, ...deadline }: CheckSourceOptions,
): Promise<CheckedSource> {
  const { object, place } = configured
  const name = configured.name.toString()
  if (object instanceof LinkRef) return linkFinding(name, object.linkName, place)
  const { driver, settings, resolved, problems: faults } = effectiveSource(configured, configuration)
  const problems = faults.map((fault) => ({ ...fault, dataSource: name, configuration: true }))
  const facts = driver && factsOf(driver.name)
  const notes: string[] = []
  const failed = (error: unknown, remedy: string): undefined => {
    const message = describeFailure(error)
    const shown = message.startsWith(name) ? message : `${name}: ${message}`
    problems.push({
      dataSource: name,
      configuration: error instanceof NamingException,
      message: shown,
      remedy,
    })
  }
  const client = await driver
    ?.load()
    .then((loaded) => loaded.loadClient?.())
    .catch((error: unknown) => failed(error, 'do so in the folder of the application'))
  let answer: Answer | undefined
  if (facts !== undefined && resolved !== undefined && problems.length === 0) {
    const reason = facts.whyNotConnect?.(resolved)
    if (reason !== undefined) notes.push(reason)
    else
      answer = await ask(configured, configuration, facts, resolved, deadline).catch((error: unknown) => {
        if (deadline.signal?.aborted) throw error
        return failed(error, remedyFor(error, settings))
      })
  }
  notes.push(...agesOf(answer, facts))
  if (resolved?.['pooling'] === 'none') notes.push('pooling is none: its connections are not counted')
  return {
    finding: {
      name,
      link: undefined,
      place,
      driver: driver?.name,
      client,
      product: facts?.product,
      serverVersion: answer?.serverVersion,
      login: answer?.login,
      notes,
      settings: defaults ? settings : settings.filter(({ origin }) => origin.kind !== 'built-in default'),
    },
    problems,
    limits: answer?.limits ?? [],
    maximumPoolSize: resolved && largest(resolved),
  }
}

async function ask(
  configured: ConfiguredName,
  configuration: CliConfiguration,
  facts: DatabaseFacts,
  resolved: Readonly<Record<string, unknown>>,
  deadline: DeadlineOptions,
): Promise<Answer> {
  const source = configuration.open(configured)
  try {
    const { ok, lastError, serverVersion = '', latency = 0 } = await source.health(deadline)
    if (!ok) throw lastError!
    const counts = facts.limits !== undefined && facts.limitsCount?.(resolved) !== false
    const options = { ...deadline, types: { maximum: 'INTEGER' } } as const
    const limits = counts ? (await source.query<ConnectionLimit>(facts.limits, undefined, options)).rows : []
    return { serverVersion, login: latency, limits }
  } finally {
    await source.close()
  }
}

function linkFinding(name: string, link: string, place: ConfigurationPlace): CheckedSource {
  const nothing = { client: undefined, product: undefined, serverVersion: undefined, login: undefined }
  const finding = { name, link, place, driver: undefined, ...nothing, notes: [], settings: [] }
  return { finding, problems: [], limits: [], maximumPoolSize: undefined }
}

function* agesOf(answer: Answer | undefined, facts: DatabaseFacts | undefined): Generator<string> {
  if (answer === undefined || facts?.oldestTested === undefined) return
  const major = Number.parseInt(answer.serverVersion, 10)
  if (major < facts.oldestTested) {
    yield `Wellhead is tested on ${facts.product} ${facts.oldestTested} and newer`
  }
}

function remedyFor(error: unknown, settings: readonly EffectiveSetting[]): string {
  const places = (...names: readonly string[]): string => {
    const origins = settings
      .filter(({ name }) => names.includes(name))
      .map(({ origin }) => describeOrigin(origin))
    return [...new Set(origins)].join(' and ')
  }
  const reason = error instanceof SQLException ? error.reason : undefined
  if (reason === 'auth') return `correct user and password: ${places('user', 'password')}`
  if (settings.some(({ name }) => name === 'path')) return `see to the path: ${places('path')}`
  const address = places('host', 'port', 'database')
  if (reason === 'undefined-object') return `create the database, or correct its name: ${address}`
  return `see that the server runs and can be reached; where it is: ${address}`
}

function largest(resolved: Readonly<Record<string, unknown>>): number | undefined {
  if (resolved['pooling'] === 'none') return undefined
  return resolved['pooling'] === 'single' ? 1 : (resolved['maximumPoolSize'] as number)
}
