import type { DeadlineOptions } from '../api/executor.ts'
import type { RowStream } from '../api/result.ts'
import type { SQLException } from '../api/sql-exception.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { LeasedStatement, SessionLease } from '../spi/session-lease.ts'
import { statementDeadline } from './call-deadline.ts'
import { SessionStream } from './session-stream.ts'
import type { Session } from './session.ts'
import type { Caller } from './tenancy.ts'

/** The session, as far as a handle or a transaction lets an object of the driver's own use it. */
export class HandleLease implements SessionLease {
  readonly #session: Session
  readonly #caller: Caller
  readonly #outerDeadline: Deadline | undefined

  constructor(session: Session, caller: Caller, outerDeadline: Deadline | undefined) {
    this.#session = session
    this.#caller = caller
    this.#outerDeadline = outerDeadline
  }

  async control<T>(what: string, run: () => Promise<T>, options?: DeadlineOptions): Promise<T> {
    const session = this.#session
    session.tenancy.check(this.#caller)
    session.checkNoStream()
    return session.runForStream({ what, ending: true, deadline: this.#deadline(options), run })
  }

  async runAlone<T>(
    what: string,
    run: (proceed: () => void) => Promise<T>,
    options?: DeadlineOptions,
  ): Promise<T> {
    const session = this.#session
    const deadline = this.#deadline(options)
    // What runs is stopped by the queue: there is nothing to close beside it.
    const stream = { closeRaw: () => Promise.resolve() }
    session.openStream(this.#caller, stream)
    try {
      return await session.runForStream({ what, deadline, run }, true)
    } finally {
      session.streamEnded(stream)
    }
  }

  stream<T>(prepare: () => LeasedStatement<T>, options?: DeadlineOptions): RowStream<T> {
    return new SessionStream(this.#session, this.#caller, prepare, this.#outerDeadline, options)
  }

  markDirty(): void {
    this.#session.tenancy.check(this.#caller)
    this.#session.markDirty()
  }

  onEnd(callback: (error: SQLException) => void): () => void {
    this.#session.tenancy.check(this.#caller)
    return this.#session.tenancy.onEnd(callback)
  }

  #deadline(options: DeadlineOptions | undefined): Deadline | undefined {
    return statementDeadline(this.#session.context, 'A statement', options, this.#outerDeadline)
  }
}
