import type { RawResult } from '../../src/spi/physical-connection.ts'
import type { CompiledStatement } from '../../src/sql/compiled-statement.ts'
import { toWarnings, type RequestKind } from './errors.ts'
import type { FieldDescription, PgLink } from './pg-module.ts'
import { Request, updateCount } from './request.ts'
import { decodeRow, noRows, shapeOf, type RowShape } from './result-types.ts'
import type { Wire } from './wire.ts'

/** A statement by the extended protocol. */
export abstract class StatementRequest extends Request {
  readonly #wire: Wire

  constructor(kind: RequestKind, wire: Wire) {
    super(kind)
    this.#wire = wire
  }

  protected shapeOf(fields: readonly FieldDescription[]): RowShape {
    return shapeOf(fields, this.#wire.nativeTypes)
  }

  override handleCopyInResponse(link: PgLink): void {
    super.handleCopyInResponse(link)
    // The server has ignored the Sync that came before; what came behind it has put both sides out of step.
    if (this.#wire.isLast(this)) link.sync()
    else this.#wire.destroy(new Error('COPY FROM STDIN was run on a connection that others use'))
  }
}

/** A statement whose rows are wanted at once. */
export class QueryRequest extends StatementRequest {
  shape: RowShape
  readonly #rows: unknown[][] = []
  #tag = ''
  readonly #finished: (request: QueryRequest) => void
  readonly #lost: (error: Error) => void

  constructor(
    kind: RequestKind,
    wire: Wire,
    /** As described before; undefined when the description comes with the rows. */
    shape: RowShape | undefined,
    finished: (request: QueryRequest) => void,
    lost: (error: Error) => void,
  ) {
    super(kind, wire)
    this.shape = shape ?? noRows
    this.#finished = finished
    this.#lost = lost
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

  override handleCommandComplete({ text }: { readonly text: string }): void {
    this.#tag = text
  }

  finish(): void {
    this.#finished(this)
  }

  lose(error: Error): boolean {
    this.#lost(error)
    return true
  }

  get result(): RawResult {
    const { notices, shape } = this
    return {
      columns: shape.columns,
      rows: this.#rows,
      updateCount: updateCount(this.#tag),
      warnings: notices === undefined ? undefined : toWarnings(notices),
    }
  }
}

/** A statement with many rows of parameters, which the server leaves at the first failure. */
export class BatchRequest extends StatementRequest {
  readonly counts: number[] = []
  readonly #finished: (request: BatchRequest) => void
  readonly #lost: (error: Error) => void

  constructor(wire: Wire, finished: (request: BatchRequest) => void, lost: (error: Error) => void) {
    super('statement', wire)
    this.#finished = finished
    this.#lost = lost
  }

  override handleCommandComplete({ text }: { readonly text: string }): void {
    this.counts.push(updateCount(text))
  }

  finish(): void {
    this.#finished(this)
  }

  lose(error: Error): boolean {
    this.#lost(error)
    return true
  }
}

/** What the loss of the session during this statement would mean. */
export function kindOf(statement: CompiledStatement): RequestKind {
  if (statement.transactionControl) return 'commit'
  return statement.readOnly ? 'harmless' : 'statement'
}
