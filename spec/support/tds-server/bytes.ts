/** Reads the little-endian fields of TDS, which the protocol's own order is everywhere but in packet headers. */
export class ByteReader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes
    this.#at = at
  }

  get at(): number {
    return this.#at
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  bytes(length: number): Buffer {
    if (length > this.left) throw new RangeError(`the message ends ${length - this.left} bytes too early`)
    const start = this.#at
    this.#at += length
    return this.#bytes.subarray(start, this.#at)
  }

  uint8(): number {
    return this.bytes(1).readUInt8()
  }

  uint16(): number {
    return this.bytes(2).readUInt16LE()
  }

  int16(): number {
    return this.bytes(2).readInt16LE()
  }

  uint32(): number {
    return this.bytes(4).readUInt32LE()
  }

  int32(): number {
    return this.bytes(4).readInt32LE()
  }

  uint64(): bigint {
    return this.bytes(8).readBigUInt64LE()
  }

  int64(): bigint {
    return this.bytes(8).readBigInt64LE()
  }

  /** Of up to 16 bytes. */
  unsigned(length: number): bigint {
    return this.bytes(length).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  }

  /** UTF-16, by the number of its units. */
  text(units: number): string {
    return this.bytes(units * 2).toString('utf16le')
  }

  /** B_VARCHAR. */
  shortText(): string {
    return this.text(this.uint8())
  }

  /** US_VARCHAR. */
  longText(): string {
    return this.text(this.uint16())
  }
}

export class ByteWriter {
  #parts: Buffer[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  /** What was written, which is forgotten here. */
  take(): Buffer {
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts)
    this.#parts = []
    this.#length = 0
    return bytes
  }

  /** What a callback writes; nothing of it when it throws. */
  whole(write: (writer: this) => void): void {
    const { length: parts } = this.#parts
    const length = this.#length
    try {
      write(this)
    } catch (error) {
      this.#parts.length = parts
      this.#length = length
      throw error
    }
  }

  bytes(bytes: Uint8Array): this {
    this.#parts.push(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes))
    this.#length += bytes.length
    return this
  }

  uint8(...values: readonly number[]): this {
    return this.bytes(Buffer.from(values))
  }

  uint16(value: number): this {
    return this.#number(2, (bytes) => bytes.writeUInt16LE(value))
  }

  int16(value: number): this {
    return this.#number(2, (bytes) => bytes.writeInt16LE(value))
  }

  uint32(value: number): this {
    return this.#number(4, (bytes) => bytes.writeUInt32LE(value))
  }

  int32(value: number): this {
    return this.#number(4, (bytes) => bytes.writeInt32LE(value))
  }

  uint64(value: bigint): this {
    return this.#number(8, (bytes) => bytes.writeBigUInt64LE(value))
  }

  int64(value: bigint): this {
    return this.#number(8, (bytes) => bytes.writeBigInt64LE(value))
  }

  /** Of up to 16 bytes. */
  unsigned(value: bigint, length: number): this {
    return this.bytes(Uint8Array.from({ length }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn)))
  }

  float(value: number): this {
    return this.#number(4, (bytes) => bytes.writeFloatLE(value))
  }

  double(value: number): this {
    return this.#number(8, (bytes) => bytes.writeDoubleLE(value))
  }

  text(text: string): this {
    return this.bytes(Buffer.from(text, 'utf16le'))
  }

  /** B_VARCHAR. */
  shortText(text: string): this {
    return this.uint8(text.length).text(text)
  }

  /** US_VARCHAR. */
  longText(text: string): this {
    return this.uint16(text.length).text(text)
  }

  #number(length: number, write: (bytes: Buffer) => void): this {
    const bytes = Buffer.allocUnsafe(length)
    write(bytes)
    return this.bytes(bytes)
  }
}
