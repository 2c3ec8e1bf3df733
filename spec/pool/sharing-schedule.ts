import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import type { Connection } from '../../src/api/connection.ts'
import type { Result } from '../../src/api/result.ts'
import { SQLException } from '../../src/api/sql-exception.ts'
import { mostTogether } from '../../src/pool/one-shot-use.ts'
import type { StubConnection, StubPooledConnection } from '../support/stub-connection.ts'
import { cancelled, lentMark, type StubSession } from '../support/stub-session.ts'
import { SharingWorld } from './sharing-world.ts'
import { lentTo, settle, Watched } from './world.ts'

/** A step of a schedule. Numbers choose among what there is, modulo. */
type Step =
  | { readonly do: 'borrow' | 'run' | 'run with a signal' | 'a turn ends' | 'close' }
  | { readonly do: 'run with a timeout' | 'time passes'; readonly milliseconds: number }
  | { readonly do: 'give back' | 'answer' | 'refuse' | 'cancel' | 'die' | 'abort'; readonly which: number }

/** A pool for statements without a handle, and what happens to it. */
export interface SharingSchedule {
  readonly settings: { readonly sharing: string; readonly maximumPoolSize: number; readonly maxUses: number }
  readonly steps: readonly Step[]
}

const which = fc.nat({ max: 20 })

function step<Name extends Step['do']>(
  weight: number,
  name: Name,
): { weight: number; arbitrary: fc.Arbitrary<Step> } {
  return {
    weight,
    arbitrary: fc.record({ do: fc.constant(name), which }) as fc.Arbitrary<unknown> as fc.Arbitrary<Step>,
  }
}

function timed(
  weight: number,
  name: Step['do'],
  ...times: number[]
): { weight: number; arbitrary: fc.Arbitrary<Step> } {
  const milliseconds = fc.constantFrom(...times)
  return {
    weight,
    arbitrary: fc.record({
      do: fc.constant(name),
      milliseconds,
    }) as fc.Arbitrary<unknown> as fc.Arbitrary<Step>,
  }
}

export const sharingSchedules: fc.Arbitrary<SharingSchedule> = fc.record({
  settings: fc.record({
    sharing: fc.constantFrom('pipelined', 'exclusive'),
    maximumPoolSize: fc.integer({ min: 1, max: 3 }),
    maxUses: fc.constantFrom(3, 1_000_000),
  }),
  steps: fc.array(
    fc.oneof(
      step(40, 'run'),
      step(8, 'run with a signal'),
      timed(8, 'run with a timeout', 0, 1, 50),
      step(12, 'borrow'),
      step(14, 'give back'),
      step(40, 'answer'),
      step(6, 'refuse'),
      step(4, 'cancel'),
      step(4, 'die'),
      step(5, 'abort'),
      timed(12, 'time passes', 1, 3, 6, 100, 31_000),
      step(25, 'a turn ends'),
      step(1, 'close'),
    ),
    { minLength: 30, maxLength: 90, size: 'max' },
  ),
})

interface Asked {
  readonly order: number
  readonly text: string | undefined
  readonly controller: AbortController | undefined
  readonly watched: Watched<Connection> | Watched<Result<[string]>>
  /** It was lent, or sent: it no longer waits. */
  begun: boolean
}

/** Runs a schedule; throws when a law does not hold during it or after it. */
export async function run({ settings, steps }: SharingSchedule): Promise<void> {
  const world = new SharingWorld(settings)
  await world.fill(1)
  const stage = new Stage(world)
  for (const one of steps) {
    await stage.play(one)
    // Who was told has heard it.
    for (let tick = 0; tick < 5; tick++) await Promise.resolve()
    stage.look()
  }
  await stage.finish()
}

class Stage {
  readonly world: SharingWorld
  readonly #asked: Asked[] = []
  readonly #lent = new Map<StubPooledConnection, Connection>()
  #seen: number
  #closed: Watched<void> | undefined
  #fault: unknown
  readonly #mostTogether: number

  constructor(world: SharingWorld) {
    this.world = world
    this.#seen = world.sessions.begun.length
    this.#mostTogether = world.pool.settings.sharing === 'exclusive' ? 1 : mostTogether
  }

  async play(one: Step): Promise<void> {
    const { clock, sessions } = this.world
    switch (one.do) {
      case 'borrow':
        return this.#borrow()
      case 'run':
        return this.#run()
      case 'run with a signal':
        return this.#run({}, new AbortController())
      case 'run with a timeout':
        return this.#run({ timeout: one.milliseconds })
      case 'give back': {
        const [pooled, connection] = pick([...this.#lent], one.which) ?? []
        if (pooled === undefined) return undefined
        this.#lent.delete(pooled)
        return connection!.close()
      }
      case 'answer':
        return this.#busy(one.which)?.answer()
      case 'refuse':
        return this.#busy(one.which)?.answer(
          new SQLException('refused', { sqlState: '23505', reason: 'unique' }),
        )
      case 'cancel':
        return this.#busy(one.which)?.answer(cancelled())
      case 'die':
        return pick(
          sessions.all.filter(({ pooled }) => !pooled.closed),
          one.which,
        )?.lose((text) => (Number(text) % 2 === 0 ? 'connect' : 'unknown-outcome'))
      case 'abort':
        return pick(
          this.#asked.filter(({ controller, watched }) => controller && watched.state === 'pending'),
          one.which,
        )?.controller?.abort()
      case 'time passes':
        return clock.advance(one.milliseconds)
      case 'a turn ends':
        return settle()
      case 'close':
        this.#close()
        return undefined
    }
  }

  /** What holds at every moment. */
  look(): void {
    if (this.#fault !== undefined) throw this.#fault
    const { pool, sessions } = this.world
    assert.deepEqual(sessions.violations, [])
    for (const text of sessions.begun.slice(this.#seen)) this.#begin(text)
    this.#seen = sessions.begun.length
    for (const { most } of sessions.all) assert.ok(most <= this.#mostTogether, 'to a bounded depth')
    const { inUse, idle, waiting, validating, total, maximum } = pool.statistics()
    assert.ok(total <= maximum)
    if (waiting > 0) assert.ok(idle === 0 || validating >= waiting, 'nobody waits beside an idle connection')
    const used = sessions.all.filter(
      ({ pooled, underWay }) => underWay.length > 0 && !pooled.closed && pooled.broken === undefined,
    )
    assert.ok(used.length <= inUse + pool.statistics().closing, 'what statements share is in use')
  }

  /** Everything ends. */
  async finish(): Promise<void> {
    const { clock, pool, sessions, driver } = this.world
    for (
      let i = 0;
      i < 400 && (sessions.underWay > 0 || this.#lent.size > 0 || pool.statistics().waiting > 0);
      i++
    ) {
      for (const [pooled, connection] of this.#lent) {
        this.#lent.delete(pooled)
        await connection.close()
      }
      this.#busy(i)?.answer()
      await clock.advance(i % 10 === 0 ? 600 : 0)
      this.look()
    }
    assert.equal(pool.statistics().waiting, 0, 'nobody waits for ever')
    assert.equal(pool.statistics().inUse, 0, 'all is given back')
    this.#close()
    await clock.advance(0)
    assert.equal(this.#closed?.state, 'resolved')
    assert.equal(driver.physical, 0, 'nothing physical is left')
    assert.equal(clock.timers(), 0, 'no timer is left')
    for (const { watched } of this.#asked) assert.notEqual(watched.state, 'pending', 'each is told')
    const { acquired, released } = pool.statistics().counters
    // What close() takes from its borrower was never given back.
    assert.ok(released <= acquired)
  }

  #borrow(): void {
    const watched = this.world.ask()
    this.#note(undefined, undefined, watched)
    watched.promise
      .then(
        () => {
          const connection: StubConnection = lentTo(watched)
          assert.equal(this.#lent.has(connection.pooled), false, 'no connection has two borrowers')
          this.#lent.set(connection.pooled, connection)
        },
        (error: unknown) => assert.ok(error instanceof SQLException, 'errors are typed'),
      )
      .catch((fault: unknown) => (this.#fault ??= fault))
  }

  #run(options?: { timeout?: number }, controller?: AbortController): void {
    const text = String(this.#asked.length)
    // Closed, or without a connection so far: whoever asks then borrows one.
    if (this.world.pool.oneShots.read({ sql: text, parameters: [], options: undefined }) === undefined) return
    this.world.prove(text)
    const watched = this.world.run(text, controller === undefined ? options : { signal: controller.signal })
    this.#note(text, controller, watched)
    watched.promise.then(
      ({ rows }) => {
        if (rows[0]?.[0] !== text) this.#fault ??= new Error(`${text} was answered ${rows[0]?.[0]}`)
      },
      (error: unknown) => {
        if (!(error instanceof SQLException)) this.#fault ??= error
      },
    )
  }

  #note(text: string | undefined, controller: AbortController | undefined, watched: Asked['watched']): void {
    this.#asked.push({ order: this.#asked.length, text, controller, watched, begun: false })
  }

  /** A statement was sent, or a connection lent: to the first borrower, as none overtakes another. */
  #begin(text: string): void {
    const isBorrower = text === lentMark
    const asked = isBorrower
      ? this.#asked.find((one) => one.text === undefined && !one.begun && one.watched.state !== 'rejected')
      : this.#asked[Number(text)]
    // One that is sent once more has had its turn.
    if (asked === undefined || asked.begun) {
      assert.ok(asked !== undefined, 'nothing is lent that nobody asked for')
      return
    }
    asked.begun = true
    const overtaken = this.#asked.find(
      ({ order, begun, watched }) => order < asked.order && !begun && watched.state === 'pending',
    )
    assert.equal(overtaken?.order, undefined, 'served in the order in which they came')
  }

  #busy(number: number): StubSession | undefined {
    return pick(
      this.world.sessions.all.filter(({ underWay }) => underWay.length > 0),
      number,
    )
  }

  #close(): void {
    this.#closed ??= new Watched(this.world.pool.close({ drainTimeout: 5_000 }))
  }
}

function pick<T>(list: readonly T[], number: number): T | undefined {
  return list.length === 0 ? undefined : list[number % list.length]
}
