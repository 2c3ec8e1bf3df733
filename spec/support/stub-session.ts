import type { Connection } from '../../src/api/connection.ts'
import type { Result } from '../../src/api/result.ts'
import { sqliteDialect } from '../../drivers/sqlite/dialect.ts'
import { SQLException, SQLRecoverableException } from '../../src/api/sql-exception.ts'
import type { RawResult } from '../../src/spi/physical-connection.ts'
import type { OneShotOutcome, OneShotSession, OneShotStatement } from '../../src/spi/one-shot-session.ts'
import type { CompiledStatement } from '../../src/sql/compiled-statement.ts'
import type { Dialect } from '../../src/sql/dialect.ts'
import type { StubDriver, StubPooledConnection } from './stub-connection.ts'

export const lentMark = '(lent)'

/** What all sessions of a driver saw: the oracle for the laws of sharing. */
export class StubSessions {
  /** Whether statements may share a session. */
  pipelining = true
  /** Of those that are asked now: what was read is as it was read. */
  dialect: Dialect = sqliteDialect
  readonly all: StubSession[] = []
  /** Statements sent, by their texts, in order; and whenever a session was lent, `(lent)`. */
  readonly begun: string[] = []
  /** What must never happen, and has. */
  readonly violations: string[] = []
  readonly #compiled = new Map<string, CompiledStatement>()

  constructor(driver: StubDriver) {
    driver.oneShotsOf = (pooled) => {
      const session = new StubSession(pooled, this)
      this.all.push(session)
      return session
    }
  }

  get sent(): string[] {
    return this.begun.filter((text) => text !== lentMark)
  }

  get underWay(): number {
    return this.all.reduce((sum, { underWay }) => sum + underWay.length, 0)
  }

  compile(text: string): CompiledStatement {
    let compiled = this.#compiled.get(text)
    if (compiled === undefined) {
      const traits = {
        readOnly: true,
        changesSession: false,
        transactionControl: false,
        returnsRows: true,
      } as const
      compiled = { ...traits, text, sql: text, parameterCount: 0 }
      this.#compiled.set(text, compiled)
    }
    return compiled
  }
}

/** A session for statements without a handle; they end when they are told to, the first one first. */
export class StubSession implements OneShotSession {
  readonly pooled: StubPooledConnection
  readonly underWay: { readonly text: string; readonly outcome: OneShotOutcome }[] = []
  most = 0
  /** Why all that was under way was to be ended. */
  readonly stops: SQLException[] = []
  readonly #sessions: StubSessions
  #lent = false

  constructor(pooled: StubPooledConnection, sessions: StubSessions) {
    this.pooled = pooled
    this.#sessions = sessions
    const lend = pooled.getConnection.bind(pooled)
    pooled.getConnection = (): Connection => {
      if (this.underWay.length > 0) sessions.violations.push(`${pooled.id}: lent while statements share it`)
      this.#lent = true
      sessions.begun.push(lentMark)
      const execute = (sql: string) => Promise.resolve({ rows: [[`${sql} alone`]] })
      return Object.assign(lend(), { execute })
    }
    const close = pooled.close.bind(pooled)
    pooled.close = () => {
      for (const { outcome } of this.underWay.splice(0)) outcome(closed(), undefined)
      return close()
    }
    const returned = pooled.returned.bind(pooled)
    pooled.returned = (generation) => {
      if (generation === pooled.generation) this.#lent = false
      returned(generation)
    }
  }

  get dialect(): Dialect {
    return this.#sessions.dialect
  }

  get pipelining(): boolean {
    return this.#sessions.pipelining
  }

  read(sql: unknown): OneShotStatement {
    return { compiled: this.#sessions.compile(String(sql)), parameters: [], dialect: sqliteDialect }
  }

  run({ compiled: { text } }: OneShotStatement, outcome: OneShotOutcome): void {
    if (this.#lent) this.#sessions.violations.push(`${this.pooled.id}: shared while it is lent`)
    if (this.pooled.closed) this.#sessions.violations.push(`${this.pooled.id}: shared after its end`)
    this.#sessions.begun.push(text)
    if (this.pooled.broken !== undefined) {
      queueMicrotask(() => outcome(lost('connect'), undefined))
      return
    }
    this.underWay.push({ text, outcome })
    this.most = Math.max(this.most, this.underWay.length)
  }

  /** The first one under way ends; its result holds its text. */
  answer(error?: SQLException): void {
    const first = this.underWay.shift()
    if (first === undefined) return
    const raw: RawResult = { columns: [], rows: [[first.text]], updateCount: 0 }
    first.outcome(error, error === undefined ? raw : undefined)
  }

  /** The session dies. Each is told what that means for itself. */
  lose(retryOf: (text: string) => 'connect' | 'unknown-outcome' = () => 'connect'): void {
    this.pooled.lose()
    for (const { text, outcome } of this.underWay.splice(0)) outcome(lost(retryOf(text)), undefined)
  }

  toResult<Row>({ rows }: RawResult): Result<Row> {
    return { rows, columns: [], updateCount: 0, generatedKeys: [], warnings: [] } as unknown as Result<Row>
  }

  stop(reason: SQLException): void {
    this.stops.push(reason)
  }
}

/** Somebody has stopped what ran. */
export function cancelled(): SQLException {
  return new SQLException('cancelled', { sqlState: '57014', reason: 'cancelled' })
}

/** Its connection was closed while it was under way. */
function closed(): SQLException {
  return new SQLException('closed by the pool', { sqlState: '08003', reason: 'closed' })
}

function lost(retry: 'connect' | 'unknown-outcome'): SQLException {
  return new SQLRecoverableException('lost', {
    sqlState: '08006',
    reason: 'connection-lost',
    fatal: true,
    retry,
  })
}
