import type { Command } from 'commander'
import { LinkRef } from '../naming/reference.ts'
import { loadConfiguration } from './configuration.ts'
import { writeJson, writeLines, type CommandContext, type RunWork } from './context.ts'
import { describeLine, describeOrigin, effectiveSource, type EffectiveSetting } from './effective-settings.ts'
import { exitCodes } from './failures.ts'
import { layOut } from './table.ts'
import { visible } from './text-width.ts'

export function addShow(program: Command, run: RunWork): void {
  program
    .command('show')
    .description('shows all settings of a data source, and where each comes from')
    .argument('<name>', 'of the data source, or of a link')
    .action((name: string) => run((context) => show(context, name)))
}

async function show({ options, out, err }: CommandContext, name: string): Promise<number> {
  const configuration = await loadConfiguration(options)
  const configured = configuration.find(name)
  const target = configuration.follow(configured)
  const { driver, settings, problems } = effectiveSource(target, configuration)
  const link = configured.object instanceof LinkRef ? configured.object.linkName : undefined
  const code = problems.length > 0 ? exitCodes.wrongUsage : exitCodes.ok
  if (options.json) {
    const { place } = configured
    await writeJson(out, {
      dataSource: { name: configured.name.toString(), link, driver: driver?.name, place, settings, problems },
    })
    return code
  }
  const title = `${target.name.toString()}  driver ${driver?.name ?? '?'}, ${describeLine(target.place)}`
  const linked = link === undefined ? [] : [`${configured.name.toString()} is a link to ${link}`]
  await writeLines(out, [...linked, out.styled('bold', title), '', ...settingLines(settings)])
  for (const { message, remedy } of problems) await err.write(`wellhead: ${message}\n  → ${remedy}\n`)
  return code
}

export function settingLines(settings: readonly EffectiveSetting[]): string[] {
  const rows = settings.map(({ name, value, origin }) => [name, settingText(value), describeOrigin(origin)])
  return layOut(['SETTING', 'VALUE', 'FROM'], rows)
}

function settingText(value: unknown): string {
  if (value === undefined) return '-'
  return visible(typeof value === 'string' ? value : JSON.stringify(value))
}
