import type { Connection } from '../api/connection.ts'
import type { ColumnMetadata, RowStream } from '../api/result.ts'

/** A stream with a connection of its own: borrowed at the first row, given back at the last one. */
export class BorrowedRowStream<Row> implements RowStream<Row> {
  readonly #rows: AsyncGenerator<Row, undefined>
  #stream: RowStream<Row> | undefined

  constructor(borrow: () => Promise<Connection>, open: (connection: Connection) => RowStream<Row>) {
    this.#rows = readRows(borrow, (connection) => (this.#stream = open(connection)))
  }

  get columns(): readonly ColumnMetadata[] {
    return this.#stream?.columns ?? []
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Row>> {
    return this.#rows.next()
  }

  return(): Promise<IteratorResult<Row>> {
    return this.#rows.return(undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}

async function* readRows<Row>(
  borrow: () => Promise<Connection>,
  open: (connection: Connection) => RowStream<Row>,
): AsyncGenerator<Row, undefined> {
  const connection = await borrow()
  try {
    yield* open(connection)
  } finally {
    await connection.close()
  }
}
