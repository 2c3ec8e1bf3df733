import type { TransactionOptions } from '../api/executor.ts'
import { SQLException } from '../api/sql-exception.ts'
import type { Clock } from '../spi/clock.ts'
import type {
  BoundParameters,
  PhysicalCapabilities,
  PhysicalConnection,
  RawBatch,
  RawBatchResult,
  RawResult,
  RawStream,
  ServerFacts,
  SessionState,
  TransactionStatus,
} from '../spi/physical-connection.ts'
import type { CompiledStatement } from '../sql/compiled-statement.ts'
import type { Answers } from './answers.ts'
import type { ScriptedFailure, ScriptedStep } from './script.ts'
import type { Answer } from './scripted-database.ts'
import { sleepOf } from './scripted-expressions.ts'
import { initialState, supportedIsolations, type ScriptedSession } from './scripted-session.ts'
import { parseScript, parseStatement, type ScriptedStatement } from './scripted-sql.ts'
import { cancelled, connectionLost, notSupported, protocolViolation } from './server-errors.ts'

/** What a connection needs of its driver. */
export interface ScriptedConnectionContext {
  readonly clock: Clock
  readonly latency: number
  readonly capabilities: PhysicalCapabilities
  readonly answers: Answers
  /** Notes an operation; gives the failure that is scripted for it. */
  began(id: string, step: ScriptedStep, text: string, parameters?: unknown): ScriptedFailure | undefined
  /** Notes what has no answer. */
  noted(id: string, text: string): void
  /** Notes that the contract of the port was broken by its caller. */
  violated(id: string, message: string): void
  /** The server's end of the session is gone. */
  ended(id: string): void
}

/** What runs: it ends by itself, by a cancel, or by the loss of the session. */
interface Running {
  readonly cancellable: boolean
  /** When it would have ended by itself, on the clock. */
  readonly due: number
  finish(error?: SQLException): void
}

const facts: ServerFacts = {
  productName: 'Scripted',
  productVersion: '1.0',
  supportedIsolations,
}

/** The client's end of a scripted session: the wire, on which operations take time and fail. */
export class ScriptedConnection implements PhysicalConnection {
  readonly id: string
  readonly capabilities: PhysicalCapabilities
  readonly server = facts
  readonly initialState = initialState
  onDeath: ((error: SQLException) => void) | undefined
  readonly #context: ScriptedConnectionContext
  readonly #session: ScriptedSession
  readonly #ended: Promise<void>
  #end: () => void = nothing
  #running: Running | undefined
  #queued = 0
  #last: Promise<unknown> = Promise.resolve()
  #openStream: RawStream | undefined
  /** Why the client cannot use it any more. */
  #gone: SQLException | undefined
  /** The server has ended the session, and the client has not noticed. */
  #silentlyKilled = false
  #closing = false

  constructor(id: string, session: ScriptedSession, context: ScriptedConnectionContext) {
    this.id = id
    this.capabilities = context.capabilities
    this.#session = session
    this.#context = context
    this.#ended = new Promise((resolve) => {
      this.#end = () => {
        this.#end = nothing
        session.rollback()
        context.ended(id)
        resolve()
      }
    })
  }

  get transactionStatus(): TransactionStatus {
    return this.#session.transactionStatus
  }

  execute(statement: CompiledStatement, parameters: BoundParameters): Promise<RawResult> {
    const run = (): RawResult => {
      const answer = this.#answer(statement, parameters)
      return { ...answer, rows: [...answer.rows] }
    }
    return this.#operate(
      'execute',
      `execute ${statement.sql}`,
      run,
      () => sleep(statement, parameters),
      parameters,
    )
  }

  executeBatch(statement: CompiledStatement, rows: readonly BoundParameters[]): Promise<RawBatchResult> {
    return this.#operate(
      'batch',
      `batch ${statement.sql}`,
      () => this.#runBatch(statement, rows),
      noTime,
      rows,
    )
  }

  executeScript(text: string): Promise<void> {
    return this.#operate('script', `script ${text}`, () => {
      for (const statement of parseScript(text)) this.#session.run(statement, [])
    })
  }

  stream(statement: CompiledStatement, parameters: BoundParameters, fetchSize: number): RawStream {
    let rows: Iterator<readonly unknown[]> | undefined
    let next: IteratorResult<readonly unknown[]> | undefined
    let answer: Answer | undefined
    const takes = (): number => (rows === undefined ? sleep(statement, parameters) : 0)
    const run = (): RawBatch => {
      answer ??= this.#answer(statement, parameters)
      rows ??= answer.rows[Symbol.iterator]()
      const batch: (readonly unknown[])[] = []
      next ??= rows.next()
      while (next.done !== true && batch.length < fetchSize) {
        batch.push(next.value)
        next = rows.next()
      }
      if (next.done === true) this.#streamEnded(stream)
      return { rows: batch, done: next.done === true }
    }
    const stream: RawStream = {
      get columns() {
        return answer?.columns ?? []
      },
      fetch: () => {
        const first = this.#openStream !== stream
        const text = first ? `stream ${statement.sql}` : 'fetch'
        const fetched = this.#operate('fetch', text, run, takes, first ? parameters : undefined)
        if (first && this.#gone === undefined) this.#openStream = stream
        fetched.catch(() => this.#streamEnded(stream))
        return fetched
      },
      close: async () => {
        if (this.#openStream !== stream) return
        await this.#operate('close stream', 'close stream', () => this.#streamEnded(stream))
      },
    }
    return stream
  }

  begin(options: Pick<TransactionOptions, 'isolation' | 'readOnly'>): Promise<void> {
    const words = [options.isolation, options.readOnly === true ? 'read only' : undefined]
    const text = ['begin', ...words.filter((word) => word !== undefined)].join(' ')
    return this.#operate('begin', text, () => this.#session.begin(options))
  }

  commit(): Promise<'committed' | 'rolled-back'> {
    return this.#operate('commit', 'commit', () => this.#session.commit())
  }

  rollback(savepoint?: string): Promise<void> {
    const text = savepoint === undefined ? 'rollback' : `rollback to ${savepoint}`
    return this.#operate('rollback', text, () => this.#session.rollback(savepoint))
  }

  savepoint(name: string): Promise<void> {
    return this.#operate('savepoint', `savepoint ${name}`, () => this.#session.savepoint(name))
  }

  release(savepoint: string): Promise<void> {
    return this.#operate('release', `release ${savepoint}`, () => this.#session.release(savepoint))
  }

  configure(changes: Partial<SessionState>): Promise<void> {
    const words = Object.entries(changes).map(([name, value]) => `${name}=${String(value)}`)
    return this.#operate('configure', `configure ${words.join(' ')}`, () => this.#session.configure(changes))
  }

  ping(): Promise<void> {
    return this.#operate('ping', 'ping', nothing)
  }

  reset(): Promise<void> {
    return this.#operate('reset', 'reset', () => this.#session.reset())
  }

  async cancel(): Promise<void> {
    const target = this.#running
    const failure = this.#context.began(this.id, 'cancel', 'cancel')
    if (this.capabilities.cancel !== 'server') {
      this.#context.violated(this.id, `cancel, and the capability is ${this.capabilities.cancel}`)
      throw notSupported('cancel')
    }
    // A session of its own carries it, as with PostgreSQL: it does not wait for the statement.
    await this.#pause(this.#context.latency + (isDelay(failure) ? failure.delay : 0))
    if (failure === 'hang') await this.#ended
    const error = errorOf(failure)
    if (error !== undefined) throw error
    // What ran when the request was made is what is stopped, or nothing.
    if (target !== undefined && target === this.#running && target.cancellable) target.finish(cancelled())
  }

  async close(): Promise<void> {
    if (!this.#closing && this.#gone === undefined) {
      this.#closing = true
      const failure = this.#context.began(this.id, 'close', 'close')
      this.#gone = connectionLost()
      const running = this.#running
      if (running !== undefined) this.#cut(running)
      else if (failure !== 'hang') {
        await this.#pause(this.#context.latency + (isDelay(failure) ? failure.delay : 0))
        this.#end()
      }
    }
    await this.#ended
  }

  destroy(): void {
    if (this.#gone === undefined || (this.#closing && this.#end !== nothing)) {
      this.#context.noted(this.id, 'destroy')
      this.#gone ??= connectionLost()
      this.#cut(this.#running)
    }
  }

  /** The server ends the session. */
  kill(silently: boolean): void {
    if (silently) {
      this.#silentlyKilled = true
      this.#end()
    } else {
      this.#die(connectionLost())
    }
  }

  #answer(statement: CompiledStatement, parameters: BoundParameters): Answer {
    const scripted = this.#context.answers.find(statement.text, parameters)
    if (scripted === undefined) return this.#session.run(parsed(statement), parameters)
    const { columns, rows } = scripted
    // The rows with which a text is answered are the keys where these are asked for.
    if (statement.generatedKeys === undefined || columns.length === 0) return scripted
    const keys = [...rows]
    return { columns: [], rows: [], updateCount: keys.length, generatedKeys: { columns, rows: keys } }
  }

  #runBatch(statement: CompiledStatement, rows: readonly BoundParameters[]): RawBatchResult {
    const updateCounts: number[] = []
    for (const parameters of rows) {
      try {
        updateCounts.push(this.#answer(statement, parameters).updateCount)
      } catch (error) {
        if (!(error instanceof SQLException)) throw error
        this.#session.operationFailed()
        return { updateCounts, error }
      }
    }
    return { updateCounts }
  }

  /** One operation: noted at once, run in its turn, failing as scripted. */
  #operate<T>(
    step: ScriptedStep,
    text: string,
    work: () => T,
    takes: () => number = noTime,
    parameters?: unknown,
  ): Promise<T> {
    const failure = this.#context.began(this.id, step, text, parameters)
    const violation = this.#violation(step)
    if (violation !== undefined) {
      this.#context.violated(this.id, `${text}: ${violation}`)
      return Promise.reject(this.#gone ?? protocolViolation(violation))
    }
    const run = (): Promise<T> => this.#run(step, failure, work, takes)
    const busy = this.#running !== undefined || this.#queued > 0
    this.#queued++
    const result = (busy ? this.#last.then(run) : run()).finally(() => this.#queued--)
    this.#last = result.catch(nothing)
    return result
  }

  async #run<T>(
    step: ScriptedStep,
    failure: ScriptedFailure | undefined,
    work: () => T,
    takes: () => number,
  ): Promise<T> {
    try {
      if (this.#gone !== undefined) throw this.#gone
      const duration = this.#context.latency + takes() + (isDelay(failure) ? failure.delay : 0)
      await this.#busy(duration, failure === 'hang')
      if (this.#silentlyKilled || failure === 'die') {
        // Whatever was done in a transaction is undone, unless it was being committed.
        const isUndone = step !== 'commit' && this.#session.transactionStatus !== 'none'
        throw connectionLost(isUndone ? 'transaction' : 'unknown-outcome')
      }
      if (failure === 'rolled-back') {
        this.#session.rollback()
        return failure as T
      }
      const error = errorOf(failure)
      if (error === undefined) return work()
      if (isAnswer(failure) && failure.applied === true) work()
      if (isAnswer(failure) && failure.rollsBack === true) this.#session.rollback()
      throw error
    } catch (error) {
      this.#session.operationFailed()
      if (error instanceof SQLException && error.fatal) this.#die(error, false)
      throw error
    }
  }

  /** Waits while the server works. At least a turn, so that an operation is never over when it is asked for. */
  #busy(milliseconds: number, forever: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const due = forever ? Infinity : this.#context.clock.now() + milliseconds
      const running: Running = {
        cancellable: !forever,
        due,
        finish: (error) => {
          timer?.cancel()
          if (this.#running === running) this.#running = undefined
          if (error === undefined) resolve()
          else reject(error)
        },
      }
      const timed = !forever && milliseconds > 0
      const timer = timed ? this.#context.clock.setTimer(() => running.finish(), milliseconds) : undefined
      if (!forever && !timed) queueMicrotask(() => running.finish())
      this.#running = running
    })
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      if (milliseconds === 0) queueMicrotask(resolve)
      else this.#context.clock.setTimer(resolve, milliseconds)
    })
  }

  /** The client's end is cut off. What cannot be stopped keeps the server's end alive until it is over. */
  #cut(running: Running | undefined): void {
    const now = this.#context.clock.now()
    const left = running === undefined ? 0 : running.due - now
    running?.finish(connectionLost())
    const outlives = this.capabilities.cancel === 'none' && left > 0 && left !== Infinity
    if (outlives) this.#context.clock.setTimer(() => this.#end(), left)
    else this.#end()
  }

  #die(error: SQLException, tell = true): void {
    if (this.#gone !== undefined) return
    this.#gone = error
    this.#openStream = undefined
    this.#end()
    if (this.#running !== undefined) this.#running.finish(error)
    else if (tell) this.onDeath?.(error)
  }

  #violation(step: ScriptedStep): string | undefined {
    if (this.#gone !== undefined) return 'the connection is closed, destroyed or dead'
    if (this.#queued > 0 && !this.capabilities.pipelining) return 'another operation is running'
    if (this.#openStream !== undefined && step !== 'fetch' && step !== 'close stream')
      return 'a stream is open'
    return undefined
  }

  #streamEnded(stream: RawStream): void {
    if (this.#openStream === stream) this.#openStream = undefined
  }
}

const statements = new WeakMap<CompiledStatement, ScriptedStatement>()

function parsed(statement: CompiledStatement): ScriptedStatement {
  let found = statements.get(statement)
  if (found === undefined) {
    found = parseStatement(statement.sql)
    if (found.kind === 'insert') found = { ...found, keys: statement.generatedKeys }
    statements.set(statement, found)
  }
  return found
}

/** How long a statement takes; one that cannot be read fails when it runs. */
function sleep(statement: CompiledStatement, parameters: BoundParameters): number {
  if (!/\bsleep\s*\(/i.test(statement.sql)) return 0
  try {
    return sleepOf(parsed(statement), parameters)
  } catch {
    return 0
  }
}

function errorOf(failure: ScriptedFailure | undefined): SQLException | undefined {
  if (failure instanceof SQLException) return failure
  return isAnswer(failure) ? failure.error : undefined
}

function isDelay(failure: ScriptedFailure | undefined): failure is { delay: number } {
  return typeof failure === 'object' && 'delay' in failure
}

function isAnswer(
  failure: ScriptedFailure | undefined,
): failure is { error: SQLException; rollsBack?: boolean; applied?: boolean } {
  return typeof failure === 'object' && !(failure instanceof SQLException) && 'error' in failure
}

function noTime(): number {
  return 0
}

function nothing(): void {}
