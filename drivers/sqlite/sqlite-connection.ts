import type { IsolationLevel, TransactionOptions } from '../../src/api/executor.ts'
import type { ColumnMetadata } from '../../src/api/result.ts'
import { SQLFeatureNotSupportedException, type SQLException } from '../../src/api/sql-exception.ts'
import type { ClassToken } from '../../src/api/wrapper.ts'
import type {
  BoundParameters,
  PhysicalCapabilities,
  PhysicalConnection,
  RawBatchResult,
  RawResult,
  RawStream,
  ServerFacts,
  SessionState,
  TransactionStatus,
} from '../../src/spi/physical-connection.ts'
import { mapRows } from '../../src/session/parameters.ts'
import type { CompiledStatement } from '../../src/sql/compiled-statement.ts'
import type { OpenChannel } from './channel.ts'
import { EngineLink } from './engine-link.ts'
import { toException } from './errors.ts'
import { toNative } from './parameters.ts'
import type { Answer, OpenOptions } from './protocol.ts'
import { SqliteStream } from './sqlite-stream.ts'
import { StatementNumbers } from './statement-numbers.ts'

let connections = 0

/** A session with a SQLite database: an engine somewhere, asked over its link. */
export class SqliteConnection implements PhysicalConnection {
  readonly initialState: SessionState
  readonly #path: string
  readonly #link: EngineLink
  readonly #capabilities: PhysicalCapabilities
  readonly #statements: StatementNumbers
  #server: ServerFacts = factsOf('')
  #closing: Promise<void> | undefined

  private constructor(openChannel: OpenChannel, options: OpenOptions, statementCacheSize: number) {
    this.initialState = Object.freeze({ readOnly: options.readOnly, isolation, schema })
    this.#path = options.path
    this.#link = new EngineLink(openChannel, `sqlite ${++connections}`, options.path)
    this.#capabilities = this.#link.channel.destroyIsImmediate ? canKill : cannotCancel
    this.#statements = new StatementNumbers(statementCacheSize)
  }

  /**
   * Starts an engine and opens the database in it. A failure leaves nothing behind.
   *
   * @param connecting Receives the connection at once, to destroy it when it takes too long.
   */
  static async open(
    openChannel: OpenChannel,
    options: OpenOptions,
    statementCacheSize: number,
    connecting: (connection: SqliteConnection) => void,
  ): Promise<SqliteConnection> {
    const connection = new SqliteConnection(openChannel, options, statementCacheSize)
    const link = connection.#link
    connecting(connection)
    try {
      const answer = await link.ask(['open', options], true)
      connection.#server = factsOf(expect(answer, 'opened')[2])
      return connection
    } catch (error) {
      link.destroy()
      await link.ended
      throw error
    }
  }

  get id(): string {
    return this.#link.name
  }

  /** A statement that waits for a lock can be stopped and harms nothing; one that runs cannot. */
  get capabilities(): PhysicalCapabilities {
    return this.#link.onlyWaits ? canCancel : this.#capabilities
  }

  get server(): ServerFacts {
    return this.#server
  }

  get transactionStatus(): TransactionStatus {
    return this.#link.inTransaction ? 'open' : 'none'
  }

  get onDeath(): ((error: SQLException) => void) | undefined {
    return this.#link.onDeath
  }

  set onDeath(callback: ((error: SQLException) => void) | undefined) {
    this.#link.onDeath = callback
  }

  execute(statement: CompiledStatement, parameters: BoundParameters): Promise<RawResult> {
    return new Promise((resolve, failed) => {
      const values = toNative(statement, parameters)
      const [known, text] = this.#statements.find(statement.sql)
      this.#link.send({
        request: ['execute', known.number, text, values],
        harmless: statement.readOnly,
        answered(answer) {
          const [, , rows, updateCount, columns] = expect(answer, 'result')
          if (columns !== undefined) known.columns = frozen(columns)
          resolve({ columns: known.columns, rows, updateCount })
        },
        failed,
      })
    })
  }

  async executeBatch(
    statement: CompiledStatement,
    rows: readonly BoundParameters[],
  ): Promise<RawBatchResult> {
    const native = mapRows(rows, (row) => toNative(statement, row))
    const answer = await this.#link.ask(['batch', statement.sql, native])
    const [, , updateCounts, failure] = expect(answer, 'counts')
    if (failure === undefined) return { updateCounts }
    // The session room has begun a transaction for it, if there was none.
    const context = { phase: 'statement', transactionStatus: 'open' } as const
    return { updateCounts, error: toException(failure, this.#path, context) }
  }

  async executeScript(text: string): Promise<void> {
    await this.#link.ask(['script', text])
  }

  stream(statement: CompiledStatement, parameters: BoundParameters, fetchSize: number): RawStream {
    return new SqliteStream(this.#link, statement, parameters, fetchSize)
  }

  async begin(options: Pick<TransactionOptions, 'isolation' | 'readOnly'>): Promise<void> {
    if (options.isolation !== undefined) checkIsolation(options.isolation)
    await this.#link.ask(['begin', options.readOnly === true], true)
  }

  async commit(): Promise<'committed' | 'rolled-back'> {
    return expect(await this.#link.ask(['commit']), 'ended')[2]
  }

  async rollback(savepoint?: string): Promise<void> {
    await this.#link.ask(['rollback', savepoint], true)
  }

  async savepoint(name: string): Promise<void> {
    await this.#link.ask(['savepoint', name], true)
  }

  async release(savepoint: string): Promise<void> {
    await this.#link.ask(['release', savepoint])
  }

  async configure(changes: Partial<SessionState>): Promise<void> {
    if (changes.isolation !== undefined) checkIsolation(changes.isolation)
    if (changes.schema !== undefined && changes.schema !== schema) {
      throw notSupported('A SQLite session has no current schema: write its name before the table')
    }
    if (changes.readOnly === undefined) return
    if (!changes.readOnly && this.initialState.readOnly) {
      throw notSupported('The database was opened for reading only')
    }
    await this.#link.ask(['query only', changes.readOnly], true)
  }

  /** Only what waits for a lock: it rejects, and the session lives. */
  cancel(): Promise<void> {
    if (this.#link.onlyWaits) this.#link.stopWaiting()
    return Promise.resolve()
  }

  async ping(): Promise<void> {
    await this.#link.ask(['ping'], true)
  }

  /** The database is closed and opened again, in the same thread: nothing of the session can survive that. */
  async reset(): Promise<void> {
    await this.#link.ask(['reset'], true)
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#link.close())
  }

  keepAlive(on: boolean): void {
    this.#link.channel.keepAlive?.(on)
  }

  destroy(): void {
    this.#link.destroy()
  }

  unwrap<T>(token: ClassToken<T>): T | undefined {
    const { database } = this.#link.channel
    return database instanceof token ? (database as unknown as T) : undefined
  }
}

const isolation: IsolationLevel = 'serializable'
const schema = 'main'
const canCancel: PhysicalCapabilities = Object.freeze({ pipelining: true, cancel: 'server' })
const canKill: PhysicalCapabilities = Object.freeze({ pipelining: true, cancel: 'kill' })
const cannotCancel: PhysicalCapabilities = Object.freeze({ pipelining: true, cancel: 'none' })

function factsOf(productVersion: string): ServerFacts {
  return Object.freeze({ productName: 'SQLite', productVersion, supportedIsolations: [isolation] })
}

/** Narrows an answer; another kind would be a fault of ours. */
function expect<Kind extends Answer[0]>(
  answer: Answer,
  kind: Kind,
): Extract<Answer, readonly [Kind, ...unknown[]]> {
  if (answer[0] !== kind) throw new TypeError(`The engine answered '${answer[0]}' instead of '${kind}'`)
  return answer as Extract<Answer, readonly [Kind, ...unknown[]]>
}

function frozen(columns: readonly ColumnMetadata[]): readonly ColumnMetadata[] {
  for (const column of columns) Object.freeze(column)
  return Object.freeze(columns)
}

function checkIsolation(level: IsolationLevel): void {
  if (level !== isolation) {
    throw notSupported(`SQLite has no isolation level '${level}': its transactions are serializable`)
  }
}

function notSupported(message: string): SQLException {
  return new SQLFeatureNotSupportedException(message, { sqlState: '0A000', reason: 'feature' })
}
