import type { TransactionOptions } from '../../src/api/executor.ts'
import type { SQLException } from '../../src/api/sql-exception.ts'
import type { ClassToken } from '../../src/api/wrapper.ts'
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
import type { CompiledStatement } from '../../src/sql/compiled-statement.ts'
import type { Canceller } from './cancel.ts'
import { isStalePlan, toException, type ErrorContext, type RequestKind } from './errors.ts'
import { frontend } from './frontend-messages.ts'
import { encodeParameters, fits, type EncodedParameters } from './parameters.ts'
import { PgStream } from './pg-stream.ts'
import { ScriptRequest } from './script-request.ts'
import type { SessionFacts } from './session-setup.ts'
import { beginText, configureText, quoted, resetText, rollbackText, searchPathText } from './session-sql.ts'
import { StatementCache, type KnownStatement, type Plan } from './statement-cache.ts'
import { BatchRequest, callsFunctions, checkText, kindOf, QueryRequest } from './statement-requests.ts'
import type { Wire } from './wire.ts'

export interface PgConnectionOptions {
  /** Where it leads, for messages. */
  readonly description: string
  readonly clock: Clock
  readonly statementCacheSize: number
  readonly prepareThreshold: number
}

const capabilities: PhysicalCapabilities = Object.freeze({ pipelining: true, cancel: 'server' })

/** How long the server may take to hang up after a goodbye, in milliseconds. */
const partingTime = 2_000

/** A session with a PostgreSQL server. */
export class PgConnection implements PhysicalConnection {
  readonly id: string
  readonly capabilities = capabilities
  readonly server: ServerFacts
  readonly initialState: SessionState
  onDeath: ((error: SQLException) => void) | undefined
  readonly #wire: Wire
  readonly #canceller: Canceller
  readonly #statements: StatementCache
  readonly #clock: Clock
  #readOnly: boolean
  /** As it was before another schema was set. */
  #searchPath: string | undefined
  #closing: Promise<void> | undefined
  #parting: Promise<void> = Promise.resolve()

  constructor(wire: Wire, facts: SessionFacts, canceller: Canceller, options: PgConnectionOptions) {
    this.id = `pg ${wire.client.processID} (${options.description})`
    this.server = facts.server
    this.initialState = facts.state
    this.#readOnly = facts.state.readOnly
    this.#wire = wire
    this.#canceller = canceller
    this.#clock = options.clock
    this.#statements = new StatementCache(options.statementCacheSize, options.prepareThreshold)
    wire.onDeath = (cause) =>
      this.onDeath?.(toException(cause, { phase: 'idle', transactionStatus: wire.transactionStatus }))
  }

  get transactionStatus(): TransactionStatus {
    return this.#wire.transactionStatus
  }

  execute(statement: CompiledStatement, parameters: BoundParameters): Promise<RawResult> {
    return new Promise((resolve, reject) => {
      this.#run(statement, encodeParameters(parameters), resolve, reject)
    })
  }

  executeBatch(statement: CompiledStatement, rows: readonly BoundParameters[]): Promise<RawBatchResult> {
    return new Promise((resolve, reject) => {
      const encoded = rows.map(encodeParameters)
      const known = this.#statements.find(statement.sql)
      checkText(statement.sql)
      const request = new BatchRequest(
        this.#wire,
        ({ counts, failure }) => {
          if (failure === undefined) resolve({ updateCounts: counts })
          else {
            this.#forgetAll(known, failure)
            resolve({ updateCounts: counts, error: this.#exception(failure, 'statement') })
          }
        },
        (error) => reject(this.#exception(error, request.phase)),
      )
      this.#writeClosed()
      // Unnamed, and parsed again where the types of a row want it.
      let types: readonly number[] | undefined
      for (const row of encoded) {
        const plan = this.#statements.match(known, row)
        if (plan?.shape !== undefined) {
          frontend.bind(plan.name, row.values)
        } else {
          if (types === undefined || !fits(types, row)) {
            types = row.types
            frontend.parse('', statement.sql, types)
          }
          frontend.bind('', row.values)
        }
        frontend.execute(0)
      }
      this.#wire.send(request, frontend.sync().take())
    })
  }

  async executeScript(text: string): Promise<void> {
    await this.#command(text, 'statement')
  }

  stream(statement: CompiledStatement, parameters: BoundParameters, fetchSize: number): RawStream {
    return new PgStream(this.#wire, statement, parameters, fetchSize)
  }

  async begin(options: Pick<TransactionOptions, 'isolation' | 'readOnly'>): Promise<void> {
    await this.#command(beginText(options, this.#readOnly), 'harmless')
  }

  async commit(): Promise<'committed' | 'rolled-back'> {
    const { tag } = await this.#command('COMMIT', 'commit')
    return tag === 'COMMIT' ? 'committed' : 'rolled-back'
  }

  async rollback(savepoint?: string): Promise<void> {
    await this.#command(rollbackText(savepoint), 'harmless')
  }

  async savepoint(name: string): Promise<void> {
    await this.#command(`SAVEPOINT ${quoted(name)}`, 'harmless')
  }

  async release(savepoint: string): Promise<void> {
    await this.#command(`RELEASE SAVEPOINT ${quoted(savepoint)}`, 'harmless')
  }

  async configure(changes: Partial<SessionState>): Promise<void> {
    const text = configureText(changes)
    if (changes.schema === undefined) {
      if (text !== '') await this.#command(text, 'harmless')
    } else {
      const back = changes.schema === this.initialState.schema ? this.#searchPath : undefined
      const { answers } = await this.#command(text + searchPathText(changes.schema, back), 'harmless')
      this.#searchPath = back === undefined ? (this.#searchPath ?? answers[0]?.[0] ?? undefined) : undefined
    }
    if (changes.readOnly !== undefined) this.#readOnly = changes.readOnly
  }

  async cancel(): Promise<void> {
    try {
      await this.#canceller.request()
    } catch (error) {
      throw this.#exception(error, 'statement')
    }
  }

  async ping(): Promise<void> {
    await this.#command('', 'harmless')
  }

  async reset(): Promise<void> {
    if (this.#wire.transactionStatus !== 'none') await this.rollback()
    const { answers } = await this.#command(resetText, 'harmless')
    // Only where somebody has written PREPARE: what the driver has prepared stays.
    const own = answers.flatMap(([text]) => (text?.startsWith('DEALLOCATE ') === true ? [text] : []))
    if (own.length > 0) await this.#command(own.join('; '), 'harmless')
    this.#readOnly = this.initialState.readOnly
    this.#searchPath = undefined
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  destroy(): void {
    const wire = this.#wire
    if (wire.dead === undefined && !wire.isIdle) this.#parting = this.#stopRunning()
    wire.destroy(new Error('it was cut off'))
  }

  unwrap<T>(token: ClassToken<T>): T | undefined {
    const { client } = this.#wire
    return client instanceof token ? (client as unknown as T) : undefined
  }

  async #close(): Promise<void> {
    const wire = this.#wire
    if (wire.dead === undefined) {
      wire.flush()
      wire.client.end().catch(() => {})
      // A peer that is gone without a word never answers.
      const timer = this.#clock.setTimer(() => wire.destroy(new Error('it was closed')), partingTime)
      await wire.ended
      timer.cancel()
    } else {
      wire.destroy(wire.dead)
      await wire.ended
    }
    await this.#parting
  }

  /** The server would go on with what nobody waits for. */
  async #stopRunning(): Promise<void> {
    const timer = this.#clock.setTimer(() => this.#canceller.cut(), partingTime)
    await this.#canceller.request().catch(() => {})
    timer.cancel()
  }

  #run(
    statement: CompiledStatement,
    parameters: EncodedParameters,
    resolve: (result: RawResult) => void,
    reject: (error: SQLException) => void,
    again = false,
  ): void {
    const { sql } = statement
    const cache = this.#statements
    const known = cache.find(sql)
    if (known.uses === 0) checkText(sql)
    const found = cache.match(known, parameters)
    // One that is being prepared is not waited for: this run goes without a name.
    const prepares = found === undefined ? cache.plan(known, parameters) : undefined
    const request = new QueryRequest(
      kindOf(statement),
      this.#wire,
      found?.shape,
      (finished) => {
        const { failure } = finished
        if (failure === undefined) {
          if (prepares !== undefined) prepares.shape = finished.shape
          resolve(finished.result)
          return
        }
        if (prepares !== undefined) cache.forget(known, prepares)
        const stale = found?.shape !== undefined && isStalePlan(failure)
        if (stale) cache.forget(known, found)
        if (stale && !again && this.#wire.transactionStatus === 'none' && this.#wire.isIdle) {
          this.#run(statement, parameters, resolve, reject, true)
        } else reject(this.#exception(failure, request.kind))
      },
      (error) => {
        const mayHaveActed = request.phase === 'harmless' && callsFunctions(sql)
        reject(this.#exception(error, mayHaveActed ? 'statement' : request.phase))
      },
    )
    this.#writeClosed()
    this.#wire.send(request, bytesOf(sql, parameters, found, prepares))
  }

  #writeClosed(): void {
    for (const name of this.#statements.takeClosed()) frontend.close('S', name)
  }

  #forgetAll(known: KnownStatement, failure: unknown): void {
    if (!isStalePlan(failure)) return
    for (let plan = known.plans[0]; plan !== undefined; plan = known.plans[0])
      this.#statements.forget(known, plan)
  }

  /** One message of the simple protocol. */
  #command(text: string, kind: RequestKind): Promise<ScriptRequest> {
    return new Promise((resolve, reject) => {
      checkText(text)
      const request = new ScriptRequest(
        kind,
        () =>
          request.failure === undefined ? resolve(request) : reject(this.#exception(request.failure, kind)),
        (error) => reject(this.#exception(error, request.phase)),
      )
      this.#wire.send(request, frontend.query(text).take())
    })
  }

  #exception(error: unknown, phase: ErrorContext['phase']): SQLException {
    return toException(error, { phase, transactionStatus: this.#wire.transactionStatus })
  }
}

function bytesOf(
  sql: string,
  parameters: EncodedParameters,
  found: Plan | undefined,
  prepares: Plan | undefined,
): Buffer {
  const { types, values } = parameters
  if (found?.shape !== undefined) return frontend.bind(found.name, values).execute(0).sync().take()
  const name = prepares?.name ?? ''
  return frontend.parse(name, sql, types).bind(name, values).describe('P', '').execute(0).sync().take()
}
