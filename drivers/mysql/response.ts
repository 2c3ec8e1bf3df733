import type { MySqlPacket } from './mysql-module.ts'
import { binaryRow, noRows, shapeOf, textRow, type RowShape, type ValueOptions } from './result-types.ts'
import { ServerError } from './server-error.ts'

const moreResults = 8

export interface ResponseOptions {
  /** Rows come in the binary protocol: the statement was prepared. */
  readonly binary: boolean
  readonly values: ValueOptions
  /** The columns as they came last time. */
  readonly known?: RowShape | undefined
  /** Hears the status flags of the server, each time. */
  readonly onStatus: (flags: number) => void
  /** Takes a row of the first result that has rows; true ends the packet there for now. */
  readonly onRow: (row: unknown[]) => void
  /** The server asks for a file: LOAD DATA LOCAL. It waits until it has one, or the end of one. */
  readonly onFile: () => void
}

type State = 'header' | 'definitions' | 'definitions end' | 'rows'

/**
 * The answer to a statement: OK, an error, or columns and rows; and several of these one after the other for a CALL or
 * a script. The rows of the first result that has any are kept.
 */
export class Response {
  readonly #options: ResponseOptions
  #state: State = 'header'
  #expected = 0
  #definitions: Buffer[] = []
  /** Those that came are those that are known. */
  #isKnown = false
  /** Which result with rows this is. */
  #withRows = 0

  shape: RowShape = noRows
  /** Why a value could not be read, or the error of the server. */
  failure: unknown
  updateCount = 0
  /** Of the first row that was inserted; 0 for none. */
  insertId = 0n
  warningCount = 0

  constructor(options: ResponseOptions) {
    this.#options = options
  }

  /** Results with rows that were left out. */
  get dropped(): number {
    return Math.max(0, this.#withRows - 1)
  }

  /** @returns Whether it was the last packet of the answer. */
  take(packet: MySqlPacket): boolean {
    const first = packet.buffer[packet.offset]!
    if (first === 0xff && this.#state !== 'definitions') {
      this.failure ??= ServerError.of(packet)
      return true
    }
    switch (this.#state) {
      case 'header':
        return this.#header(packet, first)
      case 'definitions':
        this.#define(packet)
        return false
      case 'definitions end':
        if (this.#withRows === 1) this.#describe()
        this.#state = 'rows'
        return false
      case 'rows':
        if (first === 0xfe && packet.end - packet.offset < 9) return this.#rowsEnd(packet)
        if (this.#withRows === 1 && this.failure === undefined) this.#row(packet)
        return false
    }
  }

  #header(packet: MySqlPacket, first: number): boolean {
    if (first === 0x00) {
      packet.offset++
      const changed = readNumber(packet)
      this.updateCount = Number(changed)
      this.insertId = readNumber(packet)
      return this.#end(packet.readInt16(), packet.readInt16())
    }
    // What COM_SET_OPTION is answered with.
    if (first === 0xfe && packet.end - packet.offset < 9) return this.#rowsEnd(packet)
    if (first === 0xfb) {
      this.#options.onFile()
      return false
    }
    this.#expected = Number(readNumber(packet))
    this.#definitions = []
    this.#isKnown = this.#options.known?.definitions.length === this.#expected
    this.#withRows++
    this.#state = 'definitions'
    return false
  }

  #define(packet: MySqlPacket): void {
    const at = this.#definitions.length
    const known = this.#isKnown ? this.#options.known!.definitions[at]! : undefined
    if (known !== undefined && known.compare(packet.buffer, packet.offset, packet.end) === 0) {
      this.#definitions.push(known)
    } else {
      this.#isKnown = false
      this.#definitions.push(Buffer.from(packet.buffer.subarray(packet.offset, packet.end)))
    }
    if (this.#definitions.length === this.#expected) this.#state = 'definitions end'
  }

  #describe(): void {
    this.shape = this.#isKnown ? this.#options.known! : shapeOf(this.#definitions, this.#options.values)
  }

  #row(packet: MySqlPacket): void {
    try {
      const read = this.#options.binary ? binaryRow : textRow
      this.#options.onRow(read(packet, this.shape))
    } catch (error) {
      this.failure = error
    }
  }

  #rowsEnd(packet: MySqlPacket): boolean {
    packet.offset++
    const warnings = packet.readInt16()
    return this.#end(packet.readInt16(), warnings)
  }

  #end(status: number, warnings: number): boolean {
    this.warningCount = warnings
    this.#options.onStatus(status)
    this.#state = 'header'
    return (status & moreResults) === 0
  }
}

/** A length-encoded integer, whole. */
function readNumber(packet: MySqlPacket): bigint {
  if (packet.buffer[packet.offset] !== 0xfe) return BigInt(packet.readLengthCodedNumber() ?? 0)
  packet.offset += 9
  return packet.buffer.readBigUInt64LE(packet.offset - 8)
}
