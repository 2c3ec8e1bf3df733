import { SQLWarning, type SQLException } from '../../src/api/sql-exception.ts'
import type { RawResult } from '../../src/spi/physical-connection.ts'
import { noRows } from './result-types.ts'
import type { KnownStatement, StatementCache } from './statement-cache.ts'
import { StatementExchange, type StatementRun } from './statement-exchange.ts'
import type { Wire } from './wire.ts'

/** A statement whose rows are wanted at once. */
export class QueryExchange extends StatementExchange {
  readonly #rows: unknown[][] = []
  readonly #finished: (exchange: QueryExchange) => void
  readonly #lost: (error: SQLException) => void

  constructor(
    wire: Wire,
    cache: StatementCache,
    known: KnownStatement,
    run: StatementRun,
    finished: (exchange: QueryExchange) => void,
    lost: (error: SQLException) => void,
  ) {
    super(wire, cache, known, run)
    this.#finished = finished
    this.#lost = lost
  }

  override lose(error: Error): boolean {
    this.#lost(this.exception(error))
    return true
  }

  /** What the server has refused, or what of its answer could not be read. */
  refusal(): SQLException {
    return this.exception(this.failure)
  }

  get result(): RawResult {
    const { answer, warnings } = this
    const { columns } = answer?.shape ?? noRows
    const rows = this.#rows
    const dropped = answer?.dropped ?? 0
    return {
      columns,
      rows,
      updateCount:
        columns.length > 0 && returningVerb.test(this.run.sql) ? rows.length : (answer?.updateCount ?? 0),
      warnings: dropped === 0 ? warnings : [...(warnings ?? []), moreResults(dropped)],
    }
  }

  protected override onRow(row: unknown[]): void {
    this.#rows.push(row)
  }

  protected override finish(): void {
    this.#finished(this)
  }
}

/** With RETURNING the server counts no rows: each one that came was changed. */
const returningVerb = /^(?:\s|\/\*[^!][\s\S]*?\*\/|--\s[^\n]*\n|#[^\n]*\n)*(?:INSERT|REPLACE|DELETE)\b/i

function moreResults(dropped: number): SQLWarning {
  return new SQLWarning(`${dropped} more result(s) with rows came, and only the first is given`, {
    sqlState: '0100D',
    reason: 'feature',
  })
}
