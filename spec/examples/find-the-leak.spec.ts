// The example as somebody runs it who looks for a leak: in a project that has the built package.
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'wellhead-leak-'))
let stdout: string
let stderr: string

beforeAll(async () => {
  cpSync(join(root, 'examples/find-the-leak'), folder, { recursive: true })
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/wellhead'), 'junction')
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const env = { ...process.env, NODE_OPTIONS: undefined, NODE_NO_WARNINGS: undefined }
  const options = { cwd: folder, env, timeout: 30_000 }
  ;({ stdout, stderr } = await promisify(execFile)(process.execPath, ['main.ts'], options))
})

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

/** The line of source that a text names as `file:line:column`. */
function lineNamedBy(text: string, file: string): string {
  const [, line, column] = new RegExp(`${file}:(\\d+):(\\d+)`).exec(text) ?? []
  expect(line, text).toBeDefined()
  const lines = readFileSync(join(folder, file), 'utf8').split('\n')
  return lines[Number(line) - 1]!.slice(Number(column) - 1)
}

it('warns once, and the warning leads to the line that borrowed', () => {
  expect(stderr.match(/WELLHEAD_LEAK/g)).toHaveLength(1)
  const [, message] = /\[WELLHEAD_LEAK\] WellheadWarning: (.*)/.exec(stderr) ?? []
  expect(message).toMatch(
    /^jdbc\/orders: .* has been held for \d+ ms, longer than leakDetectionThreshold, borrowed at/,
  )
  expect(lineNamedBy(message!, 'orders.ts')).toBe('getConnection()')
  const [url] = /file:\/\/\S+?orders\.ts/.exec(message!) ?? []
  expect(fileURLToPath(url!)).toMatch(/orders\.ts$/)
})

it('and so does the error of whoever finds the pool exhausted', () => {
  const lines = stdout.trim().split('\n')
  expect(lines.slice(0, 3)).toEqual([
    'customer 1 has spent 42',
    'customer 2 has spent nothing yet',
    'customer 3 has spent nothing yet',
  ])
  expect(lines).toHaveLength(5)
  for (const line of lines.slice(3)) {
    expect(line).toMatch(/ is held for \d+ ms, borrowed at .*spentBy/)
    expect(lineNamedBy(line, 'orders.ts')).toBe('getConnection()')
  }
})
