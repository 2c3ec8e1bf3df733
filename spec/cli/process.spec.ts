// The command as users run it: its own process, with signals, pipes and exit codes.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import type { PostgresDatabase } from '../support/postgres-database.ts'
import { describePostgres } from '../support/postgres.ts'
import { configure, ended, main, start, wellhead, workingFolder } from './support.ts'

workingFolder()

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const endless = 'WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n)'

/** A pipeline of a shell, with the exit code of its first command. */
async function pipeline(args: string, next: string): Promise<{ stdout: string; stderr: string }> {
  const script = `"$0" "$1" ${args} | ${next}; echo "exit \${PIPESTATUS[0]}"`
  const child = spawn('bash', ['-c', script, process.execPath, main], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { stdout, stderr }
}

describe('the process', () => {
  it('ends with 0, 1 or 2', async () => {
    configure("dataSources: { db: { url: 'sqlite::memory:' } }")
    const outcomes = await Promise.all([
      ended(start(['query', 'db', 'SELECT 1 AS n'])),
      ended(start(['query', 'db', 'SELECT'])),
      ended(start(['query', 'db'])),
      ended(start(['--version'])),
    ])
    expect(outcomes.map(({ code }) => code)).toEqual([0, 1, 2, 0])
    expect(outcomes[0]).toMatchObject({ stdout: 'n\n1\n', stderr: '' })
    expect(outcomes[3].stdout).toBe(`${version}\n`)
  })

  it('ends quietly when its reader goes', async () => {
    configure("dataSources: { db: { url: 'sqlite::memory:' } }")
    const { stdout, stderr } = await pipeline(`query db '${endless} SELECT n FROM n'`, 'head -2')
    expect({ stdout, stderr }).toEqual({ stdout: 'n\n1\nexit 0\n', stderr: '' })
  })

  it('fails when it cannot write', async () => {
    configure("dataSources: { db: { url: 'sqlite::memory:' } }")
    const { stdout, stderr } = await pipeline("query db 'SELECT 1' > /dev/full", 'cat')
    expect(stdout).toBe('exit 1\n')
    expect(stderr).toMatch(/^wellhead: ENOSPC/)
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends a statement of SQLite at %s', async (signal) => {
    configure("dataSources: { db: { url: 'sqlite::memory:', mode: inline } }")
    // The first row tells that it runs.
    const child = start([
      'query',
      'db',
      `${endless} SELECT CASE WHEN n < 101 THEN n ELSE (${endless} SELECT max(n) FROM n) END AS n FROM n`,
    ])
    const outcome = ended(child)
    await new Promise<void>((resolve) => {
      child.stdout!.once('data', () => resolve())
    })
    child.kill(signal)
    const code = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal]
    expect(await outcome).toMatchObject({ code, stderr: '' })
  })

  it('says so on a Node that is too old', async () => {
    // All that such a Node has to understand.
    expect(readFileSync(main, 'utf8')).not.toMatch(/^\s*(?:import|export)\b(?!\()/m)
    const older = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.15.1' } })`
    const nodeOptions = ['--import', `data:text/javascript,${encodeURIComponent(older)}`]
    expect(await ended(start(['list'], { nodeOptions }))).toEqual({
      code: 2,
      stdout: '',
      stderr: 'wellhead: needs Node 22.16 or newer; this is Node 22.15.1\n',
    })
  })
})

describe('colours', () => {
  const colours = async (variables: Record<string, string>, columns?: number): Promise<boolean> => {
    configure("dataSources: { db: { url: 'sqlite::memory:' } }")
    // Node takes a terminal in CI for one without colours.
    for (const [name, value] of Object.entries({ CI: undefined, TERM: 'xterm', ...variables })) {
      vi.stubEnv(name, value)
    }
    const conditions = columns === undefined ? {} : { columns }
    const { stdout } = await wellhead(['query', 'db', '--format', 'table', 'SELECT 1 AS n'], conditions)
    vi.unstubAllEnvs()
    return stdout.includes('\u001b[')
  }

  it('are shown on a terminal, unless NO_COLOR says no; elsewhere only when FORCE_COLOR asks', async () => {
    expect(await colours({}, 80)).toBe(true)
    expect(await colours({ NO_COLOR: '1' }, 80)).toBe(false)
    expect(await colours({})).toBe(false)
    expect(await colours({ FORCE_COLOR: '1' })).toBe(true)
  })
})

describe('help', () => {
  it('fits into a terminal', async () => {
    for (const command of [
      [],
      ...['init', 'check', 'list', 'show', 'ping', 'query', 'completion'].map((c) => [c]),
    ]) {
      const { code, stdout, stderr } = await wellhead([...command, '--help'], { columns: 80 })
      expect([code, stderr]).toEqual([0, ''])
      const widest = Math.max(
        ...stripVTControlCharacters(stdout)
          .split('\n')
          .map((line) => line.length),
      )
      expect(widest, command[0]).toBeLessThanOrEqual(80)
    }
  })

  it('is shown where the command is missing, and similar commands where it is wrong', async () => {
    const nothing = await wellhead([])
    expect(nothing).toMatchObject({ code: 2, stdout: '' })
    expect(nothing.stderr).toContain('Usage: wellhead')
    expect(await wellhead(['chek'])).toEqual({
      code: 2,
      stdout: '',
      stderr: "wellhead: unknown command 'chek'\n(Did you mean check?)\n",
    })
    expect(JSON.parse((await wellhead(['chek', '--json'])).stdout)).toMatchObject({
      error: { name: 'UsageError', message: "unknown command 'chek'\n(Did you mean check?)" },
    })
  })
})

await describePostgres('the process on PostgreSQL', (server) => {
  const runs = async (database: PostgresDatabase, part: string): Promise<boolean> => {
    const sessions = await database.sessions()
    return sessions.some(({ state, query }) => state === 'active' && query.includes(part))
  }

  it('cancels its statement on the server when it is interrupted', async () => {
    const database = await server.database()
    configure(`dataSources: { db: { url: '${database.url}', tls: disable } }`)
    const outcome = (child = start(['query', 'db', 'SELECT pg_sleep(600)'])) => ({
      child,
      ended: ended(child),
    })
    const { child, ended: interrupted } = outcome()
    while (!(await runs(database, 'pg_sleep'))) await sleep(10)
    child.kill('SIGINT')
    expect(await interrupted).toEqual({ code: 130, stdout: '', stderr: '' })
    expect(await runs(database, 'pg_sleep')).toBe(false)
    expect(await database.sessions()).toEqual([])
  })

  it('reads no more than its reader takes, and stops the statement when it goes', async () => {
    const database = await server.database()
    configure(`dataSources: { db: { url: '${database.url}', tls: disable } }`)
    const { stdout, stderr } = await pipeline(
      `query db 'SELECT generate_series(1, 1000000000) AS n'`,
      'head -3',
    )
    expect({ stdout, stderr }).toEqual({ stdout: 'n\n1\n2\nexit 0\n', stderr: '' })
    expect(await database.sessions()).toEqual([])
  })

  it('holds little of a large result, also while its reader sleeps', async () => {
    const database = await server.database()
    configure(`dataSources: { db: { url: '${database.url}', tls: disable } }`)
    // 60 MB, if it were all held.
    const sql = "SELECT n, repeat('x', 1000) AS x FROM generate_series(1, 60000) AS n"
    const child = start(['query', 'db', sql], { nodeOptions: ['--max-old-space-size=32'] })
    const outcome = ended(child)
    child.stdout!.pause()
    await sleep(1_000)
    child.stdout!.resume()
    const { code, stdout, stderr } = await outcome
    expect([code, stderr, stdout.length]).toEqual([0, '', 'n,x\n'.length + 60_000 * 1_002 + 288_894])
  })

  it('warns of what the server warns of', async () => {
    const database = await server.database()
    configure(`dataSources: { db: { url: '${database.url}', tls: disable } }`)
    const sql = "DO $$ BEGIN RAISE WARNING 'mind the gap'; END $$"
    expect(await wellhead(['query', 'db', sql])).toEqual({
      code: 0,
      stdout: 'updateCount\n0\n',
      stderr: expect.stringContaining('mind the gap') as string,
    })
  })
})
