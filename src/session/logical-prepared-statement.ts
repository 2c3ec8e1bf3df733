import type { Connection, PreparedStatement } from '../api/connection.ts'
import type { DeadlineOptions, StatementOptions, StreamOptions } from '../api/executor.ts'
import type { BatchResult, Result, RowStream } from '../api/result.ts'
import { SQLNonTransientException } from '../api/sql-exception.ts'
import type { SqlParameters } from '../api/sql-types.ts'
import type { CompiledStatement } from '../sql/compiled-statement.ts'

/** A text that was compiled once. The driver prepares it on the database when it runs, and keeps it. */
export class LogicalPreparedStatement implements PreparedStatement {
  readonly #connection: Connection
  readonly #statement: CompiledStatement
  #closed = false

  constructor(connection: Connection, statement: CompiledStatement) {
    this.#connection = connection
    this.#statement = statement
  }

  get connection(): Connection {
    return this.#connection
  }

  get sql(): string {
    return this.#statement.text
  }

  query<Row>(parameters: SqlParameters = [], options?: StatementOptions): Promise<Result<Row>> {
    return this.execute(parameters, options)
  }

  async execute<Row>(parameters: SqlParameters = [], options?: StatementOptions): Promise<Result<Row>> {
    this.#checkOpen()
    return this.#connection.execute<Row>(this.#statement.text, parameters, options)
  }

  stream<Row>(parameters: SqlParameters = [], options?: StreamOptions): RowStream<Row> {
    this.#checkOpen()
    return this.#connection.stream<Row>(this.#statement.text, parameters, options)
  }

  async batch(rows: Iterable<SqlParameters>, options?: DeadlineOptions): Promise<BatchResult> {
    this.#checkOpen()
    return this.#connection.batch(this.#statement.text, rows, options)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #checkOpen(): void {
    if (!this.#closed) return
    throw new SQLNonTransientException('The prepared statement is closed', {
      sqlState: 'HY010',
      reason: 'closed',
    })
  }
}
