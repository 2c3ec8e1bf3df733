import { wholeNumberOption } from '../api/call-options.ts'
import type {
  DeadlineOptions,
  Executor,
  StatementOptions,
  StreamOptions,
  Transaction,
  TransactionOptions,
} from '../api/executor.ts'
import type { BatchResult, Result, RowStream } from '../api/result.ts'
import { BatchUpdateException, SQLException } from '../api/sql-exception.ts'
import type { SqlFragment } from '../api/sql-template.ts'
import type { SqlParameters } from '../api/sql-types.ts'
import { asInstance, type ClassToken } from '../api/wrapper.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { BoundParameters, PhysicalConnection, RawResult } from '../spi/physical-connection.ts'
import type { CompiledStatement } from '../sql/compiled-statement.ts'
import { withGeneratedKeys } from '../sql/generated-keys.ts'
import { statementDeadline } from './call-deadline.ts'
import { HandleLease } from './handle-lease.ts'
import { bindParameters, mapRows, textAndParameters } from './parameters.ts'
import { toResult } from './result-rows.ts'
import { inTransaction } from './session-errors.ts'
import { streamRows } from './session-row-stream.ts'
import type { Session } from './session.ts'
import type { Caller, TransactionBlock } from './tenancy.ts'
import { runTransaction } from './transaction-block.ts'

/** Runs SQL on a session, for one caller: a handle, or a transaction of it (which is nothing but this). */
export class SessionExecutor implements Executor, Transaction, Caller {
  readonly generation: number
  readonly block: TransactionBlock | undefined
  protected readonly session: Session
  /** Of the whole block, for a transaction. */
  protected readonly outerDeadline: Deadline | undefined
  /** Of a transaction: whoever holds it holds the handle, which is not taken for dropped. */
  protected readonly outer: SessionExecutor | undefined

  constructor(
    session: Session,
    generation: number,
    block: TransactionBlock | undefined,
    outerDeadline: Deadline | undefined,
    outer?: SessionExecutor,
  ) {
    this.session = session
    this.generation = generation
    this.block = block
    this.outerDeadline = outerDeadline
    this.outer = outer
  }

  query<Row>(
    sql: string | SqlFragment,
    parameters?: SqlParameters,
    options?: StatementOptions,
  ): Promise<Result<Row>> {
    return this.execute(sql, parameters, options)
  }

  execute<Row>(
    sql: string | SqlFragment,
    parameters?: SqlParameters,
    options?: StatementOptions,
  ): Promise<Result<Row>> {
    try {
      const { statement, bound } = this.#prepare(sql, parameters)
      const { dialect } = this.session.context.compiler
      const sent = withGeneratedKeys(statement, options?.generatedKeys, dialect)
      return this.executeCompiled(sent, bound, options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  stream<Row>(
    sql: string | SqlFragment,
    parameters?: SqlParameters,
    options?: StreamOptions,
  ): RowStream<Row> {
    return streamRows<Row>(
      this.session,
      this,
      () => this.#prepare(sql, parameters),
      this.outerDeadline,
      options,
    )
  }

  async batch(sql: string, rows: Iterable<SqlParameters>, options?: DeadlineOptions): Promise<BatchResult> {
    const { statement } = this.#compile(sql, [])
    const { dialect } = this.session.context.compiler
    const bound = mapRows(rows, (row) => bindParameters(statement, row, dialect))
    return this.batchCompiled(statement, bound, options)
  }

  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  transaction<T>(options: TransactionOptions, work: (transaction: Transaction) => Promise<T>): Promise<T>
  async transaction<T>(
    first: TransactionOptions | ((transaction: Transaction) => Promise<T>),
    second?: (transaction: Transaction) => Promise<T>,
  ): Promise<T> {
    const [options, work] = typeof first === 'function' ? [{}, first] : [first, second!]
    return runTransaction(this.session, this, this.outerDeadline, options, (block, deadline) =>
      work(new SessionExecutor(this.session, this.generation, block, deadline, this)),
    )
  }

  unwrap<T>(token: ClassToken<T>): T {
    this.session.tenancy.check(this)
    const own = asInstance(this, token)
    if (own !== undefined) return own
    const found = this.#findBehind(token)
    if (found === undefined) {
      throw new SQLException(`There is no ${token.name} behind this connection`, {
        sqlState: 'HY000',
        reason: 'parameter',
      })
    }
    // Whatever is done there, we do not see it.
    this.session.markDirty()
    return found
  }

  isWrapperFor(token: ClassToken<unknown>): boolean {
    return this instanceof token || this.#findBehind(token) !== undefined
  }

  async executeCompiled<Row>(
    statement: CompiledStatement,
    parameters: BoundParameters,
    options?: StatementOptions,
  ): Promise<Result<Row>> {
    const { session } = this
    const limit =
      options?.maxRows === undefined ? undefined : wholeNumberOption('maxRows', options.maxRows, 1)
    // Keys are no rows of the result: all of them are told, and counted.
    const maxRows = statement.generatedKeys === undefined ? limit : undefined
    const raw = await session.run(this, {
      what: statement.text,
      deadline: this.deadline(options),
      pipelinable: !statement.transactionControl && maxRows === undefined,
      run: () => {
        session.note(statement)
        if (maxRows !== undefined) return firstRows(session.physical, statement, parameters, maxRows)
        return session.physical.execute(statement, parameters)
      },
    })
    return toResult<Row>(raw, options, session.context.settings, statement.generatedKeys)
  }

  /** A batch outside a transaction is one, in the same turn: nothing can come between its rows. */
  async batchCompiled(
    statement: CompiledStatement,
    rows: readonly BoundParameters[],
    options?: DeadlineOptions,
  ): Promise<BatchResult> {
    const { session } = this
    session.tenancy.check(this)
    if (rows.length === 0) return { updateCounts: [] }
    return session.run(this, {
      what: statement.text,
      deadline: this.deadline(options),
      run: async (proceed) => {
        session.note(statement)
        const own = session.physical.transactionStatus === 'none'
        if (own) {
          await session.beginTurn()
          proceed()
        }
        const { updateCounts, error } = await session.physical.executeBatch(statement, rows)
        if (error !== undefined) throw new BatchUpdateException(updateCounts.length, updateCounts, error)
        if (own) {
          proceed()
          await session.commitTurn()
        }
        return { updateCounts }
      },
    })
  }

  protected deadline(options: DeadlineOptions | undefined): Deadline | undefined {
    return statementDeadline(this.session.context, 'A statement', options, this.outerDeadline)
  }

  #findBehind<T>(token: ClassToken<T>): T | undefined {
    return this.session.physical.unwrap?.(token, new HandleLease(this.session, this, this.outerDeadline))
  }

  #prepare(
    sql: string | SqlFragment,
    parameters: SqlParameters | undefined,
  ): { statement: CompiledStatement; bound: BoundParameters } {
    const { statement, given } = this.#compile(sql, parameters)
    return { statement, bound: bindParameters(statement, given, this.session.context.compiler.dialect) }
  }

  #compile(
    sql: string | SqlFragment,
    parameters: SqlParameters | undefined,
  ): { statement: CompiledStatement; given: SqlParameters | undefined } {
    this.session.tenancy.check(this)
    const { compiler } = this.session.context
    const [text, given] = textAndParameters(sql, parameters, compiler.dialect)
    // Without parameters a `?` is what the database makes of it.
    const statement = given === undefined ? compiler.compileAsWritten(text) : compiler.compile(text)
    if (statement.transactionControl && this.block !== undefined) {
      throw inTransaction('Within transaction(fn) the function decides: return to commit, throw to roll back')
    }
    return { statement, given }
  }
}

/** One portion of a stream, which is then left: what is beyond it never leaves the database. */
async function firstRows(
  physical: PhysicalConnection,
  statement: CompiledStatement,
  parameters: BoundParameters,
  maxRows: number,
): Promise<RawResult> {
  const stream = physical.stream(statement, parameters, maxRows)
  try {
    const { rows, done } = await stream.fetch()
    if (!done) await stream.close()
    return { columns: stream.columns, rows, updateCount: 0 }
  } catch (error) {
    // Whatever has failed, the next statement finds no stream open.
    await stream.close().catch(() => {})
    throw error
  }
}
