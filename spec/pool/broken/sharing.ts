import type { SQLException } from '../../../src/api/sql-exception.ts'
import { SlotState } from '../../../src/pool/slot.ts'
import type { ConnectionPool } from '../../../src/pool/connection-pool.ts'
import type { OneShotCall } from '../../../src/pool/one-shot.ts'
import { StatementCost } from '../../../src/pool/statement-cost.ts'
import type { OneShotSession } from '../../../src/spi/one-shot-session.ts'
import { cancelled } from '../../support/stub-session.ts'
import type { Law } from '../laws.ts'
import { sharingLaws } from '../sharing-laws.ts'
import { realPool, type PoolMaker } from '../world.ts'
import type { BrokenPool } from './index.ts'

type Engine = ConnectionPool['engine']

/** The real pool with one defect in the sharing of connections. */
export const brokenSharing: readonly BrokenPool[] = [
  broken(
    'a borrower waits while statements go on joining',
    'nothing joins while somebody waits for a connection, and the first that is free is his',
    patched((engine, oneShots) => {
      const execute = oneShots.execute.bind(oneShots)
      oneShots.execute = (call) => withoutWaiters(engine, () => execute(call))
    }),
  ),
  broken(
    'a shared statement reaches a session that is lent',
    'a session lent to somebody never sees a shared statement',
    patched((engine) => {
      const acquire = engine.acquire.bind(engine)
      engine.acquire = (deadline) => {
        const slot = engine.idle.last
        const acquired = acquire(deadline)
        if (slot?.state === SlotState.inUse) engine.idle.push(slot)
        return acquired
      }
    }),
  ),
  broken(
    'a session is lent while statements are under way on it',
    'a session lent to somebody never sees a shared statement',
    patched((engine) => {
      const transition = engine.slots.transition.bind(engine.slots)
      engine.slots.transition = (slot, to) => {
        const shares = to === SlotState.inUse && slot.state !== SlotState.inUse && !slot.linked
        transition(slot, to)
        // For the next borrower it looks idle.
        if (!shares || engine.waiters.size > 0) return
        queueMicrotask(() => {
          if (!slot.linked && slot.state === SlotState.inUse) engine.idle.push(slot)
        })
      }
    }),
  ),
  broken(
    'a cancel hits a neighbour',
    'whose time is up goes; his statement is not cancelled while others share the session',
    patched((engine, oneShots) => {
      const execute = oneShots.execute.bind(oneShots)
      oneShots.execute = <Row>(call: OneShotCall) => {
        const running = execute<Row>(call)
        const stopAll = (reason: unknown): void => {
          for (const { resource } of engine.slots.all) resource?.pooled.oneShots?.stop(reason as SQLException)
        }
        running?.catch(stopAll)
        return running
      }
    }),
  ),
  broken(
    'as many share one connection as come',
    'no more than so many share one connection, and the others wait',
    patched((engine, oneShots) => {
      const execute = oneShots.execute.bind(oneShots)
      oneShots.execute = (call) => {
        const statement = oneShots.read(call)!
        for (const { state, resource } of engine.slots.all) {
          if (state !== SlotState.inUse || engine.waiters.size > 0) continue
          resource!.pooled.oneShots!.run(statement, ignore)
        }
        return execute(call)
      }
    }),
  ),
  broken(
    'a slow statement is not noticed while it runs',
    'nothing joins behind a statement that takes long',
    patched((engine, oneShots) => {
      const execute = oneShots.execute.bind(oneShots)
      // A clock that stands still.
      const at = engine.clock.now()
      oneShots.execute = (call) => {
        const now = engine.clock.now.bind(engine.clock)
        engine.clock.now = () => at
        try {
          return execute(call)
        } finally {
          engine.clock.now = now
        }
      }
    }),
  ),
  broken(
    'the time of a text is not looked at',
    'statements that take long together do not share',
    patched((_, oneShots) => {
      oneShots.costOf = cheap
    }),
  ),
  broken(
    'statements share where nothing is to be shared',
    'where nothing shares each statement has a connection for itself',
    patched((_, oneShots) => {
      oneShots.costOf = cheap
    }),
  ),
  broken(
    'the caller of a statement that is stopped is told at once',
    'alone, a statement whose time is up is stopped, and its caller told when it has ended',
    patched(({ clock }, oneShots) => {
      const execute = oneShots.execute.bind(oneShots)
      oneShots.execute = <Row>(call: OneShotCall) => {
        const running = execute<Row>(call)
        const timeout = call.options?.timeout
        if (typeof timeout !== 'number' || running === undefined) return running
        const late = new Promise<never>((_, reject) => clock.setTimer(() => reject(cancelled()), timeout))
        return Promise.race([running, late])
      }
    }),
  ),
  broken(
    'a statement that was stopped in vain is not told',
    'what a statement has done is told, also when it was to be stopped meanwhile',
    patched(({ factory }) => {
      eachSession(factory, (session) => {
        const run = session.run.bind(session)
        let reason: SQLException | undefined
        session.stop = (error) => void (reason = error)
        session.run = (statement, outcome) =>
          run(statement, (error, raw) =>
            reason === undefined ? outcome(error, raw) : outcome(reason, undefined),
          )
      })
    }),
  ),
  broken(
    'a statement is sent whose time is up',
    'what comes too late is not sent',
    patched((_, oneShots) => {
      const begin = oneShots.begin.bind(oneShots)
      oneShots.begin = (slot, shot, now, waited) =>
        begin(slot, Object.assign(shot, { deadline: undefined }), now, waited)
    }),
  ),
  broken(
    'nobody watches statements without a handle',
    'a statement that takes long is told of like a borrower',
    patched(({ leaks }) => {
      const lent = leaks.lent.bind(leaks)
      leaks.lent = (slot, handle, stack) => {
        if (handle !== undefined) lent(slot, handle, stack)
      }
    }),
  ),
  broken(
    'a statement goes to a session that reads it otherwise',
    'a session of another dialect is lent as a whole',
    patched((_, oneShots) => {
      oneShots.canRun = () => true
    }),
  ),
  broken(
    'a death is told to all alike',
    'when a session dies each statement has its own fate',
    patched(({ factory }) => {
      eachSession(factory, (session) => {
        const run = session.run.bind(session)
        session.run = (statement, outcome) =>
          run(statement, (error, raw) => {
            if (error?.fatal === true) Object.assign(error, { retry: 'connect' })
            outcome(error, raw)
          })
      })
    }),
  ),
  broken(
    'close forgets statements under way',
    'close sends statements away that wait, and waits for those under way',
    patched((engine) => {
      const close = engine.close.bind(engine)
      engine.close = (drainTimeout, successor) => {
        const closed = close(drainTimeout, successor)
        for (const slot of engine.slots.all) engine.retire(slot, 'poolClosed')
        return closed
      }
    }),
  ),
  broken(
    'shared statements are not counted',
    'shared statements are counted and told like borrowers',
    patched(({ events }) => {
      const emit = events.emit.bind(events)
      events.emit = (name, event) => {
        if (name !== 'released') emit(name, event)
      }
    }),
  ),
]

function broken(defect: string, law: string, make: PoolMaker): BrokenPool {
  const fails = (one: Law): Promise<boolean> =>
    one.check(make).then(
      () => false,
      () => true,
    )
  const run = async (): Promise<string | undefined> => {
    // Its law first: with a pool that has lost count others may not come to an end.
    for (const one of sharingLaws.toSorted((a, b) => Number(b.name === law) - Number(a.name === law)))
      if (await fails(one)) return one.name
    return undefined
  }
  return { defect, law, run }
}

type OneShots = ConnectionPool['oneShots']

function patched(patch: (engine: Engine, oneShots: OneShots) => void): PoolMaker {
  return (options) => {
    const pool = realPool(options)
    patch(pool.engine, pool.oneShots)
    return pool
  }
}

function eachSession(factory: Engine['factory'], patch: (session: OneShotSession) => void): void {
  const attach = factory.attach.bind(factory)
  factory.attach = (slot) => {
    attach(slot)
    patch(slot.resource!.pooled.oneShots!)
  }
}

function cheap(): StatementCost {
  const cost = new StatementCost()
  for (let run = 0; run < 16; run++) cost.ran(0)
  return cost
}

function withoutWaiters<R>({ waiters }: Engine, act: () => R): R {
  const { size } = waiters
  waiters.size = 0
  try {
    return act()
  } finally {
    waiters.size += size
  }
}

function ignore(): void {}
