import type { IsolationLevel, TransactionOptions } from '../api/executor.ts'
import type { SessionState, TransactionStatus } from '../spi/physical-connection.ts'
import type { BoundParameters } from '../spi/physical-connection.ts'
import type { Answer, DataSession, ScriptedDatabase } from './scripted-database.ts'
import type { ScriptedStatement } from './scripted-sql.ts'
import { ScriptedTransaction } from './scripted-transaction.ts'
import { failedTransaction, notSupported, readOnlyTransaction, transactionState } from './server-errors.ts'

export const initialState: SessionState = { readOnly: false, isolation: 'read committed', schema: 'public' }

export const supportedIsolations: readonly IsolationLevel[] = ['read committed', 'serializable']

/** The server's end of a connection: knows nothing of time or wires. */
export class ScriptedSession implements DataSession {
  readonly settings = new Map<string, unknown>()
  readonly #database: ScriptedDatabase
  readonly #failedTransactions: boolean
  #state = initialState
  #transaction: ScriptedTransaction | undefined
  #transactionReadOnly = false
  #failed = false

  /** @param failedTransactions An error within a transaction fails it, as in PostgreSQL. */
  constructor(database: ScriptedDatabase, failedTransactions: boolean) {
    this.#database = database
    this.#failedTransactions = failedTransactions
  }

  get transactionStatus(): TransactionStatus {
    if (this.#transaction === undefined) return 'none'
    return this.#failed ? 'failed' : 'open'
  }

  get state(): SessionState {
    return this.#state
  }

  run(statement: ScriptedStatement, parameters: BoundParameters): Answer {
    switch (statement.kind) {
      case 'begin':
        return done(this.begin({}))
      case 'commit':
        return done(this.commit())
      case 'rollback':
        return done(this.rollback(statement.savepoint))
      case 'savepoint':
        return done(this.savepoint(statement.savepoint))
      case 'release':
        return done(this.release(statement.savepoint))
      case 'set': {
        if (this.#failed) throw failedTransaction()
        const value = statement.value.kind === 'literal' ? statement.value.value : undefined
        return done(this.settings.set(statement.name, value))
      }
      default:
        return this.#runOnData(statement, parameters)
    }
  }

  begin(options: Pick<TransactionOptions, 'isolation' | 'readOnly'>): void {
    if (this.#transaction !== undefined) throw transactionState('25001')
    if (options.isolation !== undefined) checkIsolation(options.isolation)
    this.#transaction = new ScriptedTransaction()
    this.#transactionReadOnly = options.readOnly ?? false
  }

  commit(): 'committed' | 'rolled-back' {
    if (this.#transaction === undefined) throw transactionState('25000')
    const failed = this.#failed
    if (failed) this.#transaction.rollback()
    else this.#transaction.commit()
    this.#endTransaction()
    return failed ? 'rolled-back' : 'committed'
  }

  rollback(savepoint?: string): void {
    if (savepoint === undefined) {
      this.#transaction?.rollback()
      this.#endTransaction()
      return
    }
    this.#inTransaction().rollbackTo(savepoint)
    this.#failed = false
  }

  savepoint(name: string): void {
    if (this.#failed) throw failedTransaction()
    this.#inTransaction().savepoint(name)
  }

  release(name: string): void {
    if (this.#failed) throw failedTransaction()
    this.#inTransaction().release(name)
  }

  configure(changes: Partial<SessionState>): void {
    if (changes.isolation !== undefined) checkIsolation(changes.isolation)
    if (changes.schema === '') throw notSupported('An empty schema')
    this.#state = { ...this.#state, ...changes }
  }

  reset(): void {
    this.rollback()
    this.settings.clear()
    this.#state = initialState
  }

  /** An operation failed or was cancelled. */
  operationFailed(): void {
    if (this.#transaction !== undefined && this.#failedTransactions) this.#failed = true
  }

  #runOnData(statement: ScriptedStatement, parameters: BoundParameters): Answer {
    if (this.#failed) throw failedTransaction()
    const readOnly = this.#transaction === undefined ? this.#state.readOnly : this.#transactionReadOnly
    if ((readOnly || this.#state.readOnly) && statement.kind !== 'select') throw readOnlyTransaction()
    if (this.#transaction !== undefined) {
      return this.#database.run(statement, parameters, this.#transaction, this)
    }
    const single = new ScriptedTransaction()
    const answer = this.#database.run(statement, parameters, single, this)
    single.commit()
    return answer
  }

  #inTransaction(): ScriptedTransaction {
    if (this.#transaction === undefined) throw transactionState('25000')
    return this.#transaction
  }

  #endTransaction(): void {
    this.#transaction = undefined
    this.#transactionReadOnly = false
    this.#failed = false
  }
}

function checkIsolation(isolation: IsolationLevel): void {
  if (!supportedIsolations.includes(isolation)) throw notSupported(`The isolation level ${isolation}`)
}

function done(_effect: unknown): Answer {
  return { columns: [], rows: [], updateCount: 0 }
}
