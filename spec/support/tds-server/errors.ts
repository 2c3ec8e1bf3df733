/** How much ends with an error: its statement, its batch, or also the transaction. */
export type ErrorScope = 'statement' | 'batch' | 'transaction'

export interface SqlErrorOptions {
  /** Default: 16. */
  readonly severity?: number
  readonly state?: number
  readonly scope?: ErrorScope
  readonly line?: number | undefined
}

/** An error of SQL Server. */
export class SqlError extends Error {
  readonly number: number
  readonly severity: number
  readonly state: number
  readonly scope: ErrorScope
  /** In the text of the batch, from 1, where it is known. */
  line: number | undefined

  constructor(number: number, text: string, options: SqlErrorOptions = {}) {
    super(text)
    this.number = number
    this.severity = options.severity ?? 16
    this.state = options.state ?? 1
    this.scope = options.scope ?? 'statement'
    this.line = options.line
  }
}

/** The one number that is this server's own: it does not guess. */
const unknownNumber = 50_404

export function unknown(what: string, line?: number): SqlError {
  return new SqlError(unknownNumber, `The test server does not know ${what}.`, { scope: 'batch', line })
}

export function syntaxError(near: string, line?: number): SqlError {
  return new SqlError(102, `Incorrect syntax near '${near}'.`, { severity: 15, scope: 'batch', line })
}

export function keywordError(near: string, line?: number): SqlError {
  const text = `Incorrect syntax near the keyword '${near}'.`
  return new SqlError(156, text, { severity: 15, scope: 'batch', line })
}
