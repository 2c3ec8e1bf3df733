import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, it, vi } from 'vitest'

const { version: installed } = createRequire(import.meta.url)('pg/package.json') as { version: string }

afterEach(() => {
  vi.doUnmock('pg')
  vi.doUnmock('pg-copy-streams')
  vi.resetModules()
})

it('a missing package is a typed error with the line that installs it, and can be installed meanwhile', async () => {
  vi.doMock('pg', () => {
    throw Object.assign(new Error(`Cannot find package 'pg'`), { code: 'ERR_MODULE_NOT_FOUND' })
  })
  const { loadPg } = await import('../../../drivers/pg/pg-module.ts')
  const { pgDriver } = await import('../../../drivers/pg/index.ts')
  const missing = {
    name: 'SQLNonTransientConnectionException',
    sqlState: '08001',
    message: expect.stringContaining('npm i pg@^8.23.1') as string,
  }
  await expect(loadPg()).rejects.toMatchObject(missing)
  await expect(pgDriver.loadClient?.()).rejects.toMatchObject(missing)
  vi.doUnmock('pg')
  expect(await loadPg()).toHaveProperty('Client')
  expect(await pgDriver.loadClient?.()).toEqual({ name: 'pg', version: installed })
})

it('neither the descriptor nor the driver loads the package before the first connect', async () => {
  const loaded = vi.fn()
  vi.doMock('pg', async (original) => {
    loaded()
    return original<object>()
  })
  const { createDataSource } = await import('../../../src/index.ts')
  const { pgDriver } = await import('../../../drivers/pg/index.ts')
  await createDataSource('postgres://localhost/nothing').close()
  await createDataSource({ driver: pgDriver }).close()
  expect(loaded).not.toHaveBeenCalled()
})

it('the native client in the place of the one in JavaScript is a typed error that names the variable', async () => {
  const driver = join(import.meta.dirname, '../../../src/index.ts')
  const program = `
    import { createDataSource } from ${JSON.stringify(driver)}
    await using source = createDataSource('postgres://localhost:1/nothing?pooling=none')
    await source.query('SELECT 1').catch(({ name, sqlState, message }) => console.log(name, sqlState, message))`
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', program],
    { env: { ...process.env, NODE_PG_FORCE_NATIVE: '1', NODE_OPTIONS: '' } },
  )
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^SQL\w+ 08001 .*unset NODE_PG_FORCE_NATIVE$/m)
})

it('so it is where the native client is installed', async () => {
  vi.doMock('pg', () => ({ default: { Client: Object, Query: Object } }))
  const { loadPg } = await import('../../../drivers/pg/pg-module.ts')
  await expect(loadPg()).rejects.toThrow(/unset NODE_PG_FORCE_NATIVE/)
})

it('a missing package for COPY is a typed error with the line that installs it, and costs no connection', async () => {
  vi.doMock('pg-copy-streams', () => {
    throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
  })
  const { loadCopyStreams } = await import('../../../drivers/pg/copy-module.ts')
  await expect(loadCopyStreams()).rejects.toMatchObject({
    name: 'SQLFeatureNotSupportedException',
    sqlState: '0A000',
    fatal: false,
    message: expect.stringContaining('npm i pg-copy-streams@^7.0.0') as string,
  })
  vi.doUnmock('pg-copy-streams')
  expect(await loadCopyStreams()).toHaveProperty('from')
})
