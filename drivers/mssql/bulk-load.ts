import { BatchUpdateException, SQLException } from '../../src/api/sql-exception.ts'
import type { SqlValue } from '../../src/api/sql-types.ts'
import { kindOf } from '../../src/sql/native-sql.ts'
import type { LoadedColumn } from './bulk-columns.ts'
import { Exchange } from './exchange.ts'
import type { TediousRequest } from './tedious-module.ts'
import type { Wire } from './wire.ts'

/** Rows with a value for each column, in that order. */
export type BulkRows = AsyncIterable<readonly BulkValue[]> | Iterable<readonly BulkValue[]>
/** A value of such a row. */
export type BulkValue = SqlValue | Date

export interface BulkOutcome {
  sourceFailure: { readonly error: unknown } | undefined
}

/** A message of rows, in the header of a packet. */
const bulkLoad = 7
/** So many bytes are gathered before they are sent. */
const portionSize = 16 * 1024
const token = { columns: 0x81, row: 0xd1, done: 0xfd } as const
/** Nullable, and to be written. */
const columnFlags = 0x09

/** Sends rows behind an INSERT BULK, as fast as the server takes them. */
export class BulkExchange extends Exchange {
  readonly #columns: readonly LoadedColumn[]
  readonly #rows: BulkRows
  readonly #resolve: (count: number) => void
  readonly #reject: (error: SQLException) => void
  readonly #outcome: BulkOutcome
  #isStopped = false

  private constructor(
    wire: Wire,
    columns: readonly LoadedColumn[],
    rows: BulkRows,
    outcome: BulkOutcome,
    resolve: (count: number) => void,
    reject: (error: SQLException) => void,
  ) {
    super(wire, { kind: 'statement', sql: '', parameters: [] })
    this.#columns = columns
    this.#rows = rows
    this.#outcome = outcome
    this.#resolve = resolve
    this.#reject = reject
  }

  /**
   * @param outcome Told what the source threw: the server has none of the rows then.
   * @returns How many rows were loaded.
   */
  static run(
    wire: Wire,
    columns: readonly LoadedColumn[],
    rows: BulkRows,
    outcome: BulkOutcome,
  ): Promise<number> {
    return new Promise((resolve, reject) => {
      wire.run(new BulkExchange(wire, columns, rows, outcome, resolve, reject))
    })
  }

  override stop(): void {
    this.#isStopped = true
    super.stop()
  }

  override lose(cause: Error): boolean {
    this.#isStopped = true
    return super.lose(cause)
  }

  protected override send(request: TediousRequest): void {
    this.wire.client.makeRequest(request, bulkLoad, this.#message())
  }

  protected override succeeded(): void {
    this.#resolve(this.updateCount)
  }

  protected override failed(error: SQLException): void {
    this.#reject(error)
  }

  protected override onRow(): void {}

  async *#message(): AsyncGenerator<Buffer> {
    let parts = [describe(this.#columns)]
    let length = 0
    let index = 0
    try {
      for await (const row of this.#rows) {
        if (this.#isStopped) return
        for (const part of this.#encode(row, index++)) {
          parts.push(part)
          length += part.length
        }
        if (length < portionSize) continue
        yield Buffer.concat(parts)
        parts = []
        length = 0
      }
    } catch (error) {
      this.#outcome.sourceFailure = { error }
      throw error
    }
    const done = Buffer.alloc(13)
    done[0] = token.done
    yield Buffer.concat([...parts, done])
  }

  #encode(row: readonly BulkValue[], index: number): Buffer[] {
    try {
      if (!Array.isArray(row) || row.length !== this.#columns.length) throw wrongRow(row, this.#columns)
      return [
        rowToken,
        ...this.#columns.map((column, place) => column.encode(defined(row[place], place), place)),
      ]
    } catch (error) {
      throw error instanceof SQLException ? new BatchUpdateException(index, [], error) : error
    }
  }
}

const rowToken = Buffer.of(token.row)

function describe(columns: readonly LoadedColumn[]): Buffer {
  const head = Buffer.alloc(3)
  head[0] = token.columns
  head.writeUInt16LE(columns.length, 1)
  const parts: Buffer[] = [head]
  for (const { name, type } of columns) {
    const flags = Buffer.alloc(6)
    flags.writeUInt16LE(columnFlags, 4)
    parts.push(flags, type, Buffer.of(name.length), Buffer.from(name, 'utf16le'))
  }
  return Buffer.concat(parts)
}

function defined(value: unknown, place: number): unknown {
  if (value !== undefined) return value
  throw new SQLException(`Value ${place + 1} is undefined: NULL is null`, {
    sqlState: 'HY105',
    reason: 'parameter',
  })
}

function wrongRow(row: unknown, columns: readonly LoadedColumn[]): SQLException {
  const given = Array.isArray(row) ? `${row.length} values` : kindOf(row)
  return new SQLException(`A row has a value for each of ${columns.length} columns; this one is ${given}`, {
    sqlState: '07001',
    reason: 'parameter',
  })
}
