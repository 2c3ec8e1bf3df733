import { execFile, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { configure, main, wellhead, workingFolder } from './support.ts'

const folder = workingFolder()

beforeAll(() => {
  configure(`dataSources:
  jdbc/accounts: { url: 'sqlite::memory:' }
  jdbc/ledger: { link: jdbc/accounts }
  audit: { url: 'sqlite::memory:' }
profiles:
  production: { dataSources: { new: { url: 'sqlite::memory:' } } }
  preview: {}
`)
  configure('dataSources: { other: { url: sqlite:x.db } }', 'other.yaml')
  configure('dataSources: [', 'wrong.yaml')
  writeFileSync('wellhead', `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 })
})

/** What may stand at the cursor, behind the last of these words. */
async function candidates(...words: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await wellhead(['__complete', '--', ...words])
  expect([code, stderr]).toEqual([0, ''])
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t')[0]!)
}

describe('completion', () => {
  it('knows commands', async () => {
    const commands = ['init', 'check', 'list', 'show', 'ping', 'query', 'completion', 'help']
    expect(await candidates('')).toEqual(commands)
    expect(await candidates('c')).toEqual(['check', 'completion'])
    expect(await candidates('--json', 'q')).toEqual(['query'])
    expect(await candidates('-c', 'other.yaml', 'li')).toEqual(['list'])
  })

  it('knows options and their values', async () => {
    expect(await candidates('query', '--')).toEqual([
      '--typed',
      '--timeout',
      '--format',
      '--csv',
      '--version',
      '--config',
      '--profile',
      '--json',
    ])
    expect(await candidates('query', 'audit', '--format', '')).toEqual(['table', 'csv', 'json', 'jsonl'])
    expect(await candidates('query', '--format=js')).toEqual(['--format=json', '--format=jsonl'])
    expect(await candidates('--profile', 'p')).toEqual(['production', 'preview'])
    expect(await candidates('list', '--profile=pro')).toEqual(['--profile=production'])
    expect(await candidates('query', 'audit', '--', '--')).toEqual([])
    // Files: the shell's own business.
    expect(await candidates('--config', '')).toEqual([])
  })

  it('knows data sources, from the configuration and the profile that were named', async () => {
    const names = ['jdbc/accounts', 'jdbc/ledger', 'audit']
    for (const command of ['show', 'ping', 'query']) expect(await candidates(command, '')).toEqual(names)
    expect(await candidates('query', 'jdbc/')).toEqual(['jdbc/accounts', 'jdbc/ledger'])
    expect(await candidates('-p', 'production', 'show', 'n')).toEqual(['new'])
    expect(await candidates('--config=other.yaml', 'show', '')).toEqual(['other'])
    expect(await candidates('query', 'audit', '')).toEqual([])
    expect(await candidates('list', '')).toEqual([])
  })

  it('knows drivers, shells and commands to be helped with', async () => {
    expect(await candidates('init', '')).toEqual(expect.arrayContaining(['sqlite', 'pg']))
    expect(await candidates('completion', '')).toEqual(['bash', 'zsh', 'fish'])
    expect(await candidates('help', 'q')).toEqual(['query'])
  })

  it('is silent about what is wrong', async () => {
    expect(await candidates('--config', 'wrong.yaml', 'show', '')).toEqual([])
    expect(await candidates('--config', 'nowhere.yaml', '--profile', '')).toEqual([])
    expect(await candidates('nonsense', '')).toContain('query')
  })

  it('is for shells that it knows', async () => {
    expect((await wellhead(['completion', 'tcsh'])).stderr).toMatch(
      /'tcsh' is invalid .* Allowed choices are bash, zsh, fish/,
    )
    expect(JSON.parse((await wellhead(['completion', 'bash', '--json'])).stdout)).toMatchObject({
      shell: 'bash',
    })
  })
})

const path = [folder, process.env['PATH']].join(delimiter)
const isThere = (shell: string): boolean => spawnSync(shell, ['--version']).error === undefined

async function inShell(shell: string, ...args: string[]): Promise<string[]> {
  const env = { ...process.env, PATH: path, NODE_OPTIONS: '' }
  const { stdout, stderr } = await promisify(execFile)(shell, args, { env })
  expect(stderr).toBe('')
  return stdout.trim().split('\n')
}

describe.runIf(isThere('bash'))('in bash', () => {
  const complete = (line: string) =>
    inShell(
      'bash',
      '--norc',
      '-c',
      `source <(wellhead completion bash)
       COMP_LINE=$0 COMP_POINT=\${#0}
       _wellhead
       printf '%s\\n' "\${COMPREPLY[@]}"`,
      line,
    )

  it('completes', async () => {
    expect(await complete('wellhead ch')).toEqual(['check'])
    expect(await complete(`${join(folder, 'wellhead')} query jdbc/`)).toEqual([
      'jdbc/accounts',
      'jdbc/ledger',
    ])
    expect(await complete('wellhead query audit ')).toEqual([''])
    // What stands before = is not replaced.
    expect(await complete('wellhead query --format=js')).toEqual(['json', 'jsonl'])
  })
})

describe.runIf(isThere('zsh'))('in zsh', () => {
  it('completes', async () => {
    const script = `
      compdef() { :; }
      _describe() { print -l -- "\${(@P)\${@[-1]}}" }
      _files() { print files }
      source <(wellhead completion zsh)
      words=(wellhead query jdbc/) CURRENT=3; _wellhead
      words=(wellhead --config '') CURRENT=3; _wellhead`
    expect(await inShell('zsh', '-f', '-c', script)).toEqual([
      'jdbc/accounts:data source',
      'jdbc/ledger:data source',
      'files',
    ])
  })
})

describe.runIf(isThere('fish'))('in fish', () => {
  it('completes', async () => {
    const script = 'wellhead completion fish | source; complete -C "wellhead query jdbc/"'
    expect(await inShell('fish', '--no-config', '-c', script)).toEqual([
      'jdbc/accounts\tdata source',
      'jdbc/ledger\tdata source',
    ])
  })
})
