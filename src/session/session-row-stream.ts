import { wholeNumberOption } from '../api/call-options.ts'
import type { StreamOptions } from '../api/executor.ts'
import type { RowStream } from '../api/result.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { BoundParameters } from '../spi/physical-connection.ts'
import type { LeasedStream } from '../spi/session-lease.ts'
import type { CompiledStatement } from '../sql/compiled-statement.ts'
import { hintedColumns } from './column-conversions.ts'
import { toRows } from './result-rows.ts'
import { SessionStream } from './session-stream.ts'
import type { Session } from './session.ts'
import type { Caller } from './tenancy.ts'

const defaultFetchSize = 1_000

/** The rows of one statement, fetched as they are read. */
export function streamRows<Row>(
  session: Session,
  caller: Caller,
  prepare: () => { statement: CompiledStatement; bound: BoundParameters },
  outerDeadline: Deadline | undefined,
  options: StreamOptions = {},
): RowStream<Row> {
  return new SessionStream<Row>(session, caller, start, outerDeadline, options)

  function start() {
    const fetchSize = wholeNumberOption('fetchSize', options.fetchSize ?? defaultFetchSize, 1)
    const { statement, bound } = prepare()
    return {
      what: statement.text,
      open: () => openRows<Row>(session, statement, bound, fetchSize, options),
    }
  }
}

/** Outside of the function above: the session holds it, and the reader, who may drop it, is not to be found from here. */
function openRows<Row>(
  session: Session,
  statement: CompiledStatement,
  bound: BoundParameters,
  fetchSize: number,
  options: StreamOptions,
): LeasedStream<Row> {
  session.note(statement)
  const raw = session.physical.stream(statement, bound, fetchSize)
  return {
    get columns() {
      return raw.columns.length === 0 ? raw.columns : hintedColumns(raw.columns, options.types)
    },
    async fetch() {
      const { rows, done } = await raw.fetch()
      return { items: toRows<Row>(rows, raw.columns, options, session.context.settings), done }
    },
    close: () => raw.close(),
  }
}
