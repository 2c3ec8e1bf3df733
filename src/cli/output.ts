import type { Writable } from 'node:stream'
import { styleText } from 'node:util'

/** A stream for people or programs; a terminal tells how wide it is. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number }

/** How a piece of text is shown where colours are wanted. */
export type Style = Parameters<typeof styleText>[0]

/** As much may be on its way, in characters, before a writer has to wait for its reader. */
const mostPending = 65_536

/**
 * Text on its way to a stream: gathered, so that a million rows are not a million writes, and written as soon as the
 * program waits for something else. Whoever writes faster than the reader reads is made to wait.
 */
export class Output {
  readonly #stream: OutputStream
  #pending = ''
  /** Given to the stream, and not taken yet by whoever reads, in characters. */
  #sent = 0
  #scheduled: NodeJS.Immediate | undefined
  #written: Promise<void> = Promise.resolve()
  /** Why nothing can be written any more. */
  #failure: Error | undefined

  constructor(stream: OutputStream) {
    this.#stream = stream
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true
  }

  /** Of a terminal, in characters; `Infinity` elsewhere. */
  get columns(): number {
    return this.isTerminal ? (this.#stream.columns ?? 80) : Infinity
  }

  /** With colours on a terminal, or as NO_COLOR and FORCE_COLOR say. */
  styled(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stream })
  }

  /** @throws Error EPIPE when the reader has gone. */
  async write(text: string): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    this.#pending += text
    if (this.#pending.length + this.#sent > mostPending) await this.flush()
    else this.#scheduled ??= setImmediate(() => this.#send())
  }

  /** Settles when everything was taken. */
  async flush(): Promise<void> {
    this.#send()
    await this.#written
  }

  #send(): void {
    clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    const text = this.#pending
    this.#pending = ''
    if (text === '') return
    this.#sent += text.length
    const written = new Promise<void>((resolve, reject) => {
      this.#stream.write(text, (error) => {
        this.#sent -= text.length
        if (error == null) return resolve()
        this.#failure = error
        reject(error)
      })
    })
    this.#written = this.#written.then(() => written)
    // It is told to whoever writes or flushes next.
    this.#written.catch(() => undefined)
  }
}

/** Whether the reader of a pipe has gone (`| head`): no fault, and nothing is left to do. */
export function isReaderGone(error: unknown): boolean {
  const { code } = (error ?? {}) as NodeJS.ErrnoException
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED'
}
