import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { SQLException, SQLInvalidAuthorizationSpecException } from '../../src/api/sql-exception.ts'
import type { Connection } from '../../src/api/connection.ts'
import { SlotState } from '../../src/pool/slot.ts'
import type { Deadline } from '../../src/spi/deadline.ts'
import type { StubConnection, StubPooledConnection } from '../support/stub-connection.ts'
import { Borrowers, leakSettings, leakSteps } from './schedule-leaks.ts'
import type { LeakStep } from './schedule-leaks.ts'
import { Owner, ownerSteps } from './schedule-owner.ts'
import type { OwnerStep } from './schedule-owner.ts'
import { Gate, settle, Watched, World } from './world.ts'

/** A step of a schedule. Numbers choose among what there is, modulo. */
type Step =
  | OwnerStep
  | LeakStep
  | { readonly do: 'acquire' | 'acquire with a signal' | 'ask for health' }
  | { readonly do: 'acquire with a timeout'; readonly milliseconds: number }
  | {
      readonly do:
        | 'release'
        | 'release changed'
        | 'abort'
        | 'lose'
        | 'die unnoticed'
        | 'finish a connect'
        | 'finish a close'
      readonly which: number
    }
  | { readonly do: 'connects'; readonly mode: 'work' | 'wait' | 'fail' | 'are refused' | 'are impossible' }
  | { readonly do: 'checks'; readonly mode: 'work' | 'hang' | 'fail' }
  | { readonly do: 'resets'; readonly mode: 'work' | 'hang' | 'fail' }
  | { readonly do: 'closes'; readonly mode: 'work' | 'wait' }
  | { readonly do: 'time passes' | 'time jumps' | 'the machine sleeps'; readonly milliseconds: number }
  | { readonly do: 'a turn ends' }
  | { readonly do: 'close' }

/** A pool and what happens to it. */
export interface Schedule {
  readonly settings: Record<string, number | string | boolean>
  readonly random: number
  readonly steps: readonly Step[]
}

const index = fc.nat({ max: 20 })
const times = fc.constantFrom(1, 20, 100, 400, 600, 1_000, 5_000, 31_000, 130_000, 700_000, 2_000_000)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 36, arbitrary: fc.record({ do: fc.constant('acquire') }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constant('acquire with a signal') }) },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('acquire with a timeout'),
      milliseconds: fc.constantFrom(0, 10, 1_000),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('ask for health') }) },
  { weight: 36, arbitrary: fc.record({ do: fc.constant('release'), which: index }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('release changed'), which: index }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('abort'), which: index }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('lose'), which: index }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('die unnoticed'), which: index }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constant('finish a connect'), which: index }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constant('finish a close'), which: index }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('connects'),
      mode: fc.constantFrom('work', 'work', 'wait', 'fail', 'are refused', 'are impossible'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('checks'),
      mode: fc.constantFrom('work', 'work', 'hang', 'fail'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('resets'),
      mode: fc.constantFrom('work', 'work', 'hang', 'fail'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('closes'), mode: fc.constantFrom('work', 'wait') }) },
  { weight: 18, arbitrary: fc.record({ do: fc.constant('time passes'), milliseconds: times }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('time jumps'), milliseconds: times }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('the machine sleeps'), milliseconds: times }) },
  { weight: 30, arbitrary: fc.record({ do: fc.constant('a turn ends') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close') }) },
  { weight: 20, arbitrary: ownerSteps },
  { weight: 12, arbitrary: leakSteps },
)

export const schedules: fc.Arbitrary<Schedule> = fc.record({
  settings: fc
    .record({ maximum: fc.integer({ min: 1, max: 4 }), soft: fc.nat(4), idle: fc.nat(2), more: fc.nat(16) })
    .map(({ maximum, soft, idle, more }) => ({
      maximumPoolSize: maximum,
      softPoolSize: Math.min(soft, maximum),
      minimumIdle: Math.min(idle, soft, maximum),
      ...(more === 1 && { maxUses: 2 }),
      ...(more === 2 && { sessionReset: 'always' }),
      ...(more === 3 && { validateAfterIdle: 0 }),
      ...(more === 4 && { maxConcurrentConnects: 1 }),
      ...(more === 5 && { overflowTimeout: 0 }),
      ...(more === 6 && { idleTimeout: 100, keepaliveTime: 'off' }),
      ...(more === 7 && { maxWaiters: 1 }),
      ...(more === 8 && { maxWaiters: 0, onStale: 'reconnect' }),
      ...(more === 9 && { onStale: 'reconnect' }),
      ...(more === 10 && { validateAfterIdle: 'off' }),
      ...(more === 11 && { queue: 'codel' }),
      ...leakSettings[more - 13],
    })),
  random: fc.constantFrom(0, 0.3, 0.999),
  steps: fc.array(step, { minLength: 40, maxLength: 90, size: 'max' }),
})

interface Borrowing {
  readonly order: number
  readonly asked: Watched<Connection>
  readonly controller: AbortController | undefined
  settled: number
  returned: boolean
}

/** Runs a schedule; throws when a law does not hold during it or after it. */
export async function run({ settings, random, steps }: Schedule): Promise<void> {
  const stage = new Stage(settings, random)
  for (const one of steps) {
    await stage.play(one)
    stage.look()
  }
  await stage.finish()
}

class Stage {
  readonly #world: World
  readonly #replaces: boolean
  readonly #borrowings: Borrowing[] = []
  readonly #lent = new Map<StubPooledConnection, Borrowing>()
  readonly #healths: Watched<unknown>[] = []
  #connects: Gate[] = []
  #closes: Gate[] = []
  #closed: Watched<void> | undefined
  readonly #owner: Owner
  readonly #borrowers: Borrowers
  /** What was in use when the maximum became smaller may stay. */
  #allowed = 0
  #mostAllowed = 0
  #asked = 0
  /** What went wrong where nobody could be told. */
  #fault: unknown

  constructor(settings: Record<string, unknown>, random: number) {
    this.#world = new World(settings, { random: () => random })
    this.#replaces = settings['onStale'] === 'reconnect'
    this.#borrowers = new Borrowers(this.#world, this.#lent)
    this.#owner = new Owner(this.#world, {
      acquire: () => this.#acquire(),
      release: () => this.#release(0, false),
      close: () => this.#close(),
    })
    this.#world.pool.events.on('reconfigured', () => {
      this.#allowed = this.#world.pool.statistics().total
    })
  }

  async play(one: Step): Promise<void> {
    const { clock, driver } = this.#world
    const { behaviour } = driver
    switch (one.do) {
      case 'acquire':
        return this.#acquire()
      case 'acquire with a signal':
        return this.#acquire({}, new AbortController())
      case 'acquire with a timeout':
        return this.#acquire({ timeout: one.milliseconds })
      case 'ask for health':
        this.#healths.push(new Watched(this.#world.pool.checkHealth()))
        return undefined
      case 'release':
      case 'release changed':
        return this.#release(one.which, one.do === 'release changed')
      case 'abort':
        return pick(
          this.#borrowings.filter(({ controller, asked }) => controller && asked.state === 'pending'),
          one.which,
        )?.controller?.abort()
      case 'lose':
        return pick(
          driver.made.filter((pooled) => !pooled.closed),
          one.which,
        )?.lose()
      case 'die unnoticed': {
        const pooled = pick(
          driver.made.filter((candidate) => !candidate.closed),
          one.which,
        )
        if (pooled !== undefined) pooled.dead = true
        return undefined
      }
      case 'finish a connect':
        return take(this.#connects, one.which)?.open()
      case 'finish a close':
        return take(this.#closes, one.which)?.open()
      case 'connects':
        behaviour.connect = this.#connectMode(one.mode)
        return undefined
      case 'checks':
        if (one.mode === 'work') behaviour.validate = (pooled) => Promise.resolve(!pooled.dead)
        else if (one.mode === 'fail') behaviour.validate = () => Promise.reject(new Error('check failed'))
        else behaviour.validate = () => new Promise(() => undefined)
        return undefined
      case 'resets':
        if (one.mode === 'work') behaviour.reset = () => Promise.resolve()
        else if (one.mode === 'fail') behaviour.reset = () => Promise.reject(new Error('reset failed'))
        else behaviour.reset = () => new Promise(() => undefined)
        return undefined
      case 'closes':
        behaviour.close =
          one.mode === 'work' ? () => Promise.resolve() : () => this.#gate(this.#closes).promise
        return undefined
      case 'time passes':
        return clock.advance(one.milliseconds)
      case 'time jumps':
        return clock.jump(one.milliseconds)
      case 'the machine sleeps':
        return clock.sleep(one.milliseconds)
      case 'a turn ends':
        return settle()
      case 'close':
        this.#close()
        return undefined
      case 'a statement begins':
      case 'rows are being read':
      case 'what runs has ended':
      case 'drop':
        return this.#borrowers.play(one)
      default:
        return this.#owner.play(one)
    }
  }

  /** What holds at every moment. */
  look(): void {
    this.#fault ??= this.#borrowers.fault
    if (this.#fault !== undefined) throw this.#fault
    const { driver, pool } = this.#world
    const statistics = pool.statistics()
    const { total, maximum, connecting, idle, validating, inUse, resetting, closing, waiting } = statistics
    assert.equal(connecting + idle + validating + inUse + resetting + closing, total, 'the counters add up')
    if (total <= maximum) this.#allowed = 0
    const most = Math.max(maximum, this.#allowed)
    this.#mostAllowed = Math.max(most, this.#mostAllowed)
    assert.ok(total <= most, 'total ≤ maximumPoolSize, or what it was when that became smaller')
    assert.ok(statistics.control <= 1, 'one connection for health')
    assert.ok(driver.physical <= total + statistics.control, 'what is physical is counted')
    assert.ok(
      driver.mostPhysical <= this.#mostAllowed + (this.#healths.length > 0 ? 1 : 0),
      'the driver never saw more than maximumPoolSize, and one for health',
    )
    if (waiting > 0 && !statistics.suspended) {
      // Where idle ones are replaced (onStale): that is a connect, with its pauses, and a return may be sooner.
      const coming = this.#replaces ? connecting + closing + inUse + resetting : 0
      const down = this.#replaces && pool.engine.connector.failure !== undefined
      const served = idle === 0 || validating + coming >= waiting || down
      assert.ok(served, 'nobody waits beside an idle connection')
    }
    const { maxWaiters } = pool.settings
    assert.ok(waiting <= maxWaiters + this.#mostAllowed, 'no more wait than maxWaiters, and for free places')
    if (waiting > 0 && total === 0 && !statistics.suspended) {
      assert.ok(pool.engine.connector.failure !== undefined, 'nobody waits while nothing happens')
    }
    const lent = [...pool.engine.slots.all].filter((slot) => slot.lent)
    assert.ok(
      lent.every((slot) => slot.state === SlotState.inUse),
      'what is lent is in use',
    )
  }

  /** The world is mended, and everything ends. */
  async finish(): Promise<void> {
    const { clock, driver, pool } = this.#world
    for (const mend of ['connects', 'checks', 'resets', 'closes'] as const)
      await this.play({ do: mend, mode: 'work' })
    for (const gate of [...this.#connects, ...this.#closes]) gate.open()
    this.#borrowers.finish()
    this.#owner.play({ do: 'resume' })
    // Longer than the pause after a refused password; whoever still waits has a deadline.
    for (let i = 0; i < 40; i++) {
      await clock.advance(2_000)
      while (this.#lent.size > 0) {
        this.#release(0, false)
        await settle()
      }
      // A listener may have suspended it again.
      this.#owner.play({ do: 'resume' })
      this.look()
    }
    assert.equal(pool.statistics().waiting, 0, 'in a healthy world nobody waits for ever')
    assert.equal(pool.statistics().inUse, 0, 'what was dropped is recovered')
    this.#close()
    await clock.advance(0)
    assert.equal(this.#closed?.state, 'resolved', 'close() resolves')
    assert.equal(driver.physical, 0, 'nothing physical is left')
    assert.equal(pool.statistics().total, 0, 'nothing is left')
    // A waiter's own deadline that came with a signal only has no timer; all others are gone with the queue.
    assert.equal(clock.timers(), 0, 'no timer is left')
    for (const { state } of this.#owner.asked) assert.notEqual(state, 'pending', 'the owner is told')
    for (const health of this.#healths) assert.equal(health.state, 'resolved', 'health is told')
    for (const { asked, settled } of this.#borrowings) {
      assert.notEqual(asked.state, 'pending')
      assert.equal(settled, 1, 'settled once')
    }
    const { acquired, released, rejected, created, createdFor, closed } = pool.statistics().counters
    assert.equal(acquired + rejected, this.#borrowings.length, 'each request was answered')
    assert.ok(released <= acquired)
    assert.equal(created, sum(Object.values(closed)), 'what was made was closed')
    assert.equal(created, sum(Object.values(createdFor)), 'what was made was made for somebody')
  }

  #acquire(options?: { timeout?: number }, controller?: AbortController): void {
    // A listener may ask while this one does.
    const order = this.#asked++
    const asked = this.#world.ask(controller === undefined ? options : { signal: controller.signal })
    const borrowing: Borrowing = {
      order,
      asked,
      controller,
      settled: 0,
      returned: false,
    }
    this.#borrowings.push(borrowing)
    asked.promise
      .then(
        (connection) => {
          borrowing.settled++
          this.#onLent(borrowing, connection as StubConnection)
        },
        (error: unknown) => {
          borrowing.settled++
          assert.ok(error instanceof SQLException, 'errors are typed')
        },
      )
      .catch((fault: unknown) => (this.#fault ??= fault))
  }

  #onLent(borrowing: Borrowing, { pooled }: StubConnection): void {
    assert.equal(this.#lent.get(pooled), undefined, 'no connection has two borrowers')
    // When a listener asks within the asking of somebody, both have theirs before either is told.
    queueMicrotask(() => {
      const overtaken = this.#borrowings.find(
        ({ order, settled }) => order < borrowing.order && settled === 0,
      )
      const fair = this.#world.pool.settings.queue === 'fifo'
      if (overtaken !== undefined && fair) this.#fault ??= new Error('served in the order in which they came')
    })
    assert.equal(pooled.resets > 0 || !pooled.dirty, true, 'no changed session is lent')
    this.#lent.set(pooled, borrowing)
  }

  #release(which: number, changed: boolean): void {
    const entry = pick([...this.#lent], which)
    if (entry === undefined) return
    const [pooled, { asked }] = entry
    this.#lent.delete(pooled)
    if (changed) pooled.dirty = true
    void asked.value?.close()
  }

  #close(): void {
    this.#closed ??= new Watched(this.#world.pool.close({ drainTimeout: 5_000 }))
  }

  #connectMode(mode: (Step & { do: 'connects' })['mode']): (deadline: Deadline) => Promise<void> {
    switch (mode) {
      case 'work':
        return () => Promise.resolve()
      case 'wait':
        return (deadline) => {
          const gate = this.#gate(this.#connects)
          const stop = deadline.onExpired((error) => gate.fail(error))
          return gate.promise.finally(stop)
        }
      case 'fail':
        return () => Promise.reject(new Error('connect failed'))
      case 'are refused':
        return () =>
          Promise.reject(
            new SQLInvalidAuthorizationSpecException('password refused', {
              sqlState: '28P01',
              reason: 'auth',
            }),
          )
      case 'are impossible':
        return () =>
          Promise.reject(new SQLException('is a folder', { sqlState: '08001', reason: 'connect-failed' }))
    }
  }

  #gate(list: Gate[]): Gate {
    const gate = new Gate()
    list.push(gate)
    return gate
  }
}

function pick<T>(list: readonly T[], which: number): T | undefined {
  return list.length === 0 ? undefined : list[which % list.length]
}

function take<T>(list: T[], which: number): T | undefined {
  return list.length === 0 ? undefined : list.splice(which % list.length, 1)[0]
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}
