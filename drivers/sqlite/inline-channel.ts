import type { DatabaseSync } from 'node:sqlite'
import type { Channel, ChannelListener } from './channel.ts'
import { EngineHost } from './host.ts'
import type { ToEngine } from './protocol.ts'

/** The engine in this thread: it blocks while SQLite works. */
export class InlineChannel implements Channel {
  readonly place = ''
  readonly destroyIsImmediate = false
  readonly #host: EngineHost
  readonly #listener: ChannelListener
  #ended = false

  constructor(listener: ChannelListener) {
    this.#listener = listener
    this.#host = new EngineHost(
      (message) => {
        if (typeof message === 'number') listener.waiting(message)
        else listener.answered(message)
      },
      () => this.destroy(),
    )
  }

  get database(): DatabaseSync {
    return this.#host.engine.database
  }

  send(message: ToEngine): void {
    this.#host.receive(message)
  }

  destroy(): void {
    if (this.#ended) return
    this.#ended = true
    this.#host.stop()
    // Like the others: whoever asked for the end hears of it later.
    process.nextTick(() => this.#listener.ended(undefined))
  }
}
