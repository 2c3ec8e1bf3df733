import type { ColumnMetadata } from '../../src/api/result.ts'
import type { SQLException } from '../../src/api/sql-exception.ts'
import type { RawBatch, RawStream } from '../../src/spi/physical-connection.ts'
import { RowPortions } from '../../src/spi/row-portions.ts'
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
    return exchange.portions.fetch()
  }

  /** What has come already is thrown away; only if there is more, the server is stopped. */
  async close(): Promise<void> {
    const exchange = this.#exchange
    if (exchange === undefined || exchange.portions.isOver) return
    const drained = exchange.portions.drain()
    drained.catch(() => {}) // told below; until then it may be lost already
    await new Promise((resolve) => setImmediate(resolve))
    if (!exchange.portions.isOver) await this.#stopServer()
    await drained
  }
}

/** The statement of a stream. */
export class StreamExchange extends Exchange {
  readonly portions: RowPortions

  constructor(wire: Wire, text: RequestText, fetchSize: number) {
    super(wire, text)
    this.portions = new RowPortions(fetchSize, {
      pause: () => this.request?.pause(),
      resume: () => this.request?.resume(),
    })
    wire.run(this)
  }

  override get awaitsAnswer(): boolean {
    return this.portions.isAwaited
  }

  protected override onRow(row: unknown[]): void {
    this.portions.add(row)
  }

  protected override succeeded(): void {
    this.portions.end()
  }

  protected override failed(error: SQLException): void {
    this.portions.end(error)
  }
}
