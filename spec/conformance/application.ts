import { setTimeout as sleep } from 'node:timers/promises'
import { SQLException, sql, type DataSource, type Transaction } from '../../src/index.ts'

const move = 'UPDATE account SET balance = balance + ? WHERE id = ?'

/**
 * An application as people write them, which does not know its database. What it is told apart from the data source is
 * how a column is declared that numbers its rows: there is no common word for that.
 */
export class Bank {
  readonly #source: DataSource
  /** Runs of the transactions that were meant to be one each. */
  runs = 0

  constructor(source: DataSource) {
    this.#source = source
  }

  async create(identity: string): Promise<void> {
    await this.#source.execute(
      `CREATE TABLE account (id ${identity}, owner VARCHAR(40) NOT NULL UNIQUE, balance BIGINT NOT NULL)`,
    )
    await this.#source.execute(
      'CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL)',
    )
    await this.#source.execute('CREATE TABLE digit (n INTEGER NOT NULL PRIMARY KEY)')
    await this.#source.batch(
      'INSERT INTO digit (n) VALUES (?)',
      Array.from({ length: 10 }, (_, n) => [n]),
    )
  }

  /** The number that the database gave. */
  async open(owner: string, balance: bigint): Promise<number> {
    const { generatedKeys } = await this.#source.execute(
      'INSERT INTO account (owner, balance) VALUES (?, ?)',
      [owner, balance],
      { generatedKeys: ['id'] },
    )
    return generatedKeys[0]!['id'] as number
  }

  async openAll(owners: readonly string[], balance: bigint): Promise<number[]> {
    const rows = sql.rows(owners.map((owner) => [owner, balance]))
    const { generatedKeys } = await this.#source.execute(
      sql`INSERT INTO account (owner, balance) VALUES ${rows}`,
      undefined,
      { generatedKeys: ['id'] },
    )
    return generatedKeys.map((key) => key['id'] as number)
  }

  /** Reads, decides, writes: with whatever contention there is. */
  transfer(from: number, to: number, amount: bigint, meet?: () => Promise<void>): Promise<boolean> {
    return this.#source.transaction({ isolation: 'serializable', retries: 100 }, async (tx) => {
      this.runs++
      if ((await balanceOf(tx, from)) < amount) return false
      await tx.execute(move, [-amount, from])
      await meet?.()
      await tx.execute(move, [amount, to])
      return true
    })
  }

  /** Two that lock the same rows in opposite orders: where rows are locked, one of them is ended and runs again. */
  async cross(one: number, other: number, amount: bigint): Promise<void> {
    const both = Promise.withResolvers<void>()
    let there = 0
    const meet = (): Promise<unknown> => {
      if (++there === 2) both.resolve()
      // Where the whole database has one writer, nobody comes.
      return Promise.race([both.promise, sleep(500)])
    }
    const add = (first: number, second: number): Promise<void> =>
      this.#source.transaction({ retries: 100 }, async (tx) => {
        this.runs++
        await tx.execute(move, [amount, first])
        await meet()
        await tx.execute(move, [amount, second])
      })
    await Promise.all([add(one, other), add(other, one)])
  }

  async total(): Promise<{ accounts: number; total: bigint }> {
    const { rows } = await this.#source.query<{ accounts: number; total: bigint }>(
      'SELECT COUNT(*) AS accounts, SUM(balance) AS total FROM account',
      [],
      { types: { accounts: 'INTEGER', total: 'BIGINT' } },
    )
    return rows[0]!
  }

  balance(id: number): Promise<bigint> {
    return balanceOf(this.#source, id)
  }

  /** Page by page, as a list is scrolled: by offset, and from the last one seen. */
  async pages(size: number): Promise<{ byOffset: number[][]; byKey: number[][] }> {
    const byOffset: number[][] = []
    const byKey: number[][] = []
    for (let offset = 0; ; offset += size) {
      const { rows } = await this.#source.query<{ id: number }>(
        'SELECT id FROM account ORDER BY id {limit ? offset ?}',
        [size, offset],
      )
      if (rows.length === 0) break
      byOffset.push(rows.map(({ id }) => id))
    }
    for (let last = 0; ;) {
      const { rows } = await this.#source.query<{ id: number }>(
        'SELECT id FROM account WHERE id > ? ORDER BY id {limit ?}',
        [last, size],
      )
      if (rows.length === 0) break
      byKey.push(rows.map(({ id }) => id))
      last = rows.at(-1)!.id
    }
    return { byOffset, byKey }
  }

  /** A hundred thousand, by one statement. */
  async stock(): Promise<number> {
    const { updateCount } = await this.#source.execute(`INSERT INTO item (id, name)
      SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n, 'item'
      FROM digit a CROSS JOIN digit b CROSS JOIN digit c CROSS JOIN digit d CROSS JOIN digit e`)
    return updateCount
  }

  /** The sum of the numbers of the first items, or of all. */
  async sumOfItems(most = Infinity): Promise<{ seen: number; sum: number }> {
    let seen = 0
    let sum = 0
    for await (const { id } of this.#source.stream<{ id: number }>('SELECT id, name FROM item ORDER BY id')) {
      sum += id
      if (++seen === most) break
    }
    return { seen, sum }
  }

  /** Three levels; those that are marked fail after their work. */
  nested(id: number, failing: ReadonlySet<number>): Promise<bigint> {
    const level = async (tx: Transaction, depth: number): Promise<void> => {
      await tx.execute(move, [10n ** BigInt(depth), id])
      if (depth < 3) await tx.transaction((inner) => level(inner, depth + 1)).catch(unlessMeant)
      if (failing.has(depth)) throw new Meant()
    }
    return this.#source.transaction(async (tx) => {
      await level(tx, 0).catch(unlessMeant)
      return balanceOf(tx, id)
    })
  }

  addAll(owners: readonly string[]): Promise<unknown> {
    return this.#source.batch(
      'INSERT INTO account (owner, balance) VALUES (?, ?)',
      owners.map((owner) => [owner, 0n]),
    )
  }
}

class Meant extends Error {}

function unlessMeant(error: unknown): void {
  if (!(error instanceof Meant)) throw error
}

async function balanceOf(source: Pick<DataSource, 'query'>, id: number): Promise<bigint> {
  const { rows } = await source.query<{ balance: bigint }>('SELECT balance FROM account WHERE id = ?', [id])
  return rows[0]!.balance
}

/** The portable reasons of those that failed. */
export function reasonsOf(outcomes: readonly PromiseSettledResult<unknown>[]): string[] {
  return outcomes
    .filter((outcome) => outcome.status === 'rejected')
    .map(({ reason }) => (reason instanceof SQLException ? reason.reason : String(reason)))
}
