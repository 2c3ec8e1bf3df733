import assert from 'node:assert/strict'
import type { Connection } from '../../src/api/connection.ts'
import { SQLException } from '../../src/api/sql-exception.ts'
import { noDeadline } from '../../src/session/call-deadline.ts'
import type { ConnectionPoolDataSource } from '../../src/spi/driver.ts'
import type { PooledConnection } from '../../src/spi/pooled-connection.ts'
import { validateSettings } from '../../src/spi/settings.ts'
import { deadlock, ScriptedDriver, serializationFailure } from '../../src/testing/index.ts'
import type { ScriptedFailure, ScriptedStep } from '../../src/testing/index.ts'
import { ManualClock } from '../support/manual-clock.ts'

/** One step of a schedule: what is done, to which handle (by age), with which number. */
export interface Step {
  readonly action: Action
  readonly handle: number
  readonly number: number
  /** Time that passes afterwards, in milliseconds. */
  readonly pause: number
}

export const actions = [
  // First: what a failing schedule is reduced to where nothing matters.
  'rest',
  'open',
  'close',
  'insert',
  'insert',
  'insert',
  'insert with deadline',
  'select',
  'auto-commit on',
  'auto-commit off',
  'commit',
  'rollback',
  'savepoint',
  'transaction',
  'failing transaction',
  'nested transaction',
  'batch',
  'stream',
  'validate',
  'fail',
  'kill',
  'abort',
] as const

export type Action = (typeof actions)[number]

interface Handle {
  readonly name: string
  readonly connection: Connection
  readonly physical: Physical
  epoch: Epoch | undefined
}

interface Physical {
  readonly pooled: PooledConnection
  live: Handle | undefined
  closedExpected: number
  closed: number
  errors: number
}

/** What was done in one transaction without a function, and how it was ended. */
interface Epoch {
  end: { readonly kind: 'commit' | 'rollback'; readonly outcome: Outcome } | undefined
  /** An end before it failed: the two may be one transaction. */
  readonly blurred: boolean
}

interface Outcome {
  state: 'pending' | 'ok' | SQLException
}

interface Insertion {
  readonly id: number
  /** Its own, of the block that it is in, of the batch. */
  readonly outcomes: readonly Outcome[]
  readonly epoch: Epoch | undefined
}

const insertText = 'INSERT INTO kit (id, name, amount) VALUES (?, ?, ?)'
const failingSteps: readonly ScriptedStep[] = [
  'execute',
  'begin',
  'commit',
  'rollback',
  'batch',
  'fetch',
  'cancel',
  'savepoint',
]
const mishap = new SQLException('on purpose', { sqlState: 'HY000', reason: 'user-raised' })

/** One physical connection after another, used by whoever has a handle, stale or not; and what must come of it. */
export class ScheduleWorld {
  readonly #clock = new ManualClock()
  readonly #driver = new ScriptedDriver()
  readonly #source: ConnectionPoolDataSource
  readonly #handles: Handle[] = []
  readonly #physicals: Physical[] = []
  readonly #outcomes: Outcome[] = []
  readonly #insertions: Insertion[] = []
  #lastId = 0
  #seen = 0

  constructor(settings: Readonly<Record<string, unknown>>) {
    this.#driver.query('CREATE TABLE kit (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, amount INTEGER)')
    this.#source = this.#driver.createConnectionPoolDataSource(
      validateSettings(this.#driver.settings, settings, 'scripted'),
      {
        dataSourceName: 'scripted',
        clock: this.#clock,
        session: { queryTimeout: Infinity, validationTimeout: 200, statementCacheSize: 16 },
      },
    )
  }

  async run(steps: readonly Step[]): Promise<void> {
    await this.#open()
    for (const step of steps) {
      const before = this.#live()
      await this.#take(step)
      this.#checkWire(before)
      await this.#clock.advance(step.pause)
      this.#checkWire(this.#live())
    }
    this.#driver.clearFailures()
    const live = this.#handles.at(-1)!
    this.#close(live)
    await this.#clock.advance(60_000)
    const ending = Promise.all(this.#physicals.map(({ pooled }) => pooled.close()))
    await this.#clock.advance(60_000)
    await ending
    this.#checkEnd()
  }

  async #take({ action, handle: age, number }: Step): Promise<void> {
    const handle = this.#handles[this.#handles.length - 1 - (age % this.#handles.length)]!
    const { connection, physical } = handle
    switch (action) {
      case 'rest':
        return
      case 'open':
        return this.#open()
      case 'close':
        return this.#close(handle)
      case 'insert':
        return this.#insert(handle)
      case 'insert with deadline':
        return this.#insert(handle, 1 + (number % 20))
      case 'select':
        return this.#track(connection.query('SELECT id FROM kit')) && undefined
      case 'auto-commit on':
        return this.#endEpoch(handle, 'commit', () => connection.setAutoCommit(true))
      case 'auto-commit off':
        return this.#track(connection.setAutoCommit(false)) && undefined
      case 'commit':
        return this.#endEpoch(handle, 'commit', () => connection.commit())
      case 'rollback':
        return this.#endEpoch(handle, 'rollback', () => connection.rollback())
      case 'savepoint':
        return this.#track(connection.setSavepoint()) && undefined
      case 'transaction':
      case 'failing transaction':
      case 'nested transaction':
        return this.#transaction(handle, action, number)
      case 'batch': {
        const ids = [++this.#lastId, ++this.#lastId]
        const epoch = this.#epochOf(handle)
        const rows = ids.map((id) => [id, handle.name, 0])
        const outcome = this.#track(connection.batch(insertText, rows))
        for (const id of ids) this.#insertions.push({ id, outcomes: [outcome], epoch })
        return
      }
      case 'stream':
        this.#track(this.#stream(connection, number))
        return
      case 'validate':
        this.#track(connection.isValid({ timeout: 50 }))
        return
      case 'fail':
        return this.#failSomething(number)
      case 'kill':
        if (number % 4 === 0) this.#driver.kill(physical.pooled.id, { silently: number % 8 === 0 })
        return
      case 'abort':
        if (number % 4 !== 0) return
        this.#noteClose(handle)
        connection.abort()
    }
  }

  async #open(): Promise<void> {
    let physical = this.#physicals.at(-1)
    if (physical === undefined || physical.pooled.broken !== undefined) {
      this.#driver.clearFailures()
      const connecting = this.#source.getPooledConnection({ deadline: noDeadline })
      await this.#clock.advance(10)
      physical = this.#listen(await connecting)
    }
    const name = `h${this.#handles.length}`
    const handle = { name, connection: physical.pooled.getConnection(), physical, epoch: undefined }
    physical.live = handle
    this.#handles.push(handle)
  }

  #listen(pooled: PooledConnection): Physical {
    const physical: Physical = { pooled, live: undefined, closedExpected: 0, closed: 0, errors: 0 }
    pooled.addConnectionEventListener({
      connectionClosed: () => void physical.closed++,
      connectionErrorOccurred: () => void physical.errors++,
    })
    this.#physicals.push(physical)
    return physical
  }

  #close(handle: Handle): void {
    this.#noteClose(handle)
    this.#track(handle.connection.close())
  }

  #noteClose(handle: Handle): void {
    const { physical } = handle
    if (physical.live !== handle) return
    physical.live = undefined
    physical.closedExpected++
  }

  #insert(handle: Handle, timeout?: number): void {
    const id = ++this.#lastId
    const epoch = this.#epochOf(handle)
    const options = timeout === undefined ? undefined : { timeout }
    const outcome = this.#track(handle.connection.execute(insertText, [id, handle.name, 0], options))
    this.#insertions.push({ id, outcomes: [outcome], epoch })
  }

  #transaction({ connection, name }: Handle, kind: Action, number: number): void {
    const ids: { id: number; outcome: Outcome; nested: boolean }[] = []
    const block = this.#track(
      connection.transaction(async (transaction) => {
        const insert = async (executor: Pick<Connection, 'execute'>, nested: boolean): Promise<void> => {
          const id = ++this.#lastId
          const call = executor.execute(insertText, [id, name, 0])
          const outcome = this.#track(call)
          ids.push({ id, outcome, nested })
          this.#insertions.push({
            id,
            outcomes: [outcome, block, ...(nested ? [inner] : [])],
            epoch: undefined,
          })
          await call
        }
        let inner: Outcome = { state: 'ok' }
        await insert(transaction, false)
        if (kind === 'nested transaction') {
          const nested = transaction.transaction(async (deeper) => {
            inner = this.#outcome()
            await insert(deeper, true)
            if (number % 2 === 0) throw mishap
          })
          await nested.then(
            () => (inner.state = 'ok'),
            (error: unknown) => (inner.state = error as SQLException),
          )
          await insert(transaction, false)
        }
        if (kind === 'failing transaction') throw mishap
      }),
    )
  }

  async #stream(connection: Connection, number: number): Promise<void> {
    let rows = 0
    const stream = connection.stream('SELECT n FROM series(?)', [40], { fetchSize: 4 })
    while ((await stream.next()).done !== true) {
      if (++rows > number % 50) return void (await stream.return())
    }
  }

  #endEpoch(handle: Handle, kind: 'commit' | 'rollback', end: () => Promise<unknown>): void {
    const ends = handle.physical.live === handle && this.#isManual(handle)
    const { epoch } = handle
    const outcome = this.#track(end())
    if (!ends || epoch === undefined) return
    epoch.end = { kind, outcome }
    handle.epoch = undefined
  }

  #epochOf(handle: Handle): Epoch | undefined {
    if (!this.#isManual(handle)) return undefined
    const last = this.#insertions.findLast(({ epoch }) => epoch !== undefined)?.epoch
    const blurred = last?.end !== undefined && last.end.outcome.state !== 'ok'
    return (handle.epoch ??= { end: undefined, blurred })
  }

  #isManual({ connection }: Handle): boolean {
    try {
      return !connection.autoCommit
    } catch {
      return false
    }
  }

  #failSomething(number: number): void {
    const step = failingSteps[number % failingSteps.length]!
    const failures: ScriptedFailure[] = [
      serializationFailure(),
      { error: deadlock(), rollsBack: true },
      { delay: 15 },
      'die',
      step === 'commit' ? 'rolled-back' : { delay: 40 },
      step === 'commit' || step === 'begin' || step === 'savepoint' ? { delay: 5 } : 'hang',
    ]
    this.#driver.failNext(step, failures[Math.floor(number / failingSteps.length) % failures.length]!)
  }

  #live(): readonly (Handle | undefined)[] {
    return this.#physicals.map(({ live }) => live)
  }

  #outcome(): Outcome {
    const outcome: Outcome = { state: 'pending' }
    this.#outcomes.push(outcome)
    return outcome
  }

  #track(promise: Promise<unknown>): Outcome {
    const outcome = this.#outcome()
    promise.then(
      () => (outcome.state = 'ok'),
      (error: unknown) => (outcome.state = error as SQLException),
    )
    return outcome
  }

  /** Never an operation of a stale handle on the wire: statements carry the name of their handle. */
  #checkWire(before: readonly (Handle | undefined)[]): void {
    const allowed = [...before, ...this.#live()].map((handle) => handle?.name)
    const { operations } = this.#driver
    for (; this.#seen < operations.length; this.#seen++) {
      const { text, parameters } = operations[this.#seen]!
      if (!text.endsWith(insertText) || !Array.isArray(parameters)) continue
      const rows = (text.startsWith('batch') ? parameters : [parameters]) as unknown[][]
      for (const [, name] of rows)
        assert.ok(allowed.includes(String(name)), `${String(name)} is stale: ${text}`)
    }
  }

  #checkEnd(): void {
    assert.deepEqual(this.#driver.violations, [])
    assert.equal(this.#driver.open, 0, 'sessions left open')
    assert.equal(this.#clock.timers(), 0, 'timers left')
    for (const { state } of this.#outcomes) {
      assert.ok(state === 'ok' || state instanceof SQLException, `a call ended with ${String(state)}`)
    }
    for (const { closed, closedExpected, errors } of this.#physicals) {
      assert.equal(closed, closedExpected, 'connectionClosed, once for each close of the application')
      assert.ok(errors <= 1, 'connectionErrorOccurred, once')
    }
    const present = new Set(this.#driver.query('SELECT id FROM kit').map((row) => row['id']))
    for (const insertion of this.#insertions) {
      const expected = isKept(insertion)
      if (expected === undefined) continue
      assert.equal(present.has(insertion.id), expected, `row ${insertion.id} ${describe(insertion)}`)
    }
  }
}

/** Whether a row must be there; undefined where either is right. */
function isKept({ outcomes, epoch }: Insertion): boolean | undefined {
  if (outcomes.some(({ state }) => state !== 'ok')) return false
  if (epoch === undefined) return true
  if (epoch.end === undefined) return epoch.blurred ? undefined : false
  if (epoch.end.outcome.state !== 'ok') return undefined
  return epoch.end.kind === 'commit' ? true : epoch.blurred ? undefined : false
}

function describe({ outcomes, epoch }: Insertion): string {
  const states = outcomes.map(({ state }) => (state instanceof SQLException ? state.sqlState : state))
  return `(${states.join(', ')}; ${epoch === undefined ? 'auto-commit' : (epoch.end?.kind ?? 'left open')})`
}
