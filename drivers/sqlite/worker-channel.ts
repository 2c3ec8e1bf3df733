import { SHARE_ENV, Worker } from 'node:worker_threads'
import { entryFile, type Channel, type ChannelListener } from './channel.ts'
import type { FromEngine, ToEngine } from './protocol.ts'

/**
 * The engine in a thread of its own. A thread that is inside SQLite cannot be stopped: its end comes with the end of
 * the step.
 */
export class WorkerChannel implements Channel {
  readonly place: string
  readonly destroyIsImmediate = false
  readonly #worker: Worker

  constructor(listener: ChannelListener) {
    // Flags of the application (loaders, inspectors) are not meant for this thread.
    const worker = new Worker(entryFile(new URL('./worker-entry.ts', import.meta.url)), {
      execArgv: [],
      env: SHARE_ENV,
      name: 'wellhead sqlite',
    })
    this.#worker = worker
    this.place = ` (thread ${worker.threadId})`
    let cause: Error | undefined
    worker.on('message', (message: FromEngine) => {
      if (typeof message === 'number') listener.waiting(message)
      else listener.answered(message)
    })
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', () => listener.ended(cause))
  }

  send(message: ToEngine): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
    this.#worker.postMessage(message)
  }

  keepAlive(on: boolean): void {
    if (on) this.#worker.ref()
    else this.#worker.unref()
  }

  destroy(): void {
    // Its end is heard by the event.
    void this.#worker.terminate()
  }
}
