import type { ColumnMetadata } from '../../src/api/result.ts'
import type { SQLException } from '../../src/api/sql-exception.ts'
import type { RawBatch, RawStream } from '../../src/spi/physical-connection.ts'
import { Exchange, type RequestText } from './exchange.ts'
import type { Wire } from './wire.ts'

/**
 * Rows as the server sends them: after each portion the socket is not read until the next one is wanted, and so the
 * server waits. There is no cursor, for which it would first have to store all rows.
 */
export class MssqlStream implements RawStream {
  readonly #open: () => Promise<StreamExchange>
  readonly #stopServer: () => Promise<void>
  #exchange: StreamExchange | undefined

  /**
   * @param open Begins the statement.
   * @param stopServer Ends what runs; settles when that can hit nothing else.
   */
  constructor(open: () => Promise<StreamExchange>, stopServer: () => Promise<void>) {
    this.#open = open
    this.#stopServer = stopServer
  }

  get columns(): readonly ColumnMetadata[] {
    return this.#exchange?.columns ?? []
  }

  async fetch(): Promise<RawBatch> {
    const exchange = (this.#exchange ??= await this.#open())
    return exchange.fetch()
  }

  /** What has come already is thrown away; only if there is more, the server is stopped. */
  async close(): Promise<void> {
    const exchange = this.#exchange
    if (exchange === undefined || exchange.isOver) return
    const drained = exchange.drain()
    drained.catch(() => {}) // told below; until then it may be lost already
    await new Promise((resolve) => setImmediate(resolve))
    if (!exchange.isOver) await this.#stopServer()
    await drained
  }
}

/** The statement of a stream. */
export class StreamExchange extends Exchange {
  readonly #fetchSize: number
  #rows: unknown[][] = []
  #isPaused = false
  #isDraining = false
  isOver = false
  #resolve: ((batch: RawBatch) => void) | undefined
  #reject: ((error: SQLException) => void) | undefined
  /** It ended while nobody waited. */
  #failed: SQLException | undefined

  constructor(wire: Wire, text: RequestText, fetchSize: number) {
    super(wire, text)
    this.#fetchSize = fetchSize
    wire.run(this)
  }

  override get awaitsAnswer(): boolean {
    return this.#reject !== undefined
  }

  fetch(): Promise<RawBatch> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      if (this.isOver) this.#deliver()
      else if (this.#rows.length >= this.#fetchSize) this.#portion()
      else this.#resume()
    })
  }

  /** Takes the rest of the rows and keeps none of them. */
  drain(): Promise<void> {
    this.#isDraining = true
    this.#rows = []
    return new Promise((resolve, reject) => {
      this.#resolve = () => resolve()
      // The server was stopped, or the statement failed: either way it is over.
      this.#reject = (error) => (error.fatal ? reject(error) : resolve())
      this.#resume()
    })
  }

  protected override onRow(row: unknown[]): void {
    if (this.#isDraining) return
    this.#rows.push(row)
    if (this.#rows.length < this.#fetchSize || this.#isPaused) return
    this.#isPaused = true
    this.request?.pause()
    this.#portion()
  }

  protected override succeeded(): void {
    this.isOver = true
    this.#deliver()
  }

  protected override failed(error: SQLException): void {
    this.isOver = true
    this.#failed = error
    this.#deliver()
  }

  #resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.request?.resume()
  }

  #portion(): void {
    const resolve = this.#resolve
    if (resolve === undefined) return
    const rows = this.#rows
    this.#rows = []
    this.#resolve = this.#reject = undefined
    resolve({ rows, done: false })
  }

  #deliver(): void {
    const resolve = this.#resolve
    const reject = this.#reject
    if (resolve === undefined || reject === undefined) return
    this.#resolve = this.#reject = undefined
    const rows = this.#rows
    this.#rows = []
    if (this.#failed === undefined) resolve({ rows, done: true })
    else reject(this.#failed)
  }
}
