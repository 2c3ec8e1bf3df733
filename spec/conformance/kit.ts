import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { ConnectionEventListener } from '../../src/api/connection-event.ts'
import type { DataSource } from '../../src/api/data-source.ts'
import { SQLException } from '../../src/api/sql-exception.ts'
import type { SqlParameters } from '../../src/api/sql-types.ts'
import type { Clock } from '../../src/spi/clock.ts'
import type { ConnectionPoolDataSource } from '../../src/spi/driver.ts'
import type { PooledConnection } from '../../src/spi/pooled-connection.ts'
import type { ScriptedDriver } from '../../src/testing/index.ts'

// The kit that every driver must pass. Cases are data, and know no test runner: `conformance.spec.ts` registers them
// with one, `spec/kit.ts` runs them against drivers that are broken on purpose.

/**
 * What a case needs beyond SQL.
 *
 * - `script`: the scripted driver: failures at will, and what was on the wire.
 * - `kill`: a session can be ended from outside; `death notice`: and an idle one is told at once.
 * - `sleep`: a statement can take time without blocking the process.
 * - `cancel`: a running statement can be stopped and its session lives on.
 * - `two sessions`: several sessions see the same data.
 * - `count`: sessions are counted by an oracle that does not go through Wellhead.
 * - `schema`: a session has a default schema that can be changed.
 * - `session state`: what is set on a session holds from one transaction to the next.
 * - `key columns`: any column of each inserted row can be asked for as a generated key.
 */
export type Need =
  | 'script'
  | 'kill'
  | 'death notice'
  | 'sleep'
  | 'cancel'
  | 'two sessions'
  | 'count'
  | 'schema'
  | 'session state'
  | 'key columns'

/** A text with its parameters. */
type Call = readonly [sql: string, parameters: SqlParameters]

/** Texts that differ between databases. */
export interface KitTexts {
  /** Takes about so many milliseconds. */
  sleep(milliseconds: number): Call
  /** Rows with the column `n`, from 1. */
  series(count: number): Call
  /** Changes the session in a way that only a reset undoes. */
  readonly dirty: string
  /** One row with `n`: 0 in a fresh session, more after `dirty`. */
  readonly dirtyProbe: string
  /** A level that the database has and that is not its default; none where it has only one. */
  readonly otherIsolation?: 'serializable' | undefined
  readonly unsupportedIsolation: 'snapshot' | 'read uncommitted'
  /** Another schema that a session can be set to. */
  readonly otherSchema?: string | undefined
}

/** An opened database with the empty table `kit (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, amount INTEGER)`. */
export interface Bench {
  readonly clock: Clock
  readonly texts: KitTexts
  /** A new physical connection; closed with the bench. */
  connect(): Promise<PooledConnection>
  /** What `connect` uses. */
  connectionSource(): ConnectionPoolDataSource
  /** A pooled source; closed with the bench. */
  dataSource(settings?: Readonly<Record<string, unknown>>): Promise<DataSource & AsyncDisposable>
  /** Physical sessions, by an oracle of its own. With need `count`. */
  physicalCount(): Promise<number>
  /** With need `kill`. */
  kill(id: string): Promise<void>
  /** With need `script`. */
  readonly driver: ScriptedDriver
  close(): Promise<void>
  /** After `close`, also when that failed: nothing of the bench goes on. */
  abandon?(): void
}

/** A driver under test. */
export interface DriverHarness {
  readonly name: string
  readonly offers: readonly Need[]
  open(): Promise<Bench>
}

/** One rule, and how it is shown. */
export interface KitCase {
  /** Unique; what broken drivers are caught by. */
  readonly id: string
  /** A sentence that begins with its rule. */
  readonly title: string
  readonly needs?: readonly Need[]
  run(bench: Bench): Promise<void>
}

/** How a case went. */
export interface Outcome {
  readonly id: string
  readonly error?: unknown
}

/** What of a driver is not offered and therefore not run. */
export function isOffered(harness: DriverHarness, { needs = [] }: KitCase): boolean {
  return needs.every((need) => harness.offers.includes(need))
}

/** Runs a case on a bench of its own; rejects when it fails, hangs, or leaves something behind. */
export async function runCase(harness: DriverHarness, kitCase: KitCase): Promise<void> {
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', note)
  const bench = await harness.open()
  try {
    try {
      await within(bench.clock, 60_000, 'The case', kitCase.run(bench))
    } finally {
      await within(bench.clock, 60_000, 'Closing the bench', bench.close())
    }
    // Rejections are reported after the promise callbacks of a turn.
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(unhandled, [], 'a rejection was not handled')
    if (harness.offers.includes('script')) {
      assert.deepEqual(bench.driver.violations, [], 'the port was used against its contract')
    }
    if (harness.offers.includes('count')) {
      assert.equal(await bench.physicalCount(), 0, 'a physical session was left behind')
    }
  } finally {
    bench.abandon?.()
    process.off('unhandledRejection', note)
  }
}

/** The first case that a driver fails, if it fails one. */
export async function firstFailure(
  harness: DriverHarness,
  cases: readonly KitCase[],
): Promise<Outcome | undefined> {
  for (const kitCase of cases) {
    if (!isOffered(harness, kitCase)) continue
    try {
      await runCase(harness, kitCase)
    } catch (error) {
      return { id: kitCase.id, error }
    }
  }
  return undefined
}

/** Rejects when a promise has not settled in time: a hang is a failure, never a wait. */
function within<T>(clock: Clock, milliseconds: number, what: string, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => reject(new Error(`${what} hangs`)), milliseconds)
    const done = (): void => timer.cancel()
    promise.then(resolve, reject).finally(done).catch(done)
  })
}

/** Waits on the clock of the bench. */
export function elapse(bench: Bench, milliseconds: number): Promise<void> {
  return new Promise((resolve) => bench.clock.setTimer(resolve, milliseconds))
}

/** Waits until something holds; fails when it takes more than ten seconds. */
export async function eventually(
  bench: Bench,
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let waited = 0; waited < 10_000; waited += 5) {
    if (await holds()) return
    await elapse(bench, 5)
  }
  assert.fail(`${what} did not come to hold`)
}

/** The error that a promise rejects with, or a function throws: an SQLException of that state. */
export async function fails(
  attempt: Promise<unknown> | (() => unknown),
  sqlState: string | readonly string[],
): Promise<SQLException> {
  let error: unknown
  try {
    await (typeof attempt === 'function' ? attempt() : attempt)
  } catch (caught) {
    error = caught
  }
  assert.ok(error !== undefined, `it succeeds; ${String(sqlState)} was expected`)
  assert.ok(error instanceof SQLException, `it fails with ${inspect(error)}, which is no SQLException`)
  const states: readonly string[] = typeof sqlState === 'string' ? [sqlState] : sqlState
  assert.ok(states.includes(error.sqlState), `${error.sqlState} (${error.message}), not ${String(sqlState)}`)
  return error
}

/** Events as they come, for comparing. */
export class EventLog implements ConnectionEventListener<PooledConnection> {
  readonly events: string[] = []

  connectionClosed(): void {
    this.events.push('closed')
  }

  connectionErrorOccurred(): void {
    this.events.push('error')
  }
}

/** A physical connection with its events noted. */
export async function listened(bench: Bench): Promise<{ pooled: PooledConnection; log: EventLog }> {
  const pooled = await bench.connect()
  const log = new EventLog()
  pooled.addConnectionEventListener(log)
  return { pooled, log }
}

export const insertText = 'INSERT INTO kit (id, name, amount) VALUES (?, ?, ?)'

/** The ids in the table, as one physical connection sees them. */
export async function idsOf(pooled: PooledConnection): Promise<number[]> {
  const connection = pooled.getConnection()
  const { rows } = await connection.query<{ id: number }>('SELECT id FROM kit ORDER BY id')
  await connection.close()
  return rows.map((row) => row.id)
}
