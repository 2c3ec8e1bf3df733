import { CommanderError } from 'commander'
import type { CommandContext, CommandIo, GlobalOptions } from './context.ts'
import { describeFailure, exitCodeOf, exitCodes, failureRecord } from './failures.ts'
import { isReaderGone, Output } from './output.ts'
import { createProgram } from './program.ts'

/**
 * Runs a command line, without the names of Node and of the program.
 *
 * @returns The exit code: 0, 1 when what was asked for failed, 2 for wrong usage or configuration.
 */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const out = new Output(io.stdout)
  const err = new Output(io.stderr)
  let code: number = exitCodes.ok
  const program = createProgram({ out, err }, async (work) => {
    const options = program.opts<GlobalOptions>()
    const context: CommandContext = { options, stdin: io.stdin, out, err, signal: io.signal }
    code = (await work(context)) ?? exitCodes.ok
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    await out.flush()
  } catch (error) {
    code = isReaderGone(error) ? exitCodes.ok : exitCodeOf(error)
    if (code !== exitCodes.ok && !io.signal.aborted) await tell(error, wantsJson(args) ? out : undefined, err)
  }
  await Promise.all([out.flush(), err.flush()]).catch(() => undefined)
  return code
}

async function tell(error: unknown, out: Output | undefined, err: Output): Promise<void> {
  // Commander has shown the help where a command was missing.
  const isHelp = error instanceof CommanderError && error.code === 'commander.help'
  if (out !== undefined) await out.write(`${JSON.stringify({ error: failureRecord(error) }, null, 2)}\n`)
  else if (!isHelp) await err.write(`${err.styled('red', 'wellhead:')} ${describeFailure(error)}\n`)
}

/** Also where the rest could not be understood. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return args.slice(0, end === -1 ? undefined : end).includes('--json')
}
