import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { createDataSource, knownDrivers } from '../drivers.ts'
import { CompositeName, withoutEnvironmentPrefix } from '../naming/composite-name.ts'
import { atOrigin, type Configuration, type ConfiguredName } from '../naming/configuration.ts'
import { readConfigurationFile } from '../naming/configuration-file.ts'
import { parseConfigurationText } from '../naming/configuration-text.ts'
import { NameNotFoundException } from '../naming/naming-exception.ts'
import { LinkRef } from '../naming/reference.ts'
import { settingsRules } from '../naming/settings-check.ts'
import { DriverTable } from '../source/driver-table.ts'
import type { PooledDataSource } from '../source/pooled-data-source.ts'
import { nearestName } from '../spi/nearest-name.ts'
import { UsageError } from './failures.ts'

/** Which configuration a command works with. */
export interface ConfigurationChoice {
  readonly config?: string | undefined
  readonly profile?: string | undefined
}

/** The configuration file that commands use when they are told of none. */
export const defaultFile = 'wellhead.yaml'

/** The drivers that a configuration file can name: no application has registered others here. */
export const drivers = new DriverTable(knownDrivers)

/** A configuration file as it was read for a command. */
export class CliConfiguration {
  /** As messages show it. */
  readonly file: string
  readonly profile: string | undefined
  readonly dataSources: readonly ConfiguredName[]

  constructor(file: string, profile: string | undefined, { dataSources }: Configuration) {
    this.file = file
    this.profile = profile
    this.dataSources = dataSources
  }

  /** That a relative `{ file }` starts from. */
  get folder(): string {
    return dirname(resolve(this.file))
  }

  /** @throws NameNotFoundException with the nearest name that there is. */
  find(written: string): ConfiguredName {
    const name = withoutEnvironmentPrefix(CompositeName.parse(written))
    const found = this.dataSources.find((configured) => configured.name.equals(name))
    if (found !== undefined) return found
    const names = this.dataSources.map((configured) => configured.name.toString())
    const nearest = nearestName(name.toString(), names)
    const hint = nearest === undefined ? `it has ${names.join(', ')}` : `did you mean '${nearest}'?`
    throw new NameNotFoundException(`${this.file} has no '${name.toString()}'; ${hint}`, {
      remainingName: name,
    })
  }

  /** The data source that a name leads to, over all links. */
  follow(configured: ConfiguredName): ConfiguredName {
    let target = configured
    while (target.object instanceof LinkRef) target = this.find(target.object.linkName)
    return target
  }

  /**
   * Makes a data source for one use: nothing is kept ready in it. Whoever makes it closes it.
   *
   * @throws ConfigurationException for values from outside that are missing or not allowed.
   */
  open(configured: ConfiguredName, overrides: Readonly<Record<string, unknown>> = {}): PooledDataSource {
    const { name, object } = this.follow(configured)
    if (object instanceof LinkRef) throw new UsageError(`'${name.toString()}' leads to no data source`)
    const settings = { ...object.properties(), minimumIdle: 0, ...overrides }
    try {
      const source = createDataSource(settings, { name: name.toString() })
      // Each command tells by itself what fails: nothing is to be said beside it.
      source.on('connectFailed', () => {})
      return source
    } catch (error) {
      throw atOrigin(error, object.origin())
    }
  }
}

/**
 * Reads the configuration of a command: `--config`, else the file that WELLHEAD_CONFIG names, else `wellhead.yaml` in
 * the working directory.
 *
 * @throws ConfigurationException for a file that cannot be used; UsageError when there is none.
 */
export async function loadConfiguration(choice: ConfigurationChoice): Promise<CliConfiguration> {
  const file = fileOf(choice)
  const profile = (choice.profile ?? process.env['WELLHEAD_PROFILE']) || undefined
  return new CliConfiguration(
    file,
    profile,
    await readConfigurationFile(file, settingsRules(drivers), profile),
  )
}

/** The names of its profiles, whatever else is wrong with it. */
export async function profilesIn(choice: ConfigurationChoice): Promise<string[]> {
  const file = fileOf(choice)
  const root = await parseConfigurationText(await readFile(file, 'utf8'), file)
  const profiles = root.kind === 'map' ? root.entries.get('profiles')?.value : undefined
  return profiles?.kind === 'map' ? [...profiles.entries.keys()] : []
}

function fileOf({ config }: ConfigurationChoice): string {
  const named = config ?? (process.env['WELLHEAD_CONFIG'] || undefined)
  if (named !== undefined) return named
  if (existsSync(defaultFile)) return defaultFile
  throw new UsageError(
    `there is no ${defaultFile} in ${process.cwd()}; 'wellhead init' writes one, --config or WELLHEAD_CONFIG names another`,
  )
}
