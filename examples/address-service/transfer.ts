import type { DataSource } from 'wellhead'

export interface TransferOrder {
  readonly from: number
  readonly to: number
  /** Whole cents, above 0. */
  readonly cents: number
}

type TransferOutcome = 'done' | 'insufficient funds' | 'no such account'

export type Transfer = (dataSource: DataSource, order: TransferOrder) => Promise<TransferOutcome>

/** Takes from one account and gives to another: both or neither, and it is written down. */
export const transfer: Transfer = async (dataSource, { from, to, cents }) => {
  try {
    // Run again from its beginning when another transaction was in the way, or its connection was lost before.
    return await dataSource.transaction({ retries: 3, timeout: '5s' }, async (tx) => {
      const taken = await tx.execute(
        'UPDATE account SET balance = balance - ? WHERE id = ? AND balance >= ?',
        [cents, from, cents],
      )
      if (taken.updateCount === 0) return 'insufficient funds'
      const given = await tx.execute('UPDATE account SET balance = balance + ? WHERE id = ?', [cents, to])
      if (given.updateCount === 0) throw new NoSuchAccount()
      await tx.execute('INSERT INTO transfer (from_account, to_account, cents) VALUES (?, ?, ?)', [
        from,
        to,
        cents,
      ])
      return 'done'
    })
  } catch (error) {
    if (error instanceof NoSuchAccount) return 'no such account'
    throw error
  }
}

/** Thrown to undo what was taken. */
class NoSuchAccount extends Error {}
