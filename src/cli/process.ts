import { constants } from 'node:os'
import { run } from './run.ts'

/** How long what was interrupted may take to end in good order, in milliseconds. */
const grace = 3_000

/** Runs the command line of this process, and has it end with the exit code. */
export async function runProcess(): Promise<void> {
  const interrupted = new AbortController()
  let bySignal: number | undefined
  const interrupt = (signal: NodeJS.Signals): void => {
    const code = 128 + constants.signals[signal]
    // The second time nothing is waited for.
    if (bySignal !== undefined) process.exit(code)
    bySignal = code
    interrupted.abort(new Error(`interrupted by ${signal}`))
    setTimeout(() => process.exit(code), grace).unref()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)
  // A write that fails tells whoever wrote.
  process.stdout.on('error', () => undefined)
  process.stderr.on('error', () => undefined)
  const { stdout, stderr } = process
  const code = await run(process.argv.slice(2), {
    // Opened only where it is read.
    stdin: () => process.stdin,
    stdout,
    stderr,
    signal: interrupted.signal,
  })
  process.exitCode = bySignal ?? code
}
