import { wholeNumberOption } from '../../src/api/call-options.ts'
import type { DeadlineOptions } from '../../src/api/executor.ts'
import {
  SQLNonTransientException,
  SQLTransientException,
  type SQLException,
} from '../../src/api/sql-exception.ts'
import { CallDeadline } from '../../src/session/call-deadline.ts'
import { inTransaction, toSQLException } from '../../src/session/session-errors.ts'
import type { Clock } from '../../src/spi/clock.ts'
import type { SessionLease } from '../../src/spi/session-lease.ts'
import { runScript } from './script-request.ts'
import { quoted } from './session-sql.ts'
import type { Wire } from './wire.ts'

/** What NOTIFY has sent. */
export interface PgNotification {
  readonly channel: string
  /** Empty when none was given. */
  readonly payload: string
  /** Of the session that has sent it. */
  readonly processId: number
}

/** How a session listens. */
export interface ListenOptions extends Pick<DeadlineOptions, 'signal'> {
  /**
   * How many notifications may wait to be read. With one more the loop gets those that wait, and then ends with an
   * `SQLTransientException` (54000, reason `limit`): none is lost in silence. Default: 10,000.
   */
  readonly maxWaiting?: number | undefined
}

/**
 * Notifications as they come. LISTEN is sent at the first `next()`; leaving the loop sends UNLISTEN, unless the
 * connection is in a transaction or streams just then: the pool's reset does it later, and nobody hears of what comes
 * until then.
 */
export interface PgNotifications extends AsyncIterableIterator<PgNotification>, AsyncDisposable {
  return(): Promise<IteratorResult<PgNotification>>
}

interface Reader {
  resolve(result: IteratorResult<PgNotification>): void
  reject(error: SQLException): void
}

/** Listens on some channels, for one handle. */
export class NotificationStream implements PgNotifications {
  readonly #wire: Wire
  readonly #lease: SessionLease
  readonly #clock: Clock
  readonly #channels: readonly string[]
  readonly #options: ListenOptions
  #maxWaiting = 0
  #starting: Promise<void> | undefined
  #waiting: PgNotification[] = []
  readonly #readers: Reader[] = []
  #ended: { readonly error: SQLException | undefined } | undefined
  /** Takes back what was asked for while it listens. */
  #forget: (() => unknown)[] = []

  constructor(
    wire: Wire,
    lease: SessionLease,
    clock: Clock,
    channels: string | readonly string[],
    options: ListenOptions = {},
  ) {
    this.#wire = wire
    this.#lease = lease
    this.#clock = clock
    this.#channels = typeof channels === 'string' ? [channels] : channels
    this.#options = options
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<PgNotification>> {
    if (this.#ended === undefined) await (this.#starting ??= this.#start())
    const value = this.#waiting.shift()
    if (value !== undefined) return { done: false, value }
    if (this.#ended === undefined) {
      return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }))
    }
    if (this.#ended.error !== undefined) throw this.#ended.error
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorResult<PgNotification>> {
    if (this.#ended === undefined) {
      this.#waiting = []
      this.#end(undefined)
      if (this.#starting !== undefined) await this.#unlisten()
    }
    return { done: true, value: undefined }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  hears(channel: string): boolean {
    return this.#channels.includes(channel)
  }

  take(notification: PgNotification): void {
    const reader = this.#readers.shift()
    if (reader !== undefined) reader.resolve({ done: false, value: notification })
    else if (this.#waiting.length < this.#maxWaiting) this.#waiting.push(notification)
    else {
      this.#end(tooMany(this.#maxWaiting))
      void this.#unlisten()
    }
  }

  /** Never rejects: what fails here ends the iteration. */
  async #start(): Promise<void> {
    try {
      this.#maxWaiting = wholeNumberOption('maxWaiting', this.#options.maxWaiting ?? 10_000, 1)
      checkChannels(this.#channels)
      const { signal } = this.#options
      const text = this.#channels.map((channel) => `LISTEN ${quoted(channel)}`).join('; ')
      const deadline = CallDeadline.from(this.#clock, `Listening for notifications`, { signal }, Infinity)
      if (deadline.error !== undefined) throw deadline.error
      this.#forget.push(
        this.#lease.onEnd((error) => this.#cutOff(error)),
        deadline.onExpired((error) => this.#abandon(error)),
      )
      this.#wire.listeners.add(this)
      this.#forget.push(() => this.#wire.listeners.delete(this))
      await this.#lease.control(
        text,
        async () => {
          // It would begin with the commit, and not at all after a rollback.
          if (this.#wire.transactionStatus !== 'none') {
            throw inTransaction('A session cannot begin to listen within a transaction: do it before')
          }
          await runScript(this.#wire, text, 'harmless')
        },
        { signal },
      )
    } catch (error) {
      this.#end(toSQLException(error))
    }
  }

  /** The handle is closed: nothing more may be read. Or the session is lost: what has come before is not. */
  #cutOff(error: SQLException): void {
    if (!error.fatal) this.#waiting = []
    this.#end(error)
  }

  #abandon(error: SQLException): void {
    this.#waiting = []
    this.#end(error)
    void this.#unlisten()
  }

  #end(error: SQLException | undefined): void {
    if (this.#ended !== undefined) return
    this.#ended = { error }
    for (const forget of this.#forget) forget()
    for (const reader of this.#readers.splice(0)) {
      if (error === undefined) reader.resolve({ done: true, value: undefined })
      else reader.reject(error)
    }
  }

  /** Where it cannot be sent, the reset at the end of the handle does it. */
  async #unlisten(): Promise<void> {
    const wire = this.#wire
    const unlisten = async (): Promise<void> => {
      if (wire.transactionStatus !== 'none') return
      const others = [...wire.listeners]
      const unheard = this.#channels.filter((channel) => !others.some((other) => other.hears(channel)))
      const text = unheard.map((channel) => `UNLISTEN ${quoted(channel)}`).join('; ')
      if (text !== '') await runScript(wire, text, 'harmless')
    }
    await this.#lease.control('UNLISTEN', unlisten).catch(() => {})
  }
}

/** Longer names are cut by the server (NAMEDATALEN), and what comes would bear another name. */
const longestName = 63

function checkChannels(channels: readonly string[]): void {
  if (!Array.isArray(channels) || channels.length === 0)
    throw wrongChannel('There is no channel to listen on')
  for (const channel of channels as readonly unknown[]) {
    if (typeof channel !== 'string' || channel === '' || channel.includes('\0') || !channel.isWellFormed()) {
      throw wrongChannel('The name of a channel is a text that is not empty, without NUL')
    }
    if (Buffer.byteLength(channel) > longestName) {
      throw wrongChannel(`The channel '${channel}' has a name of more than ${longestName} bytes`)
    }
  }
}

function wrongChannel(message: string): SQLException {
  return new SQLNonTransientException(message, { sqlState: 'HY024', reason: 'parameter' })
}

function tooMany(limit: number): SQLException {
  return new SQLTransientException(
    `More than ${limit} notifications waited to be read, and some are lost: read faster, or raise maxWaiting`,
    { sqlState: '54000', reason: 'limit', retry: 'caller' },
  )
}
