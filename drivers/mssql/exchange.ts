import type { ColumnMetadata } from '../../src/api/result.ts'
import { SQLWarning, type SQLException } from '../../src/api/sql-exception.ts'
import type { ErrorContext } from '../../src/spi/classification.ts'
import { callsFunctions } from '../../src/sql/sendable-text.ts'
import { toWarning } from './exceptions.ts'
import { remoteCall } from './remote-call.ts'
import type { ServerMessage, TediousColumn, TediousRequest, Token } from './tedious-module.ts'
import type { WireValue } from './wire-types.ts'
import type { Wire } from './wire.ts'

/** For the classification of errors: what is lost when the session is. */
export type RequestKind = Extract<ErrorContext['phase'], 'harmless' | 'statement' | 'commit'>

/** What is sent, and how. */
export interface RequestText {
  readonly kind: RequestKind
  readonly sql: string
  /** None: it goes as a batch, whose settings and temporary tables outlive it. */
  readonly parameters: readonly WireValue[]
}

const noColumns: readonly ColumnMetadata[] = Object.freeze([])
/** Of a SELECT, in DONE: its count is that of rows which come. */
const selectCommand = 0xc1

/** One request and its answer. */
export abstract class Exchange {
  readonly wire: Wire
  readonly text: RequestText
  /** Of the first result with rows. */
  columns: readonly ColumnMetadata[] = noColumns
  /** The same, in the server's words. */
  described: readonly TediousColumn[] = []
  /** The last that was told of a statement which changes something. */
  updateCount = 0
  warnings: SQLWarning[] | undefined
  protected request: TediousRequest | undefined
  #results = 0
  #isOver = false

  constructor(wire: Wire, text: RequestText) {
    this.wire = wire
    this.text = text
  }

  /** Called by the wire when its turn has come. */
  start(): void {
    const { wire, text } = this
    const { tedious } = wire
    const request = new tedious.Request(text.sql, (error) => this.#ended(error ?? undefined))
    this.request = request
    this.send(request)
  }

  protected send(request: TediousRequest): void {
    const { wire, text } = this
    const { sql, parameters } = text
    if (parameters.length === 0) wire.client.execSqlBatch(request)
    else wire.client.makeRequest(request, remoteCall, wire.messageFor(sql, parameters))
  }

  /** @returns Whether a token is of no interest to `tedious`: rows, which would go through events there. */
  observe({ name, columns, rowCount, curCmd }: Token): boolean {
    if (name === 'ROW' || name === 'NBCROW') {
      if (this.#results === 1 && this.request?.canceled !== true) this.onRow(this.wire.rowOf(columns!))
      return true
    }
    if (name === 'COLMETADATA') {
      if (++this.#results === 1) {
        this.described = columns as readonly TediousColumn[]
        this.columns = this.wire.columns.of(this.text.sql, this.described)
      }
      return true
    }
    if (rowCount !== undefined && curCmd !== selectCommand) this.updateCount = rowCount
    return false
  }

  /** What the server says beside the answer. */
  inform(message: ServerMessage): void {
    const warning = toWarning(message)
    if (warning !== undefined) (this.warnings ??= []).push(warning)
  }

  get awaitsAnswer(): boolean {
    return true
  }

  /** By an attention; told as ECANCEL, if the answer was not there already. */
  stop(): void {
    this.wire.client.cancel()
  }

  /** It waited, and is not to be begun. */
  refuse(): void {
    this.#isOver = true
    this.failed(this.wire.exception(new Interrupted(), this.text.kind))
  }

  /** The session is lost. False when nobody waits for an answer now. */
  lose(cause: Error): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    const { awaitsAnswer } = this
    this.failed(this.wire.exception(cause, this.request === undefined ? 'idle' : this.#lossKind))
    return awaitsAnswer
  }

  /** All has come. */
  protected abstract succeeded(): void
  protected abstract failed(error: SQLException): void
  protected abstract onRow(row: unknown[]): void

  get #lossKind(): RequestKind {
    const { kind, sql } = this.text
    return kind === 'harmless' && callsFunctions(sql) ? 'statement' : kind
  }

  #ended(error: Error | undefined): void {
    if (this.#isOver) return
    const { wire } = this
    if (error !== undefined && wire.client.closed) {
      wire.noteLoss(error)
      this.lose(error)
      return
    }
    this.#isOver = true
    if (error === undefined) {
      if (this.#results > 1) (this.warnings ??= []).push(moreResults(this.#results - 1))
      wire.finished(this)
      this.succeeded()
      return
    }
    const exception = wire.exception(error, this.text.kind, this.text.sql)
    // The server closes the connection behind such an error.
    if (exception.fatal) wire.noteLoss(error)
    wire.finished(this)
    if (exception.fatal) wire.destroy(error)
    this.failed(exception)
  }
}

/** As `tedious` says it of a request that was stopped. */
class Interrupted extends Error {
  readonly code = 'ECANCEL'

  constructor() {
    super('Canceled.')
  }
}

function moreResults(dropped: number): SQLWarning {
  return new SQLWarning(`${dropped} more result(s) with rows came, and only the first is given`, {
    sqlState: '0100D',
    reason: 'feature',
  })
}
