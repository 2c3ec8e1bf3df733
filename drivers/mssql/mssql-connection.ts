import type { IsolationLevel, TransactionOptions } from '../../src/api/executor.ts'
import { SQLFeatureNotSupportedException, type SQLException } from '../../src/api/sql-exception.ts'
import { asInstance, type ClassToken } from '../../src/api/wrapper.ts'
import { mapRows } from '../../src/session/parameters.ts'
import { bySqlState } from '../../src/spi/classification.ts'
import type { Clock } from '../../src/spi/clock.ts'
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
import { checkText } from '../../src/sql/sendable-text.ts'
import { classify } from './errors.ts'
import { exceptionOf } from './exceptions.ts'
import type { RequestKind, RequestText } from './exchange.ts'
import { LeasedMssqlSession } from './mssql-session.ts'
import { MssqlStream, StreamExchange } from './mssql-stream.ts'
import { encodeParameters } from './parameters.ts'
import { QueryExchange, type Rows } from './query-exchange.ts'
import { SessionEnd } from './session-end.ts'
import type { SessionFacts } from './session-setup.ts'
import {
  beginText,
  checkIsolation,
  commitText,
  goOnText,
  isolationText,
  rollbackText,
  rollbackToText,
  savepointText,
  stopAtFailureText,
  transactionStateText,
} from './session-sql.ts'
import type { Wire } from './wire.ts'

export interface MssqlConnectionOptions {
  /** Where it leads, for messages. */
  readonly description: string
  readonly clock: Clock
}

/** A session with a SQL Server. */
export class MssqlConnection implements PhysicalConnection {
  readonly id: string
  readonly capabilities: PhysicalCapabilities = { pipelining: false, cancel: 'server' }
  readonly server: ServerFacts
  readonly initialState: SessionState
  onDeath: ((error: SQLException) => void) | undefined
  readonly #wire: Wire
  readonly #facts: SessionFacts
  readonly #end: SessionEnd
  /** What the session is to be like between transactions. */
  #isolation: IsolationLevel
  #readOnly: boolean
  /** What it is like on the server: a transaction's level outlives it there. */
  #levelOnServer: IsolationLevel
  #transactionIsReadOnly = false
  /** A batch is many requests: what stops one of them stops all that follow. */
  #stops = 0

  constructor(wire: Wire, facts: SessionFacts, { description, clock }: MssqlConnectionOptions) {
    const { spid, server, state } = facts
    this.id = `mssql ${spid} (${description})`
    this.server = server
    this.initialState = state
    this.#isolation = this.#levelOnServer = state.isolation
    this.#readOnly = state.readOnly
    this.#wire = wire
    this.#facts = facts
    this.#end = new SessionEnd(wire, clock)
    wire.onDeath = (cause) => this.onDeath?.(wire.exception(cause, 'idle'))
  }

  get transactionStatus(): TransactionStatus {
    return this.#wire.transactionStatus
  }

  async execute(statement: CompiledStatement, parameters: BoundParameters): Promise<RawResult> {
    return this.#execute(this.#requestOf(statement, parameters))
  }

  async executeBatch(
    statement: CompiledStatement,
    rows: readonly BoundParameters[],
  ): Promise<RawBatchResult> {
    const requests = mapRows(rows, (row) => this.#requestOf(statement, row))
    const stops = this.#stops
    const updateCounts: number[] = []
    for (const request of requests) {
      try {
        if (this.#stops !== stops) throw this.#wire.exception(stopped(), request.kind)
        updateCounts.push((await this.#execute(request)).updateCount)
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
    if (this.#isReadOnly) throw readOnlyRefusal(this.transactionStatus)
    // Else a batch goes on behind a statement that failed. It is a message of its own, as some statements have to be the
    // first of theirs. What has failed rolls back the transaction around it as well.
    const [[wasOn] = []] = await this.#command('harmless', stopAtFailureText)
    try {
      await this.#execute({ kind: 'statement', sql: text, parameters: [] })
    } finally {
      if (wasOn === 0 && this.#wire.dead === undefined) await this.#command('harmless', goOnText)
    }
  }

  stream(statement: CompiledStatement, parameters: BoundParameters, fetchSize: number): RawStream {
    return new MssqlStream(
      async () => {
        const request = this.#requestOf(statement, parameters)
        await this.#restoreIsolation()
        return new StreamExchange(this.#wire, request, fetchSize)
      },
      () => this.#end.cancel(),
    )
  }

  async begin({
    isolation = this.#isolation,
    readOnly = this.#readOnly,
  }: Pick<TransactionOptions, 'isolation' | 'readOnly'>): Promise<void> {
    checkIsolation(isolation, this.server.supportedIsolations)
    const isOther = isolation !== this.#levelOnServer
    this.#levelOnServer = isolation
    await this.#command('harmless', beginText(isOther ? isolation : undefined))
    this.#transactionIsReadOnly = readOnly
  }

  async commit(): Promise<'committed'> {
    // One that was begun within it, in a text, is counted, and does not end it.
    do await this.#command('commit', commitText(this.#levelToRestore()))
    while (this.#wire.client.inTransaction)
    this.#transactionIsReadOnly = this.#readOnly
    return 'committed'
  }

  async rollback(savepoint?: string): Promise<void> {
    if (savepoint !== undefined) {
      await this.#command('harmless', rollbackToText(savepoint))
      return
    }
    await this.#command('harmless', rollbackText(this.#levelToRestore()))
    this.#transactionIsReadOnly = this.#readOnly
  }

  async savepoint(name: string): Promise<void> {
    await this.#command('harmless', savepointText(name))
  }

  /** SQL Server keeps savepoints until the transaction ends: a later one of the same name hides it. */
  async release(): Promise<void> {}

  async configure({ isolation, readOnly, schema }: Partial<SessionState>): Promise<void> {
    if (schema !== undefined && schema !== this.initialState.schema) throw noOtherSchema()
    if (isolation !== undefined) {
      checkIsolation(isolation, this.server.supportedIsolations)
      this.#isolation = isolation
      await this.#restoreIsolation()
    }
    if (readOnly !== undefined) this.#readOnly = this.#transactionIsReadOnly = readOnly
  }

  async cancel(): Promise<void> {
    this.#stops++
    await this.#end.cancel()
  }

  async ping(): Promise<void> {
    await this.#command('harmless', 'SELECT 1')
  }

  /** One round trip: the reset is a bit of the message that sets the session up anew, its isolation level as well. */
  async reset(): Promise<void> {
    const { settings, state } = this.#facts
    const { client } = this.#wire
    if (client.inTransaction) await this.rollback()
    client.resetConnectionOnNextRequest = true
    await this.#command('harmless', settings)
    this.#isolation = this.#levelOnServer = state.isolation
    this.#readOnly = this.#transactionIsReadOnly = state.readOnly
  }

  close(): Promise<void> {
    return this.#end.close()
  }

  keepAlive(on: boolean): void {
    if (on) this.#wire.socket?.ref()
    else this.#wire.socket?.unref()
  }

  destroy(): void {
    this.#end.destroy()
  }

  unwrap<T>(token: ClassToken<T>, lease: SessionLease): T | undefined {
    const session = new LeasedMssqlSession(lease, this.#wire, async () => {
      if (this.#isReadOnly) throw readOnlyRefusal(this.transactionStatus)
      await this.#restoreIsolation()
    })
    return asInstance(this.#wire.client, token) ?? asInstance(session, token)
  }

  /** SQL Server has no transactions that only read: it is this driver that refuses. */
  get #isReadOnly(): boolean {
    return this.#wire.client.inTransaction ? this.#transactionIsReadOnly : this.#readOnly
  }

  #requestOf(statement: CompiledStatement, values: BoundParameters): RequestText {
    const { sql, order } = statement
    checkText(sql)
    const ordered = order === undefined ? values : order.map((at) => values[at]!)
    const parameters = encodeParameters(ordered, this.#wire.collation)
    if (this.#isReadOnly && !statement.readOnly) throw readOnlyRefusal(this.transactionStatus)
    return { kind: kindOf(statement), sql, parameters }
  }

  async #execute(request: RequestText): Promise<RawResult> {
    await this.#restoreIsolation()
    try {
      return await QueryExchange.run(this.#wire, request)
    } catch (error) {
      await this.#lookAtTransaction(error as SQLException)
      throw error
    }
  }

  /** An error may doom the transaction, and only the server knows (XACT_STATE). */
  async #lookAtTransaction(error: SQLException): Promise<void> {
    const { transactionStatus, dead } = this.#wire
    if (transactionStatus === 'none' || dead !== undefined) return
    const { transaction } = classify(error.cause, { phase: 'statement', transactionStatus })
    if (transaction !== 'failed' && transaction !== 'unknown') return
    this.#wire.noteDoubt(transaction)
    const [[state] = []] = await QueryExchange.command(this.#wire, 'harmless', transactionStateText)
    this.#wire.noteDoubt(state === -1 ? 'failed' : undefined)
  }

  /** What the server is to be told beside the end of a transaction. */
  #levelToRestore(): IsolationLevel | undefined {
    const isolation = this.#isolation
    if (this.#levelOnServer === isolation) return undefined
    this.#levelOnServer = isolation
    return isolation
  }

  /** Where the server has ended a transaction by itself, nobody has set the level back. */
  async #restoreIsolation(): Promise<void> {
    if (this.#wire.client.inTransaction) return
    const isolation = this.#levelToRestore()
    if (isolation !== undefined) await this.#command('harmless', isolationText(isolation))
  }

  #command(kind: RequestKind, text: string): Promise<Rows> {
    return QueryExchange.command(this.#wire, kind, text)
  }
}

/** What the loss of the session during this statement would mean. */
function kindOf(statement: CompiledStatement): RequestKind {
  if (statement.transactionControl) return 'commit'
  return statement.readOnly ? 'harmless' : 'statement'
}

function stopped(): Error {
  return Object.assign(new Error('Canceled.'), { code: 'ECANCEL' })
}

function readOnlyRefusal(transactionStatus: TransactionStatus): SQLException {
  return exceptionOf(
    new Error('The session only reads, and this statement may change something'),
    bySqlState('25006', undefined, { phase: 'statement', transactionStatus }),
  )
}

/** The schema of unqualified names belongs to the login, not to the session. */
function noOtherSchema(): SQLException {
  return new SQLFeatureNotSupportedException(
    'SQL Server has no schema of a session: write it before the name, or ALTER USER … WITH DEFAULT_SCHEMA',
    { sqlState: '0A000', reason: 'feature' },
  )
}
