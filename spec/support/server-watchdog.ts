// Ends servers whose runner has died, by SIGKILL as well. Imported, it starts the watchdog of this process;
// run by Node, it is the watchdog: its standard input is a pipe that nobody but the runner holds.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

let pipe: Writable | undefined

/** From now on the server below this folder, and the folder, end with this process at the latest. */
export function guard(folder: string): void {
  pipe ??= startWatchdog()
  pipe.write(`+${folder}\n`)
}

export function unguard(folder: string): void {
  pipe?.write(`-${folder}\n`)
}

/** The program's process, read from its own file: so a restarted one is known as well. */
function pidBelow(folder: string): number | undefined {
  for (const file of ['data/postmaster.pid', 'pgbouncer.pid', 'mariadb.pid']) {
    try {
      return Number(readFileSync(join(folder, file), 'utf8').split('\n')[0])
    } catch {
      // It is another one, or has ended.
    }
  }
  return undefined
}

function startWatchdog(): Writable {
  const child = spawn(process.execPath, [import.meta.filename], {
    detached: true, // a Ctrl-C in the terminal is for the runner
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {}, // NODE_OPTIONS of a runner are its own
  })
  child.unref()
  const { stdin } = child
  // A pipe that cannot be written has no watchdog behind it: an error for the runner to see.
  ;(stdin as Writable & { unref(): void }).unref()
  return stdin
}

async function watch(): Promise<void> {
  const folders = new Set<string>()
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.startsWith('+')) folders.add(line.slice(1))
    else folders.delete(line.slice(1))
  }
  // The end of the pipe is the end of the runner.
  await Promise.all([...folders].map(end))
}

async function end(folder: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const ended = !signal(pidBelow(folder), attempt < 40 ? 'SIGQUIT' : 'SIGKILL')
    // A server that is just starting writes its file a little later.
    if (ended && attempt >= 5) break
    await sleep(50)
  }
  for (let attempt = 0; attempt < 100 && existsSync(folder); attempt++) {
    try {
      rmSync(folder, { recursive: true, force: true })
    } catch {
      await sleep(100) // what was making a cluster in it is still at it, and fails soon
    }
  }
}

/** Whether there was anybody to hear it. */
function signal(pid: number | undefined, name: NodeJS.Signals): boolean {
  try {
    return pid !== undefined && process.kill(pid, name)
  } catch {
    return false
  }
}

if (process.argv[1] === import.meta.filename) await watch()
