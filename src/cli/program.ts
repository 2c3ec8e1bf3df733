import { createRequire } from 'node:module'
import { Command } from 'commander'
import type { RunWork } from './context.ts'
import { addCheck } from './check.ts'
import { addCompletion } from './completion.ts'
import { addInit } from './init.ts'
import { addList } from './list.ts'
import type { Output } from './output.ts'
import { addPing } from './ping.ts'
import { addQuery } from './query.ts'
import { addShow } from './show.ts'

const { version } = createRequire(import.meta.url)('wellhead/package.json') as { version: string }

const introduction = 'Looks at the data sources of a configuration, and runs statements on them.'

const help = `
The configuration is the file that --config names, else that of the variable
WELLHEAD_CONFIG, else wellhead.yaml in the working directory. WELLHEAD_PROFILE
is the default of --profile. Passwords are never shown.

Exit codes: 0 done; 1 it failed, or something is wrong; 2 wrong usage or
configuration; 130 interrupted.

Begin with:
  wellhead init                         writes a wellhead.yaml
  wellhead check                        tells whether it works
  wellhead query jdbc/main "SELECT 1"   runs a statement`

/** The commands, as Commander knows them. */
export function createProgram(
  { out, err }: { readonly out: Output; readonly err: Output },
  run: RunWork,
): Command {
  const program = new Command('wellhead')
  program
    .description(introduction)
    .version(version, '-V, --version', 'the version of wellhead')
    .option('-c, --config <file>', 'the configuration file')
    .option('-p, --profile <name>', 'the profile that is laid over it')
    .option('--json', 'JSON for programs, errors too')
    .helpOption('-h, --help', 'this text, or that of a command')
    .helpCommand('help [command]', 'the text of a command')
    .addHelpText('after', help)
    .configureHelp({
      showGlobalOptions: true,
      // Their arguments are told by their own help; here they would leave no room.
      subcommandTerm: (command) => command.name(),
      styleTitle: (title) => out.styled('bold', title),
    })
    .configureOutput({
      writeOut: (text) => void out.write(text),
      writeErr: (text) => void err.write(text),
      getOutHelpWidth: () => Math.min(out.columns, 100),
      getErrHelpWidth: () => Math.min(err.columns, 100),
      // Told in one place, for people or for programs.
      outputError: () => undefined,
    })
    .exitOverride()
    .showSuggestionAfterError()
  addInit(program, run)
  addCheck(program, run)
  addList(program, run)
  addShow(program, run)
  addPing(program, run)
  addQuery(program, run)
  addCompletion(program, run)
  return program
}
