// [MS-TDS] 2.2.3: a message is a row of packets, of which the last one says so.

export const packetType = {
  batch: 0x01,
  rpc: 0x03,
  response: 0x04,
  attention: 0x06,
  bulkLoad: 0x07,
  transactionManager: 0x0e,
  login7: 0x10,
  prelogin: 0x12,
} as const

export const packetStatus = {
  endOfMessage: 0x01,
  ignore: 0x02,
  resetConnection: 0x08,
  resetConnectionKeepTransaction: 0x10,
} as const

export interface TdsMessage {
  readonly type: number
  /** The bits of all its packets. */
  readonly status: number
  readonly data: Buffer
}

const headerLength = 8

/** Puts messages together again. */
export class MessageReader {
  #pending: Buffer = Buffer.alloc(0)
  #parts: Buffer[] = []
  #status = 0

  /** The messages that are complete with these bytes. */
  read(bytes: Buffer): TdsMessage[] {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes])
    const messages: TdsMessage[] = []
    while (this.#pending.length >= headerLength) {
      const length = this.#pending.readUInt16BE(2)
      if (length < headerLength)
        throw new RangeError(`a packet of ${length} bytes is shorter than its header`)
      if (this.#pending.length < length) break
      const [type, status] = [this.#pending.readUInt8(0), this.#pending.readUInt8(1)]
      this.#parts.push(this.#pending.subarray(headerLength, length))
      this.#status |= status
      this.#pending = this.#pending.subarray(length)
      if ((status & packetStatus.endOfMessage) === 0) continue
      messages.push({ type, status: this.#status, data: Buffer.concat(this.#parts) })
      this.#parts = []
      this.#status = 0
    }
    return messages
  }
}

export interface PacketOptions {
  readonly type: number
  readonly packetSize: number
  readonly spid: number
}

/** Cuts one message into packets, as its bytes come. */
export class MessageWriter {
  readonly #options: PacketOptions
  #number = 1

  constructor(options: PacketOptions) {
    this.#options = options
  }

  /** As many full packets as there are bytes for, and what is left; with `last` the packet that ends the message. */
  cut(bytes: Buffer, last: boolean): { readonly packets: Buffer; readonly rest: Buffer } {
    const size = this.#options.packetSize - headerLength
    const packets: Buffer[] = []
    let rest = bytes
    while (rest.length > size) {
      packets.push(...this.#packet(rest.subarray(0, size), 0))
      rest = rest.subarray(size)
    }
    if (last) {
      packets.push(...this.#packet(rest, packetStatus.endOfMessage))
      rest = Buffer.alloc(0)
    }
    return { packets: Buffer.concat(packets), rest }
  }

  #packet(data: Buffer, status: number): [header: Buffer, data: Buffer] {
    const header = Buffer.from([this.#options.type, status, 0, 0, 0, 0, this.#number, 0])
    header.writeUInt16BE(headerLength + data.length, 2)
    header.writeUInt16BE(this.#options.spid, 4)
    this.#number = (this.#number + 1) % 256
    return [header, data]
  }
}

export function wholeMessage(data: Buffer, options: PacketOptions): Buffer {
  return new MessageWriter(options).cut(data, true).packets
}
