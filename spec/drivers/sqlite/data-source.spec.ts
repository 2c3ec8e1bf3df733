import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { sqliteDriver } from '../../../drivers/sqlite/index.ts'
import { systemClock } from '../../../src/session/system-clock.ts'
import { noDeadline } from '../../../src/session/call-deadline.ts'
import type { ConnectionPoolDataSource } from '../../../src/spi/driver.ts'
import { validateSettings } from '../../../src/spi/settings.ts'
import { modes, newFile } from './support.ts'

function source(settings: Record<string, unknown>): ConnectionPoolDataSource {
  return sqliteDriver.createConnectionPoolDataSource(
    validateSettings(sqliteDriver.settings, settings, 'spec'),
    {
      dataSourceName: 'jdbc/spec',
      clock: systemClock,
      session: { queryTimeout: Infinity, validationTimeout: 5_000, statementCacheSize: 10 },
    },
  )
}

describe.each(modes)('The data source of the driver (%s)', (mode) => {
  it('gives pooled connections', async () => {
    const path = newFile()
    const database = source({ path, mode })
    expect(database.description).toBe(`SQLite database ${path} (${mode})`)
    const pooled = await database.getPooledConnection({ deadline: noDeadline })
    const connection = pooled.getConnection()
    await connection.execute('CREATE TABLE t (id INTEGER, v DECIMAL)')
    await connection.execute('INSERT INTO t VALUES (?, ?)', [1, 2.5])
    expect((await connection.query('SELECT * FROM t')).rows).toEqual([{ id: 1, v: '2.5' }])
    await connection.close()
    expect(await pooled.isValid(noDeadline)).toBe(true)
    await pooled.close()
    await database.close()
  })

  it(':memory: is one database for all its connections, removed at close', async () => {
    const database = source({ path: ':memory:', mode })
    const [one, other] = await Promise.all([
      database.getPooledConnection({ deadline: noDeadline }),
      database.getPooledConnection({ deadline: noDeadline }),
    ])
    const connection = one.getConnection()
    await connection.execute('CREATE TABLE t (id INTEGER)')
    await connection.execute('INSERT INTO t VALUES (1)')
    const second = other.getConnection()
    expect((await second.query('SELECT id FROM t')).rows).toEqual([{ id: 1 }])
    const [{ file }] = (await second.query<{ file: string }>('PRAGMA database_list')).rows as [
      { file: string },
    ]
    expect(existsSync(file)).toBe(true)
    await Promise.all([one.close(), other.close()])
    expect(existsSync(file)).toBe(true)
    await database.close()
    expect(existsSync(dirname(file))).toBe(false)
  })

  it('two memory databases are strangers', async () => {
    const [a, b] = [source({ path: ':memory:', mode }), source({ path: ':memory:', mode })]
    const [one, other] = await Promise.all([
      a.getPooledConnection({ deadline: noDeadline }),
      b.getPooledConnection({ deadline: noDeadline }),
    ])
    await one.getConnection().execute('CREATE TABLE t (id INTEGER)')
    await expect(other.getConnection().query('SELECT * FROM t')).rejects.toMatchObject({ sqlState: '42P01' })
    await Promise.all([one.close(), other.close()])
    await Promise.all([a.close(), b.close()])
  })
})

describe('A source that was never used', () => {
  it('makes no file and no folder', async () => {
    const path = newFile()
    await source({ path }).close()
    await source({ path: ':memory:' }).close()
    expect(readdirSync(dirname(path))).toEqual([])
  })
})

describe('A program that ends without closing anything', () => {
  it.each(modes)('leaves no temporary file, and says nothing (%s)', (mode) => {
    const program = new URL('careless-program.ts', import.meta.url).pathname
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, mode], { encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 3, stderr: '' })
    expect(stdout).toMatch(/memory\.db\n$/)
    expect(existsSync(dirname(stdout.trim()))).toBe(false)
  })
})

describe('In the thread of the caller', () => {
  it('the database of node:sqlite can be unwrapped', async () => {
    const database = source({ path: ':memory:', mode: 'inline' })
    const pooled = await database.getPooledConnection({ deadline: noDeadline })
    const native = pooled.getConnection().unwrap(DatabaseSync)
    expect(native.prepare('SELECT 1 AS n').get()).toEqual({ n: 1 })
    await pooled.close()
    await database.close()
  })
})
