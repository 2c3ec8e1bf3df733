import type { ConnectionPoolOptions } from '../../../src/pool/connection-pool.ts'
import type { PoolSettings } from '../../../src/pool/settings.ts'
import { SQLTimeoutException } from '../../../src/api/sql-exception.ts'
import { noDeadline } from '../../../src/session/call-deadline.ts'
import type { Clock } from '../../../src/spi/clock.ts'
import type { Deadline } from '../../../src/spi/deadline.ts'
import { SlotState } from '../../../src/pool/slot.ts'
import { realPool } from '../world.ts'
import type { PoolMaker } from '../world.ts'
import { brokenForOverload } from './overload.ts'
import { brokenForLeaks } from './leaks.ts'
import { brokenForOwners } from './owner.ts'
import { broken, ignore, patched } from './patch.ts'
import type { BrokenPool, Engine } from './patch.ts'

export type { BrokenPool }

export const brokenPools: readonly BrokenPool[] = [
  broken(
    'a wake-up is lost after a death',
    'a place is free only when its connection is gone',
    patched(({ slots, connector }) => {
      const transition = slots.transition.bind(slots)
      const pump = connector.pump.bind(connector)
      let deaf = false
      slots.transition = (slot, to) => {
        transition(slot, to)
        deaf = to === SlotState.closed
      }
      connector.pump = () => {
        if (!deaf) pump()
      }
    }),
  ),
  broken(
    'one connection too many',
    'a growing pool stops at maximumPoolSize',
    withSettings(({ maximumPoolSize }) => ({ maximumPoolSize: maximumPoolSize + 1 })),
  ),
  broken(
    'connects in flight are not counted',
    'connects in flight count against maximumPoolSize',
    patched(({ slots }) => {
      Object.defineProperty(slots, 'total', {
        get: () => slots.all.size - slots.counts[SlotState.connecting]!,
        set: ignore,
      })
    }),
  ),
  broken(
    'a place is freed before the close has settled',
    'a place is free only when its connection is gone',
    patched(({ factory }) => {
      const destroy = factory.destroy.bind(factory)
      factory.destroy = (resource, reason) => {
        void destroy(resource, reason)
        return Promise.resolve()
      }
    }),
  ),
  broken(
    'waiters are served last come, first served',
    'waiters are served in the order in which they came',
    patched(({ waiters }) => {
      waiters.shift = () => waiters.pop()
    }),
  ),
  broken(
    'an arrival takes what a waiter was promised',
    'nobody overtakes those who wait',
    patched((engine) => {
      const handOver = engine.handOver.bind(engine)
      const acquire = engine.acquire.bind(engine)
      let late = false
      engine.handOver = (slot) => {
        if (late || slot.state !== SlotState.inUse) {
          handOver(slot)
          return
        }
        withoutWaiters(engine, () => handOver(slot))
        setImmediate(() => {
          late = true
          engine.dispatch()
          late = false
        })
      }
      engine.acquire = (deadline) =>
        engine.idle.size > 0 ? withoutWaiters(engine, () => acquire(deadline)) : acquire(deadline)
    }),
  ),
  broken(
    'a returned connection is handed over a turn later',
    'a returned connection goes to the first waiter at once',
    patched((engine) => {
      const handOver = engine.handOver.bind(engine)
      engine.handOver = (slot) => queueMicrotask(() => handOver(slot))
    }),
  ),
  broken(
    'an idle connection is lent twice',
    'no connection has two borrowers',
    patched((engine) => {
      const { idle } = engine
      const acquire = engine.acquire.bind(engine)
      let once = true
      engine.acquire = (deadline) => {
        const slot = idle.last
        const acquired = acquire(deadline)
        if (once && slot?.state === SlotState.inUse) {
          once = false
          idle.push(slot)
        }
        return acquired
      }
    }),
  ),
  broken(
    'an aborted waiter stays in the queue, and takes a connection with it',
    'a caller that gave up gets nothing, and nothing is lost',
    patched(({ waiters }) => {
      const remove = waiters.remove.bind(waiters)
      waiters.remove = (waiter) => {
        if (waiter.deadline === undefined) remove(waiter)
        else waiter.linked = false
      }
      waiters.shift = () => {
        const { first } = waiters
        if (first !== undefined) remove(first)
        return first
      }
    }),
  ),
  broken(
    'a waiter without a deadline',
    'nobody waits without a deadline',
    withSettings(() => ({ connectionTimeout: Infinity })),
  ),
  broken(
    'a dead connection that is returned is lent again',
    'a dead connection is not lent again',
    patched((engine) => {
      engine.died = () => undefined
      const { factory } = engine
      factory.isBroken = () => false
      factory.lend = ({ pooled }) => {
        Object.defineProperty(pooled, 'broken', { value: undefined })
        return pooled.getConnection()
      }
    }),
  ),
  broken(
    'the death of an idle connection is not heard',
    'a connection that died while idle is not lent',
    patched((engine) => {
      const died = engine.died.bind(engine)
      engine.died = (slot, error) => (slot.linked ? undefined : died(slot, error))
    }),
  ),
  broken(
    'the answer to a check is not looked at',
    'a connection idle for long is asked before it is lent',
    patched(({ factory }) => {
      const validate = factory.validate.bind(factory)
      factory.validate = (resource, deadline) => validate(resource, deadline).then(() => true)
    }),
  ),
  broken(
    'one death says nothing of the others',
    'a connection that died makes the other idle ones suspect',
    patched(({ caretaker }) => {
      caretaker.suspectIdle = () => undefined
    }),
  ),
  broken(
    'the time of day is not looked at',
    'after a sleep of the machine no connection is lent unasked',
    patched(({ sleep }) => {
      sleep.nextLookAt = Infinity
    }),
  ),
  broken(
    'all whose time passed during a stall are sent away at once',
    'a stall gives what has arrived a turn before waiters are sent away',
    patched(({ waiters, clock, limits }) => {
      const join = waiters.join.bind(waiters)
      waiters.join = (now, deadline, stack) =>
        join(now, deadline ?? impatient(clock, limits.connectionTimeout), stack)
    }),
  ),
  broken(
    'maxWaiters counts one too few',
    'who would be one too many in the queue is refused at once',
    withSettings(({ maxWaiters }) => ({ maxWaiters: maxWaiters + 1 })),
  ),
  broken(
    'a function that asks for more is not known',
    'a function that asks for a second connection of a full pool is refused',
    patched(({ admission }) => {
      admission.within = (work) => work()
    }),
  ),
  broken(
    'the reset is left out',
    'a changed session is restored before the next borrower has it',
    patched(({ factory }) => {
      factory.needsReset = () => false
    }),
  ),
  broken(
    'a connection returns as often as it says so',
    'a connection told to be closed twice returns once',
    patched(({ slots }) => {
      const open = slots.open.bind(slots)
      slots.open = () => Object.defineProperty(open(), 'lent', { get: () => true, set: ignore })
    }),
  ),
  broken(
    'a failed connect keeps its place',
    'a failed connect leaves its place free',
    patched((engine) => {
      engine.abandon = () => undefined
    }),
  ),
  broken(
    'failed connects are repeated at once',
    'while the database is down one connect at a time, with growing pauses',
    patched(({ connector, clock, factory }) => {
      Object.defineProperty(connector, 'failure', { get: () => undefined, set: ignore })
      // As fast as it can, yet such that the spec comes to an end.
      const create = factory.create.bind(factory)
      factory.create = (deadline) =>
        create(deadline).catch((error: unknown) => later(clock, 10).then(() => Promise.reject(error)))
    }),
  ),
  broken(
    'who asks for health waits like a borrower',
    'a full pool tells its health, by one connection beyond its limit that is gone at once',
    patched((engine) => {
      const run = engine.health.run.bind(engine.health)
      engine.health.run = () => {
        const borrowed = engine.acquire().catch(() => undefined)
        return borrowed.then(run)
      }
    }),
  ),
  broken(
    'the connection for health is kept',
    'a full pool tells its health, by one connection beyond its limit that is gone at once',
    patched(({ connector, factory }) => {
      const attempt = connector.attempt.bind(connector)
      connector.attempt = () => attempt() ?? factory.create(connector.deadline())
    }),
  ),
  broken(
    'each question about health is a login',
    'asking for health does not make connects more frequent',
    patched(({ health, factory, connector, clock }) => {
      health.run = () =>
        factory.create(connector.deadline()).then(
          (answered) => ({ answered, took: 0 }),
          (error: unknown) => ({ error, at: clock.now() }),
        )
    }),
  ),
  broken(
    'close forgets those who wait',
    'close sends those who wait away',
    patched(({ waiters }) => {
      waiters.rejectAll = () => undefined
    }),
  ),
  broken(
    'close resolves before the physical closes have settled',
    'close resolves when everything is gone, not before',
    (options) => {
      const pool = realPool(options)
      const close = pool.close.bind(pool)
      pool.close = (how) => {
        void close(how)
        return Promise.resolve()
      }
      return pool
    },
  ),
  broken(
    'close waits for borrowers for ever',
    'close takes back what is not returned in time',
    patched((engine) => {
      const close = engine.close.bind(engine)
      engine.close = () => close(Infinity)
    }),
  ),
  broken(
    'close leaves the timer of the housekeeper',
    'close leaves no timer',
    patched(({ housekeeper }) => {
      housekeeper.stop = () => undefined
    }),
  ),
  broken(
    'a timer ticks whether something is due or not',
    'a pool in which nothing is due has no timer',
    patched(({ clock }) => {
      const tick = (): void => void clock.setTimer(tick, 1_000, { keepAlive: false })
      tick()
    }),
  ),
  ...brokenForOwners,
  ...brokenForLeaks,
  ...brokenForOverload,
]

function withSettings(change: (settings: PoolSettings) => Partial<PoolSettings>): PoolMaker {
  return (options: ConnectionPoolOptions) =>
    realPool({
      ...options,
      settings: { ...options.settings, softPoolSize: 1_000, ...change(options.settings) },
    })
}

/** Does something as if nobody waited. */
function withoutWaiters<R>({ waiters }: Engine, work: () => R): R {
  const hidden = [...waiters]
  for (const waiter of hidden) waiters.remove(waiter)
  try {
    return work()
  } finally {
    for (const waiter of hidden.toReversed()) waiters.unshift(waiter)
  }
}

/** A deadline that is told by the first timer after its end, however late that is. */
function impatient(clock: Clock, timeout: number): Deadline {
  const expiresAt = clock.now() + timeout
  return {
    ...noDeadline,
    expiresAt,
    onExpired(callback) {
      const error = new SQLTimeoutException('too late', { sqlState: 'HYT00', reason: 'timeout' })
      const timer = clock.setTimer(() => callback(error), timeout)
      return () => timer.cancel()
    },
  }
}

function later(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => clock.setTimer(resolve, milliseconds))
}
