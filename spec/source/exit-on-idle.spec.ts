import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { describePostgres } from '../support/postgres.ts'
import { settle, World } from '../pool/world.ts'

const program = new URL('idle-program.ts', import.meta.url).pathname

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** One that may exit does, while one that may not is still there. */
async function compare(url: string, more: object = {}): Promise<void> {
  const staying = start(url, 'false', JSON.stringify(more))
  try {
    await once(staying.stdout!, 'data')
    const leaving = start(url, 'true', JSON.stringify(more))
    const [code] = (await once(leaving, 'exit')) as [number]
    expect(code).toBe(0)
    expect([staying.exitCode, staying.signalCode]).toEqual([null, null])
  } finally {
    staying.kill('SIGKILL')
  }
}

it('a thread of SQLite', () => compare('sqlite::memory:'))

it('a process of SQLite', () => compare('sqlite::memory:', { mode: 'process' }))

await describePostgres('a session of PostgreSQL', (server) => {
  it('lets the process end', () => {
    const { host, port, user, password } = server.address
    return compare(`postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/postgres`)
  })
})

it('what is lent, checked or closed keeps the process; what is idle does not', async () => {
  const world = new World({ allowExitOnIdle: true, maximumPoolSize: 1 })
  const [pooled] = await world.fill(1)
  const seen = [pooled!.alive]
  const connection = await world.get()
  seen.push(pooled!.alive)
  await connection.close()
  world.driver.behaviour.validate = async (one) => {
    seen.push(one.alive)
    return true
  }
  await world.clock.advance(1_000)
  await (await world.get()).close()
  await world.pool.checkHealth()
  seen.push(pooled!.alive)
  world.driver.behaviour.close = async (one) => void seen.push(one.alive)
  void world.pool.close()
  await settle()
  expect(seen).toEqual([false, true, true, true, false, true])
})

it('follows the setting when it is changed', async () => {
  const world = new World()
  const [pooled] = await world.fill(1)
  expect(pooled!.alive).toBe(true)
  world.pool.administration.reconfigure({ ...world.pool.settings, allowExitOnIdle: true } as never)
  expect(pooled!.alive).toBe(false)
  world.pool.administration.reconfigure({ ...world.pool.settings, allowExitOnIdle: false } as never)
  expect(pooled!.alive).toBe(true)
})
