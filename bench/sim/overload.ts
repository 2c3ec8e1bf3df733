import { ConnectionPool } from '../../src/pool/connection-pool.ts'
import { parsePoolSettings } from '../../src/pool/settings.ts'
import { ManualClock } from '../../spec/support/manual-clock.ts'
import { StubDriver } from '../../spec/support/stub-connection.ts'

/** More than can be served, in virtual time. */
export interface Overload {
  readonly connections: number
  /** Mean of a use in milliseconds; uses, and the times between requests, are distributed exponentially. */
  readonly use: number
  /** What is asked for, as a part of what can be served. */
  readonly load: number
  readonly seconds: number
  /** Who has no answer by then has gone. */
  readonly patience: number
  /** Of the chances. */
  readonly seed: number
}

/** Of all requests, as parts. */
export interface OverloadOutcome {
  readonly requests: number
  /** In time. */
  readonly answered: number
  readonly late: number
  readonly refused: number
  /** Of those answered, in milliseconds: from asking to the answer. */
  readonly median: number
  readonly p99: number
}

export const overload: Overload = {
  connections: 10,
  use: 50,
  load: 1.3,
  seconds: 30,
  patience: 500,
  seed: 42,
}

/** The same requests at the same times for every pool, and in every run. */
export async function overloaded(
  { connections, use, load, seconds, patience, seed }: Overload,
  settings: Readonly<Record<string, unknown>>,
): Promise<OverloadOutcome> {
  const clock = new ManualClock()
  const random = generator(seed)
  const pool = new ConnectionPool({
    name: 'overloaded',
    dataSource: new StubDriver(),
    settings: parsePoolSettings({ maximumPoolSize: connections, ...settings }, 'overloaded'),
    clock,
    random: () => 0.5,
  })
  const after = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => void clock.setTimer(resolve, milliseconds))
  const exponential = (mean: number): number => -Math.log(1 - random()) * mean
  const times: number[] = []
  let refused = 0
  const request = async (milliseconds: number): Promise<void> => {
    const askedAt = clock.now()
    try {
      const connection = await pool.acquire()
      await after(milliseconds)
      await connection.close()
      times.push(clock.now() - askedAt)
    } catch {
      refused++
    }
  }
  const requests: Promise<void>[] = []
  const come = async (): Promise<void> => {
    while (clock.now() < seconds * 1_000) {
      requests.push(request(exponential(use)))
      await after(exponential(use / connections / load))
    }
  }
  const coming = come()
  await clock.advance(seconds * 1_000 + 60_000)
  await Promise.all([coming, ...requests])
  const closed = pool.close()
  await clock.advance(0)
  await closed
  times.sort((a, b) => a - b)
  const inTime = times.filter((time) => time <= patience).length
  return {
    requests: requests.length,
    answered: inTime / requests.length,
    late: (times.length - inTime) / requests.length,
    refused: refused / requests.length,
    median: times[Math.floor(times.length / 2)]!,
    p99: times[Math.floor(times.length * 0.99)]!,
  }
}

/** Numbers from 0 to below 1, always the same (mulberry32). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
