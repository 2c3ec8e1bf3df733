import type { StatementOptions } from '../api/executor.ts'
import type { Result } from '../api/result.ts'
import { SQLNonTransientException, type SQLException } from '../api/sql-exception.ts'
import type { SqlFragment } from '../api/sql-template.ts'
import type { SqlParameters } from '../api/sql-types.ts'
import type { Timer } from '../spi/clock.ts'
import type { RawResult } from '../spi/physical-connection.ts'
import type { SharedOutcome, SharedSession, SharedStatement } from '../spi/shared-session.ts'
import { withGeneratedKeys } from '../sql/generated-keys.ts'
import { bindParameters, textAndParameters } from './parameters.ts'
import { toResult } from './result-rows.ts'
import { connectionClosed, givenUp } from './session-errors.ts'
import type { Session } from './session.ts'

/**
 * A session for the statements of many. They go to the driver at once, past the queue: that is for callers whose
 * statements depend on each other, and would tell all of them the loss of the first.
 */
export class SessionSharing implements SharedSession {
  readonly #session: Session
  #inFlight = 0
  /** While a cancel is under way: outcomes that wait for its end. */
  #held: (() => void)[] | undefined
  #grace: Timer | undefined

  constructor(session: Session) {
    this.#session = session
  }

  get isIdle(): boolean {
    return this.#inFlight === 0
  }

  read(
    sql: string | SqlFragment,
    parameters: SqlParameters | undefined,
    options: StatementOptions | undefined,
  ): SharedStatement | undefined {
    if (options?.maxRows !== undefined) return undefined
    const { compiler } = this.#session.context
    const [text, given] = textAndParameters(sql, parameters, compiler.dialect)
    const statement = given === undefined ? compiler.compileAsWritten(text) : compiler.compile(text)
    if (statement.transactionControl || statement.changesSession !== false) return undefined
    return {
      parameters: bindParameters(statement, given, compiler.dialect),
      compiled: withGeneratedKeys(statement, options?.generatedKeys, compiler.dialect),
    }
  }

  run({ compiled, parameters }: SharedStatement, outcome: SharedOutcome): void {
    const session = this.#session
    if (session.tenancy.lent) throw lentExclusively()
    if (session.broken !== undefined) {
      const error = connectionClosed('loss', session.broken, 'connect')
      queueMicrotask(() => outcome(error, undefined))
      return
    }
    this.#inFlight++
    session.physical.execute(compiled, parameters).then(
      (raw) => this.#ended(outcome, undefined, raw),
      (error: unknown) => this.#ended(outcome, session.judge(error), undefined),
    )
  }

  toResult<Row>(
    raw: RawResult,
    { compiled }: SharedStatement,
    options: StatementOptions | undefined,
  ): Result<Row> {
    return toResult<Row>(raw, options, this.#session.context.settings, compiled.generatedKeys)
  }

  stop(reason: SQLException): void {
    if (this.#inFlight === 0 || this.#held !== undefined) return
    const session = this.#session
    const giveUp = (): void => {
      session.lost(givenUp(reason))
      this.#cancelEnded()
    }
    this.#held = []
    if (session.physical.capabilities.cancel !== 'server') {
      giveUp()
      return
    }
    this.#grace = session.clock.setTimer(giveUp, session.cancelGrace)
    session.physical.cancel().then(() => this.#cancelEnded(), giveUp)
  }

  #cancelEnded(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const tell of held) tell()
  }

  #ended(outcome: SharedOutcome, error: SQLException | undefined, raw: RawResult | undefined): void {
    // Listeners hear of a lost session before the application does (ruling 4).
    if (error?.fatal === true) this.#session.lost(error)
    const tell = (): void => {
      if (--this.#inFlight === 0) this.#drained()
      outcome(error, raw)
    }
    if (this.#held === undefined) tell()
    else this.#held.push(tell)
    if (error?.fatal === true) this.#cancelEnded()
  }

  #drained(): void {
    this.#grace?.cancel()
    this.#grace = undefined
    // By a procedure: the text does not show it.
    if (this.#session.transactionIsOpen) this.#session.markDirty()
  }
}

function lentExclusively(): SQLException {
  return new SQLNonTransientException('A statement was to share a session that is lent to somebody', {
    sqlState: 'HY000',
    reason: 'internal',
  })
}
