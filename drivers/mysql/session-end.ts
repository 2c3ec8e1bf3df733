import type { Clock } from '../../src/spi/clock.ts'
import type { ControlConnection, Victim } from './control.ts'
import { goodbye } from './frames.ts'
import type { Wire } from './wire.ts'

/** How long the server may take to hang up after a goodbye, in milliseconds. */
const partingTime = 2_000
/** Between two requests to stop a statement that had not begun when the first one came, in milliseconds. */
const killPause = 20

/** The end of a session, and of what runs on it. */
export class SessionEnd {
  readonly #wire: Wire
  readonly #control: ControlConnection
  readonly #victim: Victim
  readonly #clock: Clock
  #cancelling: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined
  #parting: Promise<void> = Promise.resolve()

  constructor(wire: Wire, control: ControlConnection, victim: Victim, clock: Clock) {
    this.#wire = wire
    this.#control = control
    this.#victim = victim
    this.#clock = clock
  }

  /** Stops what runs. Settles when that can no longer hit what comes next. */
  cancel(): Promise<void> {
    const cancelled = this.#cancel()
    this.#cancelling = Promise.allSettled([this.#cancelling, cancelled])
    return cancelled
  }

  /** Settles when nothing is being stopped: what begins then is hit by no {@link SessionEnd.cancel} before it. */
  async quiet(): Promise<void> {
    await this.#cancelling
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  destroy(): void {
    const wire = this.#wire
    if (wire.dead === undefined && !wire.isIdle) {
      // The server would go on with what nobody waits for, and not notice that nobody is there.
      this.#parting = this.#control.kill(this.#victim, 'CONNECTION').catch(() => {})
    }
    wire.destroy(new Error('it was cut off'))
  }

  async #cancel(): Promise<void> {
    const wire = this.#wire
    wire.stopRunning()
    await this.#control.kill(this.#victim, 'QUERY')
    // It passes a session by that has not yet read what it is to do.
    while (!wire.isIdle && wire.dead === undefined) {
      await new Promise<void>((resolve) => this.#clock.setTimer(resolve, killPause))
      if (!wire.isIdle && wire.dead === undefined) await this.#control.kill(this.#victim, 'QUERY')
    }
  }

  async #close(): Promise<void> {
    const wire = this.#wire
    const reason = new Error('it was closed')
    if (wire.dead === undefined) {
      wire.client.stream.end(goodbye)
      // A peer that is gone without a word never answers.
      const timer = this.#clock.setTimer(() => wire.destroy(reason), partingTime)
      await wire.ended
      timer.cancel()
    }
    await this.#parting
    wire.destroy(reason)
    await wire.ended
  }
}
