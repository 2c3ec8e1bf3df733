// One application, unchanged, on every database: what it sees must not depend on which.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDataSource, type PooledDataSource, type SQLException } from '../../src/index.ts'
import { describeMariaDb } from '../support/mariadb.ts'
import { describeMssql } from '../support/mssql.ts'
import { describePostgres } from '../support/postgres.ts'
import { Bank, reasonsOf } from './application.ts'

interface Place {
  readonly identity: string
  /** Rows are locked one by one, and so two transactions can deadlock. */
  readonly locksRows: boolean
  readonly settings: () => Promise<Readonly<Record<string, unknown>>>
}

const owners = (first: number, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `owner ${first + n}`)

function registerApplication({ identity, locksRows, settings }: Place): void {
  let source: PooledDataSource
  let bank: Bank
  let ids: number[]

  beforeAll(async () => {
    source = createDataSource({ ...(await settings()), maximumPoolSize: 8 })
    bank = new Bank(source)
    await bank.create(identity)
    ids = await bank.openAll(owners(0, 5), 1_000n)
  })
  afterAll(() => source.close())

  it('is told the keys that the database made', async () => {
    expect(ids).toEqual([1, 2, 3, 4, 5])
    const id = await bank.open('one more', 9_007_199_254_740_993n)
    expect(id).toBe(6)
    expect(await bank.balance(id)).toBe(9_007_199_254_740_993n)
  })

  it('transfers under contention: nothing is lost, and whoever has too little does not pay', async () => {
    const before = await bank.total()
    const calls = Array.from({ length: 120 }, (_, n) =>
      bank.transfer(ids[n % 5]!, ids[(n * 3 + 1) % 5]!, BigInt(50 + (n % 7) * 60)),
    )
    const outcomes = await Promise.all(calls)
    expect(outcomes).toContain(true)
    expect(await bank.total()).toEqual(before)
    for (const id of ids) expect(await bank.balance(id)).toBeGreaterThanOrEqual(0n)
    expect(source.statistics()).toMatchObject({ inUse: 0, waiting: 0 })
  })

  it('survives a deadlock: the one that was ended runs again', async () => {
    const [one, other] = [await bank.balance(ids[0]!), await bank.balance(ids[1]!)]
    bank.runs = 0
    await bank.cross(ids[0]!, ids[1]!, 7n)
    expect([await bank.balance(ids[0]!), await bank.balance(ids[1]!)]).toEqual([one + 14n, other + 14n])
    if (locksRows) expect(bank.runs).toBe(3)
    else expect(bank.runs).toBeGreaterThanOrEqual(2)
  })

  it('has one winner where ten want the same name', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, () => bank.open('wanted by all', 0n)),
    )
    expect(reasonsOf(outcomes)).toEqual(Array.from({ length: 9 }, () => 'unique'))
  })

  it('inserts a batch as a whole, or nothing of it', async () => {
    const { accounts } = await bank.total()
    await bank.addAll(owners(100, 40))
    const failed = await bank
      .addAll([...owners(200, 3), 'owner 100', ...owners(300, 3)])
      .catch((error: unknown) => error)
    expect(failed).toMatchObject({ name: 'BatchUpdateException', index: 3, reason: 'unique' })
    expect((await bank.total()).accounts).toBe(accounts + 40)
  })

  it('shows its accounts in pages', async () => {
    const { accounts } = await bank.total()
    const { byOffset, byKey } = await bank.pages(7)
    expect(byOffset).toEqual(byKey)
    expect(byKey.map((page) => page.length)).toEqual([
      ...Array.from({ length: Math.floor(accounts / 7) }, () => 7),
      ...(accounts % 7 === 0 ? [] : [accounts % 7]),
    ])
    expect(byKey.flat()).toEqual(byKey.flat().toSorted((a, b) => a - b))
  })

  it('streams 100,000 rows, and leaves early where it has seen enough', async () => {
    expect(await bank.stock()).toBe(100_000)
    expect(await bank.sumOfItems(10)).toEqual({ seen: 10, sum: 45 })
    expect(source.statistics()).toMatchObject({ inUse: 0 })
    expect(await bank.sumOfItems()).toEqual({ seen: 100_000, sum: 4_999_950_000 })
  })

  it('nests its transactions, and what fails takes what is within it along', async () => {
    const id = await bank.open('nested', 0n)
    let expected = 0n
    for (const [failing, kept] of [
      [[], 1_111n],
      [[3], 111n],
      [[2], 11n],
      [[1, 3], 1n],
      [[2, 3], 11n],
    ] as const) {
      expected += kept
      expect(await bank.nested(id, new Set(failing))).toBe(expected)
      expect(await bank.balance(id)).toBe(expected)
    }
  })

  it('learns in the same words what is wrong', async () => {
    const errors = await Promise.all(
      ['SELECT FROM WHERE', 'SELECT id FROM nowhere', 'SELECT missing FROM account'].map((text) =>
        source.query(text).catch((error: SQLException) => [error.name, error.reason]),
      ),
    )
    expect(errors).toEqual([
      ['SQLSyntaxErrorException', 'syntax'],
      ['SQLSyntaxErrorException', 'undefined-object'],
      ['SQLSyntaxErrorException', 'undefined-object'],
    ])
    const empty = source.execute('INSERT INTO account (owner, balance) VALUES (?, ?)', [null, 0n])
    await expect(empty).rejects.toMatchObject({ reason: 'not-null', retry: 'no' })
  })
}

describe('an application on SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wellhead-application-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  registerApplication({
    identity: 'INTEGER PRIMARY KEY',
    locksRows: false,
    settings: async () => ({ driver: 'sqlite', path: join(folder, 'bank.db'), mode: 'worker' }),
  })
})

await describePostgres('an application on PostgreSQL', (server) => {
  registerApplication({
    identity: 'INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
    locksRows: true,
    settings: async () => ({ driver: 'pg', ...(await server.database()).settings }),
  })
})

await describeMariaDb('an application on MariaDB', (server) => {
  registerApplication({
    identity: 'INTEGER AUTO_INCREMENT PRIMARY KEY',
    locksRows: true,
    settings: async () => ({ driver: 'mysql', ...(await server.database()).settings }),
  })
})

await describeMssql('an application on SQL Server, or its double', (server) => {
  registerApplication({
    identity: 'INTEGER IDENTITY(1, 1) PRIMARY KEY',
    locksRows: true,
    settings: async () => ({
      driver: 'mssql',
      ...(await server.database()),
      tls: server.encrypts ? 'require' : 'disable',
    }),
  })
})
