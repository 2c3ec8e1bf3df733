import { createRequire } from 'node:module'
import { afterEach, expect, it, vi } from 'vitest'

const { version: installed } = createRequire(import.meta.url)('tedious/package.json') as { version: string }

afterEach(() => {
  vi.doUnmock('tedious')
  vi.doUnmock('tedious/lib/token/stream-parser.js')
  vi.resetModules()
})

it('a missing package is a typed error with the line that installs it, and can be installed meanwhile', async () => {
  vi.doMock('tedious', () => {
    throw Object.assign(new Error(`Cannot find package 'tedious'`), { code: 'ERR_MODULE_NOT_FOUND' })
  })
  const { loadTedious } = await import('../../../drivers/mssql/tedious-module.ts')
  const { mssqlDriver } = await import('../../../drivers/mssql/index.ts')
  const missing = {
    name: 'SQLNonTransientConnectionException',
    sqlState: '08001',
    message: expect.stringContaining('npm i tedious@^20.3.0') as string,
  }
  await expect(loadTedious()).rejects.toMatchObject(missing)
  await expect(mssqlDriver.loadClient?.()).rejects.toMatchObject(missing)
  vi.doUnmock('tedious')
  expect(await loadTedious()).toHaveProperty('Connection')
  expect(await mssqlDriver.loadClient?.()).toEqual({ name: 'tedious', version: installed })
})

it('a package with another inside is refused, for it would give wrong values', async () => {
  vi.doMock('tedious/lib/token/stream-parser.js', () => ({ default: function TokenParser() {} }))
  const { loadTedious } = await import('../../../drivers/mssql/tedious-module.ts')
  await expect(loadTedious()).rejects.toMatchObject({
    sqlState: '08001',
    message: expect.stringMatching(/whose inside is not known here: npm i tedious@\^20\.3\.0/) as string,
    cause: { message: 'it has no TokenParser.readToken' },
  })
})

it('neither the descriptor nor the driver loads the package before the first connect', async () => {
  const loaded = vi.fn()
  vi.doMock('tedious', async (original) => {
    loaded()
    return original<object>()
  })
  const { createDataSource } = await import('../../../src/index.ts')
  const { mssqlDriver } = await import('../../../drivers/mssql/index.ts')
  await createDataSource('mssql://localhost/nothing').close()
  await createDataSource({ driver: mssqlDriver }).close()
  expect(loaded).not.toHaveBeenCalled()
})
