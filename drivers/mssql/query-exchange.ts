import type { SQLException } from '../../src/api/sql-exception.ts'
import type { RawResult } from '../../src/spi/physical-connection.ts'
import { Exchange, type RequestKind, type RequestText } from './exchange.ts'
import type { TediousColumn } from './tedious-module.ts'
import type { Wire } from './wire.ts'

export type Rows = readonly (readonly unknown[])[]

/** A request whose rows are wanted at once. */
export class QueryExchange extends Exchange {
  readonly #rows: unknown[][] = []
  readonly #resolve: (result: RawResult) => void
  readonly #reject: (error: SQLException) => void

  private constructor(
    wire: Wire,
    text: RequestText,
    resolve: (result: RawResult) => void,
    reject: (error: SQLException) => void,
  ) {
    super(wire, text)
    this.#resolve = resolve
    this.#reject = reject
  }

  static run(wire: Wire, text: RequestText): Promise<RawResult> {
    return new Promise((resolve, reject) => wire.run(new QueryExchange(wire, text, resolve, reject)))
  }

  /** A text of our own. */
  static async command(wire: Wire, kind: RequestKind, sql: string): Promise<Rows> {
    return (await QueryExchange.run(wire, { kind, sql, parameters: [] })).rows
  }

  /** What the columns of a query are, in the server's words. */
  static describe(wire: Wire, sql: string): Promise<readonly TediousColumn[]> {
    return new Promise((resolve, reject) => {
      const text: RequestText = { kind: 'harmless', sql, parameters: [] }
      const exchange = new QueryExchange(wire, text, () => resolve(exchange.described), reject)
      wire.run(exchange)
    })
  }

  protected override succeeded(): void {
    const { columns, updateCount, warnings } = this
    this.#resolve({ columns, rows: this.#rows, updateCount, warnings })
  }

  protected override failed(error: SQLException): void {
    this.#reject(error)
  }

  protected override onRow(row: unknown[]): void {
    this.#rows.push(row)
  }
}
