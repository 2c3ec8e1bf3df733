import type { Command } from 'commander'
import type { ConfiguredName } from '../naming/configuration.ts'
import type { ConfigurationPlace } from '../naming/naming-exception.ts'
import { LinkRef } from '../naming/reference.ts'
import { loadConfiguration, type CliConfiguration } from './configuration.ts'
import { writeJson, writeLines, type CommandContext, type RunWork } from './context.ts'
import { describeDatabase } from './databases.ts'
import { describeLine, effectiveSource } from './effective-settings.ts'
import { layOut } from './table.ts'

/** A name in the list. */
interface ListedName {
  readonly name: string
  readonly driver: string | undefined
  /** The database, in few words. */
  readonly database: string | undefined
  /** The name that it is a link to. */
  readonly link: string | undefined
  readonly place: ConfigurationPlace
}

export function addList(program: Command, run: RunWork): void {
  program
    .command('list')
    .description('lists the data sources; connects to none')
    .action(() => run(list))
}

async function list({ options, out }: CommandContext): Promise<void> {
  const configuration = await loadConfiguration(options)
  const names = configuration.dataSources.map((configured) => listed(configured, configuration))
  if (options.json) return writeJson(out, { dataSources: names })
  const rows = names.map(({ name, driver = '?', database = '?', link, place }) => [
    name,
    ...(link === undefined ? [driver, database] : ['link', link]),
    describeLine(place),
  ])
  await writeLines(out, layOut(['NAME', 'DRIVER', 'DATABASE', 'WRITTEN IN'], rows))
}

function listed(configured: ConfiguredName, configuration: CliConfiguration): ListedName {
  const { object, place } = configured
  const name = configured.name.toString()
  if (object instanceof LinkRef) {
    return { name, driver: undefined, database: undefined, link: object.linkName, place }
  }
  const { driver, settings } = effectiveSource(configured, configuration)
  const values = Object.fromEntries(settings.map((setting) => [setting.name, setting.value]))
  const database = driver && (describeDatabase(values) || undefined)
  return { name, driver: driver?.name, database, link: undefined, place }
}
