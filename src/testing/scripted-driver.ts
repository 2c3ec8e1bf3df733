import type { Deadline } from '../spi/deadline.ts'
import type {
  ConnectionPoolDataSource,
  Driver,
  DriverContext,
  PooledConnectionOptions,
} from '../spi/driver.ts'
import type {
  PhysicalCapabilities,
  PhysicalConnection,
  TransactionStatus,
} from '../spi/physical-connection.ts'
import { choice, duration, flag, type SettingsTable } from '../spi/settings.ts'
import { SQLException, SQLTransientConnectionException } from '../api/sql-exception.ts'
import type { ParameterValue } from '../api/sql-types.ts'
import { BaseConnectionPoolDataSource } from '../session/base-data-source.ts'
import { Answers, type ScriptedAnswerSource } from './answers.ts'
import { Script, type ScriptedFailure, type ScriptedFailureEntry } from './script.ts'
import type { ScriptedFailureOptions, ScriptedStep } from './script.ts'
import { ScriptedConnection, type ScriptedConnectionContext } from './scripted-connection.ts'
import { ScriptedDatabase } from './scripted-database.ts'
import { scriptedDialect } from './scripted-dialect.ts'
import { ScriptedSession } from './scripted-session.ts'
import { parseStatement } from './scripted-sql.ts'

/** One operation that reached the scripted server, in the order of arrival. */
export interface ScriptedOperation {
  /** The session's id. */
  readonly session: string
  /** Verb first: `connect`, `execute SELECT 1`, `begin serializable`, `rollback to s1`, `close`, `destroy`. */
  readonly text: string
  /** Of a statement; the rows of a batch. */
  readonly parameters?: unknown
}

/** A session as the scripted server knows it. */
export interface ScriptedSessionInfo {
  readonly id: string
  readonly user: string | undefined
  readonly transactionStatus: TransactionStatus
}

/** Options of a scripted driver. */
export interface ScriptedDriverOptions {
  /** Failures to come, as by {@link ScriptedDriver.failNext}. Default: none. */
  readonly script?: readonly ScriptedFailureEntry[] | undefined
}

interface ServerSession {
  readonly id: string
  readonly user: string | undefined
  readonly session: ScriptedSession
  connection: ScriptedConnection | undefined
}

/** The settings of a scripted data source, in force. */
export interface ScriptedSettings {
  readonly latency: number
  readonly pipelining: boolean
  readonly cancel: 'server' | 'kill' | 'none'
  readonly failedTransactions: boolean
}

const settings: SettingsTable = {
  latency: {
    schema: duration(),
    default: 0,
    meaning: 'How long the server takes for each operation, in milliseconds.',
  },
  pipelining: {
    schema: flag(),
    default: false,
    meaning: 'Whether several statements may be sent before the first has answered.',
  },
  cancel: {
    schema: choice('server', 'kill', 'none'),
    default: 'server',
    meaning: 'How a running statement is stopped.',
  },
  failedTransactions: {
    schema: flag(),
    default: false,
    meaning: 'Whether an error within a transaction fails it, as in PostgreSQL.',
  },
}

/** Sessions of all scripted drivers are told apart within the process. */
let sessions = 0

/**
 * A database in memory that fails when it is told to, for the tests of applications and of Wellhead itself.
 *
 * It understands `CREATE TABLE`, `DROP TABLE`, `INSERT`, `SELECT` of one table, `UPDATE`, `DELETE`, `SET` and
 * transactions with savepoints; `SELECT sleep(?)` takes so many milliseconds on the clock of the data source,
 * `SELECT n FROM series(?)` gives so many rows, the table `session_settings` holds what was `SET`. Other texts are
 * answered by {@link ScriptedDriver.answer}. All sources of one driver share its tables.
 *
 * ```ts
 * const driver = new ScriptedDriver()
 * await using source = createDataSource({ driver, maximumPoolSize: 2 })
 * driver.failNext('commit', connectionLost())
 * ```
 */
export class ScriptedDriver implements Driver {
  readonly name = 'scripted'
  readonly urlSchemes: readonly string[] = ['scripted']
  readonly settings: SettingsTable = settings
  readonly #script = new Script()
  readonly #answers = new Answers()
  readonly #database = new ScriptedDatabase()
  readonly #sessions = new Map<string, ServerSession>()
  readonly #operations: ScriptedOperation[] = []
  readonly #violations: string[] = []
  #opened = 0
  #peak = 0

  constructor(options: ScriptedDriverOptions = {}) {
    for (const entry of options.script ?? []) this.#script.add(entry)
  }

  /** `scripted:?latency=5ms&cancel=kill`: the query is the settings. */
  parseUrl(url: string): Record<string, unknown> {
    return Object.fromEntries(new URL(url).searchParams)
  }

  createConnectionPoolDataSource(
    given: Readonly<Record<string, unknown>>,
    context: DriverContext,
  ): ConnectionPoolDataSource {
    const chosen = given as unknown as ScriptedSettings
    return new BaseConnectionPoolDataSource({
      description: 'scripted:',
      dialect: scriptedDialect,
      driverName: 'wellhead/testing',
      context,
      connect: (options) => this.openSession(options, chosen, context),
    })
  }

  /** Opens one session. To be overridden by a driver that puts something around its connections. */
  async openSession(
    options: PooledConnectionOptions,
    chosen: ScriptedSettings,
    { clock }: DriverContext,
  ): Promise<PhysicalConnection> {
    const { latency, pipelining, cancel, failedTransactions } = chosen
    const id = `scripted-${++sessions}`
    const session = new ScriptedSession(this.#database, failedTransactions)
    const entry: ServerSession = { id, user: options.user, session, connection: undefined }
    this.#sessions.set(id, entry)
    this.#opened++
    this.#peak = Math.max(this.#peak, this.open)
    const capabilities: PhysicalCapabilities = { pipelining, cancel }
    const context = this.#contextOf(capabilities, latency, clock)
    try {
      const failure = context.began(id, 'connect', 'connect')
      const time = failure === 'hang' ? Infinity : latency + (isDelay(failure) ? failure.delay : 0)
      await passed(time, options.deadline, (callback) => clock.setTimer(callback, time))
      const error = connectError(failure)
      if (error !== undefined) throw error
    } catch (error) {
      // Nothing of a connect that failed stays behind.
      this.#sessions.delete(id)
      throw error
    }
    entry.connection = new ScriptedConnection(id, session, context)
    return entry.connection
  }

  /** The next operation of a kind fails so. Several may be asked for; they are used in order. */
  failNext(step: ScriptedStep, failure: ScriptedFailure, options: ScriptedFailureOptions = {}): void {
    this.#script.add({ ...options, step, failure })
  }

  /** Failures that no operation has met yet. */
  get failuresLeft(): readonly ScriptedFailureEntry[] {
    return this.#script.remaining
  }

  /** Forgets the failures that are left. */
  clearFailures(): void {
    this.#script.clear()
  }

  /**
   * Answers a text (exactly that one, or any that matches) in place of the database. The latest rule goes first. Rows
   * are the generated keys where a statement asks for these.
   */
  answer(text: string | RegExp, answer: ScriptedAnswerSource): void {
    this.#answers.add(text, answer)
  }

  /** Runs a statement on the tables directly: no session, no clock, no failure. For preparing and for checking. */
  query(sql: string, parameters: readonly ParameterValue[] = []): Record<string, unknown>[] {
    const session = new ScriptedSession(this.#database, false)
    const { columns, rows } = session.run(parseStatement(sql), parameters)
    return [...rows].map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index]])))
  }

  /** Ends a session from the server's side. Silently: the client learns it at its next operation. */
  kill(id: string, options: { readonly silently?: boolean | undefined } = {}): void {
    this.#sessions.get(id)?.connection?.kill(options.silently ?? false)
  }

  /** Ends all sessions, as a restart of the server does. */
  killAll(options: { readonly silently?: boolean | undefined } = {}): void {
    for (const id of this.#sessions.keys()) this.kill(id, options)
  }

  /** Sessions that the server holds now, those being connected or ended included. */
  get sessions(): readonly ScriptedSessionInfo[] {
    return [...this.#sessions.values()].map(({ id, user, session }) => ({
      id,
      user,
      transactionStatus: session.transactionStatus,
    }))
  }

  /** Sessions ever opened. */
  get opened(): number {
    return this.#opened
  }

  /** Sessions ended. */
  get closed(): number {
    return this.#opened - this.#sessions.size
  }

  /** Sessions open now. */
  get open(): number {
    return this.#sessions.size
  }

  /** The most sessions that were open at one time. */
  get peak(): number {
    return this.#peak
  }

  /** All that reached the server, in order. */
  get operations(): readonly ScriptedOperation[] {
    return this.#operations
  }

  /** The texts of {@link ScriptedDriver.operations}, of one session or all. */
  wire(session?: string): string[] {
    return this.#operations
      .filter((operation) => session === undefined || operation.session === session)
      .map((operation) => operation.text)
  }

  /** Forgets the operations noted so far. */
  clearOperations(): void {
    this.#operations.length = 0
  }

  /** How the contract of `PhysicalConnection` was broken by its caller; empty when it was kept. */
  get violations(): readonly string[] {
    return this.#violations
  }

  #contextOf(
    capabilities: PhysicalCapabilities,
    latency: number,
    clock: DriverContext['clock'],
  ): ScriptedConnectionContext {
    return {
      clock,
      latency,
      capabilities,
      answers: this.#answers,
      began: (session, step, text, parameters) => {
        this.#operations.push(parameters === undefined ? { session, text } : { session, text, parameters })
        return this.#script.take(step, session)
      },
      noted: (session, text) => void this.#operations.push({ session, text }),
      violated: (session, message) => void this.#violations.push(`${session}: ${message}`),
      ended: (session) => void this.#sessions.delete(session),
    }
  }
}

/** Waits until the time has passed; rejects when the deadline comes first. */
function passed(
  milliseconds: number,
  deadline: Deadline,
  setTimer: (callback: () => void) => { cancel(): void },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = deadline.onExpired((error) => {
      timer?.cancel()
      reject(error)
    })
    const finish = (): void => {
      stop()
      resolve()
    }
    const timer = milliseconds > 0 && milliseconds !== Infinity ? setTimer(finish) : undefined
    if (milliseconds === 0) queueMicrotask(finish)
  })
}

function connectError(failure: ScriptedFailure | undefined): SQLException | undefined {
  if (failure === 'die') {
    return new SQLTransientConnectionException('The scripted database refused the connection', {
      sqlState: '08001',
      reason: 'connect-failed',
      fatal: true,
      retry: 'connect',
    })
  }
  if (failure instanceof SQLException) return failure
  return typeof failure === 'object' && 'error' in failure ? failure.error : undefined
}

function isDelay(failure: ScriptedFailure | undefined): failure is { readonly delay: number } {
  return typeof failure === 'object' && 'delay' in failure
}
