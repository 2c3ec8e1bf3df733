import { Argument, type Command, type Option } from 'commander'
import { writeJson, type CommandContext, type RunWork } from './context.ts'
import { completionScript, shells, type Shell } from './completion-scripts.ts'
import { drivers, loadConfiguration, profilesIn, type ConfigurationChoice } from './configuration.ts'

/** What may stand at the cursor. */
interface Candidate {
  readonly word: string
  /** One line, for shells that show it. */
  readonly meaning: string
}

/** What stands before the cursor, as far as it is understood. */
interface Line {
  readonly command: Command
  /** Arguments of the command that are complete. */
  readonly operands: number
  /** The option whose value stands at the cursor. */
  readonly open: Option | undefined
  /** Behind `--`. */
  readonly onlyOperands: boolean
  readonly choice: ConfigurationChoice
}

const details = `
  bash  source <(wellhead completion bash)       in ~/.bashrc
  zsh   source <(wellhead completion zsh)        in ~/.zshrc, behind compinit
  fish  wellhead completion fish | source        in ~/.config/fish/config.fish`

export function addCompletion(program: Command, run: RunWork): void {
  program
    .command('completion')
    .description('prints the completion script of a shell')
    .addArgument(new Argument('<shell>', 'which one').choices(shells))
    .addHelpText('after', details)
    .action((shell: Shell) => run((context) => completion(context, shell)))
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action((words: readonly string[]) => run((context) => complete(context, program, words)))
}

async function completion({ options, out }: CommandContext, shell: Shell): Promise<void> {
  const script = completionScript(shell)
  if (options.json) await writeJson(out, { shell, script })
  else await out.write(script)
}

/** For the scripts: a candidate on each line, a tab, its meaning. None: names of files. */
async function complete({ out }: CommandContext, program: Command, words: readonly string[]): Promise<void> {
  const word = words.at(-1) ?? ''
  const all = await candidatesFor(program, words.slice(0, -1), word)
  const fitting = all.filter((candidate) => candidate.word.startsWith(word))
  await out.write(fitting.map((candidate) => `${candidate.word}\t${candidate.meaning}\n`).join(''))
}

async function candidatesFor(
  program: Command,
  before: readonly string[],
  word: string,
): Promise<Candidate[]> {
  const { command, operands, open, onlyOperands, choice } = readLine(program, before)
  const equals = /^(--[^=]+)=/.exec(word)
  if (equals !== null) {
    const option = [...command.options, ...program.options].find(({ long }) => long === equals[1])
    const values = option === undefined ? [] : await valuesOf(option, choice)
    return values.map((value) => ({ ...value, word: `${equals[1]}=${value.word}` }))
  }
  if (open !== undefined) return valuesOf(open, choice)
  if (word.startsWith('-') && !onlyOperands) {
    const options = command === program ? program.options : [...command.options, ...program.options]
    const shown = options.filter(({ long, hidden }) => long !== undefined && !hidden)
    return shown.map(({ long, description }) => ({ word: long!, meaning: description }))
  }
  if (command === program) return commandsOf(program)
  const argument = command.registeredArguments[operands]
  if (argument?.argChoices !== undefined) return candidates(argument.argChoices, argument.description)
  switch (argument?.name()) {
    case 'name':
      return names(choice)
    case 'database':
      return Array.from(drivers, ({ name }) => ({ word: name, meaning: 'driver' }))
    case 'command':
      return commandsOf(program)
    default:
      return []
  }
}

function readLine(program: Command, before: readonly string[]): Line {
  let command = program
  let operands = 0
  let open: Option | undefined
  let onlyOperands = false
  const values = new Map<string, string>()
  for (const word of before) {
    if (open !== undefined) {
      values.set(open.attributeName(), word)
      open = undefined
    } else if (word === '--' && !onlyOperands) onlyOperands = true
    else if (word.startsWith('-') && !onlyOperands) {
      const [flag, value] = word.split(/=(.*)/s) as [string, string | undefined]
      const option = [...command.options, ...program.options].find(
        (one) => one.long === flag || one.short === flag,
      )
      if (option !== undefined && value !== undefined) values.set(option.attributeName(), value)
      else if (option?.required === true) open = option
    } else if (command === program) command = program.commands.find((one) => one.name() === word) ?? program
    else operands++
  }
  return {
    command,
    operands,
    open,
    onlyOperands,
    choice: { config: values.get('config'), profile: values.get('profile') },
  }
}

async function valuesOf(option: Option, choice: ConfigurationChoice): Promise<Candidate[]> {
  if (option.long === '--profile') return profiles(choice)
  return candidates(option.argChoices ?? [], option.description)
}

function commandsOf(program: Command): Candidate[] {
  const visible = program.createHelp().visibleCommands(program)
  return visible.map((command) => ({ word: command.name(), meaning: command.description() }))
}

/** What is wrong with a configuration is told by the commands, not while somebody types. */
async function names(choice: ConfigurationChoice): Promise<Candidate[]> {
  const configuration = await loadConfiguration(choice).catch(() => undefined)
  const configured = configuration?.dataSources ?? []
  return configured.map(({ name }) => ({ word: name.toString(), meaning: 'data source' }))
}

async function profiles(choice: ConfigurationChoice): Promise<Candidate[]> {
  return candidates(await profilesIn(choice).catch(() => []), 'profile')
}

function candidates(all: readonly string[], meaning: string): Candidate[] {
  return all.map((word) => ({ word, meaning }))
}
