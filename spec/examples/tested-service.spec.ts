// An application without a container, and its tests, as their author runs them: in a project that has the built package.
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'wellhead-tested-'))
const run = promisify(execFile)

beforeAll(() => {
  cpSync(join(root, 'examples/tested-service'), folder, { recursive: true })
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/wellhead'), 'junction')
  symlinkSync(join(root, 'node_modules/vitest'), join(folder, 'node_modules/vitest'), 'junction')
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
})

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

async function node(args: string[], given: NodeJS.ProcessEnv = {}): Promise<string> {
  const env = { ...process.env, ...given }
  // What this runner tells its own processes.
  for (const name of Object.keys(env).filter((key) => /^(VITEST|TEST$|NODE_|SHOP_URL$)/.test(key)))
    if (!(name in given)) Reflect.deleteProperty(env, name)
  const { stdout, stderr } = await run(process.execPath, args, { cwd: folder, env, timeout: 30_000 })
  // A database that is said to be down is an outage, and nobody listens there.
  const unexpected = stderr.split('\n').filter((line) => !/WELLHEAD_OUTAGE|--trace-warnings/.test(line))
  expect(unexpected.join('\n')).toBe('')
  return stdout
}

it('sells, with the database that the environment names', async () => {
  expect(await node(['main.ts'], { SHOP_URL: 'sqlite::memory:' })).toBe('sold sold out 1\n')
})

it('is tested by node:test, with an override', async () => {
  const report = await node(['--test', '--test-reporter=tap', 'shop.test.ts'])
  expect(report.match(/^# (tests|pass) \d+$/gm)).toEqual(['# tests 2', '# pass 2'])
})

it('is tested by vitest, with failures by script', async () => {
  const report = await node(['node_modules/vitest/vitest.mjs', 'run', 'shop.spec.ts', '--reporter=tap-flat'])
  expect(report.match(/^(?:not )?ok \d+|^1\.\.\d+$/gm)).toEqual([
    '1..5',
    ...[1, 2, 3, 4, 5].map((n) => `ok ${n}`),
  ])
})
