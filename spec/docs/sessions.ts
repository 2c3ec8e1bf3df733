import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

/** A command in an example of the language `console`, and what it prints on both of its outputs. */
export interface Shown {
  readonly command: string
  readonly output: string
}

/** What is shown: each line that begins with `$ ` is a command, the others are what the one before it prints. */
export function readSession(code: string): Shown[] {
  const [before, ...parts] = code.split(/^\$ /m)
  if (before !== '') throw new Error('an example of the language console begins with a command: $ …')
  return parts.map((part) => {
    const end = part.indexOf('\n')
    return { command: part.slice(0, end), output: part.slice(end + 1) }
  })
}

/** Runs the commands of an example in one shell, where `wellhead` is the command of the sources. */
export async function runSession(
  shown: readonly Shown[],
  folder: string,
  root: string,
  environment: NodeJS.ProcessEnv,
): Promise<Shown[]> {
  const commands = join(folder, 'commands')
  mkdirSync(commands, { recursive: true })
  const main = join(root, 'src/cli/main.ts')
  writeFileSync(join(commands, 'wellhead'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, {
    mode: 0o755,
  })
  const script = shown.map(({ command }) => `${command}\nprintf '\\0'\n`).join('')
  const env = { ...environment, PATH: [commands, environment['PATH']].join(delimiter) }
  const { stdout } = await promisify(execFile)('sh', ['-c', `exec 2>&1\n${script}`], { cwd: folder, env })
  const outputs = stdout.split('\0')
  return shown.map(({ command }, at) => ({ command, output: outputs[at]! }))
}
