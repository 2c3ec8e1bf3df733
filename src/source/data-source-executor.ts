import { wholeNumberOption } from '../api/call-options.ts'
import type { ConnectionEventListener, ConnectionSource } from '../api/connection-event.ts'
import type { Connection } from '../api/connection.ts'
import type { DataSourceHealth } from '../api/data-source-health.ts'
import type { ConnectionOptions, DataSource, DataSourceTransactionOptions } from '../api/data-source.ts'
import type {
  DeadlineOptions,
  StatementOptions,
  StreamOptions,
  Transaction,
  TransactionOptions,
} from '../api/executor.ts'
import type { BatchResult, Result, RowStream } from '../api/result.ts'
import { SQLException } from '../api/sql-exception.ts'
import type { SqlFragment } from '../api/sql-template.ts'
import type { SqlParameters } from '../api/sql-types.ts'
import type { ClassToken } from '../api/wrapper.ts'
import { CallDeadline } from '../session/call-deadline.ts'
import { giveBack, lend } from '../session/lend.ts'
import { deathsForgiven, foundDead } from '../session/session-errors.ts'
import type { Clock } from '../spi/clock.ts'
import type { Deadline } from '../spi/deadline.ts'
import { BorrowedRowStream } from './borrowed-row-stream.ts'

/** The first pause before a transaction is run again, in milliseconds; it doubles, and is cut by chance to half. */
const firstRetryPause = 10
const longestRetryPause = 1_000

/** What every data source does alike: borrow, run, give back. Where connections come from is left open. */
export abstract class DataSourceExecutor implements DataSource {
  abstract readonly name: string
  protected abstract readonly clock: Clock
  protected abstract readonly random: () => number

  /** Runs a function of the application that holds a connection. */
  protected abstract hold<R>(work: () => Promise<R>): Promise<R>

  abstract getConnection(options?: ConnectionOptions): Promise<Connection>
  abstract health(options?: DeadlineOptions): Promise<DataSourceHealth>
  abstract addConnectionEventListener(listener: ConnectionEventListener<ConnectionSource>): void
  abstract removeConnectionEventListener(listener: ConnectionEventListener<ConnectionSource>): void
  abstract unwrap<T>(token: ClassToken<T>): T
  abstract isWrapperFor(token: ClassToken<unknown>): boolean

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
    return this.borrow(options, (connection, left) => connection.execute<Row>(sql, parameters, left))
  }

  stream<Row>(
    sql: string | SqlFragment,
    parameters?: SqlParameters,
    options?: StreamOptions,
  ): RowStream<Row> {
    return new BorrowedRowStream<Row>(
      () => this.getConnection({ timeout: options?.timeout, signal: options?.signal }),
      (connection) => connection.stream<Row>(sql, parameters, options),
    )
  }

  batch(sql: string, rows: Iterable<SqlParameters>, options?: DeadlineOptions): Promise<BatchResult> {
    return this.borrow(options, (connection, left) => connection.batch(sql, rows, left))
  }

  withConnection<T>(work: (connection: Connection) => Promise<T>): Promise<T>
  withConnection<T>(options: ConnectionOptions, work: (connection: Connection) => Promise<T>): Promise<T>
  async withConnection<T>(
    first: ConnectionOptions | ((connection: Connection) => Promise<T>),
    second?: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    const [options, work] = typeof first === 'function' ? [undefined, first] : [first, second!]
    return lend(await this.getConnection(options), (connection) => this.hold(() => work(connection)))
  }

  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  transaction<T>(
    options: DataSourceTransactionOptions,
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<T>
  async transaction<T>(
    first: DataSourceTransactionOptions | ((transaction: Transaction) => Promise<T>),
    second?: (transaction: Transaction) => Promise<T>,
  ): Promise<T> {
    const [options, work] = typeof first === 'function' ? [{}, first] : [first, second!]
    const { retries = 0, isolation, readOnly } = options
    wholeNumberOption('retries', retries, 0)
    const deadline = this.#deadline('A transaction', options)
    let begun = false
    const attempt = (connection: Connection, left: DeadlineOptions | undefined): Promise<T> => {
      const attemptOptions: TransactionOptions = { ...left, isolation, readOnly }
      return connection.transaction(attemptOptions, (transaction) => {
        begun = true
        return this.hold(() => work(transaction))
      })
    }
    for (
      let pause = firstRetryPause, left = retries;
      ;
      pause = Math.min(pause * 2, longestRetryPause), left--
    ) {
      try {
        return await this.#borrowUntil(deadline, options, attempt, () => !begun)
      } catch (error) {
        if (left === 0 || !mayRunAgain(error) || deadline?.error !== undefined) throw error
        await this.#pause(pause * (0.5 + 0.5 * this.random()), deadline)
      }
    }
  }

  /** One call on a borrowed connection: its deadline covers both. */
  protected borrow<T, Options extends DeadlineOptions>(
    options: Options | undefined,
    run: (connection: Connection, left: Options | undefined) => Promise<T>,
  ): Promise<T> {
    try {
      return this.#borrowUntil(this.#deadline('A call', options), options, run, always)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * A connection can die between two borrowers, unseen. When nothing was executed on it another one serves
   * (`ErrBadConn` of Go's database/sql, with its number of attempts); the pool suspects the others from the first on.
   */
  async #borrowUntil<T, Options extends DeadlineOptions>(
    deadline: Deadline | undefined,
    options: Options | undefined,
    run: (connection: Connection, left: Options | undefined) => Promise<T>,
    mayRepeat: () => boolean,
  ): Promise<T> {
    for (let deaths = 0; ; deaths++) {
      const connection = await (deadline === undefined
        ? this.getConnection()
        : this.getConnection({ signal: options?.signal, timeout: timeLeft(deadline) }))
      let value: T
      try {
        const left = deadline === undefined ? options : { ...options!, timeout: timeLeft(deadline) }
        value = await run(connection, left)
      } catch (error) {
        await giveBack(connection)
        const enough = deaths === deathsForgiven || deadline?.error !== undefined
        if (enough || !foundDead(error) || !mayRepeat()) throw error
        continue
      }
      await connection.close()
      return value
    }
  }

  #deadline(what: string, options: DeadlineOptions | undefined): Deadline | undefined {
    if (options?.timeout === undefined && options?.signal === undefined) return undefined
    return CallDeadline.from(this.clock, `${what} on ${this.name}`, options, Infinity)
  }

  #pause(milliseconds: number, deadline: Deadline | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.clock.setTimer(() => {
        stop?.()
        resolve()
      }, milliseconds)
      const stop = deadline?.onExpired((error) => {
        timer.cancel()
        reject(error)
      })
    })
  }
}

function always(): boolean {
  return true
}

/** For the next step of a call; undefined without a timeout. */
function timeLeft(deadline: Deadline): number | undefined {
  const { error } = deadline
  if (error !== undefined) throw error
  return deadline.expiresAt === Infinity ? undefined : deadline.remaining()
}

function mayRunAgain(error: unknown): boolean {
  return error instanceof SQLException && (error.retry === 'transaction' || error.retry === 'connect')
}
