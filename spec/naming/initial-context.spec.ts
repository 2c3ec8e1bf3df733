import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ConfigurationException,
  createDataSource,
  DataSource,
  InitialContext,
  PooledDataSource,
  Reference,
  ServiceUnavailableException,
} from '../../src/index.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wellhead-initial-context-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

function write(content: string): string {
  const file = join(folder, 'wellhead.yaml')
  writeFileSync(file, content)
  return file
}

describe('InitialContext', () => {
  test('from a file: look up, ask, close', async () => {
    const file = write(`
defaults: { mode: inline }
dataSources:
  jdbc/address: { url: 'sqlite::memory:', maximumPoolSize: 1 }
  jdbc/alias: { link: jdbc/address }
`)
    const context = await InitialContext.fromFile(pathToFileURL(file))
    const address = await context.lookup('java:comp/env/jdbc/address', DataSource)
    expect(context.dataSource('jdbc/alias')).toBe(address)
    const pool = address.unwrap(PooledDataSource)
    expect(pool.statistics().counters.created).toBe(0)
    const { rows } = await context.query('jdbc/address', 'SELECT ? AS n', [5])
    expect(rows).toEqual([{ n: 5 }])
    expect(pool.statistics().total).toBe(1)
    await context.close()
    expect(pool.statistics().total).toBe(0)
    await expect(address.query('SELECT 1')).rejects.toMatchObject({ sqlState: '08003' })
    await expect(context.lookup('jdbc/address')).rejects.toThrow(ServiceUnavailableException)
  })

  test('leaves what the application bound to the application', async () => {
    const own = createDataSource({ url: 'sqlite::memory:', mode: 'inline' }, { name: 'own' })
    const context = new InitialContext()
    context.bind('jdbc/own', own)
    expect(await context.lookup('jdbc/own', PooledDataSource)).toBe(own)
    await context.close()
    expect((await own.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
    await own.close()
  })

  test('takes references and factories from the application', async () => {
    const context = new InitialContext({
      factories: [{ type: 'Clock', getObjectInstance: () => new Date(0) }],
    })
    context.bind('clock', new Reference('Clock', {}))
    context.bind('jdbc/x', new Reference('DataSource', { url: 'sqlite::memory:', maximumPolSize: 5 }))
    expect(await context.lookup('clock', Date)).toEqual(new Date(0))
    await expect(context.lookup('jdbc/x')).rejects.toThrow(ConfigurationException)
    await expect(context.lookup('jdbc/x')).rejects.toThrow("did you mean 'maximumPoolSize'?")
    await context.close()
  })

  test('a file that is wrong makes no context', async () => {
    const file = write('dataSources:\n  jdbc/x: { url: "sqlite:x.db", mod: inline }\n')
    await expect(InitialContext.fromFile(file)).rejects.toThrow(
      "wellhead.yaml:2:33: jdbc/x: there is no setting 'mod'; did you mean 'mode'?",
    )
  })
})

test('importing the package loads neither a driver nor a parser of YAML', async () => {
  const recorder = `
    import { registerHooks } from 'node:module'
    const urls = []
    registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) })
    process.on('exit', () => console.log(urls.join('\\n')))
  `
  const entry = new URL('../../src/index.ts', import.meta.url).href
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--import',
    `data:text/javascript,${encodeURIComponent(recorder)}`,
    '--input-type=module',
    '--eval',
    `await import('${entry}')`,
  ])
  expect(stdout).toContain('/src/index.ts')
  expect(stdout).not.toMatch(/node_modules\/yaml\/|drivers\/sqlite\/index|node:sqlite/)
})
