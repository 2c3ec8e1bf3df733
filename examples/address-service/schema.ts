import type { DataSource } from 'wellhead'

/** What each account begins with, in cents. */
const openingBalance = 100_000

const tables = `
  CREATE TABLE address (
    id INTEGER PRIMARY KEY,
    organisation VARCHAR(200) NOT NULL,
    street VARCHAR(200) NOT NULL,
    house_number VARCHAR(20) NOT NULL,
    postcode VARCHAR(20) NOT NULL,
    town VARCHAR(100) NOT NULL
  );
  CREATE TABLE account (
    id INTEGER PRIMARY KEY REFERENCES address (id),
    balance BIGINT NOT NULL CHECK (balance >= 0)
  );
  CREATE TABLE transfer (
    from_account INTEGER NOT NULL REFERENCES account (id),
    to_account INTEGER NOT NULL REFERENCES account (id),
    cents BIGINT NOT NULL
  );`

export async function createTables(dataSource: DataSource): Promise<void> {
  await dataSource.withConnection((connection) => connection.script(tables))
}

/** The index comes after the rows: to build it once is quicker than to mend it with each row. */
export async function createIndex(dataSource: DataSource): Promise<void> {
  await dataSource.execute('CREATE INDEX address_by_town ON address (town)')
}

/** Gives the first addresses an account each. Returns how many there are. */
export async function openAccounts(dataSource: DataSource, atMost: number): Promise<number> {
  const opened = await dataSource.execute(
    'INSERT INTO account (id, balance) SELECT id, ? FROM address WHERE id <= ?',
    [openingBalance, atMost],
  )
  return opened.updateCount
}

export async function countRows(dataSource: DataSource, table: 'address' | 'transfer'): Promise<number> {
  const { rows } = await dataSource.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`, [], {
    types: { n: 'INTEGER' },
  })
  return rows[0]!.n
}

/** In cents, as the database adds them up. */
export async function sumOfBalances(dataSource: DataSource): Promise<bigint> {
  const { rows } = await dataSource.query<{ total: bigint }>(
    'SELECT sum(balance) AS total FROM account',
    [],
    {
      types: { total: 'BIGINT' },
    },
  )
  return rows[0]!.total
}
