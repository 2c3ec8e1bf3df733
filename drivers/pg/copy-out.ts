import { SQLNonTransientException, type SQLException } from '../../src/api/sql-exception.ts'
import type { LeasedStream } from '../../src/spi/session-lease.ts'
import { loadCopyStreams, type CopyToStream } from './copy-module.ts'
import { toException } from './errors.ts'
import { frontend } from './frontend-messages.ts'
import type { ServerError } from './pg-module.ts'
import { Request } from './request.ts'
import type { SessionEnd } from './session-end.ts'
import type { Wire } from './wire.ts'

/** A COPY … TO STDOUT: the socket is read as fast as the application takes the data. */
export class CopyOut implements LeasedStream<Uint8Array> {
  readonly #wire: Wire
  readonly #end: SessionEnd
  readonly #text: string
  #running: { readonly copy: CopyToStream; readonly request: CopyOutRequest } | undefined

  constructor(wire: Wire, end: SessionEnd, text: string) {
    this.#wire = wire
    this.#end = end
    this.#text = text
  }

  async fetch(proceed: () => void): Promise<{ items: Uint8Array[]; done: boolean }> {
    if (this.#running === undefined) {
      const { to } = await loadCopyStreams()
      proceed()
      this.#checkNotListening()
      this.#running = this.#begin(to(this.#text))
    }
    const { copy, request } = this.#running
    for (;;) {
      if (request.failure === undefined) {
        const chunk = copy.read()
        if (chunk !== null) return { items: [chunk], done: false }
      }
      if (request.isOver) break
      await request.change()
    }
    if (request.failure === undefined) return { items: [], done: true }
    throw this.#exception(request)
  }

  /** The server is asked to stop; what it has sent until then is read and forgotten. */
  async close(): Promise<void> {
    if (this.#running === undefined || this.#running.request.isOver) return
    const { copy, request } = this.#running
    // What cannot be cancelled is read to its end.
    const cancelled = this.#end.cancel().catch(() => {})
    while (!request.isOver) {
      if (request.failure !== undefined || copy.read() === null) await request.change()
    }
    await cancelled
    if (this.#wire.dead !== undefined) throw this.#exception(request)
  }

  #begin(copy: CopyToStream): { copy: CopyToStream; request: CopyOutRequest } {
    const wire = this.#wire
    const request = new CopyOutRequest(copy)
    const { connection } = wire.client
    copy.submit({
      query: (text) => wire.send(request, frontend.query(text).take()),
      stream: connection.stream,
      sendCopyFail: (message) => connection.sendCopyFail(message),
    })
    return { copy, request }
  }

  /** The package reads the socket alone, and throws away notifications; within a transaction none come. */
  #checkNotListening(): void {
    if (this.#wire.listeners.size === 0 || this.#wire.transactionStatus !== 'none') return
    throw new SQLNonTransientException(
      'COPY TO STDOUT would lose notifications of a session that listens: run it on another connection, or within a transaction',
      { sqlState: 'HY010', reason: 'state' },
    )
  }

  #exception({ failure, phase }: CopyOutRequest): SQLException {
    return toException(failure, { phase, transactionStatus: this.#wire.transactionStatus })
  }
}

class CopyOutRequest extends Request {
  isOver = false
  readonly #copy: CopyToStream
  #wake: (() => void) | undefined

  constructor(copy: CopyToStream) {
    super('statement')
    this.#copy = copy
    copy.on('readable', () => this.#tell())
  }

  /** Settles when there is something to read, or it is over. */
  change(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve))
  }

  override get awaitsAnswer(): boolean {
    return this.#wake !== undefined
  }

  override handleError(error: ServerError): void {
    super.handleError(error)
    // Read once more it would take from the socket what is not its own.
    this.#copy.destroy()
  }

  finish(): void {
    this.isOver = true
    this.#tell()
  }

  lose(error: Error): boolean {
    const awaited = this.awaitsAnswer
    this.failure = error
    this.isOver = true
    this.#copy.destroy()
    this.#tell()
    return awaited
  }

  #tell(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
