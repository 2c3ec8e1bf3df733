import { SQLSyntaxErrorException, type SQLWarning } from '../../src/api/sql-exception.ts'
import { callsFunctions } from '../../src/sql/sendable-text.ts'
import { toWarning } from './exceptions.ts'
import { Exchange, interrupted, type RequestKind } from './exchange.ts'
import { closeStatementBytes, pingFrames, prepareFrames, queryFrames, type Frames } from './frames.ts'
import type { MySqlPacket } from './mysql-module.ts'
import { executeFrames, type EncodedParameters } from './parameters.ts'
import type { Response } from './response.ts'
import type { ValueOptions } from './result-types.ts'
import { ServerError } from './server-error.ts'
import type { KnownStatement, StatementCache } from './statement-cache.ts'
import type { Wire } from './wire.ts'

/** How a statement is to run. */
export interface StatementRun {
  readonly sql: string
  readonly kind: RequestKind
  readonly parameters: EncodedParameters
  readonly values: ValueOptions
  /** It gives no rows and takes no values: one message is enough. */
  readonly asText: boolean
  readonly fetchesWarnings: boolean
}

/** The server says so of what it takes as a text alone. */
const notPreparable = 1295
/** All sessions together have as many as the server allows: max_prepared_stmt_count. */
const tooManyPrepared = 1461
/** Unknown to the server, or to be prepared again. */
const stale: ReadonlySet<number> = new Set([1243, 1615])
/** How statements begin that leave the transaction as it is. */
const neverCommits = /^\s*(?:SELECT|WITH|INSERT|UPDATE|DELETE|REPLACE)\b/i
const warningsFrames = queryFrames('SHOW WARNINGS LIMIT 64')

/**
 * A statement: prepared where it is not yet, run, and asked for its warnings. What is not to stay prepared is closed
 * with the same message that runs it.
 */
export abstract class StatementExchange extends Exchange {
  readonly run: StatementRun
  readonly #cache: StatementCache
  readonly #known: KnownStatement
  #state: 'preparing' | 'described' | 'running' | 'warnings' | 'status' = 'preparing'
  #prepared = 0
  #markers = 0
  /** Packets of the description that are still to come: what it says is said again with the rows. */
  #skipped = 0
  #response: Response | undefined
  /** The answer to what was asked behind the statement. */
  #afterwards: Response | undefined
  failure: unknown
  /** It failed before the server has begun it: what was prepared is stale, or there was no room to prepare it. */
  wasNotBegun = false
  warnings: SQLWarning[] | undefined

  constructor(wire: Wire, cache: StatementCache, known: KnownStatement, run: StatementRun) {
    super(wire, run.kind)
    this.run = run
    this.#cache = cache
    this.#known = known
  }

  /** The answer, as far as it has come. */
  get answer(): Response | undefined {
    return this.#response
  }

  /** Whatever a function has done. */
  protected override get lossKind(): RequestKind {
    return this.kind === 'harmless' && callsFunctions(this.run.sql) ? 'statement' : this.kind
  }

  protected override begin(): void {
    const { asText, sql } = this.run
    const { plan } = this.#known
    if (plan !== undefined) this.#execute(plan.id)
    else if (asText) this.#runText()
    else this.#write(prepareFrames(sql))
  }

  protected override take(packet: MySqlPacket): boolean {
    switch (this.#state) {
      case 'preparing':
        return this.#prepareAnswered(packet)
      case 'described':
        if (--this.#skipped === 0) return this.#executePrepared()
        return false
      case 'running':
        return this.#response!.take(packet) && this.#answered()
      case 'warnings':
      case 'status':
        return this.#afterwards!.take(packet)
    }
  }

  protected abstract onRow(row: unknown[]): void

  #prepareAnswered(packet: MySqlPacket): boolean {
    const { buffer, offset } = packet
    if (buffer[offset] === 0xff) {
      const error = ServerError.of(packet)
      const isFull = error.errno === tooManyPrepared
      // Room is made by the next message.
      if (isFull) this.#cache.forgetAll()
      const needsNoPlan = this.run.parameters.values.length === 0
      if ((isFull || error.errno === notPreparable) && needsNoPlan && !this.isStopped) {
        this.#runText()
        return false
      }
      this.failure = isFull ? noRoom(error) : error
      this.wasNotBegun = isFull
      return true
    }
    this.#prepared = buffer.readUInt32LE(offset + 1)
    const columns = buffer.readUInt16LE(offset + 5)
    this.#markers = buffer.readUInt16LE(offset + 7)
    this.#skipped = (columns > 0 ? columns + 1 : 0) + (this.#markers > 0 ? this.#markers + 1 : 0)
    if (this.#skipped === 0) return this.#executePrepared()
    this.#state = 'described'
    return false
  }

  #executePrepared(): boolean {
    const { parameters } = this.run
    const given = parameters.values.length
    if (given !== this.#markers) this.failure = wrongCount(this.#markers, given)
    else if (this.isStopped) this.failure = interrupted()
    if (this.failure !== undefined) {
      this.wire.client.stream.write(closeStatementBytes(this.#prepared))
      return true
    }
    if (this.#cache.keeps(this.#known)) {
      this.#known.plan = { id: this.#prepared, shape: undefined }
      this.#execute(this.#prepared)
    } else this.#execute(this.#prepared, closeStatementBytes(this.#prepared))
    return false
  }

  #execute(id: number, after?: Buffer): void {
    this.#listen(true)
    this.#write(executeFrames(id, this.run.parameters), after)
  }

  #runText(): void {
    this.#listen(false)
    this.#write(queryFrames(this.run.sql))
  }

  #listen(binary: boolean): void {
    this.#state = 'running'
    this.#response = this.response({
      binary,
      values: this.run.values,
      known: this.#known.plan?.shape,
      onRow: (row) => this.onRow(row),
    })
  }

  #answered(): boolean {
    const response = this.#response!
    this.failure = response.failure
    const { plan } = this.#known
    if (this.failure !== undefined) {
      this.wasNotBegun = plan !== undefined && stale.has((this.failure as Partial<ServerError>).errno ?? 0)
      if (this.wasNotBegun) this.#cache.forget(this.#known)
      return !this.#mayHaveCommitted() || this.#ask('status', pingFrames, () => {})
    }
    if (plan !== undefined) plan.shape = response.shape
    if (response.warningCount === 0 || !this.run.fetchesWarnings || this.isStopped) return true
    const warnings: SQLWarning[] = []
    this.warnings = warnings
    return this.#ask('warnings', warningsFrames, (row) => warnings.push(toWarning(row)))
  }

  /** What commits in passing does so also when it fails, and an error does not tell the state of the transaction. */
  #mayHaveCommitted(): boolean {
    const isOpen = this.wire.transactionStatus === 'open'
    return (
      isOpen && this.failure instanceof ServerError && !this.isStopped && !neverCommits.test(this.run.sql)
    )
  }

  #ask(state: 'warnings' | 'status', frames: Frames, onRow: (row: readonly unknown[]) => void): false {
    this.#state = state
    this.#afterwards = this.response({ binary: false, values: { tinyInt1: 'number', native: false }, onRow })
    this.#write(frames)
    return false
  }

  #write(frames: Frames, after?: Buffer): void {
    this.wire.write(frames, this.#cache.takeClosed(), after)
  }
}

function noRoom({ errno, sqlState, sqlMessage }: ServerError): ServerError {
  return new ServerError(
    errno,
    sqlState,
    `${sqlMessage}: raise it, or let each of all the connections to this server keep fewer (statementCacheSize)`,
  )
}

/** The server counts the markers: in a comment that only some versions run, nobody else can. */
function wrongCount(markers: number, given: number): SQLSyntaxErrorException {
  return new SQLSyntaxErrorException(
    `The server found ${markers} parameter(s) in the statement, and ${given} were given`,
    { sqlState: '07001', reason: 'parameter' },
  )
}
