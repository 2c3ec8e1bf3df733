import type { ColumnMetadata } from '../../src/api/result.ts'
import type { SQLException } from '../../src/api/sql-exception.ts'
import type { BoundParameters, RawBatch, RawStream } from '../../src/spi/physical-connection.ts'
import type { CompiledStatement } from '../../src/sql/compiled-statement.ts'
import { callsFunctions, checkText } from '../../src/sql/sendable-text.ts'
import { toException } from './errors.ts'
import { frontend } from './frontend-messages.ts'
import { encodeParameters } from './parameters.ts'
import type { FieldDescription, PgLink, ServerError } from './pg-module.ts'
import { decodeRow, noRows, type RowShape } from './result-types.ts'
import { kindOf, StatementRequest } from './statement-requests.ts'
import type { Wire } from './wire.ts'

/**
 * Rows by a portal, which gives as many as are asked for and waits. There is no Sync before its end: a Sync would
 * close the portal outside a transaction.
 */
export class PgStream implements RawStream {
  readonly #wire: Wire
  readonly #statement: CompiledStatement
  readonly #parameters: BoundParameters
  readonly #fetchSize: number
  #request: PortalRequest | undefined

  constructor(wire: Wire, statement: CompiledStatement, parameters: BoundParameters, fetchSize: number) {
    this.#wire = wire
    this.#statement = statement
    this.#parameters = parameters
    // Sent in 32 bits.
    this.#fetchSize = Math.min(fetchSize, 0x7fffffff)
  }

  get columns(): readonly ColumnMetadata[] {
    return this.#request?.shape.columns ?? noRows.columns
  }

  fetch(): Promise<RawBatch> {
    return new Promise((resolve, reject) => {
      const request = this.#request
      if (request === undefined) this.#open(resolve, reject)
      else if (request.lost !== undefined) reject(request.lost)
      else if (request.isOver) resolve({ rows: [], done: true })
      else {
        request.expect(resolve, reject)
        this.#wire.more(frontend.execute(this.#fetchSize).flush().take())
      }
    })
  }

  close(): Promise<void> {
    const request = this.#request
    if (request === undefined || request.isOver) return Promise.resolve()
    return new Promise((resolve, reject) => {
      request.expect(() => resolve(), reject)
      request.synced = true
      this.#wire.more(frontend.close('P', '').sync().take())
    })
  }

  #open(resolve: (batch: RawBatch) => void, reject: (error: SQLException) => void): void {
    checkText(this.#statement.sql)
    const { values, types } = encodeParameters(this.#parameters)
    const request = new PortalRequest(this.#wire, this.#statement)
    this.#request = request
    request.expect(resolve, reject)
    this.#wire.send(
      request,
      frontend
        .parse('', this.#statement.sql, types)
        .bind('', values)
        .describe('P', '')
        .execute(this.#fetchSize)
        .flush()
        .take(),
    )
  }
}

class PortalRequest extends StatementRequest {
  readonly #session: Wire
  readonly #sql: string
  shape: RowShape = noRows
  isOver = false
  /** The session went first. */
  lost: SQLException | undefined
  /** The Sync that ends it was sent. */
  synced = false
  #rows: unknown[][] = []
  #resolve: ((batch: RawBatch) => void) | undefined
  #reject: ((error: SQLException) => void) | undefined

  constructor(wire: Wire, statement: CompiledStatement) {
    super(kindOf(statement), wire)
    this.#session = wire
    this.#sql = statement.sql
  }

  expect(resolve: (batch: RawBatch) => void, reject: (error: SQLException) => void): void {
    this.#resolve = resolve
    this.#reject = reject
  }

  override get awaitsAnswer(): boolean {
    return this.#reject !== undefined
  }

  override handleRowDescription({ fields }: { readonly fields: readonly FieldDescription[] }): void {
    this.shape = this.shapeOf(fields)
  }

  override handleDataRow({ fields }: { readonly fields: unknown[] }): void {
    if (this.failure !== undefined) return
    try {
      decodeRow(fields, this.shape)
      this.#rows.push(fields)
    } catch (error) {
      this.failure = error
    }
  }

  /** The error that answers it brings the Sync. */
  override handleCopyInResponse(link: PgLink): void {
    this.refuseCopy(link)
  }

  override handlePortalSuspended(): void {
    if (this.failure !== undefined) {
      this.#end()
      return
    }
    const rows = this.#rows
    this.#rows = []
    this.#resolve?.({ rows, done: false })
    this.#resolve = this.#reject = undefined
  }

  override handleCommandComplete(): void {
    this.#end()
  }

  override handleEmptyQuery(): void {
    this.#end()
  }

  override handleError(error: ServerError): void {
    super.handleError(error)
    // What was sent behind the failing message is skipped, up to a Sync.
    this.#end()
  }

  finish(): void {
    this.isOver = true
    if (this.failure === undefined) this.#resolve?.({ rows: this.#rows, done: true })
    else this.#reject?.(this.#exception(this.failure))
  }

  lose(error: Error): boolean {
    this.isOver = true
    this.lost = this.#exception(error)
    this.#reject?.(this.lost)
    return this.#reject !== undefined
  }

  #exception(error: unknown): SQLException {
    const phase = this.phase === 'harmless' && callsFunctions(this.#sql) ? 'statement' : this.phase
    return toException(error, { phase, transactionStatus: this.#session.transactionStatus })
  }

  #end(): void {
    if (this.synced) return
    this.synced = true
    this.#session.more(frontend.close('P', '').sync().take())
  }
}
