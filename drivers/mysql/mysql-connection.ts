import type { TransactionOptions } from '../../src/api/executor.ts'
import { SQLFeatureNotSupportedException, type SQLException } from '../../src/api/sql-exception.ts'
import { asInstance, type ClassToken } from '../../src/api/wrapper.ts'
import { mapRows } from '../../src/session/parameters.ts'
import type { Clock } from '../../src/spi/clock.ts'
import type { SessionSettings } from '../../src/spi/driver.ts'
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
import type { SessionLease } from '../../src/spi/session-lease.ts'
import type { CompiledStatement } from '../../src/sql/compiled-statement.ts'
import type { Dialect } from '../../src/sql/dialect.ts'
import { checkText } from '../../src/sql/sendable-text.ts'
import { Command, type Rows } from './command.ts'
import type { ControlConnection, Place } from './control.ts'
import { interrupted, type RequestKind } from './exchange.ts'
import {
  initDatabaseFrames,
  oneStatementFrames,
  pingFrames,
  queryFrames,
  resetFrames,
  severalStatementsFrames,
  type Frames,
} from './frames.ts'
import { checkKeys, generatedKeysOf } from './generated-keys.ts'
import { LeasedMySqlSession } from './mysql-session.ts'
import { MySqlStream, StreamExchange } from './mysql-stream.ts'
import { encodeParameters, type EncodedParameters } from './parameters.ts'
import { QueryExchange } from './query-exchange.ts'
import type { ValueOptions } from './result-types.ts'
import { SessionEnd } from './session-end.ts'
import type { SessionFacts } from './session-setup.ts'
import { beginFrames, commitFrames, configureFrames, rollbackFrames, savepointFrames } from './session-sql.ts'
import type { MySqlSettings } from './settings.ts'
import { StatementCache } from './statement-cache.ts'
import type { StatementRun } from './statement-exchange.ts'
import type { Wire } from './wire.ts'

export interface MySqlConnectionOptions {
  /** Where it leads, for messages. */
  readonly description: string
  readonly place: Place
  readonly settings: MySqlSettings
  readonly session: SessionSettings
  readonly clock: Clock
}

/** A session with a MySQL or MariaDB server. */
export class MySqlConnection implements PhysicalConnection {
  readonly id: string
  readonly capabilities: PhysicalCapabilities = { pipelining: false, cancel: 'server' }
  readonly server: ServerFacts
  readonly initialState: SessionState
  readonly dialect: Dialect
  onDeath: ((error: SQLException) => void) | undefined
  readonly #wire: Wire
  readonly #facts: SessionFacts
  readonly #statements: StatementCache
  readonly #end: SessionEnd
  readonly #values: ValueOptions
  readonly #fetchesWarnings: boolean
  #readOnly: boolean
  /** A batch is many exchanges: what stops one of them stops all that follow. */
  #stops = 0

  constructor(wire: Wire, facts: SessionFacts, control: ControlConnection, options: MySqlConnectionOptions) {
    const { description, place, settings, session, clock } = options
    const { threadId, identity } = facts
    this.id = `mysql ${threadId} (${description})`
    this.server = facts.server
    this.initialState = facts.state
    this.dialect = facts.dialect
    this.#readOnly = facts.state.readOnly
    this.#wire = wire
    this.#facts = facts
    this.#end = new SessionEnd(wire, control, { threadId, identity, place }, clock)
    this.#values = { tinyInt1: settings.tinyInt1, native: session.types === 'native' }
    this.#fetchesWarnings = settings.fetchWarnings
    this.#statements = new StatementCache(session.statementCacheSize, session.prepareThreshold ?? 2)
    wire.onDeath = (cause) => this.onDeath?.(wire.exception(cause, 'idle'))
  }

  get transactionStatus(): TransactionStatus {
    return this.#wire.transactionStatus
  }

  async execute(statement: CompiledStatement, parameters: BoundParameters): Promise<RawResult> {
    const keys = this.dialect.generatedKeys === 'driver' ? statement.generatedKeys : undefined
    if (keys !== undefined) checkKeys(statement.sql, keys)
    const run = this.#runOf(statement, parameters, this.#fetchesWarnings)
    const { result, insertId } = await this.#execute(run)
    if (keys === undefined) return result
    return {
      ...result,
      generatedKeys: generatedKeysOf(keys[0]!, insertId, result.updateCount, this.#facts.keyStep),
    }
  }

  async executeBatch(
    statement: CompiledStatement,
    rows: readonly BoundParameters[],
  ): Promise<RawBatchResult> {
    const runs = mapRows(rows, (row) => this.#runOf(statement, row, false))
    const stops = this.#stops
    const updateCounts: number[] = []
    for (const [at, run] of runs.entries()) {
      try {
        if (this.#stops !== stops) throw this.#wire.exception(interrupted(), run.kind)
        // A batch is the repetition that preparing waits for.
        const { result } = await this.#execute(run, at === 0 ? runs.length : 1)
        updateCounts.push(result.updateCount)
      } catch (error) {
        const exception = error as SQLException
        if (exception.fatal) throw exception
        return { updateCounts, error: exception }
      }
    }
    return { updateCounts }
  }

  async executeScript(text: string): Promise<void> {
    checkText(text)
    await this.#command('harmless', severalStatementsFrames)
    this.#forgetOutdated(text)
    try {
      await this.#command('statement', queryFrames(text))
    } finally {
      // Elsewhere a text is one statement, also for whoever has found a way round the scanner.
      if (this.#wire.dead === undefined) await this.#command('harmless', oneStatementFrames)
    }
  }

  stream(statement: CompiledStatement, parameters: BoundParameters, fetchSize: number): RawStream {
    return new MySqlStream(
      () => {
        const run = this.#runOf(statement, parameters, false)
        return new StreamExchange(this.#wire, this.#statements, this.#statements.use(run.sql), run, fetchSize)
      },
      () => this.#end.cancel(),
    )
  }

  async begin(options: Pick<TransactionOptions, 'isolation' | 'readOnly'>): Promise<void> {
    await this.#command('harmless', ...beginFrames(options, this.#readOnly))
  }

  async commit(): Promise<'committed'> {
    await this.#command('commit', commitFrames)
    return 'committed'
  }

  async rollback(savepoint?: string): Promise<void> {
    await this.#command('harmless', rollbackFrames(savepoint))
  }

  async savepoint(name: string): Promise<void> {
    await this.#command('harmless', savepointFrames('SAVEPOINT', name))
  }

  async release(savepoint: string): Promise<void> {
    await this.#command('harmless', savepointFrames('RELEASE SAVEPOINT', savepoint))
  }

  async configure(changes: Partial<SessionState>): Promise<void> {
    if (changes.schema !== undefined && this.initialState.schema === '') throw noWayBack()
    const frames = configureFrames(changes)
    if (frames !== undefined) await this.#command('harmless', frames)
    if (changes.schema !== undefined) {
      await this.#command('harmless', initDatabaseFrames(changes.schema))
      this.#statements.enter(changes.schema === this.initialState.schema ? undefined : changes.schema)
    }
    if (changes.readOnly !== undefined) this.#readOnly = changes.readOnly
  }

  async cancel(): Promise<void> {
    this.#stops++
    try {
      await this.#end.cancel()
    } catch (error) {
      throw this.#wire.exception(error, 'statement')
    }
  }

  async ping(): Promise<void> {
    await this.#command('harmless', pingFrames)
  }

  async reset(): Promise<void> {
    const { settings, state } = this.#facts
    // The server goes back to its own settings, but stays in the database.
    const rows = await this.#command('harmless', resetFrames, settings, queryFrames('SELECT DATABASE()'))
    this.#statements.clear()
    this.#readOnly = state.readOnly
    const schema = rows[0]?.[0] ?? ''
    if (schema === state.schema) return
    if (state.schema === '') throw noWayBack()
    await this.#command('harmless', initDatabaseFrames(state.schema))
  }

  close(): Promise<void> {
    return this.#end.close()
  }

  keepAlive(on: boolean): void {
    this.#wire.keepAlive(on)
  }

  destroy(): void {
    this.#end.destroy()
  }

  unwrap<T>(token: ClassToken<T>, lease: SessionLease): T | undefined {
    const { lexical } = this.dialect
    const session = new LeasedMySqlSession(lease, this.#wire, this.#end, lexical, this.#fetchesWarnings)
    return asInstance(this.#wire.client, token) ?? asInstance(session, token)
  }

  #runOf(statement: CompiledStatement, values: BoundParameters, fetchesWarnings: boolean): StatementRun {
    const { sql, order } = statement
    checkText(sql)
    if (statement.changesSession !== false) this.#forgetOutdated(sql)
    const ordered = order === undefined ? values : order.map((at) => values[at]!)
    const parameters: EncodedParameters = encodeParameters(ordered, this.#facts.longest - sql.length)
    return {
      sql,
      kind: kindOf(statement),
      parameters,
      values: this.#values,
      asText: parameters.values.length === 0 && !statement.returnsRows,
      fetchesWarnings,
    }
  }

  #execute(run: StatementRun, times = 1, again = false): Promise<{ result: RawResult; insertId: bigint }> {
    return new Promise((resolve, reject) => {
      const cache = this.#statements
      const known = cache.use(run.sql, again ? 0 : times)
      const finished = (exchange: QueryExchange): void => {
        if (exchange.failure === undefined) {
          resolve({ result: exchange.result, insertId: exchange.answer?.insertId ?? 0n })
        } else if (exchange.wasNotBegun && !again && !exchange.isStopped) resolve(this.#execute(run, 0, true))
        else reject(exchange.refusal())
      }
      this.#wire.run(new QueryExchange(this.#wire, cache, known, run, finished, reject))
    })
  }

  /** A plan has the database and the sql_mode of the time when it was made. */
  #forgetOutdated(text: string): void {
    if (/\b(?:use|sql_mode)\b/i.test(text)) this.#statements.forgetAll()
  }

  #command(kind: RequestKind, ...requests: readonly Frames[]): Promise<Rows> {
    return Command.run(this.#wire, kind, ...requests)
  }
}

/** What the loss of the session during this statement would mean. */
function kindOf(statement: CompiledStatement): RequestKind {
  if (statement.transactionControl) return 'commit'
  return statement.readOnly ? 'harmless' : 'statement'
}

/** From a database there is a way to another, and none to no database. */
function noWayBack(): SQLException {
  return new SQLFeatureNotSupportedException(
    'The session was opened without a database, and cannot go back to none: set database',
    { sqlState: '0A000', reason: 'feature' },
  )
}
