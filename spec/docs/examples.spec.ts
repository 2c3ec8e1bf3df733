// Every fenced example of README.md and docs/*.md is run, and what they show as output is compared.
import { execFile } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { InitialContext } from '../../src/index.ts'
import { mariaDb } from '../support/mariadb.ts'
import { PgBouncer } from '../support/pgbouncer.ts'
import { urlOf } from '../support/postgres-database.ts'
import { postgres, serverForPgBouncer } from '../support/postgres.ts'
import { fencesOf, masked } from './fences.ts'
import { isScript, printed, writeModules } from './modules.ts'
import { readSession, runSession } from './sessions.ts'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'wellhead-docs-'))
const run = promisify(execFile)
const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, NODE_OPTIONS: undefined }
const scripts = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts)

const documents = ['README.md', ...globSync('docs/*.md', { cwd: root }).toSorted()].map((name) => {
  const fences = fencesOf(readFileSync(join(root, name), 'utf8'))
  const place = join(folder, name.replaceAll(/\W/g, '-'))
  mkdirSync(place)
  return { name, fences, place, modules: writeModules(place, root, fences) }
})

/** The URL of an empty database, by the name that a remark gives its kind; undefined where it is not to be had. */
const databases: Record<string, (() => Promise<string>) | undefined> = {
  sqlite: async () => 'sqlite::memory:',
}
const needed = new Set(documents.flatMap(({ modules }) => modules.flatMap(({ needs }) => needs)))
const server = needed.has('postgres') ? await postgres() : undefined
if (server) databases['postgres'] = async () => (await server.database()).url
const maria = needed.has('mariadb') ? await mariaDb() : undefined
if (maria) databases['mariadb'] = async () => (await maria.database()).url
const pooled = needed.has('pgbouncer') ? await serverForPgBouncer() : undefined
let bouncer: Promise<PgBouncer> | undefined
if (pooled) {
  databases['pgbouncer'] = async () => {
    const { name } = await pooled.database()
    return urlOf((await (bouncer ??= PgBouncer.start(pooled.address))).settings(name))
  }
}

afterAll(async () => (await bouncer)?.close())
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

describe.each(documents)('$name', ({ fences, place, modules }) => {
  const configurations = fences.filter(
    ({ language, remarks }) => language === 'yaml' && !remarks.has('not run'),
  )
  const outputs = fences.filter(({ remarks }) => remarks.has('output'))
  const commands = fences.filter(({ language }) => language === 'sh')
  const sessions = fences.filter(({ language, remarks }) => language === 'console' && !remarks.has('not run'))

  it('leaves no script out, and says why it leaves out anything else', () => {
    for (const fence of fences) {
      const reason = fence.remarks.get('not run')
      if (isScript(fence)) expect(reason, `line ${fence.line}`).toBeUndefined()
      else if (reason !== undefined) expect(reason, `line ${fence.line}`).not.toBe('')
    }
  })

  it('compares what it shows as output', () => {
    for (const fence of fences.filter(({ language }) => language === 'text')) {
      const { line, remarks } = fence
      expect(printed(fence) || remarks.has('output') || remarks.has('not run'), `line ${line}`).toBe(true)
    }
  })

  it('needs databases that there are', () => {
    for (const { line, needs } of modules)
      for (const name of needs)
        expect(['sqlite', 'postgres', 'pgbouncer', 'mariadb'], `line ${line}`).toContain(name)
  })

  it('names npm scripts that exist', () => {
    for (const [, script] of commands.flatMap(({ code }) => [
      ...code.matchAll(/npm run (?:-+\w+ )*([\w:-]+)/g),
    ])) {
      expect(scripts).toContain(script)
    }
  })

  for (const { line, path, prints, exactly, needs } of modules) {
    const example = async (url?: string): Promise<void> => {
      const options = { cwd: place, env: { ...env, DATABASE_URL: url }, timeout: 15_000 }
      const { stdout, stderr } = await run(process.execPath, [path], options)
      expect(stderr).toBe('')
      if (exactly) expect(stdout).toBe(prints)
      else if (prints !== undefined) expect(masked(stdout)).toBe(masked(prints))
    }
    if (needs.length === 0) it(`runs line ${line}`, () => example())
    for (const name of needs) {
      const database = databases[name]
      if (database) it(`runs line ${line} on ${name}`, async () => await example(await database()))
      else it.skip(`line ${line} needs ${name}`, () => {})
    }
  }

  for (const { line, code } of sessions) {
    it(`shows what the commands in line ${line} print`, async () => {
      const shown = readSession(code)
      const real = await runSession(shown, place, root, env)
      const comparable = (all: typeof shown) => all.map((one) => ({ ...one, output: masked(one.output) }))
      expect(comparable(real)).toEqual(comparable(shown))
    }, 60_000)
  }

  for (const { line, code, remarks } of fences.filter((fence) => fence.remarks.has('from'))) {
    it(`shows the file it names in line ${line}`, () => {
      expect(code).toBe(readFileSync(join(root, remarks.get('from')!), 'utf8'))
    })
  }

  for (const { line, code } of configurations) {
    it(`accepts the configuration in line ${line}`, async () => {
      const file = join(place, `line-${line}.yaml`)
      writeFileSync(file, code)
      const context = await InitialContext.fromFile(file)
      expect(context.list()).not.toEqual([])
      await context.close()
    })
  }

  for (const { line, code, remarks } of outputs) {
    it(`shows the real output in line ${line}`, async () => {
      const [command, ...args] = remarks.get('output')!.split(/\s+/)
      const program = command === 'node' ? process.execPath : command!
      const { stdout, stderr } = await run(program, args, { cwd: root, env, timeout: 60_000 })
      expect(stderr).toBe('')
      expect(masked(stdout)).toBe(masked(code))
    }, 60_000)
  }
})

describe('the examples', () => {
  it('are there', () => {
    expect(documents.flatMap(({ modules }) => modules).length).toBeGreaterThan(0)
  })

  it('pass the type check', async () => {
    const configuration = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { moduleDetection: 'force', typeRoots: [join(root, 'node_modules/@types')] },
      include: ['**/*.ts'],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(configuration))
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = await run(process.execPath, [tsc, '-p', folder], { env }).catch((error) => error)
    expect(stdout).toBe('')
  })
})
