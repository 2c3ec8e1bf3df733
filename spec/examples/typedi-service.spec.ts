// The example as its author runs it, compiled; and its services under vitest. Both on the built package.
import 'reflect-metadata'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Container } from 'typedi'
import { build, type BuildOptions } from 'esbuild'
import { createDataSource, InitialContext } from 'wellhead'
import { registerContext } from 'wellhead/typedi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AddressBook } from '../../examples/typedi-service/address-book.ts'
import { TownHall } from '../../examples/typedi-service/town-hall.ts'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'wellhead-typedi-'))
const run = promisify(execFile)
const letters = 'To High Street 1a, Ashford\nTo Station Road 12, Ashford\n'

beforeAll(async () => {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/wellhead'), 'junction')
  for (const name of ['typedi', 'reflect-metadata'])
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), 'junction')
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  await node(tsc, '-p', join(root, 'examples/typedi-service'), '--outDir', folder)
})

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

async function node(...args: string[]): Promise<string> {
  const env = { ...process.env, NODE_OPTIONS: undefined, ADDRESS_URL: undefined }
  const { stdout, stderr } = await run(process.execPath, args, { cwd: folder, env, timeout: 30_000 })
  expect(stderr).toBe('')
  return stdout
}

async function bundled(name: string, options: BuildOptions): Promise<string> {
  const { warnings } = await build({
    absWorkingDir: folder,
    entryPoints: ['main.js'],
    outfile: join(folder, name),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    logLevel: 'silent',
    external: ['wellhead', 'pg', 'pg-copy-streams'],
    ...options,
  })
  expect(warnings).toEqual([])
  return node(name)
}

describe('a service of typedi, compiled', () => {
  it('runs on Node, and ends by itself', async () => {
    expect(await node('main.js')).toBe(letters)
  })

  it('runs from a bundle that leaves the packages outside', async () => {
    expect(await bundled('outside.mjs', { packages: 'external' })).toBe(letters)
  })

  it('is refused where a bundler has put a second copy of typedi beside ours, not given undefined', async () => {
    const failure = bundled('twice.mjs', { mainFields: ['module', 'main'] })
    await expect(failure).rejects.toThrow(/there are two copies/)
  })
})

describe('a service of typedi under vitest', () => {
  it('has a scope of its own for each test, with another data source', async () => {
    await using context = new InitialContext()
    await using source = createDataSource('sqlite::memory:')
    const scope = context.createScope()
    scope.bind('jdbc/address', source)
    const container = Container.of('a test')
    const registration = registerContext(container, scope)
    try {
      const book = container.get(AddressBook)
      await book.create()
      await book.add([{ id: 1, street: 'High Street 1a', town: 'Ashford' }])
      expect(await container.get(TownHall).letter('Ashford')).toBe('To High Street 1a, Ashford')
    } finally {
      await registration.close()
      Container.reset('a test')
    }
  })
})
