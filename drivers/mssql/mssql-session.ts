import type { DeadlineOptions } from '../../src/api/executor.ts'
import { SQLException } from '../../src/api/sql-exception.ts'
import { interfaceToken, type InterfaceToken } from '../../src/api/wrapper.ts'
import type { SessionLease } from '../../src/spi/session-lease.ts'
import { mssqlDialect } from '../../src/sql/dialects/mssql.ts'
import { quoteIdentifier } from '../../src/sql/quote-identifier.ts'
import { loadedColumn, type LoadedColumn } from './bulk-columns.ts'
import { BulkExchange, type BulkOutcome, type BulkRows } from './bulk-load.ts'
import { QueryExchange } from './query-exchange.ts'
import type { Wire } from './wire.ts'

/**
 * What SQL Server has and other databases have not, on a borrowed connection: `connection.unwrap(MssqlSession)`. It
 * belongs to that connection, or to the transaction whose `unwrap` gave it, and is dead with it (08003, 25000).
 */
export interface MssqlSession {
  /**
   * Loads rows into a table (INSERT BULK), as fast as the server takes them: all, or none. Constraints are checked and
   * triggers fire, as for an INSERT; NULL stays NULL where a column has a default. Other statements on the connection
   * are refused meanwhile (HY010). Default timeout: the setting `queryTimeout`, for all of it.
   *
   * @param table Its name, or `[schema, name]`.
   * @param columns The names of those that rows have values for, in that order.
   * @returns How many rows were loaded.
   * @throws What the source throws, unchanged: nothing is loaded. `BatchUpdateException` for a row that does not fit,
   *   before the server has seen it: a whole number or a decimal that its column cannot hold exactly, a text that is no
   *   ISO date. `SQLFeatureNotSupportedException` 0A000 for a column of XML, SQL_VARIANT and the like.
   */
  bulkLoad(
    table: string | readonly [schema: string, name: string],
    columns: readonly string[],
    rows: BulkRows,
    options?: DeadlineOptions,
  ): Promise<number>
}

/** The key to what SQL Server alone can do: `connection.unwrap(MssqlSession)`. */
export const MssqlSession: InterfaceToken<MssqlSession> = interfaceToken('MssqlSession', ['bulkLoad'])

/** For one handle, or one transaction. */
export class LeasedMssqlSession implements MssqlSession {
  readonly #lease: SessionLease
  readonly #wire: Wire
  readonly #beforeChange: () => Promise<void>

  /** @param beforeChange What a statement that changes something waits for; it throws where none may. */
  constructor(lease: SessionLease, wire: Wire, beforeChange: () => Promise<void>) {
    this.#lease = lease
    this.#wire = wire
    this.#beforeChange = beforeChange
  }

  async bulkLoad(
    table: string | readonly [schema: string, name: string],
    columns: readonly string[],
    rows: BulkRows,
    options?: DeadlineOptions,
  ): Promise<number> {
    const target = (typeof table === 'string' ? [table] : table).map(quoted).join('.')
    const outcome: BulkOutcome = { sourceFailure: undefined }
    try {
      return await this.#lease.runAlone(
        `INSERT BULK ${target}`,
        async (proceed) =>
          BulkExchange.run(this.#wire, await this.#prepare(target, columns, proceed), rows, outcome),
        options,
      )
    } catch (error) {
      const isLost = error instanceof SQLException && error.fatal
      throw outcome.sourceFailure === undefined || isLost ? error : outcome.sourceFailure.error
    }
  }

  /** From here on the server awaits rows. */
  async #prepare(
    target: string,
    names: readonly string[],
    proceed: () => void,
  ): Promise<readonly LoadedColumn[]> {
    const wire = this.#wire
    await this.#beforeChange()
    const described = await QueryExchange.describe(
      wire,
      `SELECT TOP (0) ${names.map(quoted).join(', ')} FROM ${target}`,
    )
    const columns = described.map((column) => loadedColumn(column, wire.collation))
    proceed()
    const declared = columns.map(({ name, declaration }) => `${quoted(name)} ${declaration}`).join(', ')
    const text = `INSERT BULK ${target} (${declared}) WITH (CHECK_CONSTRAINTS, FIRE_TRIGGERS, KEEP_NULLS)`
    await QueryExchange.command(wire, 'statement', text)
    proceed()
    return columns
  }
}

function quoted(name: string): string {
  return quoteIdentifier(name, mssqlDialect)
}
