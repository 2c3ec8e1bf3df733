import type { ColumnMetadata } from '../../src/api/result.ts'
import type { RawBatch, RawStream } from '../../src/spi/physical-connection.ts'
import { RowPortions } from '../../src/spi/row-portions.ts'
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
    return (this.#exchange ??= this.#open()).portions.fetch()
  }

  /** What has come already is thrown away; only if there is more, the server is stopped. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const exchange = this.#exchange
    if (exchange === undefined || exchange.portions.isOver) return
    const drained = exchange.portions.drain()
    drained.catch(() => {}) // where stopping has failed, that is what is told
    if (!exchange.portions.isOver) await this.#stopServer()
    await drained
  }
}

/** The statement of a stream. */
export class StreamExchange extends StatementExchange {
  readonly portions: RowPortions

  constructor(
    wire: Wire,
    cache: StatementCache,
    known: KnownStatement,
    run: StatementRun,
    fetchSize: number,
  ) {
    super(wire, cache, known, run)
    this.portions = new RowPortions(fetchSize, wire.client)
    wire.run(this)
  }

  override get awaitsAnswer(): boolean {
    return this.portions.isAwaited
  }

  override lose(error: Error): boolean {
    return this.portions.end(this.exception(error))
  }

  protected override onRow(row: unknown[]): void {
    this.portions.add(row)
  }

  protected override finish(): void {
    this.portions.end(this.failure === undefined ? undefined : this.exception(this.failure))
  }
}
