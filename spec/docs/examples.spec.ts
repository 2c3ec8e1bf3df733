// Every fenced example of README.md and docs/*.md is run, and what they show as output is compared.
import { execFile } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { InitialContext } from '../../src/index.ts'
import { fencesOf, masked } from './fences.ts'
import { isScript, writeModules } from './modules.ts'

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

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

describe.each(documents)('$name', ({ fences, place, modules }) => {
  const configurations = fences.filter(
    ({ language, remarks }) => language === 'yaml' && !remarks.has('not run'),
  )
  const outputs = fences.filter(({ remarks }) => remarks.has('output'))
  const commands = fences.filter(({ language }) => language === 'sh')

  it('leaves no script out, and says why it leaves out anything else', () => {
    for (const fence of fences) {
      const reason = fence.remarks.get('not run')
      if (isScript(fence)) expect(reason, `line ${fence.line}`).toBeUndefined()
      else if (reason !== undefined) expect(reason, `line ${fence.line}`).not.toBe('')
    }
  })

  it('names npm scripts that exist', () => {
    for (const [, script] of commands.flatMap(({ code }) => [
      ...code.matchAll(/npm run (?:-+\w+ )*([\w:-]+)/g),
    ])) {
      expect(scripts).toContain(script)
    }
  })

  for (const { line, path, prints } of modules) {
    it(`runs line ${line}`, async () => {
      const { stdout, stderr } = await run(process.execPath, [path], { cwd: place, env, timeout: 15_000 })
      expect(stderr).toBe('')
      if (prints !== undefined) expect(masked(stdout)).toBe(masked(prints))
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
