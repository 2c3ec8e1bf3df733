import type { Connection, DatabaseMetaData, PreparedStatement, Savepoint } from '../api/connection.ts'
import type { DeadlineOptions, IsolationLevel } from '../api/executor.ts'
import { SQLNonTransientException } from '../api/sql-exception.ts'
import type { Deadline } from '../spi/deadline.ts'
import { kindOf } from '../sql/native-sql.ts'
import { CallDeadline } from './call-deadline.ts'
import { LogicalPreparedStatement } from './logical-prepared-statement.ts'
import { noTransaction } from './session-errors.ts'
import { SessionExecutor } from './session-executor.ts'
import type { Session } from './session.ts'

/** The pooled connection, as its handles see it. */
export interface HandleOwner {
  closeHandle(generation: number): Promise<void>
  abortHandle(generation: number, reason: unknown): void
  isValid(deadline: Deadline): Promise<boolean>
}

const none: readonly Savepoint[] = []

/** The handle: the right to use one physical connection until it is closed. */
export class LogicalConnection extends SessionExecutor implements Connection {
  readonly #owner: HandleOwner
  /** By age; those after one that was rolled back to, or released, are gone. */
  #savepoints: readonly Savepoint[] = none
  #savepointNumber = 0
  #closing: Promise<void> | undefined

  constructor(session: Session, generation: number, owner: HandleOwner) {
    super(session, generation, undefined, undefined)
    this.#owner = owner
  }

  get isClosed(): boolean {
    return !this.session.tenancy.isLive(this)
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#owner.closeHandle(this.generation))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  abort(reason?: unknown): void {
    this.#owner.abortHandle(this.generation, reason)
  }

  async isValid(options?: DeadlineOptions): Promise<boolean> {
    const { clock, settings, dataSourceName } = this.session.context
    const what = `Validating a connection of ${dataSourceName}`
    const deadline = CallDeadline.from(clock, what, options, settings.validationTimeout)
    if (!this.session.tenancy.isLive(this)) return false
    return this.#owner.isValid(deadline)
  }

  get autoCommit(): boolean {
    this.session.tenancy.check(this)
    return this.session.autoCommit
  }

  async setAutoCommit(autoCommit: boolean): Promise<void> {
    const { session } = this
    session.tenancy.check(this)
    if (session.autoCommit === autoCommit) return
    // Its fetches began outside a transaction, and would find themselves within one.
    if (!autoCommit) session.checkNoStream()
    // What waits may begin one.
    const open = session.transactionIsOpen || !session.isIdle
    // At once, and not when the commit has been answered: by then the session may serve somebody else.
    session.autoCommit = autoCommit
    if (!open) return
    try {
      await this.#end(() => session.commit({ orRollback: true }))
    } catch (error) {
      if (session.tenancy.isLive(this)) session.autoCommit = !autoCommit
      throw error
    }
  }

  async commit(): Promise<void> {
    this.#requireManual('commit')
    await this.#end(() => this.session.commit())
  }

  async rollback(savepoint?: Savepoint): Promise<void> {
    this.#requireManual('rollback')
    if (savepoint === undefined) return this.#end(() => this.session.rollback())
    const position = this.#position(savepoint)
    await Promise.all([
      this.session.closeStream(),
      this.session.undoToSavepoint(() => this.session.physical.rollback(savepoint.name)),
    ])
    this.#savepoints = this.#savepoints.slice(0, position + 1)
  }

  async setSavepoint(name?: string): Promise<Savepoint> {
    this.#requireManual('setSavepoint')
    const savepoint = { name: name ?? `savepoint_${++this.#savepointNumber}` }
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,31}$/.test(savepoint.name)) {
      throw new SQLNonTransientException(
        `A savepoint cannot be called '${savepoint.name}': letters, digits and _, at most 32, beginning with a letter`,
        { sqlState: '3B001', reason: 'savepoint' },
      )
    }
    await this.session.runControl('SAVEPOINT', undefined, () =>
      this.session.physical.savepoint(savepoint.name),
    )
    this.#savepoints = [...this.#savepoints, savepoint]
    return savepoint
  }

  async releaseSavepoint(savepoint: Savepoint): Promise<void> {
    this.#requireManual('releaseSavepoint')
    const position = this.#position(savepoint)
    await this.session.runControl('RELEASE SAVEPOINT', undefined, () =>
      this.session.physical.release(savepoint.name),
    )
    this.#savepoints = this.#savepoints.slice(0, position)
  }

  get readOnly(): boolean {
    this.session.tenancy.check(this)
    return this.session.state.readOnly
  }

  async setReadOnly(readOnly: boolean): Promise<void> {
    if (readOnly !== this.readOnly) await this.session.configure(this, { readOnly })
  }

  get transactionIsolation(): IsolationLevel {
    this.session.tenancy.check(this)
    return this.session.state.isolation
  }

  async setTransactionIsolation(isolation: IsolationLevel): Promise<void> {
    if (isolation !== this.transactionIsolation) await this.session.configure(this, { isolation })
  }

  get schema(): string {
    this.session.tenancy.check(this)
    return this.session.state.schema
  }

  async setSchema(schema: string): Promise<void> {
    if (schema !== this.schema) await this.session.configure(this, { schema })
  }

  async prepareStatement(sql: string): Promise<PreparedStatement> {
    this.session.tenancy.check(this)
    return new LogicalPreparedStatement(this, this.session.context.compiler.compile(sql))
  }

  async script(sql: string, options?: DeadlineOptions): Promise<void> {
    const { session } = this
    session.tenancy.check(this)
    if (typeof sql !== 'string') {
      throw new SQLNonTransientException(`The script is ${kindOf(sql)}, not a text`, {
        sqlState: 'HY009',
        reason: 'parameter',
      })
    }
    await session.run(this, {
      what: sql,
      deadline: this.deadline(options),
      run: () => {
        // What is in it is not looked at.
        session.markDirty()
        return session.physical.executeScript(sql)
      },
    })
  }

  async getMetaData(): Promise<DatabaseMetaData> {
    this.session.tenancy.check(this)
    const { server, initialState } = this.session.physical
    const { compiler, driverName } = this.session.context
    const { dialect } = compiler
    return {
      databaseProductName: server.productName,
      databaseProductVersion: server.productVersion,
      driverName,
      identifierQuoteString: dialect.identifierQuote[0],
      maxParameters: dialect.maxParameters,
      defaultTransactionIsolation: initialState.isolation,
      supportedTransactionIsolations: server.supportedIsolations,
      dataDefinitionIsTransactional: dialect.dataDefinitionIsTransactional,
    }
  }

  nativeSQL(sql: string): string {
    return this.session.context.compiler.compile(sql).sql
  }

  /** Both take their places in the queue now: what is called next comes after them. */
  async #end(end: () => Promise<void>): Promise<void> {
    this.#savepoints = none
    await Promise.all([this.session.closeStream(), end()])
  }

  #requireManual(what: string): void {
    this.session.tenancy.check(this)
    if (this.session.autoCommit) {
      throw noTransaction(
        `${what}() is for auto-commit off; use transaction(fn), or setAutoCommit(false) before`,
      )
    }
  }

  #position(savepoint: Savepoint): number {
    const position = this.#savepoints.indexOf(savepoint)
    if (position !== -1) return position
    throw new SQLNonTransientException(
      `The savepoint '${savepoint?.name}' is gone, or of another transaction`,
      {
        sqlState: '3B001',
        reason: 'savepoint',
      },
    )
  }
}
