import type { Readable } from 'node:stream'
import type { ConfigurationChoice } from './configuration.ts'
import type { Output, OutputStream } from './output.ts'

/** What the command works on: the process's own, or a spec's. */
export interface CommandIo {
  readonly stdin: () => Readable
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal
}

/** Options of every command. */
export interface GlobalOptions extends ConfigurationChoice {
  readonly json?: true | undefined
}

/** What a command works with. */
export interface CommandContext {
  readonly options: GlobalOptions
  readonly stdin: () => Readable
  readonly out: Output
  readonly err: Output
  readonly signal: AbortSignal
}

/** What a command does. Gives the exit code; default: 0. */
type Work = (context: CommandContext) => Promise<number | void>

/** Runs the work of a command with its context; made once for a command line. */
export type RunWork = (work: Work) => Promise<void>

/** A JSON document, its undefined values null: the keys are always the same. */
export async function writeJson(out: Output, document: object): Promise<void> {
  const text = JSON.stringify(document, (_key, value: unknown) => (value === undefined ? null : value), 2)
  await out.write(`${text}\n`)
}

export async function writeLines(out: Output, lines: readonly string[]): Promise<void> {
  await out.write(lines.map((line) => `${line}\n`).join(''))
}
