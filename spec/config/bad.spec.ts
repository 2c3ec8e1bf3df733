// Files that are wrong: each gives the message that spec/config/bad/expected.txt has for it, with its place.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { ConfigurationException, InitialContext } from '../../src/index.ts'

const bad = join(import.meta.dirname, 'bad')

interface Expectation {
  readonly file: string
  readonly profile: string
  /** After the name of the file. */
  readonly message: string
}

/** In the list a line with the file, and `with profile NAME` where one is chosen; then the message, indented. */
const expectations: readonly Expectation[] = readFileSync(join(bad, 'expected.txt'), 'utf8')
  .trimEnd()
  .split(/\n(?! )/)
  .map((entry) => {
    const [, file = '', profile = '', message = ''] = /^(\S+)(?: with profile (\S+))?\n {4}(.*)$/.exec(entry)!
    return { file, profile, message }
  })

/** In some of the files, where it must not be shown. */
const password = 'geheim'

async function failure(file: string, profile = ''): Promise<ConfigurationException> {
  const error: unknown = await InitialContext.fromFile(file, { profile }).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ConfigurationException)
  return error as ConfigurationException
}

describe('a file that is wrong', () => {
  it('has its line in the list, and there are many', () => {
    const files = readdirSync(bad).filter((file) => file !== 'expected.txt')
    expect(expectations.map(({ file }) => file).toSorted()).toEqual(files.toSorted())
    expect(files.length).toBeGreaterThan(40)
  })

  test.each(expectations)('$file', async ({ file, profile, message }) => {
    const error = await failure(join(bad, file), profile)
    expect(error.message.replaceAll(`${bad}/`, '')).toBe(`${file}:${message}`)
    const [line, column] = message.split(':').map(Number)
    expect(error.place).toEqual({ file: join(bad, file), line, column })
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(password)
  })
})

/** Too large to be kept. Each is read in the same process, which has little memory. */
const hostile: readonly (readonly [name: string, content: () => string, message: RegExp])[] = [
  ['10,000 components', () => `dataSources:\n  ? ${'a/'.repeat(9_999)}a\n  : { url: 'sqlite:a' }`, /:2:5: /],
  ['brackets without end', () => '['.repeat(1_000_000), /:1:50: the text is nested too deeply$/],
  ['marks without end', () => '- '.repeat(500_000), /:1:\d+: the text is nested too deeply$/],
  ['quotes without end', () => `dataSources: "${'x'.repeat(1_000_000)}`, /: Missing closing "quote$/],
  [
    'indentation without end',
    () => Array.from({ length: 1_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
    /:51:\d+: the text is nested too deeply$/,
  ],
  [
    '60,000 keys',
    () => Array.from({ length: 60_000 }, (_, n) => `k${n}: 1`).join('\n'),
    /:1:1: a configuration has no 'k0'/,
  ],
  [
    'a key of a megabyte',
    () => `dataSources:\n  a:\n    url: sqlite:a\n    ? ${'k'.repeat(1_000_000)}\n    : 1`,
    /:4:7: a: there is no setting 'k{60}…'$/,
  ],
  [
    '20,000 data sources, the last one wrong',
    () =>
      `dataSources:\n${Array.from({ length: 20_000 }, (_, n) => `  a${n}: { url: sqlite:a }\n`).join('')}  z: 1`,
    /:20002:6: z wants names and values, and has a number$/,
  ],
  [
    '10,000 profiles',
    () =>
      `dataSources: {}\nprofiles:\n${Array.from({ length: 10_000 }, (_, n) => `  p${n}: {}\n`).join('')}  q: 1`,
    /:10003:6: profile 'q' wants names and values, and has a number$/,
  ],
  ['50 MB', () => 'x'.repeat(50_000_000), /has 50000000 bytes; at most 1048576$/],
]

describe('a hostile file', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wellhead-bad-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('is told in bounded time and memory', () => {
    const files = hostile.map(([name, content]) => {
      const file = join(folder, `${name.replaceAll(/\W/g, '-')}.yaml`)
      writeFileSync(file, content())
      return file
    })
    const laughs = join(bad, 'aliases-that-multiply-billion-laughs.yaml')
    const program = fileURLToPath(new URL('./read-files.ts', import.meta.url))
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--max-old-space-size=192', program, laughs, ...files],
      { encoding: 'utf8', timeout: 60_000, env: { ...process.env, WELLHEAD_PROFILE: '' } },
    )
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    const [first, ...messages] = JSON.parse(stdout) as string[]
    expect(first).toMatch(/: too many values, or too deep/)
    for (const [index, [, , message]] of hostile.entries()) {
      expect(messages[index]).toMatch(message)
      expect(messages[index]!.length).toBeLessThan(500)
    }
  }, 90_000)
})

it('a file that is not UTF-8, a folder, nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wellhead-bad-'))
  try {
    const file = join(folder, 'wellhead.yaml')
    writeFileSync(file, Uint8Array.of(0x61, 0xff))
    expect((await failure(file)).message).toBe(`The configuration file '${file}' is not UTF-8 text`)
    expect((await failure(folder)).message).toBe(`The configuration file '${folder}' is not a file`)
    const nowhere = join(folder, 'nowhere.yaml')
    expect((await failure(nowhere)).message).toContain(`'${nowhere}' does not exist in `)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
