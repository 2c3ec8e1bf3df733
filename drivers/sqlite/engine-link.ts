import type { SQLException } from '../../src/api/sql-exception.ts'
import { lostSession, type ErrorContext } from '../../src/spi/classification.ts'
import type { Channel, OpenChannel } from './channel.ts'
import { toException } from './errors.ts'
import type { Answer, Request } from './protocol.ts'

/** A request on its way. */
export interface Sent {
  readonly request: Request
  /** Its loss cannot have changed anything. */
  readonly harmless: boolean
  /** Called at once: what follows in the same message is not seen yet. */
  readonly answered: (answer: Answer) => void
  readonly failed: (error: SQLException) => void
}

/**
 * Requests to one engine and their answers, which come in the same order. What is asked for in one turn of the event
 * loop travels in one message. Once it is lost everything rejects.
 */
export class EngineLink {
  readonly channel: Channel
  /** The end that nobody asked for, while nothing was under way. */
  onDeath: ((error: SQLException) => void) | undefined
  /** After the last answer. */
  inTransaction = false
  readonly #path: string
  readonly #name: string
  /** Those before `#head` are answered. */
  #sent: Sent[] = []
  #head = 0
  /** The number of `#sent[0]`, since the beginning. */
  #firstNumber = 0
  /** To leave at the end of this turn: the last ones of `#sent`. */
  #outgoing: Request[] = []
  #waiting: number | undefined
  #lost: SQLException | undefined
  #closing = false
  #reportEnd!: () => void
  /** Settles when nothing of the engine is left. */
  readonly ended = new Promise<void>((resolve) => {
    this.#reportEnd = resolve
  })

  constructor(openChannel: OpenChannel, name: string, path: string) {
    this.#path = path
    this.channel = openChannel({
      answered: (answers) => this.#receive(answers),
      waiting: (number) => {
        if (number >= this.#firstNumber + this.#head) this.#waiting = number
      },
      ended: (cause) => this.#end(cause),
    })
    this.#name = name + this.channel.place
  }

  get name(): string {
    return this.#name
  }

  /** The only request under way waits for a lock: nothing else can be hit by stopping it. */
  get onlyWaits(): boolean {
    return this.#waiting !== undefined && this.#sent.length - this.#head === 1
  }

  stopWaiting(): void {
    // By its number: when it has its lock meanwhile, nothing happens.
    if (this.#waiting !== undefined) this.channel.send(this.#waiting)
  }

  ask(request: Request, harmless = false): Promise<Answer> {
    return new Promise((answered, failed) => this.send({ request, harmless, answered, failed }))
  }

  send(sent: Sent): void {
    if (this.#lost !== undefined) {
      sent.failed(this.#lost)
      return
    }
    this.#sent.push(sent)
    // A tick that is queued while promises settle runs after all of them: that is the end of the turn.
    if (this.#outgoing.length === 0) process.nextTick(flush, this)
    this.#outgoing.push(sent.request)
  }

  /** @internal */
  flush(): void {
    const requests = this.#outgoing
    this.#outgoing = []
    if (requests.length > 0) this.channel.send(requests)
  }

  /** Says goodbye, after what is under way. */
  async close(): Promise<void> {
    this.#closing = true
    // Whatever the goodbye answers, the end follows.
    if (this.#lost === undefined) await this.ask(['close'], true).catch(() => undefined)
    this.#lost ??= this.#lostBecause('it was closed')
    await this.ended
  }

  destroy(): void {
    if (this.#lost === undefined) this.#lose('it was destroyed')
    this.channel.destroy()
  }

  #receive(answers: readonly Answer[]): void {
    if (this.#lost !== undefined) return
    this.#waiting = undefined
    let fatal: SQLException | undefined
    for (const answer of answers) {
      const sent = this.#sent[this.#head++]!
      const context = this.#contextOf(sent)
      this.inTransaction = answer[1]
      if (answer[0] === 'failed') {
        const error = toException(answer[2], this.#path, context)
        if (error.fatal) fatal ??= error
        sent.failed(error)
      } else {
        sent.answered(answer)
      }
    }
    // The beginning is cut off now and then, not each time.
    if (this.#head === this.#sent.length || this.#head > 1_000) {
      this.#sent.splice(0, this.#head)
      this.#firstNumber += this.#head
      this.#head = 0
    }
    if (fatal !== undefined) {
      this.#lose(fatal.message, fatal)
      this.channel.destroy()
    }
  }

  #end(cause: Error | undefined): void {
    const idle = this.#head === this.#sent.length
    if (this.#lost === undefined) {
      const error = this.#lose(
        this.#closing ? 'it was closed' : (cause?.message ?? 'its engine ended'),
        cause,
      )
      if (idle && !this.#closing) this.onDeath?.(error)
    }
    this.#reportEnd()
  }

  #lose(why: string, cause?: Error): SQLException {
    const lost = this.#lostBecause(why, cause)
    this.#lost = lost
    const open = this.#sent.slice(this.#head)
    const firstUnsent = open.length - this.#outgoing.length
    this.#sent = []
    this.#outgoing = []
    this.#head = 0
    this.#waiting = undefined
    for (const [at, sent] of open.entries()) {
      sent.failed(this.#lostBecause(why, cause, at < firstUnsent ? this.#contextOf(sent) : undefined))
    }
    return lost
  }

  /** How far a request can have come when it fails. */
  #contextOf({ request, harmless }: Sent): ErrorContext {
    const acting = request[0] === 'commit' ? 'commit' : 'statement'
    return { phase: harmless ? 'harmless' : acting, transactionStatus: this.#transactionStatus }
  }

  get #transactionStatus(): 'open' | 'none' {
    return this.inTransaction ? 'open' : 'none'
  }

  #lostBecause(why: string, cause?: Error, context?: ErrorContext): SQLException {
    const { class: errorClass, ...details } = lostSession(
      context ?? { phase: 'idle', transactionStatus: this.#transactionStatus },
    )
    return new errorClass(`The SQLite session '${this.#name}' is lost: ${why}`, { ...details, cause })
  }
}

function flush(link: EngineLink): void {
  link.flush()
}
