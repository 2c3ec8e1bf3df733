// A pool on a real server with random faults: what it holds in the end is what it held in the beginning.
import { fork, type ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { FaultProxy } from '../support/fault-proxy.ts'
import { describeOwnPostgres } from '../support/postgres.ts'
import type { PostgresServer } from '../support/postgres-server.ts'
import type { PostgresDatabase } from '../support/postgres-database.ts'
import type { SoakMessage, SoakReport } from './soak-program.ts'

const seconds = process.env['MODE'] === 'long' ? 600 : process.env['CI'] ? 60 : 12
const program = fileURLToPath(new URL('soak-program.ts', import.meta.url))

await describeOwnPostgres('a pool under random faults', (start) => {
  it(`holds nothing after ${seconds} s`, { timeout: (seconds + 60) * 1_000 }, async () => {
    const server = await start()
    const database = await server.database()
    await prepare(database)
    await using proxy = await FaultProxy.start({ target: database.settings })
    const { host, port } = proxy
    const child = fork(program, [JSON.stringify({ ...database.settings, host, port })], {
      execArgv: ['--expose-gc'],
      // A pipe would be opened with the first warning that is written, and count as a resource.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: { ...process.env, NODE_OPTIONS: undefined },
    })
    const { heaps, faults, report } = listen(child)
    const seed = Number(process.env['SOAK_SEED'] ?? Date.now() % 1_000_000)
    console.log(`soak: SOAK_SEED=${seed}`)
    const happened = await disturb(seconds * 1_000, { server, database, proxy }, randomOf(seed))
    child.send('stop')
    const told = await report
    console.log(happened, told, `heap ${heaps.map((heap) => (heap / 1e6).toFixed(1)).join(' ')} MB`)

    expect(faults).toEqual([])
    expect(told.settled).toBe(told.begun)
    expect(told.succeeded).toBeGreaterThan(told.begun / 20)
    expect(told.acquired + told.rejected).toBe(told.requested)
    expect(sum(Object.values(told.closed))).toBe(told.created)
    expect(told.leaksRecovered).toBeLessThanOrEqual(told.dropped)
    expect(told.resourcesAfter).toEqual(told.resourcesBefore)
    for (const count of Object.values(happened)) expect(count).toBeGreaterThan(0)
    await vanished(() => database.sessions())
    await vanished(async () => proxy.open)
    expect(growthOf(heaps)).toBeLessThan(1e6)
  })
})

async function prepare(database: PostgresDatabase): Promise<void> {
  const raw = await database.connect()
  await raw.query('CREATE TABLE soak AS SELECT n FROM generate_series(1, 100) AS g(n)')
  await raw.end()
}

function listen(child: ChildProcess): { heaps: number[]; faults: string[]; report: Promise<SoakReport> } {
  const heaps: number[] = []
  const faults: string[] = []
  const report = new Promise<SoakReport>((resolve, reject) => {
    child.on('message', (message: SoakMessage) => {
      if ('heap' in message) heaps.push(message.heap)
      else if ('fault' in message) faults.push(message.fault)
      else resolve(message.report)
    })
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${faults.join('\n')}`)))
  })
  return { heaps, faults, report }
}

interface Site {
  readonly server: PostgresServer
  readonly database: PostgresDatabase
  readonly proxy: FaultProxy
}

/** Does to it what networks and servers do, then mends everything. Returns how often each fault happened. */
async function disturb(
  milliseconds: number,
  { server, database, proxy }: Site,
  random: () => number,
): Promise<Record<string, number>> {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)]
  const during = async (mode: Parameters<FaultProxy['set']>[0], longest: number): Promise<void> => {
    await proxy.set(mode)
    await sleep(random() * longest)
    await proxy.set({ kind: 'pass' })
  }
  const faults: Record<string, () => unknown> = {
    kill: async () => {
      const session = pick(await database.sessions())
      if (session !== undefined) await server.terminate(session.pid)
    },
    stall: () => during({ kind: 'stall' }, 1_500),
    refuse: async () => {
      for (const connection of proxy.open) connection.set({ kind: 'reset' })
      await during({ kind: 'refuse' }, 800)
    },
    slow: () => during({ kind: 'trickle', bytes: 100, every: 5 }, 600),
    reset: () => pick(proxy.open)?.set({ kind: 'reset' }),
    restart: () => server.restart('immediate'),
  }
  const happened = Object.fromEntries(Object.keys(faults).map((name) => [name, 0]))
  // Each once in any case; a restart takes long, and is rare.
  const names = Object.keys(faults)
  const rounds = [...names, ...names.filter((name) => name !== 'restart')]
  for (const end = performance.now() + milliseconds; performance.now() < end;) {
    const name =
      rounds.length > 0 ? rounds.shift()! : pick(random() < 0.02 ? ['restart'] : names.slice(0, -1))!
    await faults[name]!()
    happened[name]!++
    await sleep(50 + random() * 400)
  }
  await proxy.set({ kind: 'pass' })
  return happened
}

/** From the second quarter to the last one, by their medians, in bytes. */
function growthOf(heaps: readonly number[]): number {
  const quarter = Math.floor(heaps.length / 4)
  return median(heaps.slice(-quarter)) - median(heaps.slice(quarter, 2 * quarter))
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)]!
}

async function vanished(list: () => Promise<readonly unknown[]>): Promise<void> {
  for (let round = 0; round < 200; round++) {
    if ((await list()).length === 0) return
    await sleep(25)
  }
  expect(await list()).toEqual([])
}

/** mulberry32: small, and enough for faults. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((one, other) => one + other, 0)
}
