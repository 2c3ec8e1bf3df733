import { describe, expect, it } from 'vitest'
import type { Result } from '../../src/api/result.ts'
import { sqliteDialect } from '../../drivers/sqlite/dialect.ts'
import type { Clock } from '../../src/spi/clock.ts'
import type { OneShotOutcome, OneShotSession, OneShotStatement } from '../../src/spi/one-shot-session.ts'
import type { CompiledStatement } from '../../src/sql/compiled-statement.ts'
import { settle, World } from './world.ts'

/** A call, made at a time, of a text, that will keep a session busy for so long; in milliseconds. */
interface Call {
  readonly at: number
  readonly text: string
  readonly takes: number
}

const compiled = new Map<string, CompiledStatement>()

function compile(text: string): CompiledStatement {
  const traits = {
    readOnly: true,
    changesSession: false,
    transactionControl: false,
    returnsRows: true,
  } as const
  const statement = compiled.get(text) ?? { ...traits, text, sql: text, parameterCount: 1 }
  compiled.set(text, statement)
  return statement
}

/** Serves statements one after the other; the parameter says how long one takes. */
class ServedSession implements OneShotSession {
  readonly pipelining = true
  readonly dialect = sqliteDialect
  readonly #clock: Clock
  #freeAt = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  read(text: unknown, parameters: unknown): OneShotStatement {
    return { compiled: compile(String(text)), parameters: parameters as number[], dialect: this.dialect }
  }

  run({ parameters: [takes] }: OneShotStatement, outcome: OneShotOutcome): void {
    const now = this.#clock.now()
    this.#freeAt = Math.max(now, this.#freeAt) + (takes as number)
    this.#clock.setTimer(
      () => outcome(undefined, { columns: [], rows: [], updateCount: 0 }),
      this.#freeAt - now,
    )
  }

  toResult<Row>(): Result<Row> {
    return { rows: [], columns: [], updateCount: 0, generatedKeys: [], warnings: [] }
  }

  stop(): void {}
}

/** How long each of the cheap ones took, by its caller's watch. */
async function latencies(calls: readonly Call[], sharing: 'exclusive' | 'pipelined'): Promise<number[]> {
  const world = new World({ maximumPoolSize: 10, sharing })
  const { clock, driver, pool } = world
  driver.oneShotsOf = () => new ServedSession(clock)
  await world.fill(10)
  const told: number[] = []
  const query = async ({ text, takes }: Call): Promise<void> => {
    const startedAt = clock.now()
    await pool.oneShots.execute({ sql: text, parameters: [takes], options: undefined })
    if (takes < 10) told.push(clock.now() - startedAt)
  }
  const running: Promise<void>[] = []
  for (const call of calls) clock.setTimer(() => running.push(query(call)), call.at - clock.now())
  await clock.advance(calls.at(-1)!.at + 30_000)
  await settle()
  await Promise.all(running)
  await world.end()
  return told.toSorted((a, b) => a - b)
}

/** Calls at random moments, so many a second; one in a hundred takes 200 ms, the others 0.2 ms. */
function arrivals(perSecond: number, textOf: (slow: boolean) => string): Call[] {
  let seed = 7
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
  let at = 0
  return Array.from({ length: 4_000 }, () => {
    at += (-Math.log(1 - random()) * 1_000) / perSecond
    const slow = random() < 0.01
    return { at, text: textOf(slow), takes: slow ? 200 : 0.2 }
  })
}

function p99(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length * 0.99)]!
}

describe('What statements of 200 ms do to cheap ones, in a simulation', () => {
  describe.each([1_000, 3_000, 4_500])('at %i calls a second on 10 connections', (perSecond) => {
    it.each([
      ['with a text of their own', (slow: boolean) => (slow ? 'dear' : 'cheap')],
      ['with the same text', () => 'now and then dear'],
    ])('%s', { timeout: 120_000 }, async (_, textOf) => {
      const calls = arrivals(perSecond, textOf)
      const exclusive = await latencies(calls, 'exclusive')
      const shared = await latencies(calls, 'pipelined')
      expect(shared).toHaveLength(exclusive.length)
      console.log(`p99: exclusive ${p99(exclusive).toFixed(2)}, pipelined ${p99(shared).toFixed(2)} ms`)
      expect(p99(shared)).toBeLessThanOrEqual(1.3 * p99(exclusive))
    })
  })
})
