import type { ColumnMetadata } from '../../src/api/result.ts'
import type { BoundParameters, RawBatch, RawStream } from '../../src/spi/physical-connection.ts'
import type { CompiledStatement } from '../../src/sql/compiled-statement.ts'
import type { EngineLink } from './engine-link.ts'
import { toNative } from './parameters.ts'
import type { Answer, Request } from './protocol.ts'

/** Rows in portions: the engine steps only for the portion that is asked for. */
export class SqliteStream implements RawStream {
  readonly #link: EngineLink
  readonly #statement: CompiledStatement
  readonly #parameters: BoundParameters
  readonly #fetchSize: number
  #columns: readonly ColumnMetadata[] = []
  #state: 'new' | 'open' | 'ended' = 'new'

  constructor(
    link: EngineLink,
    statement: CompiledStatement,
    parameters: BoundParameters,
    fetchSize: number,
  ) {
    this.#link = link
    this.#statement = statement
    this.#parameters = parameters
    this.#fetchSize = fetchSize
  }

  get columns(): readonly ColumnMetadata[] {
    return this.#columns
  }

  async fetch(): Promise<RawBatch> {
    if (this.#state === 'ended') return { rows: [], done: true }
    const request = this.#nextRequest()
    let answer: Answer
    try {
      answer = await this.#link.ask(request, this.#statement.readOnly)
    } catch (error) {
      // The engine has ended it.
      this.#state = 'ended'
      throw error
    }
    const [, , rows, done, columns] = answer as Extract<Answer, readonly ['portion', ...unknown[]]>
    if (columns !== undefined) this.#columns = Object.freeze(columns)
    if (done) this.#state = 'ended'
    return { rows, done }
  }

  async close(): Promise<void> {
    const wasOpen = this.#state === 'open'
    this.#state = 'ended'
    if (wasOpen) await this.#link.ask(['end'], true)
  }

  #nextRequest(): Request {
    if (this.#state === 'open') return ['fetch', this.#fetchSize]
    const request: Request = [
      'stream',
      this.#statement.sql,
      toNative(this.#statement, this.#parameters),
      this.#fetchSize,
    ]
    this.#state = 'open'
    return request
  }
}
