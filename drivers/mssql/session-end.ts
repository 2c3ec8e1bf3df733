import type { Clock } from '../../src/spi/clock.ts'
import type { Wire } from './wire.ts'

/** How long the server may take to hang up after a goodbye, in milliseconds. */
const partingTime = 2_000
/** How long it may take to answer to an attention, in milliseconds: then the connection is of no use. */
const attentionTime = 5_000
const pause = 1

/** The end of a session, and of what runs on it. */
export class SessionEnd {
  readonly #wire: Wire
  readonly #clock: Clock
  #closing: Promise<void> | undefined

  constructor(wire: Wire, clock: Clock) {
    this.#wire = wire
    this.#clock = clock
  }

  /** Stops what runs. Settles when the server has said so: then it can hit nothing that comes next. */
  async cancel(): Promise<void> {
    const wire = this.#wire
    wire.stop()
    let isLate = false
    const timer = this.#clock.setTimer(() => (isLate = true), attentionTime)
    try {
      while (!wire.isIdle && wire.dead === undefined) {
        if (isLate)
          wire.destroy(new Error(`the server did not answer to an attention within ${attentionTime} ms`))
        else await new Promise<void>((resolve) => this.#clock.setTimer(resolve, pause))
      }
    } finally {
      timer.cancel()
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  destroy(): void {
    this.#wire.destroy(new Error('it was cut off'))
  }

  /** TDS has no goodbye but the end of the connection. */
  async #close(): Promise<void> {
    const wire = this.#wire
    if (wire.dead === undefined) {
      wire.socket?.end()
      // A peer that is gone without a word never answers.
      const timer = this.#clock.setTimer(() => this.destroy(), partingTime)
      await wire.ended
      timer.cancel()
    }
    this.destroy()
    await wire.ended
  }
}
