import type { StatementOptions } from '../api/executor.ts'
import type { Result } from '../api/result.ts'
import type { SQLException } from '../api/sql-exception.ts'
import { CallDeadline } from '../session/call-deadline.ts'
import { deathsForgiven, foundDead } from '../session/session-errors.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { RawResult } from '../spi/physical-connection.ts'
import type { SharedSession, SharedStatement } from '../spi/shared-session.ts'
import type { CompiledStatement } from '../sql/compiled-statement.ts'
import type { PoolEngine } from './engine.ts'
import { PoolClosedError } from './errors.ts'
import type { PoolSettings } from './settings.ts'
import { SharedCall } from './shared-call.ts'
import { SharedUse, SharedUses } from './shared-use.ts'
import { SlotState } from './slot.ts'
import type { Slot } from './slot.ts'
import { StatementCost } from './statement-cost.ts'
import { Waiter } from './waiter.ts'

/** What sharing needs to know of the pool around it. */
export interface SharingOptions<T> {
  /** In force. */
  readonly settings: Pick<PoolSettings, 'sharing' | 'sessionReset' | 'queryTimeout'>
  /** Undefined where its driver does not pipeline. */
  readonly sessionOf: (resource: T) => SharedSession | undefined
  /** A statement has ended: its caller holds the slot no more. */
  readonly returned: (slot: Slot<T>) => void
}

/** A statement as it may be shared, and what is known of its text. */
export interface SharableStatement {
  readonly statement: SharedStatement
  readonly cost: StatementCost
}

/**
 * One-shot statements that proved cheap, several on one connection. They take an idle one first, and join others only
 * when none is idle and none is being made for them. Whoever wants a connection for himself never waits behind them:
 * while he is the first of the line nothing joins, and the first connection on which they have ended is his.
 */
export class Sharing<T, Lent> {
  readonly #engine: PoolEngine<T, Lent>
  readonly #options: SharingOptions<T>
  readonly #uses = new SharedUses<T>()
  /** Texts are kept as long as their compiled statements. */
  readonly #costs = new WeakMap<CompiledStatement, StatementCost>()
  /** Any session reads for all. */
  #reader: SharedSession | undefined
  readonly #mayServe = (slot: Slot<T>): boolean => slot.lent && this.#engine.unfit(slot) === undefined

  constructor(engine: PoolEngine<T, Lent>, options: SharingOptions<T>) {
    this.#engine = engine
    this.#options = options
  }

  /** Undefined before the first connection is made, and for statements that want a connection of their own. */
  read(...call: Parameters<SharedSession['read']>): SharableStatement | undefined {
    const { sharing, sessionReset } = this.#options.settings
    // Where every use is to find a session as it was made, two cannot have the same.
    if (sharing === 'exclusive' || sessionReset === 'always' || this.#engine.isClosed) return undefined
    const statement = (this.#reader ??= this.#findReader())?.read(...call)
    if (statement === undefined) return undefined
    const { compiled } = statement
    let cost = this.#costs.get(compiled)
    if (cost === undefined) this.#costs.set(compiled, (cost = new StatementCost()))
    return { statement, cost }
  }

  /**
   * Runs a statement that is cheap.
   *
   * @param otherwise Runs it on a whole connection: a successor of this pool has lent one.
   */
  execute<Row>(
    { statement, cost }: SharableStatement,
    options: StatementOptions | undefined,
    otherwise: (lent: Lent) => Promise<Result<Row>>,
  ): Promise<Result<Row>> {
    return new Promise((resolve, reject) => {
      const isOpen = options?.timeout === undefined && options?.signal === undefined
      const { clock, name } = this.#engine
      const deadline = isOpen ? undefined : CallDeadline.from(clock, `A call on ${name}`, options, Infinity)
      const answer = resolve as (result: Result<unknown>) => void
      this.#submit(new SharedCall(statement, cost, options, deadline, answer, reject, otherwise))
    })
  }

  /** The slot is free, and the call the first of those who wait. */
  begin(slot: Slot<T>, call: SharedCall<Lent>, waited: number): void {
    const { slots, clock } = this.#engine
    slots.transition(slot, SlotState.inUse)
    slot.lent = true
    const now = clock.now()
    const use = new SharedUse(slot, this.#options.sessionOf(slot.resource!)!)
    use.since = now
    this.#start(use, call, now, waited)
    this.#advance(now)
  }

  #findReader(): SharedSession | undefined {
    for (const { resource } of this.#engine.slots.all) {
      const session = resource === undefined ? undefined : this.#options.sessionOf(resource)
      if (session !== undefined) return session
    }
    return undefined
  }

  #submit(call: SharedCall<Lent>): void {
    const { events, waiters, idle, slots, limits, clock, suspended } = this.#engine
    if (events.lists.requested !== undefined) events.emit('requested', { waiting: waiters.size })
    const over = this.#engine.isClosed ? new PoolClosedError(this.#engine.name) : call.deadline?.error
    if (over !== undefined) {
      this.#refuse(call, over)
      return
    }
    if (waiters.size === 0 && !suspended) {
      const slot = idle.last
      const now = clock.now()
      if (slot !== undefined && this.#engine.isFresh(slot, now)) {
        idle.remove(slot)
        this.begin(slot, call, 0)
        if (idle.size < limits.minimumIdle) this.#engine.connector.pump()
        return
      }
      if (slot === undefined && slots.total >= limits.maximumPoolSize && call.failures === 0) {
        const use = this.#uses.roomiest(now, this.#mayServe)
        if (use !== undefined) {
          this.#start(use, call, now, 0)
          return
        }
      }
    }
    this.#wait(call)
  }

  #wait(call: SharedCall<Lent>): void {
    const { clock, connector, admission, waiters, idle } = this.#engine
    const now = clock.now()
    const refusal = connector.refusal(now) ?? admission.refusal()
    if (refusal !== undefined) {
      this.#refuse(call, refusal)
      return
    }
    const waiter = new Waiter<Lent>(
      (lent) => call.follow(lent),
      (error) => call.fail(error),
      now,
      call.deadline,
    )
    waiter.call = call
    waiters.add(waiter)
    if (idle.size > 0) this.#engine.dispatch()
    connector.pump()
    this.#advance(now)
  }

  #refuse(call: SharedCall<Lent>, error: Error): void {
    this.#engine.counter.rejected++
    call.fail(error)
  }

  /**
   * The first of the line join what is shared, as far as no connection is being made for them. Not one that was sent in
   * vain: what is shared may have died with the session that failed him, and not be known to.
   */
  #advance(now: number): void {
    const { waiters, slots, suspended } = this.#engine
    if (suspended) return
    while (waiters.size > slots.counts[SlotState.connecting]!) {
      const waiter = waiters.first!
      if (waiter.call === undefined || waiter.call.failures > 0) return
      const use = this.#uses.roomiest(now, this.#mayServe)
      if (use === undefined) return
      waiters.remove(waiter)
      waiter.stop?.()
      this.#start(use, waiter.call, now, now - waiter.since)
    }
  }

  #start(use: SharedUse<T>, call: SharedCall<Lent>, now: number, waited: number): void {
    const { counter, connector, events } = this.#engine
    const { slot } = use
    this.#uses.remove(use)
    if (++use.count > 1) use.mixed = true
    call.expected = call.cost.mean
    use.load += call.expected
    this.#uses.add(use)
    call.startedAt = now
    slot.uses++
    call.measured = connector.measures(counter.acquired++)
    if (call.measured) counter.wait.record(waited)
    if (events.lists.acquired !== undefined) {
      events.emit('acquired', { member: this.#engine.member(slot, now), waited })
    }
    use.session.run(call.statement, (error, raw) => this.#ended(use, call, error, raw))
    const deadline = this.#deadlineOf(call)
    if (deadline !== undefined && !call.told) {
      call.stop = deadline.onExpired((error) => this.#expire(use, call, error))
    }
  }

  #deadlineOf({ options, deadline }: SharedCall<Lent>): Deadline | undefined {
    const { queryTimeout: timeout } = this.#options.settings
    if (timeout === Infinity || options?.timeout !== undefined) return deadline
    const { clock, name } = this.#engine
    return new CallDeadline(clock, `A statement on ${name}`, { timeout, outer: deadline })
  }

  /** Its caller goes. The statement stays while others share the connection: a cancel could hit any of them. */
  #expire(use: SharedUse<T>, call: SharedCall<Lent>, error: SQLException): void {
    if (call.told) return
    this.#uses.remove(use)
    use.abandoned++
    use.reason = error
    call.fail(error)
    this.#stopAbandoned(use)
  }

  #stopAbandoned(use: SharedUse<T>): void {
    if (use.abandoned > 0 && use.abandoned === use.count) use.session.stop(use.reason!)
  }

  #ended(
    use: SharedUse<T>,
    call: SharedCall<Lent>,
    error: SQLException | undefined,
    raw: RawResult | undefined,
  ): void {
    const { slot } = use
    const now = this.#engine.clock.now()
    if (error === undefined) call.cost.ran(now - Math.max(use.since, call.startedAt))
    call.stop?.()
    this.#uses.remove(use)
    use.since = now
    // Sums of fractions drift: nothing under way is nothing.
    use.load = --use.count === 0 ? 0 : use.load - call.expected
    if (call.told) use.abandoned--
    const wasMixed = use.mixed
    this.#returned(slot, call, now)
    if (use.count > 0) {
      this.#uses.add(use)
      this.#stopAbandoned(use)
    } else if (slot.lent) {
      slot.lent = false
      this.#engine.reuse(slot)
    }
    if (!call.told) {
      if (error === undefined) call.answer(raw!, use.session)
      else if (this.#mayRunAgain(call, error, wasMixed)) this.#submit(call)
      else call.fail(error)
    }
    if (this.#engine.waiters.size > 0) this.#advance(now)
  }

  /** Nothing was executed: the connection was dead, or a cancel was meant for another. */
  #mayRunAgain(call: SharedCall<Lent>, error: SQLException, wasMixed: boolean): boolean {
    const inVain = foundDead(error) || (wasMixed && error.reason === 'cancelled')
    return inVain && call.failures++ < deathsForgiven
  }

  #returned(slot: Slot<T>, call: SharedCall<Lent>, now: number): void {
    const { counter, connector, events } = this.#engine
    const used = now - call.startedAt
    this.#options.returned(slot)
    counter.released++
    if (call.measured) {
      counter.use.record(used)
      connector.used(used)
    }
    if (events.lists.released !== undefined) {
      events.emit('released', { member: this.#engine.member(slot, now), used })
    }
  }
}
