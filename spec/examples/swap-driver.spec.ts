// The program of examples/swap-driver as a reader runs it, on the built package: on each database the same output.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { describeMariaDb } from '../support/mariadb.ts'
import { describeMssql } from '../support/mssql.ts'
import { describePostgres } from '../support/postgres.ts'

const folder = join(import.meta.dirname, '../../examples/swap-driver')
const run = promisify(execFile)

async function output(name: string, given: Readonly<Record<string, string>>): Promise<string[]> {
  const env = { ...process.env, ...given }
  for (const key of Object.keys(env)) {
    if (/^(VITEST|TEST$|NODE_|FORCE_COLOR)/.test(key)) Reflect.deleteProperty(env, key)
  }
  const { stdout, stderr } = await run(process.execPath, [join(folder, 'main.ts'), name], {
    env,
    timeout: 30_000,
  })
  expect(stderr).toBe('')
  return stdout.trimEnd().split('\n')
}

/** On SQLite, which is always there; checked below. */
const expected = await output('jdbc/sqlite', { SQLITE_URL: 'sqlite::memory:' })

it('sees of SQLite what is written here', () => {
  expect(expected).toEqual([
    'accounts: 50',
    'one: [{"id":7,"owner":"Owner 7","cents":"9007199254741000n","opened":"2026-01-08"}]',
    'entries: [{"rate":"123456789.125","note":"grüße, \\"quotes\\" and \\\\ too"},{"rate":null,"note":null}]',
    'transfer: done',
    'transfer of too much: insufficient funds',
    'balances: [{"id":1,"cents":"9007199254740494n"},{"id":2,"cents":"9007199254741495n"}]',
    'twice: SQLIntegrityConstraintViolationException unique',
    'no owner: SQLIntegrityConstraintViolationException not-null',
    'no table: SQLSyntaxErrorException undefined-object',
    'bad text: SQLSyntaxErrorException syntax',
    'page 0: 0 1 2',
    'page 1: 3 4 5',
    'page 2: 6 7',
    'functions: [{"loud":"OWNER 8","letters":7},{"loud":"OWNER 36","letters":8}]',
    'after a savepoint: 1',
    'left early: 210',
    'totals: [{"n":40,"total":"360287970189640900","latest":"2026-01-28"}]',
  ])
})

it('has an entry for each database', () => {
  const yaml = readFileSync(join(folder, 'wellhead.yaml'), 'utf8')
  expect(yaml.match(/^ {2}jdbc\/\w+/gm)).toHaveLength(4)
})

await describePostgres('the same program on PostgreSQL', (server) => {
  it('prints the same', async () => {
    const { url } = await server.database()
    expect(await output('jdbc/postgres', { POSTGRES_URL: url })).toEqual(expected)
  })
})

await describeMariaDb('the same program on MariaDB', (server) => {
  it('prints the same', async () => {
    const { url } = await server.database()
    expect(await output('jdbc/mysql', { MYSQL_URL: url })).toEqual(expected)
  })
})

await describeMssql('the same program on SQL Server, or its double', (server) => {
  it('prints the same', async () => {
    const { host, port, user, password, database } = await server.database()
    const mode = server.encrypts ? 'require' : 'disable'
    const url = `mssql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}:${port}/${database}?Encrypt=${mode}`
    expect(await output('jdbc/mssql', { MSSQL_URL: url })).toEqual(expected)
  })
})
