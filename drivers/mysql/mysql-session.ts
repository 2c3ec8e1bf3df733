import type { DeadlineOptions } from '../../src/api/executor.ts'
import { SQLException, type SQLWarning } from '../../src/api/sql-exception.ts'
import { interfaceToken, type InterfaceToken } from '../../src/api/wrapper.ts'
import { releaseSource } from '../../src/spi/byte-source.ts'
import type { SessionLease } from '../../src/spi/session-lease.ts'
import type { LexicalRules } from '../../src/sql/dialect.ts'
import { allOrNothing } from './all-or-nothing.ts'
import { LoadExchange } from './load-exchange.ts'
import { checkLoadText } from './local-file.ts'
import type { SessionEnd } from './session-end.ts'
import type { Wire } from './wire.ts'

/** Data for LOAD DATA in the format that its text names, cut anywhere: bytes, or text, which is sent as UTF-8. */
export type LoadSource = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>

/** The outcome of a LOAD DATA. */
export interface LoadResult {
  /** How many rows were inserted; one that replaced another counts twice. */
  readonly updateCount: number
  /** Rows that were left out, values that were made to fit: the first 64. Empty with `fetchWarnings: false`. */
  readonly warnings: readonly SQLWarning[]
}

/**
 * What MySQL and MariaDB have and other databases have not, on a borrowed connection:
 * `connection.unwrap(MySqlSession)`. It belongs to that connection, or to the transaction whose `unwrap` gave it, and is
 * dead with it (08003, 25000).
 */
export interface MySqlSession {
  /**
   * Runs LOAD DATA LOCAL INFILE … with what the source gives, as fast as the server takes it: all of it or nothing, where
   * the table's engine has transactions. The name of the file in the text means nothing: no file is opened. Text needs
   * `CHARACTER SET utf8mb4` there, unless that is the character set of the database. Other statements on the connection
   * are refused meanwhile (HY010). Default timeout: the setting `queryTimeout`, for all of it. A failure destroys a
   * source that is a `Readable`.
   *
   * LOCAL means IGNORE: a row that is not as the table wants it is left out or made to fit, with a warning.
   *
   * @throws What the source throws, unchanged: the load is undone. `SQLSyntaxErrorException` 42601 for any other
   *   statement. `SQLFeatureNotSupportedException` 0A000 when the server has it switched off (`local_infile`).
   */
  loadData(sql: string, source: LoadSource, options?: DeadlineOptions): Promise<LoadResult>
}

/** The key to what MySQL and MariaDB alone can do: `connection.unwrap(MySqlSession)`. */
export const MySqlSession: InterfaceToken<MySqlSession> = interfaceToken('MySqlSession', ['loadData'])

/** For one handle, or one transaction. */
export class LeasedMySqlSession implements MySqlSession {
  readonly #lease: SessionLease
  readonly #wire: Wire
  readonly #end: SessionEnd
  readonly #lexical: LexicalRules
  readonly #fetchesWarnings: boolean

  constructor(
    lease: SessionLease,
    wire: Wire,
    end: SessionEnd,
    lexical: LexicalRules,
    fetchesWarnings: boolean,
  ) {
    this.#lease = lease
    this.#wire = wire
    this.#end = end
    this.#lexical = lexical
    this.#fetchesWarnings = fetchesWarnings
  }

  async loadData(sql: string, source: LoadSource, options?: DeadlineOptions): Promise<LoadResult> {
    const outcome: Pick<LoadExchange, 'sourceFailure'> = { sourceFailure: undefined }
    try {
      checkLoadText(sql, this.#lexical)
      // Its columns may be user variables.
      if (sql.includes('@')) this.#lease.markDirty()
      return await this.#lease.runAlone(sql, (proceed) => this.#load(sql, source, outcome, proceed), options)
    } catch (error) {
      releaseSource(source)
      const isLost = error instanceof SQLException && error.fatal
      throw outcome.sourceFailure === undefined || isLost ? error : outcome.sourceFailure.error
    }
  }

  #load(
    sql: string,
    source: LoadSource,
    outcome: Pick<LoadExchange, 'sourceFailure'>,
    proceed: () => void,
  ): Promise<LoadResult> {
    const wire = this.#wire
    const load = (): Promise<LoadResult> =>
      new Promise((resolve, reject) => {
        const finished = (exchange: LoadExchange): void => {
          const { failure, result, sourceFailure } = exchange
          outcome.sourceFailure = sourceFailure
          if (failure !== undefined) reject(exchange.refusal())
          else resolve({ updateCount: result.updateCount, warnings: result.warnings ?? [] })
        }
        wire.run(new LoadExchange(wire, sql, this.#fetchesWarnings, source, finished, reject))
      })
    return allOrNothing(wire, this.#end, load, proceed)
  }
}
