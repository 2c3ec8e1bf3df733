import type { TransactionOptions } from '../api/executor.ts'
import type { SQLException } from '../api/sql-exception.ts'
import type { PhysicalConnection } from '../spi/physical-connection.ts'
import { rolledBack, transactionIsLost } from './session-errors.ts'

/**
 * The transaction of a physical connection: what was begun here, and what the database made of it. Its methods are
 * the bodies of turns; when a turn comes is the queue's matter.
 */
export class SessionTransaction {
  readonly #physical: PhysicalConnection
  /** Begun here, and not ended here. */
  #begun = false
  /** The database ended it by itself: the reason, where there was an error. */
  #endedByDatabase: { readonly cause: SQLException | undefined } | undefined
  /** What the turn that runs leaves open when it fails is rolled back after it: it has no other owner. */
  #ofTurn = false

  constructor(physical: PhysicalConnection) {
    this.#physical = physical
  }

  get isBegun(): boolean {
    return this.#begun
  }

  /** Also one that was begun by a statement. */
  get isOpen(): boolean {
    return this.#begun || this.#physical.transactionStatus !== 'none'
  }

  /** The database has ended it, its owner has not. */
  get isLost(): boolean {
    return this.#endedByDatabase !== undefined
  }

  /** @throws SQLException 25P02 when the database has ended it: what came now would be committed alone. */
  checkNotLost(): void {
    if (this.#endedByDatabase !== undefined) throw transactionIsLost(this.#endedByDatabase.cause)
  }

  async begin(options: Pick<TransactionOptions, 'isolation' | 'readOnly'>): Promise<void> {
    // Until it has succeeded: one that was refused and is open all the same would swallow what comes after it.
    this.#ofTurn = true
    await this.#physical.begin(options)
    this.#ofTurn = false
    this.#begun = true
    this.#endedByDatabase = undefined
  }

  /**
   * @param orRollback A commit that fails ends the transaction as well: nobody is there to roll it back.
   * @throws SQLTransactionRollbackException 40000 when the database rolled back instead.
   */
  async commit(orRollback: boolean): Promise<void> {
    if (this.#endedByDatabase !== undefined) {
      const { cause } = this.#endedByDatabase
      await this.rollback()
      throw rolledBack(cause)
    }
    if (!this.isOpen) return
    this.#ofTurn = orRollback
    const outcome = await this.#physical.commit()
    this.#ofTurn = false
    this.forget()
    if (outcome === 'rolled-back') throw rolledBack(undefined)
  }

  async rollback(): Promise<void> {
    if (this.#physical.transactionStatus !== 'none') await this.#physical.rollback()
    this.forget()
  }

  /** There is none any more. */
  forget(): void {
    this.#begun = false
    this.#endedByDatabase = undefined
  }

  /** One for the turn that runs now. When the turn fails it is to be rolled back before the next one. */
  async beginTurn(readOnly: boolean): Promise<void> {
    this.#ofTurn = true
    await this.#physical.begin({ readOnly })
  }

  async commitTurn(): Promise<void> {
    const outcome = await this.#physical.commit()
    this.#ofTurn = false
    if (outcome === 'rolled-back') throw rolledBack(undefined)
  }

  /** After each turn. Whether its own transaction is still open, and has to be rolled back. */
  turnEnded(error: SQLException | undefined): boolean {
    const leftOpen = this.#ofTurn && this.#physical.transactionStatus !== 'none'
    this.#ofTurn = false
    if (this.#begun && this.#endedByDatabase === undefined && this.#physical.transactionStatus === 'none') {
      this.#endedByDatabase = { cause: error }
    }
    return leftOpen
  }
}
