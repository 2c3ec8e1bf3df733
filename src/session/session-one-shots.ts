import type { StatementOptions } from '../api/executor.ts'
import type { Result } from '../api/result.ts'
import { SQLNonTransientException, type SQLException } from '../api/sql-exception.ts'
import type { SqlFragment } from '../api/sql-template.ts'
import type { SqlParameters } from '../api/sql-types.ts'
import type { Timer } from '../spi/clock.ts'
import type { OneShotOutcome, OneShotSession, OneShotStatement } from '../spi/one-shot-session.ts'
import type { RawResult } from '../spi/physical-connection.ts'
import type { Dialect } from '../sql/dialect.ts'
import { withGeneratedKeys } from '../sql/generated-keys.ts'
import { bindParameters, textAndParameters } from './parameters.ts'
import { toResult } from './result-rows.ts'
import { connectionClosed, givenUp } from './session-errors.ts'
import type { Session } from './session.ts'

/**
 * A session for statements that need no handle. They go to the driver at once, past the queue: that is for callers whose
 * statements depend on each other, and would tell all of them the loss of the first.
 */
export class SessionOneShots implements OneShotSession {
  readonly #session: Session
  readonly #underWay: OneShotOutcome[] = []
  /** While a cancel is under way: outcomes that wait for its end. */
  #held: (() => void)[] | undefined
  #grace: Timer | undefined
  /** Why nothing more is sent. */
  #refusal: SQLException | undefined

  constructor(session: Session) {
    this.#session = session
  }

  get pipelining(): boolean {
    return this.#session.physical.capabilities.pipelining
  }

  get dialect(): Dialect {
    return this.#session.context.compiler.dialect
  }

  get isIdle(): boolean {
    return this.#underWay.length === 0
  }

  read(
    sql: string | SqlFragment,
    parameters: SqlParameters | undefined,
    options: StatementOptions | undefined,
  ): OneShotStatement | undefined {
    if (options?.maxRows !== undefined) return undefined
    const { compiler } = this.#session.context
    const { dialect } = compiler
    const [text, given] = textAndParameters(sql, parameters, dialect)
    const statement = given === undefined ? compiler.compileAsWritten(text) : compiler.compile(text)
    if (statement.transactionControl || statement.changesSession !== false) return undefined
    return {
      parameters: bindParameters(statement, given, dialect),
      compiled: withGeneratedKeys(statement, options?.generatedKeys, dialect),
      dialect,
    }
  }

  run({ compiled, parameters }: OneShotStatement, outcome: OneShotOutcome): void {
    const session = this.#session
    if (session.tenancy.lent) throw lentExclusively()
    const refusal = session.broken && connectionClosed('loss', session.broken, 'connect')
    if (refusal !== undefined || this.#refusal !== undefined) {
      queueMicrotask(() => outcome(refusal ?? this.#refusal, undefined))
      return
    }
    this.#underWay.push(outcome)
    let running: Promise<RawResult>
    try {
      running = session.physical.execute(compiled, parameters)
    } catch (error) {
      running = Promise.reject(error)
    }
    running.then(
      (raw) => this.#ended(outcome, undefined, raw),
      (error: unknown) => this.#ended(outcome, session.judge(error), undefined),
    )
  }

  toResult<Row>(
    raw: RawResult,
    { compiled }: OneShotStatement,
    options: StatementOptions | undefined,
  ): Result<Row> {
    return toResult<Row>(raw, options, this.#session.context.settings, compiled.generatedKeys)
  }

  stop(reason: SQLException): void {
    if (this.isIdle || this.#held !== undefined) return
    const session = this.#session
    const giveUp = (): void => {
      session.lost(givenUp(reason))
      this.#cancelEnded()
      this.refuseAll(reason)
    }
    this.#held = []
    if (session.physical.capabilities.cancel !== 'server') {
      giveUp()
      return
    }
    this.#grace = session.clock.setTimer(giveUp, session.cancelGrace)
    session.physical.cancel().then(() => this.#cancelEnded(), giveUp)
  }

  /** The session is at its end, and answers no more. */
  refuseAll(error: SQLException): void {
    this.#refusal = error
    for (const outcome of this.#underWay.slice()) this.#tell(outcome, error, undefined)
  }

  /** What has happened meanwhile is told as it happened. */
  #cancelEnded(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const tell of held) tell()
  }

  #ended(outcome: OneShotOutcome, error: SQLException | undefined, raw: RawResult | undefined): void {
    // Listeners hear of a lost session before the application does (ruling 4).
    if (error?.fatal === true) this.#session.lost(error)
    if (this.#held === undefined) this.#tell(outcome, error, raw)
    else this.#held.push(() => this.#tell(outcome, error, raw))
    if (error?.fatal === true) this.#cancelEnded()
  }

  #tell(outcome: OneShotOutcome, error: SQLException | undefined, raw: RawResult | undefined): void {
    const at = this.#underWay.indexOf(outcome)
    if (at === -1) return
    if (at === this.#underWay.length - 1) this.#underWay.pop()
    else this.#underWay.splice(at, 1)
    if (!this.isIdle) {
      outcome(error, raw)
      return
    }
    this.#grace?.cancel()
    this.#grace = undefined
    const open = this.#session.transactionIsOpen ? leftOpen() : undefined
    if (open !== undefined) this.#session.lost(open)
    outcome(error ?? open, raw)
  }
}

/** By something that its text does not show. What it did is not committed, and nobody is there who could. */
function leftOpen(): SQLException {
  return new SQLNonTransientException('A statement by itself left a transaction open: it was undone', {
    sqlState: '25000',
    reason: 'tx-state',
    fatal: true,
  })
}

function lentExclusively(): SQLException {
  return new SQLNonTransientException('A statement was to use a session without a handle while one is open', {
    sqlState: 'HY000',
    reason: 'internal',
  })
}
