// The quickstart as a reader runs it: a process of its own, on the built package.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** What is left in the folder for temporary files. */
  readonly left: readonly string[]
}

const root = join(import.meta.dirname, '../..')
const main = join(root, 'examples/address-service/main.ts')
const sabotaged = fileURLToPath(new URL('./sabotaged.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'wellhead-examples-'))
const small = ['--rows', '2000', '--seconds', '1']

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

function run(program: string, args: readonly string[], { cwd = folder } = {}): Promise<Ended> {
  // A folder for temporary files of its own, so that whatever stays behind is seen.
  const temporary = mkdtempSync(join(folder, 'tmp-'))
  const bare = { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary }
  for (const name of ['FORCE_COLOR', 'NO_COLOR', 'NODE_OPTIONS']) Reflect.deleteProperty(bare, name)
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: bare,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 50_000,
  })
  const texts = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => (texts.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (texts.stderr += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      // Node keeps its compile cache where it is told to; nothing else is expected.
      resolve({
        code,
        ...texts,
        left: readdirSync(temporary).filter((name) => name !== 'node-compile-cache'),
      })
    })
  })
}

describe('the quickstart', () => {
  let ended: Ended

  beforeAll(async () => {
    ended = await run(main, small)
  })

  it('ends by itself, with every line of its ledger true, without a warning and with nothing left behind', () => {
    expect(ended).toMatchObject({ code: 0, stderr: '', left: [] })
    expect(ended.stdout.match(/^✓ .*/gm)).toHaveLength(8)
    expect(ended.stdout).not.toContain('✗')
  })

  it('writes neither colours nor a moving line into a pipe', () => {
    // oxlint-disable-next-line no-control-regex
    expect(ended.stdout).not.toMatch(/[\u001B\r█░]/)
  })

  it('tells how to go on in words that work', async () => {
    const [program = ''] = /import .*createDataSource[^]*$/.exec(ended.stdout) ?? []
    const text = program.replace('FILE', join(folder, 'own.db')).replace('SELECT …', 'SELECT 7 AS n')
    const { code, stdout, stderr } = await run('--input-type=module', ['--eval', text], { cwd: root })
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '[ { n: 7 } ]\n', stderr: '' })
  })

  it('fits into 80 columns', () => {
    expect(ended.stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  })
})

it('prints the ledger and nothing else with --json', async () => {
  const { code, stdout, stderr } = await run(main, [...small, '--json'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { holds, ledger } = JSON.parse(stdout)
  expect(holds).toBe(true)
  const figures = Object.fromEntries(
    ledger.map((line: { name: string; figures: unknown }) => [line.name, line.figures]),
  )
  expect(figures.rows).toEqual({ read: 2000, committed: 2000, bad: 0, stored: 2000 })
  expect(figures.requests.sent).toBeGreaterThan(200)
  expect(figures['idle death']).toEqual({ killed: 1, failedByIt: 0 })
  expect(figures.rebind).toMatchObject({ failed: 0, made: figures.rebind.closed })
  expect(figures.transfers.answered).toBe(figures.transfers.moved + figures.transfers.madeInNew)
  expect(figures.connections.open).toBe(0)
  expect(figures.connections.made).toBe(figures.rebind.made + figures.rebind.madeByNext)
})

it.each([
  ['loses a cent', [/^✗ balances +sum 100,000,000 before ≠ 99,999,999 after/]],
  ['is forgotten', [/^✗ transfers +[\d,]+ answered ≠ /]],
  ['fails after the rebind', [/^✗ requests .* 1 of them failed$/, /^✗ rebind .* 1 requests failed$/]],
])('notices a transfer that %s, and exits 1', async (how, lines) => {
  const { code, stdout, stderr, left } = await run(sabotaged, [how, ...small])
  expect({ code, stderr, left }).toEqual({ code: 1, stderr: '', left: [] })
  expect(stdout.match(/^✗ .*/gm)).toEqual(lines.map((line) => expect.stringMatching(line)))
})

describe('with --csv', () => {
  const header = 'organisation,street,house_number,postcode,town'
  const csv = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }

  it('loads the good rows of the file, and names the bad ones by line', async () => {
    const good = Array.from(
      { length: 30 },
      (_, at) => `Museum ${at},"High Street, ""Old"" Side",${at}a,04310,Ashford`,
    )
    const lines = [
      `\uFEFF${header}`,
      ...good.slice(0, 2),
      'Bakery,High Street,1,04310',
      '',
      '"Bakery,High Street,1,04310,Ashford',
      'The "Old" Bakery,High Street,1,04310,Ashford',
      'Bakery,High Street,1, ,Ashford',
      ...good.slice(2),
    ]
    const file = csv('some.csv', lines.join('\r\n'))
    const { code, stdout, stderr } = await run(main, ['--csv', file, '--seconds', '1'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('34 read = 30 committed + 4 bad, 30 stored')
    expect(stdout.match(/^bad row.*/gm)).toEqual([
      'bad row   line 4: 4 fields, not 5',
      'bad row   line 6: a quote is not closed, or text follows it',
      'bad row   line 7: a quote stands within a field',
      'bad row   line 8: postcode is empty',
    ])
  })

  it.each([
    [
      'a file without the header',
      csv('headless.csv', 'Museum,High Street,1,04310,Ashford\n'),
      'its first line has to be',
    ],
    ['an empty file', csv('empty.csv', ''), 'is empty'],
    ['a file without addresses', csv('bare.csv', `${header}\n`), 'there is no address'],
    ['a file that is not there', join(folder, 'absent.csv'), 'there is no such file'],
  ])('says what is wrong with %s, and exits 2', async (_, file, words) => {
    const { code, stderr, left } = await run(main, ['--csv', file, '--seconds', '1'])
    expect({ code, left }).toEqual({ code: 2, left: [] })
    expect(stderr).toContain(words)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})

it('explains its options, and refuses others with exit code 2', async () => {
  expect(await run(main, ['--help'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('--csv FILE'),
  })
  const wrong = await run(main, ['--rows', 'many'])
  expect(wrong).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--rows many') })
})
