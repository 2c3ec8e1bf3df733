import { decimal, SQLException, type DataSource } from 'wellhead'

interface Account {
  readonly id: number
  readonly owner: string
  readonly cents: bigint
  readonly opened: string
}

/** Every type here is one that all four databases keep in the same way. */
const tables = [
  'DROP TABLE IF EXISTS entry',
  'DROP TABLE IF EXISTS account',
  'CREATE TABLE account (id INTEGER NOT NULL PRIMARY KEY, owner VARCHAR(60) NOT NULL, cents BIGINT NOT NULL, opened DATE)',
  'CREATE TABLE entry (id INTEGER NOT NULL PRIMARY KEY, account INTEGER NOT NULL, rate DECIMAL(12, 3), note VARCHAR(60))',
  'CREATE UNIQUE INDEX account_owner ON account (owner)',
]

/** What the program sees of its database, as lines: the same on each. */
export async function* runLedger(source: DataSource): AsyncGenerator<string> {
  for (const text of tables) await source.execute(text)

  const accounts = Array.from({ length: 50 }, (_, id) => [
    id,
    `Owner ${id}`,
    9_007_199_254_740_993n + BigInt(id),
    `2026-01-${String(1 + (id % 28)).padStart(2, '0')}`,
  ])
  await source.batch('INSERT INTO account (id, owner, cents, opened) VALUES (?, ?, ?, ?)', accounts)
  yield `accounts: ${await count(source, 'account')}`

  const { rows } = await source.query<Account>(
    'SELECT id, owner, cents, opened FROM account WHERE id = ?',
    [7],
  )
  yield `one: ${shown(rows)}`

  await source.execute('INSERT INTO entry (id, account, rate, note) VALUES (?, ?, ?, ?)', [
    1,
    7,
    decimal('123456789.125'),
    'grüße, "quotes" and \\ too',
  ])
  await source.execute('INSERT INTO entry (id, account, rate, note) VALUES (?, ?, ?, ?)', [2, 7, null, null])
  yield `entries: ${shown((await source.query('SELECT rate, note FROM entry ORDER BY id')).rows)}`

  yield `transfer: ${await transfer(source, 1, 2, 500n)}`
  yield `transfer of too much: ${await transfer(source, 1, 2, 10n ** 17n)}`
  yield `balances: ${shown(
    (await source.query('SELECT id, cents FROM account WHERE id IN (?, ?) ORDER BY id', [1, 2])).rows,
  )}`

  yield `twice: ${await failure(source.execute('INSERT INTO account (id, owner, cents) VALUES (?, ?, ?)', [1, 'New', 0n]))}`
  yield `no owner: ${await failure(source.execute('INSERT INTO account (id, owner, cents) VALUES (?, ?, ?)', [90, null, 0n]))}`
  yield `no table: ${await failure(source.query('SELECT id FROM nowhere'))}`
  yield `bad text: ${await failure(source.query('SELECT FROM WHERE'))}`

  for (const page of [0, 1, 2]) {
    const { rows: ids } = await source.query<{ id: number }>(
      'SELECT id FROM account WHERE id < ? ORDER BY id {limit 3 offset ?}',
      [8, 3 * page],
    )
    yield `page ${page}: ${ids.map(({ id }) => id).join(' ')}`
  }

  const words = await source.query(
    "SELECT {fn ucase(owner)} AS loud, {fn length(owner)} AS letters FROM account WHERE opened = {d '2026-01-09'} ORDER BY id",
    [],
    { types: { letters: 'INTEGER' } },
  )
  yield `functions: ${shown(words.rows)}`

  const kept = await source.transaction(async (tx) => {
    await tx.execute('UPDATE account SET cents = ? WHERE id = ?', [1n, 3])
    // A savepoint: what fails within it is undone, and the rest stays.
    await tx
      .transaction(async (nested) => {
        await nested.execute('UPDATE account SET cents = ? WHERE id = ?', [2n, 3])
        throw new Error('changed my mind')
      })
      .catch(() => undefined)
    return (await tx.query<Account>('SELECT cents FROM account WHERE id = ?', [3])).rows[0]!.cents
  })
  yield `after a savepoint: ${kept}`

  let seen = 0
  for await (const { id } of source.stream<Account>('SELECT id FROM account ORDER BY id')) {
    seen += id
    if (id === 20) break
  }
  yield `left early: ${seen}`

  const totals = await source.query(
    'SELECT COUNT(*) AS n, SUM(cents) AS total, MAX(opened) AS latest FROM account WHERE id > 9',
    [],
    { types: { n: 'INTEGER', total: 'DECIMAL', latest: 'DATE' } },
  )
  yield `totals: ${shown(totals.rows)}`
}

async function transfer(source: DataSource, from: number, to: number, cents: bigint): Promise<string> {
  try {
    await source.transaction({ isolation: 'serializable', retries: 5 }, async (tx) => {
      const take = 'UPDATE account SET cents = cents - ? WHERE id = ? AND cents >= ?'
      const { updateCount } = await tx.execute(take, [cents, from, cents])
      await tx.execute('UPDATE account SET cents = cents + ? WHERE id = ?', [cents, to])
      if (updateCount === 0) throw new Error('insufficient funds')
    })
    return 'done'
  } catch (error) {
    if (error instanceof SQLException) throw error
    return (error as Error).message
  }
}

async function count(source: DataSource, table: string): Promise<number> {
  const text = `SELECT COUNT(*) AS n FROM ${table}`
  const { rows } = await source.query<{ n: number }>(text, [], { types: { n: 'INTEGER' } })
  return rows[0]!.n
}

async function failure(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => 'nothing failed',
    (reason: unknown) => reason,
  )
  return error instanceof SQLException ? `${error.name} ${error.reason}` : String(error)
}

function shown(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part))
}
