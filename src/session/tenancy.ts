import type { SQLException } from '../api/sql-exception.ts'
import { connectionClosed, inTransaction, noTransaction, type ClosedBy } from './session-errors.ts'

/** A block of `transaction(fn)`, as far as the session is concerned. */
export interface TransactionBlock {
  readonly outer: TransactionBlock | undefined
}

/** Who calls: which handle, by number, and within which block. The session knows no handle (ruling 1). */
export interface Caller {
  readonly generation: number
  readonly block: TransactionBlock | undefined
}

/** Who may use a session now: one handle, and of that only its innermost transaction block. */
export class Tenancy {
  /** The number of the handle that may work; a handle with another number is stale. */
  generation = 0
  /** Whether that handle is open. */
  lent = false
  /** The innermost `transaction(fn)` that runs. */
  block: TransactionBlock | undefined
  #closedBy: ClosedBy = 'application'
  #loss: SQLException | undefined
  /** Told when the live handle is taken back, or the session lost. */
  #ends: Set<(error: SQLException) => void> | undefined

  /** A new handle may work from now on, and no other. */
  lend(): number {
    this.lent = true
    return ++this.generation
  }

  /** From now on the handle of this number is stale. */
  takeBack(by: ClosedBy): void {
    this.lent = false
    this.generation++
    this.#closedBy = by
    this.block = undefined
    if (this.#ends !== undefined) this.#tellEnd(connectionClosed(by))
  }

  /** The session is gone: nobody may use it again. */
  lose(error: SQLException): void {
    this.#loss = error
    this.#tellEnd(error)
  }

  isLive(caller: Caller): boolean {
    return caller.generation === this.generation && this.lent && this.#loss === undefined
  }

  /**
   * @throws SQLException 08003 when the caller's handle is not the live one, 25000 or 25001 when its block is not
   *   the innermost one.
   */
  check(caller: Caller): void {
    if (this.#loss !== undefined && this.generation === caller.generation) {
      // Nothing of this call was sent: elsewhere it may succeed, in a transaction only with what came before.
      throw connectionClosed('loss', this.#loss, caller.block === undefined ? 'connect' : 'transaction')
    }
    if (caller.generation !== this.generation || !this.lent) throw connectionClosed(this.#closedBy)
    if (caller.block === this.block) return
    for (let block = this.block; block !== undefined; block = block.outer) {
      if (block.outer === caller.block) {
        throw inTransaction(
          'A transaction block runs on this connection: use the transaction that its function was given',
        )
      }
    }
    throw noTransaction('The transaction has ended: its function has settled')
  }

  /** For what the live handle has given out. The function returned takes the request back. */
  onEnd(callback: (error: SQLException) => void): () => void {
    const ends = (this.#ends ??= new Set())
    ends.add(callback)
    return () => void ends.delete(callback)
  }

  #tellEnd(error: SQLException): void {
    const ends = this.#ends
    this.#ends = undefined
    for (const end of ends ?? []) end(error)
  }
}
