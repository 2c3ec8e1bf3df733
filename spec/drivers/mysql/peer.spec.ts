import { createRequire } from 'node:module'
import { afterEach, expect, it, vi } from 'vitest'

const { version: installed } = createRequire(import.meta.url)('mysql2/package.json') as { version: string }

afterEach(() => {
  vi.doUnmock('mysql2')
  vi.resetModules()
})

it('a missing package is a typed error with the line that installs it, and can be installed meanwhile', async () => {
  vi.doMock('mysql2', () => {
    throw Object.assign(new Error(`Cannot find package 'mysql2'`), { code: 'ERR_MODULE_NOT_FOUND' })
  })
  const { loadMySql } = await import('../../../drivers/mysql/mysql-module.ts')
  const { mysqlDriver } = await import('../../../drivers/mysql/index.ts')
  const missing = {
    name: 'SQLNonTransientConnectionException',
    sqlState: '08001',
    message: expect.stringContaining('npm i mysql2@^3.24.0') as string,
  }
  await expect(loadMySql()).rejects.toMatchObject(missing)
  await expect(mysqlDriver.loadClient?.()).rejects.toMatchObject(missing)
  vi.doUnmock('mysql2')
  expect(await loadMySql()).toHaveProperty('createConnection')
  expect(await mysqlDriver.loadClient?.()).toEqual({ name: 'mysql2', version: installed })
})

it('neither the descriptor nor the driver loads the package before the first connect', async () => {
  const loaded = vi.fn()
  vi.doMock('mysql2', async (original) => {
    loaded()
    return original<object>()
  })
  const { createDataSource } = await import('../../../src/index.ts')
  const { mysqlDriver } = await import('../../../drivers/mysql/index.ts')
  await createDataSource('mysql://localhost/nothing').close()
  await createDataSource({ driver: mysqlDriver }).close()
  expect(loaded).not.toHaveBeenCalled()
})
