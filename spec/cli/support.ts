import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { WriteStream } from 'node:tty'
import { afterAll, beforeAll, vi } from 'vitest'
import { run } from '../../src/cli/run.ts'

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Conditions {
  readonly stdin?: string
  /** The columns of a terminal that both outputs are. Default: they are pipes. */
  readonly columns?: number
  readonly signal?: AbortSignal
}

export const main = join(import.meta.dirname, '../../src/cli/main.ts')

/** A working directory for a spec file, in which its process is, and which is removed at its end. */
export function workingFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wellhead-cli-'))
  const before = process.cwd()
  beforeAll(() => {
    process.chdir(folder)
    for (const name of ['NO_COLOR', 'FORCE_COLOR', 'WELLHEAD_CONFIG', 'WELLHEAD_PROFILE'])
      vi.stubEnv(name, undefined)
  })
  afterAll(() => {
    vi.unstubAllEnvs()
    process.chdir(before)
    rmSync(folder, { recursive: true, maxRetries: 3 })
  })
  return folder
}

export function configure(content: string, file = 'wellhead.yaml'): void {
  writeFileSync(file, content)
}

/** The command in this process. */
export async function wellhead(args: readonly string[], conditions: Conditions = {}): Promise<Outcome> {
  const { stdin = '', columns, signal = new AbortController().signal } = conditions
  const getColorDepth = () => WriteStream.prototype.getColorDepth()
  const terminal = columns === undefined ? {} : { isTTY: true, columns, getColorDepth }
  const stdout = Object.assign(new PassThrough(), terminal)
  const stderr = Object.assign(new PassThrough(), terminal)
  const shown = Promise.all([text(stdout), text(stderr)])
  const code = await run(args, { stdin: () => Readable.from([stdin]), stdout, stderr, signal })
  stdout.end()
  stderr.end()
  const [out, err] = await shown
  return { code, stdout: out, stderr: err }
}

/** What a command says as JSON. */
export async function asJson(args: readonly string[]): Promise<Outcome & { readonly json: unknown }> {
  const outcome = await wellhead([...args, '--json'])
  return { ...outcome, json: JSON.parse(outcome.stdout) as unknown }
}

/** The command as a process of its own. */
export function start(
  args: readonly string[],
  options: { readonly nodeOptions?: readonly string[] } = {},
): ChildProcess {
  const child = spawn(process.execPath, [...(options.nodeOptions ?? []), main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  afterAll(() => void child.kill('SIGKILL'))
  return child
}

export async function ended(child: ChildProcess): Promise<Outcome> {
  const closed = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === null) reject(new Error(`ended by ${signal}`))
      else resolve(code)
    })
  })
  const [code, stdout, stderr] = await Promise.all([closed, text(child.stdout!), text(child.stderr!)])
  return { code, stdout, stderr }
}

/** The lines of a text without the blanks that align its columns. */
export function lines(output: string): string[] {
  return output
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().replaceAll(/ {2,}/g, ' | '))
}
