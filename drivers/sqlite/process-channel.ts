import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { entryFile, type Channel, type ChannelListener } from './channel.ts'
import type { FromEngine, ToEngine } from './protocol.ts'

/** The children that live: none outlives this process when it ends by itself. */
const children = new Set<ChildProcess>()

/** The engine in a process of its own, which can be killed at any moment: the file stays whole. */
export class ProcessChannel implements Channel {
  readonly place: string
  readonly destroyIsImmediate = true
  readonly #child: ChildProcess

  constructor(listener: ChannelListener) {
    // No inherited streams: whoever waits for the end of our output must not wait for the child.
    const child = fork(fileURLToPath(entryFile(new URL('./process-entry.ts', import.meta.url))), [], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    this.#child = child
    this.place = ` (pid ${child.pid ?? 'none'})`
    let ended = false
    const end = (cause: Error | undefined): void => {
      if (ended) return
      ended = true
      children.delete(child)
      listener.ended(cause)
    }
    watchExit()
    children.add(child)
    child.on('message', (message) => {
      const said = message as FromEngine
      if (typeof said === 'number') listener.waiting(said)
      else listener.answered(said)
    })
    child.on('error', (error) => {
      // It never started: there will be no exit.
      if (child.pid === undefined) end(error)
    })
    child.on('exit', (code, signal) => {
      end(code === 0 ? undefined : new Error(`the process ended with ${signal ?? `exit code ${code}`}`))
    })
  }

  send(message: ToEngine): void {
    // A failure to send means that the process is gone, which is heard by its exit.
    if (this.#child.connected) this.#child.send(message, ignore)
  }

  keepAlive(on: boolean): void {
    const child = this.#child
    if (on) {
      child.ref()
      child.channel?.ref()
    } else {
      child.unref()
      child.channel?.unref()
    }
  }

  destroy(): void {
    this.#child.kill('SIGKILL')
  }
}

let watched = false

function watchExit(): void {
  if (watched) return
  watched = true
  process.on('exit', killAll)
}

function killAll(): void {
  for (const child of children) child.kill('SIGKILL')
}

function ignore(): void {}
