import { SQLSyntaxErrorException } from '../../src/api/sql-exception.ts'
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
    this.shape = shapeOf(fields)
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

/** @throws SQLSyntaxErrorException 42601 for a text that would not arrive as it is: NUL ends it on the wire. */
export function checkText(sql: string): void {
  const fault = sql.includes('\0') ? 'a NUL' : sql.isWellFormed() ? undefined : 'half a surrogate pair'
  if (fault === undefined) return
  throw new SQLSyntaxErrorException(`The text holds ${fault}`, { sqlState: '42601', reason: 'syntax' })
}

/** What the loss of the session during this statement would mean. */
export function kindOf(statement: CompiledStatement): RequestKind {
  if (statement.transactionControl) return 'commit'
  return statement.readOnly ? 'harmless' : 'statement'
}

/** Behind these a parenthesis is no call of a function, or of one that changes nothing. */
const innocent = new Set(
  'all and any as avg by case coalesce count else exists except from group having in intersect join lateral lower max min not on or over partition select some sum then union upper using values when where with'.split(
    ' ',
  ),
)

/** A function can do anything: only a SELECT that calls none has certainly changed nothing. */
export function callsFunctions(sql: string): boolean {
  for (const [, name] of sql.matchAll(/([a-z_\u0080-\uffff"][\w$\u0080-\uffff"]*)\s*\(/gi)) {
    if (!innocent.has(name!.toLowerCase())) return true
  }
  return false
}
