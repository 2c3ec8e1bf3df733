import type { Result } from '../api/result.ts'
import type { SQLException } from '../api/sql-exception.ts'
import { CallDeadline } from '../session/call-deadline.ts'
import { deathsForgiven, foundDead } from '../session/session-errors.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { OneShotSession, OneShotStatement } from '../spi/one-shot-session.ts'
import type { RawResult } from '../spi/physical-connection.ts'
import type { CompiledStatement } from '../sql/compiled-statement.ts'
import type { PoolEngine } from './engine.ts'
import { PoolClosedError } from './errors.ts'
import { JoinableUses, OneShotUse } from './one-shot-use.ts'
import { OneShot, type OneShotCall } from './one-shot.ts'
import type { PoolSettings } from './settings.ts'
import { SlotState } from './slot.ts'
import type { Slot } from './slot.ts'
import { StatementCost } from './statement-cost.ts'
import { Waiter } from './waiter.ts'

/** What one-shot statements need to know of the pool around them. */
export interface OneShotsOptions<T, Lent> {
  /** In force. */
  readonly settings: Pick<PoolSettings, 'sharing' | 'sessionReset' | 'queryTimeout'>
  /** Undefined where its driver lends nothing but handles. */
  readonly sessionOf: (resource: T) => OneShotSession | undefined
  /** A statement has ended: its caller holds the slot no more. */
  readonly returned: (slot: Slot<T>) => void
  /** On what was lent as a whole, which it gives back. */
  readonly runOn: (lent: Lent, call: OneShotCall) => Promise<Result<unknown>>
}

/**
 * Statements that need no handle: nothing comes before them on their connection that they depend on, and they leave
 * nothing behind. Each has a connection for itself, as a borrower has.
 *
 * Where they may share, those that proved cheap take an idle connection first, and join others only when none is idle and
 * none is being made for them. Whoever wants a connection for himself never waits behind them: while he is the first of
 * the line nothing joins, and the first connection on which they have ended is his.
 */
export class OneShots<T, Lent> {
  readonly #engine: PoolEngine<T, Lent>
  readonly #options: OneShotsOptions<T, Lent>
  readonly #uses = new JoinableUses<T>()
  /** Texts are kept as long as their compiled statements. */
  readonly #costs = new WeakMap<CompiledStatement, StatementCost>()
  /** Any session reads for all. */
  #reader: OneShotSession | undefined
  readonly #mayServe = (slot: Slot<T>): boolean => slot.lent && this.#engine.unfit(slot) === undefined

  constructor(engine: PoolEngine<T, Lent>, options: OneShotsOptions<T, Lent>) {
    this.#engine = engine
    this.#options = options
  }

  /** Undefined before the first connection is made, and for a statement that wants a handle. */
  execute<Row>(call: OneShotCall): Promise<Result<Row>> | undefined {
    const statement = this.read(call)
    if (statement === undefined) return undefined
    const { clock, name, leaks } = this.#engine
    const { options } = call
    const cost = this.costOf(statement)
    const stack = leaks.isOn && cost?.isCheap !== true ? leaks.sample() : undefined
    return new Promise((resolve, reject) => {
      const isOpen = options?.timeout === undefined && options?.signal === undefined
      const deadline = isOpen ? undefined : CallDeadline.from(clock, `A call on ${name}`, options, Infinity)
      const answer = resolve as (result: Result<unknown>) => void
      this.#submit(new OneShot(call, statement, cost, deadline, stack, answer, reject))
    })
  }

  /** Undefined also for a call that is wrong: what is wrong with it tells the handle that refuses it. */
  read({ sql, parameters, options }: OneShotCall): OneShotStatement | undefined {
    if (this.#engine.isClosed) return undefined
    try {
      return (this.#reader ??= this.#findReader())?.read(sql, parameters, options)
    } catch {
      return undefined
    }
  }

  /** What is known of its text. Undefined where nothing shares. */
  costOf({ compiled }: OneShotStatement): StatementCost | undefined {
    const { sharing, sessionReset } = this.#options.settings
    // Where every use is to find a session as it was made, two cannot have the same.
    if (sharing === 'exclusive' || sessionReset === 'always') return undefined
    let cost = this.#costs.get(compiled)
    if (cost === undefined) this.#costs.set(compiled, (cost = new StatementCost()))
    return cost
  }

  /** Another server may understand the same text otherwise: then it is read anew, on a whole connection. */
  canRun({ resource }: Slot<T>, { statement }: OneShot): boolean {
    return this.#options.sessionOf(resource!)?.dialect === statement.dialect
  }

  /** The slot is free, can run it, and it is the first of those who wait. */
  begin(slot: Slot<T>, shot: OneShot, now: number, waited: number): void {
    const { slots, leaks } = this.#engine
    slots.transition(slot, SlotState.inUse)
    slot.lent = true
    slot.lentAt = now
    const use = new OneShotUse(slot, this.#options.sessionOf(slot.resource!)!, shot.shares, now)
    if (leaks.isOn && !shot.shares) leaks.lent(slot, undefined, shot.stack)
    this.#start(use, shot, now, waited)
    if (this.#engine.waiters.size > 0) this.#advance(now)
  }

  #findReader(): OneShotSession | undefined {
    for (const { resource } of this.#engine.slots.all) {
      const session = resource === undefined ? undefined : this.#options.sessionOf(resource)
      if (session !== undefined) return session
    }
    return undefined
  }

  #submit(shot: OneShot): void {
    const { events, waiters, idle, slots, limits, clock, suspended } = this.#engine
    if (events.lists.requested !== undefined) events.emit('requested', { waiting: waiters.size })
    const over = this.#engine.isClosed ? new PoolClosedError(this.#engine.name) : shot.deadline?.error
    if (over !== undefined) {
      this.#refuse(shot, over)
      return
    }
    if (waiters.size === 0 && !suspended) {
      const slot = idle.last
      const now = clock.now()
      if (slot !== undefined && this.#engine.isFresh(slot, now) && this.canRun(slot, shot)) {
        idle.remove(slot)
        this.begin(slot, shot, now, 0)
        if (idle.size < limits.minimumIdle) this.#engine.connector.pump()
        return
      }
      if (slot === undefined && slots.total >= limits.maximumPoolSize) {
        const use = this.#useFor(shot, now)
        if (use !== undefined) {
          this.#start(use, shot, now, 0)
          return
        }
      }
    }
    this.#wait(shot)
  }

  #wait(shot: OneShot): void {
    const { clock, connector, admission, waiters, idle, leaks } = this.#engine
    const now = clock.now()
    const refusal = connector.refusal(now) ?? admission.refusal()
    if (refusal !== undefined) {
      this.#refuse(shot, refusal)
      return
    }
    const waiter = new Waiter<Lent>(
      (lent) => shot.follow(this.#options.runOn(lent, shot.rest)),
      (error) => shot.fail(error),
      now,
      shot.deadline,
      shot.stack,
    )
    waiter.oneShot = shot
    waiters.add(waiter)
    if (idle.size > 0) this.#engine.dispatch()
    connector.pump()
    leaks.pressed(now)
    this.#advance(now)
  }

  #refuse(shot: OneShot, error: Error): void {
    this.#engine.counter.rejected++
    shot.fail(error)
  }

  /**
   * What it may join. Not one that was sent in vain: what is shared may have died with the session that failed it, and not
   * be known to.
   */
  #useFor(shot: OneShot, now: number): OneShotUse<T> | undefined {
    if (!shot.shares || shot.failures > 0) return undefined
    const use = this.#uses.roomiest(now, this.#mayServe)
    return use !== undefined && this.canRun(use.slot, shot) ? use : undefined
  }

  /** The first of the line join what is shared, as far as no connection is being made for them. */
  #advance(now: number): void {
    const { waiters, slots, suspended } = this.#engine
    if (suspended) return
    while (waiters.size > slots.counts[SlotState.connecting]!) {
      const waiter = waiters.first!
      const use = waiter.oneShot && this.#useFor(waiter.oneShot, now)
      if (use === undefined) return
      waiters.remove(waiter)
      waiter.stop?.()
      this.#start(use, waiter.oneShot!, now, now - waiter.since)
    }
  }

  #start(use: OneShotUse<T>, shot: OneShot, now: number, waited: number): void {
    const { counter, connector, events } = this.#engine
    const { slot } = use
    this.#uses.remove(use)
    if (++use.count > 1) use.mixed = true
    shot.expected = shot.cost?.mean ?? 0
    use.load += shot.expected
    this.#uses.add(use)
    shot.startedAt = now
    slot.uses++
    shot.measured = connector.measures(counter.acquired++)
    if (shot.measured) counter.wait.record(waited)
    if (events.lists.acquired !== undefined) {
      events.emit('acquired', { member: this.#engine.member(slot, now), waited })
    }
    const deadline = this.#deadlineOf(shot)
    const late = deadline?.error
    if (late !== undefined) {
      queueMicrotask(() => this.#ended(use, shot, late))
      return
    }
    use.session.run(shot.statement, (error, raw) => this.#ended(use, shot, error, raw))
    if (deadline !== undefined && !shot.told) {
      shot.stop = deadline.onExpired((error) => this.#expire(use, shot, error))
    }
  }

  #deadlineOf({ call: { options }, deadline }: OneShot): Deadline | undefined {
    const { queryTimeout: timeout } = this.#options.settings
    if (timeout === Infinity || options?.timeout !== undefined) return deadline
    const { clock, name } = this.#engine
    return new CallDeadline(clock, `A statement on ${name}`, { timeout, outer: deadline })
  }

  /**
   * Alone, it is stopped, and its caller told what became of it. Else he goes, and it stays while others share the
   * connection: a cancel could hit any of them.
   */
  #expire(use: OneShotUse<T>, shot: OneShot, error: SQLException): void {
    if (shot.told || shot.expired !== undefined) return
    this.#uses.remove(use)
    shot.expired = error
    use.abandoned++
    use.reason = error
    if (use.count > 1) shot.fail(error)
    this.#stopAbandoned(use)
  }

  #stopAbandoned(use: OneShotUse<T>): void {
    if (use.abandoned > 0 && use.abandoned === use.count) use.session.stop(use.reason!)
  }

  #ended(use: OneShotUse<T>, shot: OneShot, error?: SQLException, raw?: RawResult): void {
    const { slot } = use
    const now = this.#engine.clock.now()
    if (error === undefined) shot.cost?.ran(now - Math.max(use.since, shot.startedAt))
    shot.stop?.()
    this.#uses.remove(use)
    use.since = now
    // Sums of fractions drift: nothing under way is nothing.
    use.load = --use.count === 0 ? 0 : use.load - shot.expected
    if (shot.expired !== undefined) use.abandoned--
    const wasMixed = use.mixed
    this.#returned(slot, shot, now)
    if (use.count > 0) {
      this.#uses.add(use)
      this.#stopAbandoned(use)
    } else if (slot.lent) {
      slot.lent = false
      slot.lentAt = -1
      this.#engine.reuse(slot)
    }
    if (!shot.told) {
      if (error === undefined) shot.answer(raw!, use.session)
      else if (shot.expired !== undefined) shot.fail(error.fatal ? error : shot.expired)
      else if (this.#mayRunAgain(shot, error, wasMixed)) this.#submit(shot)
      else shot.fail(error)
    }
    if (this.#engine.waiters.size > 0) this.#advance(now)
  }

  /** Nothing was executed: the connection was dead, or a cancel was meant for another. */
  #mayRunAgain(shot: OneShot, error: SQLException, wasMixed: boolean): boolean {
    const inVain = foundDead(error) || (wasMixed && error.reason === 'cancelled')
    return inVain && shot.failures++ < deathsForgiven
  }

  #returned(slot: Slot<T>, shot: OneShot, now: number): void {
    const { counter, connector, events, leaks } = this.#engine
    const used = now - shot.startedAt
    this.#options.returned(slot)
    counter.released++
    if (slot.borrowing !== undefined) leaks.returned(slot, slot.borrowing)
    if (shot.measured) {
      counter.use.record(used)
      connector.used(used)
    }
    if (events.lists.released !== undefined) {
      events.emit('released', { member: this.#engine.member(slot, now), used })
    }
  }
}
