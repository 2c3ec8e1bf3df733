import type { ColumnMetadata } from '../../src/api/result.ts'
import type { SQLException } from '../../src/api/sql-exception.ts'
import type { RawBatch, RawStream } from '../../src/spi/physical-connection.ts'
import { noRows } from './result-types.ts'
import type { KnownStatement, StatementCache } from './statement-cache.ts'
import { StatementExchange, type StatementRun } from './statement-exchange.ts'
import type { Wire } from './wire.ts'

/**
 * Rows as the server sends them: after each portion the socket is not read until the next one is wanted, and so the
 * server waits. There is no cursor, for which it would first have to store all rows.
 */
export class MySqlStream implements RawStream {
  readonly #open: () => StreamExchange
  readonly #stopServer: () => Promise<void>
  #exchange: StreamExchange | undefined
  #closed = false

  /**
   * @param open Begins the statement.
   * @param stopServer Ends what runs; settles when that can hit nothing else.
   */
  constructor(open: () => StreamExchange, stopServer: () => Promise<void>) {
    this.#open = open
    this.#stopServer = stopServer
  }

  get columns(): readonly ColumnMetadata[] {
    return this.#exchange?.answer?.shape.columns ?? noRows.columns
  }

  async fetch(): Promise<RawBatch> {
    if (this.#closed) return { rows: [], done: true }
    return (this.#exchange ??= this.#open()).fetch()
  }

  /** What has come already is thrown away; only if there is more, the server is stopped. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const exchange = this.#exchange
    if (exchange === undefined || exchange.isOver) return
    const drained = exchange.drain()
    drained.catch(() => {}) // where stopping has failed, that is what is told
    if (!exchange.isOver) await this.#stopServer()
    await drained
  }
}

/** The statement of a stream. */
export class StreamExchange extends StatementExchange {
  readonly #fetchSize: number
  #rows: unknown[][] = []
  #isPaused = false
  #isDraining = false
  isOver = false
  #resolve: ((batch: RawBatch) => void) | undefined
  #reject: ((error: SQLException) => void) | undefined
  /** It ended while nobody waited. */
  #failed: SQLException | undefined

  constructor(
    wire: Wire,
    cache: StatementCache,
    known: KnownStatement,
    run: StatementRun,
    fetchSize: number,
  ) {
    super(wire, cache, known, run)
    this.#fetchSize = fetchSize
    wire.run(this)
  }

  override get awaitsAnswer(): boolean {
    return this.#reject !== undefined
  }

  fetch(): Promise<RawBatch> {
    return new Promise((resolve, reject) => {
      if (this.#failed !== undefined) {
        reject(this.#failed)
        return
      }
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

  override lose(error: Error): boolean {
    this.isOver = true
    const lost = this.exception(error)
    this.#failed = lost
    const reject = this.#reject
    this.#resolve = this.#reject = undefined
    reject?.(lost)
    return reject !== undefined
  }

  protected override onRow(row: unknown[]): void {
    if (this.#isDraining) return
    this.#rows.push(row)
    if (this.#rows.length < this.#fetchSize || this.#isPaused) return
    this.#isPaused = true
    this.wire.client.pause()
    this.#portion()
  }

  protected override finish(): void {
    this.isOver = true
    if (this.failure !== undefined) this.#failed = this.exception(this.failure)
    this.#deliver()
  }

  #resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.wire.client.resume()
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
