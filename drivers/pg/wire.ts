import type { Socket } from 'node:net'
import type { SessionSettings } from '../../src/spi/driver.ts'
import type { TransactionStatus } from '../../src/spi/physical-connection.ts'
import { isFatal } from './errors.ts'
import type { PgNotification } from './notifications.ts'
import type { PgClient, PgTypeParsers } from './pg-module.ts'
import type { Request } from './request.ts'

/** Who wants to hear of notifications. */
export interface NotificationListener {
  hears(channel: string): boolean
  take(notification: PgNotification): void
}

const statuses: Readonly<Record<string, TransactionStatus>> = { I: 'none', T: 'open', E: 'failed' }

/**
 * The requests under way on one session, answered in the order in which they were sent. What is sent in one turn of
 * the event loop leaves in one write.
 */
export class Wire {
  readonly client: PgClient
  /** How `pg` reads values, where they are wanted so; undefined for portable ones. */
  readonly nativeTypes: PgTypeParsers | undefined
  transactionStatus: TransactionStatus = 'none'
  /** The session was lost while nobody waited for an answer. */
  onDeath: ((cause: Error) => void) | undefined
  /** What the server says without being asked by a request: `server_version`, `TimeZone` … */
  readonly parameters = new Map<string, string>()
  /** Those who want to hear of notifications. */
  readonly listeners = new Set<NotificationListener>()
  /** The socket is closed. */
  readonly ended: Promise<void>
  /** As it was made; TLS puts another one around it. */
  readonly #socket: Socket
  #dead: Error | undefined
  #inFlight: Request[] = []
  readonly #outgoing: Buffer[] = []
  /** Of these the client does not know yet: it is told when they are written, for others may use it as well. */
  readonly #unsubmitted: Request[] = []

  /** To be made before the client connects: it carries the error listener from the first moment (ruling 7). */
  constructor(client: PgClient, types?: SessionSettings['types']) {
    this.client = client
    this.nativeTypes = types === 'native' ? client : undefined
    const link = client.connection
    this.#socket = link.stream
    client.on('error', (error) => this.#die(error))
    client.on('notice', (notice) => {
      const request = this.#inFlight[0]
      if (request !== undefined) (request.notices ??= []).push(notice)
    })
    client.on('notification', ({ channel, payload, processId }) => {
      for (const listener of this.listeners) {
        if (listener.hears(channel)) listener.take({ channel, payload, processId })
      }
    })
    link.on('parameterStatus', ({ parameterName, parameterValue }) => {
      this.parameters.set(parameterName, parameterValue)
    })
    this.ended = new Promise((resolve) => link.on('end', resolve))
    link.on('end', () => this.#die(new Error('the server closed the connection')))
    this.#guardParser()
  }

  /** To be called once, when the client has connected. */
  start(): void {
    const link = this.client.connection
    link.on('readyForQuery', ({ status }) => {
      this.transactionStatus = statuses[status] ?? 'unknown'
      if (this.#inFlight[0]?.answered === true) this.#inFlight.shift()!.finish()
    })
    // After the client's own listener, which has told the request: nothing more will come for it.
    link.on('errorMessage', (error) => {
      if (isFatal(error)) this.#die(error)
    })
  }

  /** Why the session is lost. */
  get dead(): Error | undefined {
    return this.#dead
  }

  get isIdle(): boolean {
    return this.#inFlight.length === 0
  }

  /** Whether the server has something to say. */
  get awaitsAnswer(): boolean {
    return this.#inFlight.some((request) => request.awaitsAnswer)
  }

  /** Beside a cancel: some requests wait for the application and not for the server. */
  stopRunning(): void {
    for (const request of this.#inFlight) request.stop()
  }

  /** Whether nothing was sent after it. */
  isLast(request: Request): boolean {
    return this.#inFlight.at(-1) === request
  }

  send(request: Request, bytes: Buffer): void {
    if (this.#dead !== undefined) {
      request.lose(this.#dead)
      return
    }
    request.sent = true
    this.#inFlight.push(request)
    this.#unsubmitted.push(request)
    this.more(bytes)
  }

  /** More of a request that is under way. */
  more(bytes: Buffer): void {
    if (this.#dead !== undefined) return
    // A tick that is queued while promises settle runs after all of them: that is the end of the turn.
    if (this.#outgoing.length === 0) process.nextTick(flush, this)
    this.#outgoing.push(bytes)
  }

  flush(): void {
    const outgoing = this.#outgoing
    if (outgoing.length === 0) return
    for (const request of this.#unsubmitted) this.client.query(request)
    // Copying is cheaper than handing many pieces to the system.
    const bytes = outgoing.length === 1 ? outgoing[0]! : Buffer.concat(outgoing)
    this.#forgetUnsent()
    this.client.connection.stream.write(bytes)
  }

  /** Gives up what is under way; the socket stays until it is cut. */
  lose(reason: Error): void {
    this.#die(reason)
  }

  /** Cuts the socket; what is under way is lost. */
  destroy(reason: Error): void {
    this.#die(reason)
    this.client.connection.stream.destroy()
    this.#socket.destroy()
  }

  /** The parser of `pg` throws at a message that it does not know, and nobody would catch it. */
  #guardParser(): void {
    const link = this.client.connection
    const attach = link.attachListeners
    link.attachListeners = (stream) => {
      attach.call(link, stream)
      for (const listener of stream.listeners('data')) {
        stream.off('data', listener as () => void)
        stream.on('data', (chunk: Buffer) => {
          try {
            listener.call(stream, chunk)
          } catch (error) {
            this.destroy(new Error('the server sent what is no message', { cause: error }))
          }
        })
      }
    }
  }

  /** Emptied from behind, an array keeps its place for the next turn. */
  #forgetUnsent(): void {
    while (this.#outgoing.length > 0) this.#outgoing.pop()
    while (this.#unsubmitted.length > 0) this.#unsubmitted.pop()
  }

  #die(cause: Error): void {
    if (this.#dead !== undefined) return
    this.#dead = cause
    this.#forgetUnsent()
    const lost = this.#inFlight
    this.#inFlight = []
    let told = false
    for (const request of lost) told = request.lose(cause) || told
    // The answer to a request may have come in the same breath: whoever waited for it is told first.
    if (!told) setImmediate(() => this.onDeath?.(cause))
  }
}

function flush(wire: Wire): void {
  wire.flush()
}
