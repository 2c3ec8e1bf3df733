import { portions } from '../../src/spi/byte-source.ts'
import type { CopyFromStream } from './copy-module.ts'
import { frontend } from './frontend-messages.ts'
import type { ServerError } from './pg-module.ts'
import { Request } from './request.ts'
import type { Wire } from './wire.ts'

/** Data for COPY in the format that its text names, cut anywhere: bytes, or text, which is sent as UTF-8. */
export type CopySource = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>

/** A COPY … FROM STDIN: reads its source as fast as the server takes the data. */
export class CopyInRequest extends Request {
  /** What the source threw: the COPY was ended because of it. */
  sourceFailure: { readonly error: unknown } | undefined
  readonly #copy: CopyFromStream
  readonly #source: CopySource
  readonly #finished: (request: CopyInRequest) => void
  readonly #lost: (error: Error) => void
  /** No more data is wanted. */
  #ended = false
  #awaitsSource = false
  #wake: (() => void) | undefined

  constructor(
    copy: CopyFromStream,
    source: CopySource,
    finished: (request: CopyInRequest) => void,
    lost: (error: Error) => void,
  ) {
    super('statement')
    this.#copy = copy
    this.#source = source
    this.#finished = finished
    this.#lost = lost
    // Told as what happened to the request.
    copy.on('error', () => {})
  }

  begin(wire: Wire): void {
    const { connection } = wire.client
    this.#copy.submit({
      query: (text) => wire.send(this, frontend.query(text).take()),
      stream: connection.stream,
      // Never the text of the error: the server would write it to its log.
      sendCopyFail: () => connection.sendCopyFail('the application ended it'),
    })
  }

  get rowCount(): number {
    return this.#copy.rowCount
  }

  override get awaitsAnswer(): boolean {
    return !this.#awaitsSource
  }

  /** The server takes no notice of a cancel while it waits for data. */
  override stop(): void {
    this.#end()
    this.#copy.destroy()
  }

  override handleCopyInResponse(): void {
    this.#copy.handleCopyInResponse()
    if (!this.#ended) void this.#feed()
  }

  override handleCommandComplete(message: { readonly text: string }): void {
    this.#copy.handleCommandComplete(message)
  }

  override handleReadyForQuery(): void {
    super.handleReadyForQuery()
    this.#copy.handleReadyForQuery()
  }

  override handleError(error: ServerError): void {
    super.handleError(error)
    this.#end()
    this.#copy.handleError(error)
  }

  finish(): void {
    this.#end()
    this.#finished(this)
  }

  lose(error: Error): boolean {
    this.#end()
    this.#lost(error)
    return true
  }

  async #feed(): Promise<void> {
    try {
      this.#awaitsSource = true
      for await (const portion of portions(this.#source, 'COPY')) {
        this.#awaitsSource = false
        if (!this.#ended) await this.#write(portion)
        if (this.#ended) return
        this.#awaitsSource = true
      }
      this.#awaitsSource = false
      if (!this.#ended) this.#copy.end()
    } catch (error) {
      if (this.#ended) return
      this.#awaitsSource = false
      this.sourceFailure = { error }
      this.stop()
    }
  }

  /** Settles when the socket has taken it, or nobody wants it any more. */
  #write(portion: Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      this.#copy.write(portion, () => resolve())
    })
  }

  #end(): void {
    this.#ended = true
    this.#wake?.()
  }
}
