import { SQLException } from 'wellhead'
import { context } from './context.ts'

type Outcome = 'sold' | 'sold out' | 'try again'

const tables = `
  CREATE TABLE stock (item VARCHAR(100) PRIMARY KEY, pieces INTEGER NOT NULL);
  CREATE TABLE sale (item VARCHAR(100) NOT NULL, pieces INTEGER NOT NULL);`

/** Looked up once, when the application starts. */
const shop = context.dataSource('jdbc/shop')

export async function createTables(): Promise<void> {
  await shop.withConnection((connection) => connection.script(tables))
}

export async function deliver(item: string, pieces: number): Promise<void> {
  await shop.execute('INSERT INTO stock (item, pieces) VALUES (?, ?)', [item, pieces])
}

/** Takes pieces from the stock and writes the sale down: both or neither. */
export async function sell(item: string, pieces: number): Promise<Outcome> {
  try {
    return await shop.transaction({ retries: 3, timeout: '1s' }, async (tx) => {
      const taken = await tx.execute('UPDATE stock SET pieces = pieces - ? WHERE item = ? AND pieces >= ?', [
        pieces,
        item,
        pieces,
      ])
      if (taken.updateCount === 0) return 'sold out'
      await tx.execute('INSERT INTO sale (item, pieces) VALUES (?, ?)', [item, pieces])
      return 'sold'
    })
  } catch (error) {
    // The outcome is unknown only where the connection was lost at the commit: selling again could sell twice.
    if (error instanceof SQLException && error.retry !== 'unknown-outcome') return 'try again'
    throw error
  }
}

export async function inStock(item: string): Promise<number> {
  const { rows } = await shop.query<{ pieces: number }>('SELECT pieces FROM stock WHERE item = ?', [item])
  return rows[0]?.pieces ?? 0
}
