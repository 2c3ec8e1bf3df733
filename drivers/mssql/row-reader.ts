import { EventEmitter } from 'node:events'
import type { Readable } from 'node:stream'
import { readingOf, variantDecoder, type ColumnReading } from './column-types.ts'
import type {
  TediousColumn,
  TediousModule,
  Token,
  TokenHandler,
  TokenParser,
  TokenParserClass,
  TokenSource,
} from './tedious-module.ts'

const rowToken = 0xd1
/** A row that begins with a bit for each NULL. */
const sparseRowToken = 0xd2

/**
 * `tedious`'s reader of tokens with rows of our own: values are exact, and come as they are without an object around
 * each. Made once for the package.
 */
export function exactTokenParser(tedious: TediousModule): TokenParserClass {
  const { TokenParser: Base, NotEnoughDataError, readValue, isPLPStream, PLPReader } = tedious

  /** The values of one row, as far as they have come: bytes that are missing end the attempt, not the row. */
  class RowReader {
    readonly #isSparse: boolean
    readonly #readings: readonly ColumnReading[]
    readonly #values: unknown[] = []
    #nulls: Buffer | undefined
    #long: InstanceType<TediousModule['PLPReader']> | undefined

    constructor(readings: readonly ColumnReading[], isSparse: boolean) {
      this.#readings = readings
      this.#isSparse = isSparse
    }

    read(source: TokenSource): Token {
      const columns = source.colMetadata
      const values = this.#values
      if (this.#isSparse) this.#nulls ??= take(source, (columns.length + 7) >> 3)
      const nulls = this.#nulls
      while (values.length < columns.length) {
        const at = values.length
        const isNull = nulls !== undefined && (nulls[at >> 3]! & (1 << (at & 7))) !== 0
        values.push(isNull ? null : this.#value(source, columns[at]!, this.#readings[at]!))
      }
      return { name: 'ROW', handlerName: 'onRow', columns: values }
    }

    #value(source: TokenSource, column: TediousColumn, reading: ColumnReading): unknown {
      if (reading.by === 'us') {
        const length = reading.fixedLength === 0 ? lengthOf(source) : reading.fixedLength
        const start = source.position + (reading.fixedLength === 0 ? 1 : 0)
        need(source, start + length)
        source.position = start + length
        return length === 0 ? null : reading.decode(source.buffer, start, length)
      }
      if (reading.by === 'variant') return variant(source, column)
      const value = isPLPStream(column) === true ? this.#longValue(source, column) : given(source, column)
      return value === null || reading.convert === undefined ? value : reading.convert(value)
    }

    #longValue(source: TokenSource, column: TediousColumn): unknown {
      this.#long ??= new PLPReader(column)
      const value = this.#long.read(source)
      this.#long = undefined
      return value
    }
  }

  function need({ buffer }: TokenSource, end: number): void {
    // oxlint-disable-next-line typescript/only-throw-error -- what the reader of tokens waits for
    if (end > buffer.length) throw new NotEnoughDataError(end)
  }

  function take(source: TokenSource, length: number): Buffer {
    const end = source.position + length
    need(source, end)
    const bytes = source.buffer.subarray(source.position, end)
    source.position = end
    return bytes
  }

  function lengthOf(source: TokenSource): number {
    need(source, source.position + 1)
    return source.buffer[source.position]!
  }

  function given(source: TokenSource, column: TediousColumn): unknown {
    const { value, offset } = readValue(source.buffer, source.position, column, source.options)
    source.position = offset
    return value
  }

  function variant(source: TokenSource, column: TediousColumn): unknown {
    const { buffer, position } = source
    need(source, position + 4)
    const length = buffer.readUInt32LE(position)
    const end = position + 4 + length
    need(source, end)
    if (length === 0) {
      source.position = end
      return null
    }
    const baseType = buffer[position + 4]!
    const properties = buffer[position + 5]!
    // Of a decimal the precision comes before it.
    const scale = properties === 0 ? 0 : buffer[position + 5 + properties]!
    const start = position + 6 + properties
    const decode = variantDecoder(baseType, scale)
    const value = decode === undefined ? given(source, column) : decode(buffer, start, end - start)
    source.position = end
    return Buffer.isBuffer(value) ? new Uint8Array(value) : value
  }

  return class ExactTokenParser extends Base {
    #columns: readonly TediousColumn[] | undefined
    #readings: readonly ColumnReading[] = []

    override readToken(): Token | undefined {
      const type = this.buffer[this.position]
      if (type !== rowToken && type !== sparseRowToken) return super.readToken()
      if (this.#columns !== this.colMetadata) {
        this.#columns = this.colMetadata
        this.#readings = this.colMetadata.map(readingOf)
      }
      return this.startTokenReader(new RowReader(this.#readings, type === sparseRowToken))
    }
  }
}

/**
 * Takes the tokens out of one answer, and hands those that are not taken here to `tedious`'s handler. It is to
 * `tedious` what its own is: `end` and `error` are told, and between two tokens it can be halted, which holds the
 * server back as well.
 */
export class TokenPump extends EventEmitter {
  readonly #message: Readable
  readonly #handler: TokenHandler
  readonly #parser: TokenParser
  readonly #observe: (token: Token) => boolean
  #isPaused = false
  #hasEnded = false
  #isOver = false

  constructor(
    message: Readable,
    handler: TokenHandler,
    parser: TokenParser,
    observe: (token: Token) => boolean,
  ) {
    super()
    this.#message = message
    this.#handler = handler
    this.#parser = parser
    this.#observe = observe
    // Events, as an iterator costs a generator and some promises for each answer.
    message.on('data', (bytes: Buffer) => {
      parser.write(bytes)
      this.#go()
    })
    message.on('end', () => {
      this.#hasEnded = true
      this.#go()
    })
    message.on('error', (error) => this.#fail(error))
  }

  pause(): void {
    this.#isPaused = true
    this.#message.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    // What has come already goes first, and may pause it again.
    process.nextTick(() => {
      this.#go()
      if (!this.#isPaused && !this.#isOver) this.#message.resume()
    })
  }

  #go(): void {
    if (this.#isOver) return
    try {
      while (!this.#isPaused) {
        const token = this.#parser.read()
        if (token === undefined) break
        if (!this.#observe(token)) this.#handler[token.handlerName]!(token)
      }
      if (this.#isPaused || !this.#hasEnded) return
      this.#parser.end()
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#isOver = true
    // Whoever else waits for the end of the message is told first.
    process.nextTick(() => this.emit('end'))
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#message.pause()
    process.nextTick(() => this.emit('error', error))
  }
}
