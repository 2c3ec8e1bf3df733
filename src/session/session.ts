import type { TransactionOptions } from '../api/executor.ts'
import type { SQLException } from '../api/sql-exception.ts'
import type { Clock } from '../spi/clock.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { SessionSettings } from '../spi/driver.ts'
import type { PhysicalConnection, SessionState } from '../spi/physical-connection.ts'
import type { CompiledStatement } from '../sql/compiled-statement.ts'
import type { StatementCompiler } from '../sql/statement-compiler.ts'
import { CallDeadline } from './call-deadline.ts'
import type { Judge } from './exception-override.ts'
import {
  connectionClosed,
  inTransaction,
  restoreFailed,
  streamIsOpen,
  type ClosedBy,
} from './session-errors.ts'
import { SessionTransaction } from './session-transaction.ts'
import { Tenancy, type Caller } from './tenancy.ts'
import { StatementQueue, type Operation, type QueueOwner } from './statement-queue.ts'

/** What all sessions of a data source share. */
export interface SessionContext {
  readonly compiler: StatementCompiler
  readonly clock: Clock
  readonly settings: SessionSettings
  readonly driverName: string
  readonly dataSourceName: string
  readonly judge: Judge
}

/** A stream, as far as the session is concerned. */
export interface OpenStream {
  /** Ends it because its connection is closed. */
  closeRaw(): Promise<void>
}

/**
 * One physical connection at work: who may use it now, its transaction, its open stream, its changed settings.
 * Everything that reaches the driver passes here.
 */
export class Session implements QueueOwner {
  readonly physical: PhysicalConnection
  readonly context: SessionContext
  readonly #queue: StatementQueue
  readonly #onLost: (error: SQLException) => void
  readonly tenancy = new Tenancy()
  #broken: SQLException | undefined
  #dirty = false

  autoCommit = true
  state: SessionState
  readonly #transaction: SessionTransaction
  #stream: OpenStream | undefined

  constructor(physical: PhysicalConnection, context: SessionContext, onLost: (error: SQLException) => void) {
    this.physical = physical
    this.context = context
    this.state = physical.initialState
    this.#transaction = new SessionTransaction(physical)
    this.#queue = new StatementQueue(this)
    this.#onLost = onLost
    physical.onDeath = (error) => this.lost(this.judge(error))
  }

  get clock(): Clock {
    return this.context.clock
  }

  get cancelGrace(): number {
    return this.context.settings.validationTimeout
  }

  judge(error: unknown): SQLException {
    return this.context.judge(error)
  }

  get broken(): SQLException | undefined {
    return this.#broken
  }

  get dirty(): boolean {
    return this.#dirty
  }

  get transactionIsOpen(): boolean {
    return this.#transaction.isOpen
  }

  /** Nothing to do before the physical connection can serve somebody else. */
  get isClean(): boolean {
    return (
      this.#queue.isIdle &&
      this.#stream === undefined &&
      !this.#transaction.isOpen &&
      this.state === this.physical.initialState
    )
  }

  get hasStream(): boolean {
    return this.#stream !== undefined
  }

  /** The handle that was lent is stale from now on; its mode is not that of the next one. */
  takeBack(by: ClosedBy): void {
    this.tenancy.takeBack(by)
    this.autoCommit = true
  }

  /** Every turn goes this way: nothing reaches a physical connection that is gone. */
  #enqueue<T>(operation: Operation<T>): Promise<T> {
    if (this.#broken !== undefined) return Promise.reject(connectionClosed('loss', this.#broken))
    return this.#queue.run(operation)
  }

  /** Runs a statement, or several calls as one turn. Within a lost transaction it is refused (25P02). */
  run<T>(caller: Caller, operation: Operation<T>): Promise<T> {
    this.tenancy.check(caller)
    if (this.#stream !== undefined) throw streamIsOpen()
    return this.#enqueue(this.autoCommit && !this.#transaction.isBegun ? operation : this.#inOrder(operation))
  }

  /** Like {@link Session.run}, for the stream that is open. Only its first fetch may have to begin a transaction. */
  runForStream<T>(operation: Operation<T>, first = false): Promise<T> {
    const plain = !first || (this.autoCommit && !this.#transaction.isBegun)
    return this.#enqueue(plain ? operation : this.#inOrder(operation))
  }

  /** @throws SQLException HY010 while a stream is open. */
  checkNoStream(): void {
    if (this.#stream !== undefined) throw streamIsOpen()
  }

  /** Each depends on the one before: never pipelined, and begun first where auto-commit is off. */
  #inOrder<T>(operation: Operation<T>): Operation<T> {
    // The mode is that of the call: until its turn has come, another may have been set.
    const begins = !this.autoCommit
    return {
      what: operation.what,
      deadline: operation.deadline,
      run: async (proceed) => {
        this.#transaction.checkNotLost()
        if (begins && !this.#transaction.isBegun) {
          await this.#begin({})
          proceed()
        }
        return operation.run(proceed)
      },
    }
  }

  openStream(caller: Caller, stream: OpenStream): void {
    this.tenancy.check(caller)
    if (this.#stream !== undefined) throw streamIsOpen()
    this.#stream = stream
  }

  streamEnded(stream: OpenStream): void {
    if (this.#stream === stream) this.#stream = undefined
  }

  /** Ends the stream that a transaction left open. Until its turn has come, whoever cleans up must know of it. */
  async closeStream(): Promise<void> {
    const stream = this.#stream
    if (stream === undefined) return
    await this.runForStream({
      what: 'close the stream',
      ending: true,
      run: async () => {
        if (this.#stream !== stream) return
        this.#stream = undefined
        await stream.closeRaw()
      },
    })
  }

  /** Noted when a statement is sent: whether it succeeds is not asked. */
  note(statement: CompiledStatement): void {
    if (statement.changesSession) this.#dirty = true
  }

  markDirty(): void {
    this.#dirty = true
  }

  /** For a block that is already entered: the caller was checked before. */
  begin(options: TransactionOptions, deadline: Deadline | undefined): Promise<void> {
    if (this.#stream !== undefined) throw streamIsOpen()
    return this.#enqueue({ what: 'BEGIN', deadline, run: () => this.#begin(options) })
  }

  #begin({ isolation, readOnly = this.state.readOnly }: TransactionOptions): Promise<void> {
    return this.#transaction.begin({ isolation, readOnly })
  }

  /** A transaction of the turn that runs now. When the turn fails it is rolled back before the next one. */
  beginTurn(): Promise<void> {
    return this.#transaction.beginTurn(this.state.readOnly)
  }

  commitTurn(): Promise<void> {
    return this.#transaction.commitTurn()
  }

  /**
   * @param options `orRollback`: a commit that fails is followed by a rollback, before anything else.
   * @throws SQLTransactionRollbackException 40000 when the database rolled back instead.
   */
  commit(options: { deadline?: Deadline | undefined; orRollback?: boolean } = {}): Promise<void> {
    return this.#enqueue({
      what: 'COMMIT',
      ending: true,
      deadline: options.deadline,
      run: () => this.#transaction.commit(options.orRollback ?? false),
    })
  }

  rollback(): Promise<void> {
    return this.#enqueue({ what: 'ROLLBACK', ending: true, run: () => this.#transaction.rollback() })
  }

  /** A turn within a transaction that is not a statement: a savepoint. */
  runControl<T>(what: string, deadline: Deadline | undefined, run: () => Promise<T>): Promise<T> {
    if (this.#stream !== undefined) throw streamIsOpen()
    return this.#enqueue(this.#inOrder({ what, deadline, run }))
  }

  /** Back to a savepoint: also when the database refuses everything else. Without a transaction there is nothing. */
  undoToSavepoint(run: () => Promise<void>): Promise<void> {
    return this.#enqueue({
      what: 'ROLLBACK TO SAVEPOINT',
      ending: true,
      run: async () => {
        if (!this.#transaction.isLost) await run()
      },
    })
  }

  async configure(caller: Caller, changes: Partial<SessionState>): Promise<void> {
    this.tenancy.check(caller)
    if (this.#stream !== undefined) throw streamIsOpen()
    await this.#enqueue({
      what: `SET ${Object.keys(changes).join(', ')}`,
      run: async () => {
        if (this.transactionIsOpen) throw inTransaction('This setting cannot be changed within a transaction')
        await this.physical.configure(changes)
        this.state = { ...this.state, ...changes }
      },
    })
  }

  /**
   * Makes the physical connection fit for somebody else: what waits is refused, what runs is stopped, a transaction
   * is rolled back, settings are restored. Comes before anything that a new handle asks for.
   */
  async cleanUp(by: ClosedBy): Promise<void> {
    const stream = this.#stream
    this.#stream = undefined
    this.#queue.rejectWaiting(connectionClosed(by))
    const running = this.#queue.running
    if (running !== undefined) {
      process.emitWarning(
        `${this.context.dataSourceName}: a connection was closed while a statement ran on it: ${shorten(running)}`,
        { code: 'WELLHEAD_CLOSED_WHILE_RUNNING' },
      )
    }
    // Whether it has done its work before it was stopped nobody knows.
    const stopped = this.#queue.stopRunning(connectionClosed(by, undefined, 'caller'))
    if (this.#broken !== undefined) return stopped
    const restored = this.#queue.runFirst({
      what: 'restore the session',
      ending: true,
      restoring: true,
      deadline: new CallDeadline(this.clock, 'Restoring the session', { timeout: this.cancelGrace }),
      run: async () => {
        await stream?.closeRaw()
        await this.#transaction.rollback()
        await this.#restoreState()
      },
    })
    await Promise.all([stopped, restored])
  }

  async #restoreState(): Promise<void> {
    const initial = this.physical.initialState
    if (this.state === initial) return
    const changes: Partial<{ -readonly [Key in keyof SessionState]: SessionState[Key] }> = {}
    if (this.state.readOnly !== initial.readOnly) changes.readOnly = initial.readOnly
    if (this.state.isolation !== initial.isolation) changes.isolation = initial.isolation
    if (this.state.schema !== initial.schema) changes.schema = initial.schema
    if (Object.keys(changes).length > 0) await this.physical.configure(changes)
    this.state = initial
  }

  ping(): Promise<void> {
    // Between two fetches nothing can be asked; the next fetch will tell.
    if (this.#stream !== undefined) return Promise.resolve()
    return this.#enqueue({ what: 'ping', run: () => this.physical.ping() })
  }

  async reset(deadline: Deadline): Promise<void> {
    await this.#enqueue({ what: 'reset', deadline, run: () => this.physical.reset() })
    this.#transaction.forget()
    this.autoCommit = true
    this.state = this.physical.initialState
    this.#dirty = false
    await this.initialise(deadline)
  }

  /** Runs the setting `connectionInitSql`. What it changes is how this session is meant to be: it is not dirty. */
  async initialise(deadline: Deadline): Promise<void> {
    for (const text of this.context.settings.connectionInitSql ?? []) {
      const statement = this.context.compiler.compile(text)
      await this.#enqueue({ what: text, deadline, run: () => this.physical.execute(statement, []) })
    }
  }

  /** Refuses everything that waits or runs. */
  refuseAll(error: SQLException): void {
    this.#queue.rejectAll(error)
  }

  get isIdle(): boolean {
    return this.#queue.isIdle
  }

  settled(error: SQLException | undefined): void {
    // Not within the turn that failed: a cancel of it may still be under way.
    if (!this.#transaction.turnEnded(error) || this.#broken !== undefined) return
    this.#queue
      .runFirst({ what: 'ROLLBACK', ending: true, run: () => this.#transaction.rollback() })
      .catch((failure: unknown) => {
        this.lost(restoreFailed('The transaction of a turn that failed could not be rolled back', failure))
      })
  }

  lost(error: SQLException): void {
    if (this.#broken !== undefined) return
    this.#broken = error
    this.physical.destroy()
    this.#onLost(error)
    this.tenancy.lose(error)
    this.#stream = undefined
    this.#queue.rejectAll(connectionClosed('loss', error, error.retry))
  }
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
