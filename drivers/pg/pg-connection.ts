import type { TransactionOptions } from '../../src/api/executor.ts'
import type { SQLException } from '../../src/api/sql-exception.ts'
import { asInstance, type ClassToken } from '../../src/api/wrapper.ts'
import { mapRows } from '../../src/session/parameters.ts'
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
import { callsFunctions, checkText } from '../../src/sql/sendable-text.ts'
import type { Canceller } from './cancel.ts'
import { isStalePlan, planPrefix, toException, type ErrorContext, type RequestKind } from './errors.ts'
import { frontend } from './frontend-messages.ts'
import { encodeParameters, fits, type EncodedParameters } from './parameters.ts'
import { LeasedPgSession } from './pg-session.ts'
import { PgStream } from './pg-stream.ts'
import { capabilitiesBehind, checkShared, checkSharedScript, notConfigurable, type Pooler } from './pooler.ts'
import { runScript, type ScriptRequest } from './script-request.ts'
import { SessionEnd } from './session-end.ts'
import type { SessionFacts } from './session-setup.ts'
import { beginText, configureText, quoted, resetText, rollbackText, searchPathText } from './session-sql.ts'
import { StatementCache, type KnownStatement, type Plan } from './statement-cache.ts'
import { BatchRequest, kindOf, QueryRequest } from './statement-requests.ts'
import type { Wire } from './wire.ts'

export interface PgConnectionOptions {
  /** Where it leads, for messages. */
  readonly description: string
  readonly clock: Clock
  readonly statementCacheSize: number
  readonly prepareThreshold: number
  readonly pooler: Pooler
  /** What is to be set again when the session was reset, beside what the server goes back to by itself. */
  readonly settingsText: string
}

/** A session with a PostgreSQL server. */
export class PgConnection implements PhysicalConnection {
  readonly id: string
  readonly capabilities: PhysicalCapabilities
  readonly server: ServerFacts
  readonly initialState: SessionState
  onDeath: ((error: SQLException) => void) | undefined
  readonly #wire: Wire
  readonly #statements: StatementCache
  readonly #clock: Clock
  #readOnly: boolean
  /** As it was before another schema was set. */
  #searchPath: string | undefined
  readonly #end: SessionEnd
  readonly #settingsText: string
  /** The connection to the server is ours for one transaction only. */
  readonly #isShared: boolean

  constructor(wire: Wire, facts: SessionFacts, canceller: Canceller, options: PgConnectionOptions) {
    const { clock, pooler, statementCacheSize, prepareThreshold } = options
    this.id = `${facts.name} (${options.description})`
    this.capabilities = capabilitiesBehind(pooler)
    this.server = facts.server
    this.initialState = facts.state
    this.#readOnly = facts.state.readOnly
    this.#wire = wire
    this.#clock = clock
    this.#end = new SessionEnd(wire, canceller, clock, pooler)
    this.#settingsText = options.settingsText
    this.#isShared = pooler === 'transaction'
    const prefix = `${planPrefix}${wire.client.processID}_`
    this.#statements = new StatementCache(statementCacheSize, this.#isShared ? 0 : prepareThreshold, prefix)
    wire.onDeath = (cause) =>
      this.onDeath?.(toException(cause, { phase: 'idle', transactionStatus: wire.transactionStatus }))
  }

  get transactionStatus(): TransactionStatus {
    return this.#wire.transactionStatus
  }

  execute(statement: CompiledStatement, parameters: BoundParameters): Promise<RawResult> {
    return new Promise((resolve, reject) => {
      if (this.#isShared) checkShared(statement)
      this.#run(statement, encodeParameters(parameters), resolve, reject)
    })
  }

  executeBatch(statement: CompiledStatement, rows: readonly BoundParameters[]): Promise<RawBatchResult> {
    return new Promise((resolve, reject) => {
      if (this.#isShared) checkShared(statement)
      const encoded = mapRows(rows, encodeParameters)
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
    if (this.#isShared) checkSharedScript(text)
    await this.#command(text, 'statement')
  }

  stream(statement: CompiledStatement, parameters: BoundParameters, fetchSize: number): RawStream {
    if (this.#isShared) checkShared(statement)
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
    if (this.#isShared) throw notConfigurable(changes)
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
      await this.#end.cancel()
    } catch (error) {
      throw this.#exception(error, 'statement')
    }
  }

  async ping(): Promise<void> {
    await this.#command('', 'harmless')
  }

  async reset(): Promise<void> {
    if (this.#wire.transactionStatus !== 'none') await this.rollback()
    // What others have set is theirs, and of ours nothing was let through.
    if (this.#isShared) return
    const { answers } = await this.#command(resetText + this.#settingsText, 'harmless')
    // Only where somebody has written PREPARE: what the driver has prepared stays.
    const own = answers.flatMap(([text]) => (text?.startsWith('DEALLOCATE ') === true ? [text] : []))
    if (own.length > 0) await this.#command(own.join('; '), 'harmless')
    this.#readOnly = this.initialState.readOnly
    this.#searchPath = undefined
  }

  close(): Promise<void> {
    return this.#end.close()
  }

  keepAlive(on: boolean): void {
    const { stream } = this.#wire.client.connection
    if (on) stream.ref()
    else stream.unref()
  }

  destroy(): void {
    this.#end.destroy()
  }

  unwrap<T>(token: ClassToken<T>, lease: SessionLease): T | undefined {
    const wire = this.#wire
    const session = new LeasedPgSession(lease, wire, this.#end, this.#clock, this.#isShared)
    return asInstance(wire.client, token) ?? asInstance(session, token)
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
        const stale =
          found?.shape !== undefined && (isStalePlan(failure) || misfits(found, parameters, failure))
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

  #command(text: string, kind: RequestKind): Promise<ScriptRequest> {
    return runScript(this.#wire, text, kind)
  }

  #exception(error: unknown, phase: ErrorContext['phase']): SQLException {
    return toException(error, { phase, transactionStatus: this.#wire.transactionStatus })
  }
}

/** A NULL fits any plan, but for one that was made when the column had another type. Nothing was executed. */
function misfits({ types }: Plan, parameters: EncodedParameters, failure: unknown): boolean {
  const { code } = failure as { readonly code?: unknown }
  return code === '42804' && parameters.types.some((type, at) => type !== types[at])
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
