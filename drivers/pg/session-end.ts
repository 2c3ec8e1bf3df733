import type { Clock } from '../../src/spi/clock.ts'
import type { Canceller } from './cancel.ts'
import type { Pooler } from './pooler.ts'
import type { Wire } from './wire.ts'

/** How long the server may take to hang up after a goodbye, in milliseconds. */
const partingTime = 2_000
/** Between two requests to stop a statement that waits in the queue of a pooler, in milliseconds. */
const cancelPause = 20

/** The end of a session, and of what runs on it. */
export class SessionEnd {
  readonly #wire: Wire
  readonly #canceller: Canceller
  readonly #clock: Clock
  readonly #pooler: Pooler
  #closing: Promise<void> | undefined
  #parting: Promise<void> = Promise.resolve()

  constructor(wire: Wire, canceller: Canceller, clock: Clock, pooler: Pooler) {
    this.#wire = wire
    this.#canceller = canceller
    this.#clock = clock
    this.#pooler = pooler
  }

  /** Stops what runs. Settles when that can no longer hit what comes next. */
  async cancel(): Promise<void> {
    const wire = this.#wire
    wire.stopRunning()
    await this.#canceller.request()
    if (this.#pooler !== 'transaction') return
    // The pooler ignores it while the statement waits for a connection to the server.
    while (!wire.isIdle && wire.dead === undefined) {
      await new Promise<void>((resolve) => this.#clock.setTimer(resolve, cancelPause))
      if (!wire.isIdle) await this.#canceller.request()
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  destroy(): void {
    const wire = this.#wire
    const reason = new Error('it was cut off')
    if (wire.dead !== undefined || wire.isIdle) {
      wire.destroy(reason)
    } else if (this.#pooler === 'none') {
      this.#parting = this.#stopRunning()
      wire.destroy(reason)
    } else {
      // A pooler forgets whom a request is for when its client goes.
      wire.lose(reason)
      this.#parting = this.#stopRunning().then(() => wire.destroy(reason))
    }
  }

  async #close(): Promise<void> {
    const wire = this.#wire
    const reason = new Error('it was closed')
    if (wire.dead === undefined) {
      wire.flush()
      wire.client.end().catch(() => {})
      // A peer that is gone without a word never answers.
      const timer = this.#clock.setTimer(() => wire.destroy(reason), partingTime)
      await wire.ended
      timer.cancel()
    }
    await this.#parting
    wire.destroy(reason)
    await wire.ended
  }

  /** The server would go on with what nobody waits for. */
  async #stopRunning(): Promise<void> {
    const timer = this.#clock.setTimer(() => this.#canceller.cut(), partingTime)
    await this.#canceller.request().catch(() => {})
    timer.cancel()
  }
}
