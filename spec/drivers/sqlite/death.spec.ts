import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Channel } from '../../../drivers/sqlite/channel.ts'
import type { SQLException } from '../../../src/api/sql-exception.ts'
import { countTo, newFile, open, raw, refusal, rows, run, until, type Mode } from './support.ts'

/** A connection whose engine can be ended behind its back. */
async function mortal(mode: Mode, path = newFile()) {
  let channel: Channel | undefined
  const connection = await open({ mode, path, channel: (opened) => (channel = opened) })
  return { connection, path, kill: () => channel!.destroy() }
}

describe.each(['worker', 'process'] as const)('The death of an engine (%s)', (mode) => {
  it('is told once when nothing runs', async () => {
    const { connection, kill } = await mortal(mode)
    const death = new Promise<SQLException>((resolve) => {
      connection.onDeath = resolve
    })
    kill()
    expect(await death).toMatchObject({
      name: 'SQLRecoverableException',
      sqlState: '08006',
      reason: 'connection-lost',
      fatal: true,
    })
    expect(await refusal(run(connection, 'SELECT 1'))).toMatchObject({ fatal: true })
    await connection.close()
  })

  it('rejects what runs, and says what is known of its outcome', async () => {
    const { connection, path, kill } = await mortal(mode)
    let deaths = 0
    connection.onDeath = () => deaths++
    await run(connection, 'CREATE TABLE t (id)')
    raw(path).exec('BEGIN IMMEDIATE')
    const write = refusal(run(connection, 'INSERT INTO t VALUES (1)'))
    await until(() => connection.capabilities.cancel === 'server')
    const read = refusal(run(connection, 'SELECT 1'))
    kill()
    expect(await write).toMatchObject({ fatal: true, retry: 'unknown-outcome' })
    expect(await read).toMatchObject({ fatal: true, retry: 'connect' })
    expect(deaths).toBe(0)
  })

  it('in a transaction: nothing of it was done, the whole may be tried again', async () => {
    const { connection, path, kill } = await mortal(mode)
    await run(connection, 'CREATE TABLE t (id)')
    await connection.begin({})
    await run(connection, 'INSERT INTO t VALUES (1)')
    const running = refusal(run(connection, countTo(300_000)))
    await new Promise((resolve) => setImmediate(resolve))
    kill()
    expect(await running).toMatchObject({ fatal: true, retry: 'transaction' })
    await connection.close()
    const after = raw(path)
    expect(after.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 0 })
    after.exec('BEGIN EXCLUSIVE; COMMIT')
  })
})

describe('A statement that runs', () => {
  it('in a thread ends before its connection is gone', async () => {
    const path = newFile()
    const connection = await open({ mode: 'worker', path })
    await run(connection, 'CREATE TABLE t (id)')
    const running = refusal(run(connection, `INSERT INTO t ${countTo(500_000)}`))
    const other = raw(path)
    await until(() => isLocked(other))
    connection.destroy()
    expect(await running).toMatchObject({ retry: 'unknown-outcome' })
    expect(isLocked(other)).toBe(true)
    await connection.close()
    expect(isLocked(other)).toBe(false)
  })

  it('in a process is killed at once; the file stays whole and loses only that transaction', async () => {
    const path = newFile()
    const connection = await open({ mode: 'process', path, synchronous: 'full' })
    await run(connection, 'CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)')
    await run(connection, "INSERT INTO t (v) VALUES ('kept')")
    const endless = `INSERT INTO t (v) ${countTo(Number.MAX_SAFE_INTEGER).replace('count(*) AS n', "'lost' || n")}`
    const running = refusal(run(connection, endless))
    const log = `${path}-wal`
    // Pages that do not fit into memory any more are spilled into the log: it is in the middle of writing.
    await until(() => readFileSync(log).length > 1_000_000)
    connection.destroy()
    expect(await running).toMatchObject({ fatal: true, retry: 'unknown-outcome' })
    await connection.close()
    const after = raw(path)
    expect(after.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    expect(after.prepare('SELECT v FROM t').all()).toEqual([{ v: 'kept' }])
    after.exec("INSERT INTO t (v) VALUES ('next')")
    const next = await open({ mode: 'process', path })
    expect(await rows(next, 'SELECT count(*) FROM t')).toEqual([[2]])
  })
})

describe('A process of a connection', () => {
  it('does not outlive a parent that is killed', async () => {
    const support = new URL('parent.ts', import.meta.url).pathname
    const parent = spawn(process.execPath, [support, newFile()], { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    let complained = ''
    parent.stderr.on('data', (data) => (complained += String(data)))
    const pid = await new Promise<number>((resolve, reject) => {
      parent.stdout.on('data', (data) => {
        said += String(data)
        const found = /pid (\d+)/.exec(said)
        if (found !== null) resolve(Number(found[1]))
      })
      parent.on('exit', () => reject(new Error(complained)))
    })
    expect(isAlive(pid)).toBe(true)
    parent.kill('SIGKILL')
    await until(() => !isAlive(pid))
    expect(complained).toBe('')
  })
})

function isLocked(database: ReturnType<typeof raw>): boolean {
  try {
    database.exec('BEGIN IMMEDIATE; ROLLBACK')
    return false
  } catch {
    return true
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
