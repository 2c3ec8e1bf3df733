import type { Connection, DataSource } from 'wellhead'

/** What a shutdown has to abort. */
const borrowed = new Set<Connection>()

export async function createTables(orders: DataSource): Promise<void> {
  await orders.execute('CREATE TABLE sale (customer INTEGER NOT NULL, amount INTEGER NOT NULL)')
  await orders.execute('INSERT INTO sale (customer, amount) VALUES (1, 30), (1, 12)')
}

/** What a customer has spent. It has worked for years: there had been no customer without a sale. */
export async function spentBy(orders: DataSource, customer: number): Promise<string> {
  const connection = await orders.getConnection()
  borrowed.add(connection)
  const { rows } = await connection.query<{ amount: number }>('SELECT amount FROM sale WHERE customer = ?', [
    customer,
  ])
  if (rows.length === 0) return 'nothing yet'
  borrowed.delete(connection)
  await connection.close()
  return String(rows.reduce((sum, { amount }) => sum + amount, 0))
}
