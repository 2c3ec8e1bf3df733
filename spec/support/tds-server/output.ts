import type { Writable } from 'node:stream'
import { ByteWriter } from './bytes.ts'
import { MessageWriter, packetType } from './packets.ts'
import { doneStatus, writeDone, type Done } from './tokens.ts'

const flushLength = 16_384

/** The message that answers a request: tokens in, packets out. */
export class Output {
  readonly #stream: Writable
  readonly #packets: MessageWriter
  readonly #writer = new ByteWriter()
  #rest: Buffer = Buffer.alloc(0)
  #held: Done | undefined
  #needsDrain = false

  constructor(stream: Writable, options: { readonly packetSize: number; readonly spid: number }) {
    this.#stream = stream
    this.#packets = new MessageWriter({ type: packetType.response, ...options })
  }

  /** Whether the client reads too slowly for more. */
  get needsDrain(): boolean {
    return this.#needsDrain && this.#stream.writableNeedDrain
  }

  /** A token, or none of it when it cannot be written. */
  write(write: (writer: ByteWriter) => void): void {
    this.#release(doneStatus.more)
    this.#writer.whole(write)
    if (this.#writer.length >= flushLength) this.flush()
  }

  /** The last one of a message says that nothing follows, so it is held back until that is known. */
  done(done: Done): void {
    this.#release(doneStatus.more)
    this.#held = done
  }

  flush(): void {
    const { packets, rest } = this.#packets.cut(Buffer.concat([this.#rest, this.#writer.take()]), false)
    this.#rest = rest
    this.#send(packets)
  }

  end(): void {
    this.#release(0)
    const bytes = Buffer.concat([this.#rest, this.#writer.take()])
    this.#send(this.#packets.cut(bytes, true).packets)
  }

  async drained(): Promise<void> {
    if (!this.needsDrain || this.#stream.destroyed) return
    await new Promise<void>((resolve) => {
      const go = (): void => {
        this.#stream.off('drain', go)
        this.#stream.off('close', go)
        resolve()
      }
      this.#stream.on('drain', go)
      this.#stream.on('close', go)
    })
  }

  #release(more: number): void {
    if (!this.#held) return
    writeDone(this.#writer, { ...this.#held, status: (this.#held.status ?? 0) | more })
    this.#held = undefined
  }

  #send(packets: Buffer): void {
    if (packets.length > 0 && !this.#stream.destroyed) this.#needsDrain = !this.#stream.write(packets)
  }
}
