import { writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { defaultFile } from './configuration.ts'
import { schemaFrom, startingConfiguration } from './configuration-template.ts'
import { writeJson, writeLines, type CommandContext, type RunWork } from './context.ts'
import { UsageError } from './failures.ts'

interface InitOptions {
  readonly name: string
  readonly force?: true
}

const details = `
The password of a url is not written: the file names the variable that has it.

  wellhead init
  wellhead init pg --name jdbc/accounts
  wellhead init postgres://accounts@db.example/accounts`

export function addInit(program: Command, run: RunWork): void {
  program
    .command('init')
    .description('writes a wellhead.yaml that explains itself')
    .argument('[database]', 'a driver (sqlite, pg, mysql), or the url of a database', 'sqlite')
    .option('--name <name>', 'of the data source', 'jdbc/main')
    .option('--force', 'overwrites a file that is there')
    .addHelpText('after', details)
    .action((database: string, options: InitOptions) => run((context) => init(context, database, options)))
}

async function init(
  { options, out }: CommandContext,
  database: string,
  { name, force }: InitOptions,
): Promise<void> {
  const file = options.config ?? defaultFile
  const { text, variables } = startingConfiguration({
    file,
    database,
    name,
    schema: schemaFrom(dirname(resolve(file))),
  })
  await writeNew(file, text, force === true)
  if (options.json) return writeJson(out, { file, dataSource: name, variables })
  await writeLines(out, [
    `${file} is written, with the data source ${name}`,
    ...variables.map((variable) => `Set ${variable}: the file does not hold it`),
    "'wellhead check' tells whether it works",
  ])
}

async function writeNew(file: string, text: string, overwrites: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: overwrites ? 'w' : 'wx' })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new UsageError(`${file} is there already; --force overwrites it`)
    throw new UsageError(`${file} cannot be written (${code ?? 'unknown reason'})`, { cause: error })
  }
}
