import type { SQLException } from '../../../src/api/sql-exception.ts'
import { SlotState } from '../../../src/pool/slot.ts'
import type { ConnectionPool } from '../../../src/pool/connection-pool.ts'
import { StatementCost } from '../../../src/pool/statement-cost.ts'
import { sharingLaws } from '../sharing-laws.ts'
import { realPool, type PoolMaker } from '../world.ts'
import type { BrokenPool } from './index.ts'

type Engine = ConnectionPool['engine']

/** The real pool with one defect in the sharing of connections. */
export const brokenSharing: readonly BrokenPool[] = [
  broken(
    'a borrower waits while statements go on joining',
    'nothing joins while somebody waits for a connection, and the first that is free is his',
    patched((engine, sharing) => {
      const execute = sharing.execute.bind(sharing)
      sharing.execute = (...call) => withoutWaiters(engine, () => execute(...call))
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
    patched((engine, sharing) => {
      const execute = sharing.execute.bind(sharing)
      sharing.execute = (sharable, options, otherwise) => {
        const running = execute(sharable, options, otherwise)
        const stopAll = (reason: unknown): void => {
          for (const { resource } of engine.slots.all) resource?.pooled.shared?.stop(reason as SQLException)
        }
        running.catch(stopAll)
        return running
      }
    }),
  ),
  broken(
    'as many share one connection as come',
    'no more than so many share one connection, and the others wait',
    patched((engine, sharing) => {
      const execute = sharing.execute.bind(sharing)
      sharing.execute = (sharable, options, otherwise) => {
        for (const { state, resource } of engine.slots.all) {
          if (state !== SlotState.inUse || engine.waiters.size > 0) continue
          resource!.pooled.shared!.run(sharable.statement, ignore)
        }
        return execute(sharable, options, otherwise)
      }
    }),
  ),
  broken(
    'a slow statement is not noticed while it runs',
    'nothing joins behind a statement that takes long',
    patched((engine, sharing) => {
      const execute = sharing.execute.bind(sharing)
      // A clock that stands still.
      const at = engine.clock.now()
      sharing.execute = (...call) => {
        const now = engine.clock.now.bind(engine.clock)
        engine.clock.now = () => at
        try {
          return execute(...call)
        } finally {
          engine.clock.now = now
        }
      }
    }),
  ),
  broken(
    'the time of a text is not looked at',
    'statements that take long together do not share',
    patched((_, sharing) => {
      const read = sharing.read.bind(sharing)
      sharing.read = (...call) => {
        const sharable = read(...call)
        if (sharable === undefined) return undefined
        const cost = new StatementCost()
        for (let run = 0; run < 16; run++) cost.ran(0)
        return { statement: sharable.statement, cost }
      }
    }),
  ),
  broken(
    'a death is told to all alike',
    'when a session dies each statement has its own fate',
    patched(({ factory }) => {
      const attach = factory.attach.bind(factory)
      factory.attach = (slot) => {
        attach(slot)
        const session = slot.resource!.pooled.shared!
        const run = session.run.bind(session)
        session.run = (statement, outcome) =>
          run(statement, (error, raw) => {
            if (error?.fatal === true) Object.assign(error, { retry: 'connect' })
            outcome(error, raw)
          })
      }
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
  const run = async (): Promise<string | undefined> => {
    const caughtBy: string[] = []
    for (const { name, check } of sharingLaws) await check(make).catch(() => caughtBy.push(name))
    return caughtBy.includes(law) ? law : caughtBy[0]
  }
  return { defect, law, run }
}

type ConnectionSharing = ConnectionPool['sharing']

function patched(patch: (engine: Engine, sharing: ConnectionSharing) => void): PoolMaker {
  return (options) => {
    const pool = realPool(options)
    patch(pool.engine, pool.sharing)
    return pool
  }
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
