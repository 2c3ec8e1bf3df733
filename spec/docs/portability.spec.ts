// What docs/portability.md says of expressions that databases see differently, on the databases there are.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDataSource, type PooledDataSource, type SQLException } from '../../src/index.ts'
import { describeMariaDb } from '../support/mariadb.ts'
import { describePostgres } from '../support/postgres.ts'
import { tableAfter } from './tables.ts'

const rows = tableAfter('portability.md', '<!-- differs -->').map(([expression = '', ...given]) => ({
  expression: expression.slice(1, -1),
  given,
}))

function registerColumn(column: number, settings: () => Promise<string>): void {
  let source: PooledDataSource
  beforeAll(async () => (source = createDataSource(await settings())))
  afterAll(() => source.close())

  it.each(rows)('$expression', async ({ expression, given }) => {
    const told = await source.query<{ v: unknown }>(`SELECT ${expression} AS v`).then(
      (result) => String(result.rows[0]!.v),
      (error: SQLException) => error.sqlState,
    )
    expect(told).toBe(given[column])
  })
}

it('there are such expressions', () => {
  expect(rows.length).toBeGreaterThan(10)
})

describe('on SQLite', () => registerColumn(0, async () => 'sqlite::memory:'))

await describePostgres('on PostgreSQL', (server) => {
  registerColumn(1, async () => (await server.database()).url)
})

await describeMariaDb('on MariaDB', (server) => {
  registerColumn(2, async () => (await server.database()).url)
})
