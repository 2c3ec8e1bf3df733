import { afterEach, expect, it, vi } from 'vitest'

afterEach(() => {
  vi.doUnmock('pg')
  vi.resetModules()
})

it('a missing package is a typed error with the line that installs it, and can be installed meanwhile', async () => {
  vi.doMock('pg', () => {
    throw Object.assign(new Error(`Cannot find package 'pg'`), { code: 'ERR_MODULE_NOT_FOUND' })
  })
  const { loadPg } = await import('../../../drivers/pg/pg-module.ts')
  await expect(loadPg()).rejects.toMatchObject({
    name: 'SQLNonTransientConnectionException',
    sqlState: '08001',
    message: expect.stringContaining('npm i pg@^8.23.1') as string,
  })
  vi.doUnmock('pg')
  expect(await loadPg()).toHaveProperty('Client')
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
