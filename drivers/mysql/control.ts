import type { SQLException } from '../../src/api/sql-exception.ts'
import { CallDeadline } from '../../src/session/call-deadline.ts'
import type { Clock } from '../../src/spi/clock.ts'
import type { Deadline } from '../../src/spi/deadline.ts'
import { Command } from './command.ts'
import { queryFrames } from './frames.ts'
import { identityText } from './session-setup.ts'
import type { Host } from './hosts.ts'
import type { Wire } from './wire.ts'

/** The very server that a session is with: not another behind the same name. */
export interface Place extends Host {
  /** As it was configured: for this name is its certificate. */
  readonly certified: Host
}

/** A session that is to be stopped. */
export interface Victim {
  readonly threadId: number
  readonly place: Place
  readonly identity: string
}

/** How long the server may take to do it, in milliseconds: MariaDB itself waits up to 2 s for a lock of the victim. */
const patience = 4_000
const noSuchThread = 1094

/**
 * The one session of a data source that stops what runs on the others (ruling 10): opened when it is first needed, kept,
 * in no database, and outside the pool.
 */
export class ControlConnection {
  readonly #open: (place: Place, deadline: Deadline) => Promise<Wire>
  readonly #clock: Clock
  #wire: Wire | undefined
  #serves: { readonly place: Place; readonly identity: string } | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(open: (place: Place, deadline: Deadline) => Promise<Wire>, clock: Clock) {
    this.#open = open
    this.#clock = clock
  }

  /**
   * Ends the statement of a session, or the session. Settles when the server has said that it is done: only then can it
   * hit no later statement.
   *
   * @throws Error when the server cannot be told.
   */
  kill(victim: Victim, what: 'QUERY' | 'CONNECTION'): Promise<void> {
    // From now on, also for those who wait behind one that meets silence.
    const deadline = new CallDeadline(this.#clock, `KILL ${what}`, { timeout: patience })
    const turn = this.#turn.then(() => this.#kill(victim, what, deadline))
    this.#turn = turn.catch(() => {})
    return turn
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#turn
    await this.#drop()
  }

  async #kill(victim: Victim, what: 'QUERY' | 'CONNECTION', deadline: Deadline): Promise<void> {
    if (this.#closed) throw new Error('the data source is closed')
    if (deadline.error !== undefined) throw deadline.error
    let wire: Wire | undefined
    const forget = deadline.onExpired((error) => wire?.destroy(error))
    try {
      wire = await this.#reach(victim, deadline)
      wire.keepAlive(true)
      await Command.run(wire, 'harmless', queryFrames(`KILL ${what} ${victim.threadId}`))
    } catch (error) {
      // The session is gone already, and its statement with it.
      if ((error as SQLException).errorCode !== noSuchThread) throw error
    } finally {
      forget()
      // Nobody waits for it between two of them.
      wire?.keepAlive(false)
    }
  }

  async #reach({ place, identity }: Victim, deadline: Deadline): Promise<Wire> {
    const served = this.#serves
    const isSame = served?.place.host === place.host && served.place.port === place.port
    if (
      this.#wire?.dead === undefined &&
      this.#wire !== undefined &&
      isSame &&
      served.identity === identity
    ) {
      return this.#wire
    }
    await this.#drop()
    const wire = await this.#open(place, deadline)
    const forget = deadline.onExpired((error) => wire.destroy(error))
    try {
      const [[found] = []] = await Command.run(wire, 'harmless', queryFrames(`SELECT ${identityText}`))
      // Numbers of sessions are the server's own: on another one it would be somebody else's.
      if (found !== identity) throw new Error('behind that address another server has answered')
    } catch (error) {
      wire.destroy(error as Error)
      throw error
    } finally {
      forget()
    }
    this.#wire = wire
    this.#serves = { place, identity }
    return wire
  }

  async #drop(): Promise<void> {
    const wire = this.#wire
    this.#wire = undefined
    if (wire === undefined) return
    wire.destroy(new Error('it is not needed any more'))
    await wire.ended
  }
}
