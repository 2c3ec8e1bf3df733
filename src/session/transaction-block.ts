import type { TransactionOptions } from '../api/executor.ts'
import type { Deadline } from '../spi/deadline.ts'
import { CallDeadline, untilDeadline } from './call-deadline.ts'
import { inTransaction, restoreFailed } from './session-errors.ts'
import type { Session } from './session.ts'
import type { Caller, TransactionBlock } from './tenancy.ts'

type Work<T> = (block: TransactionBlock, deadline: Deadline | undefined) => Promise<T>

/** How a block begins and ends: the outermost is a transaction, an inner one a savepoint. */
interface Bracket {
  begin(): Promise<void>
  keep(): Promise<void>
  undo(): Promise<void>
}

/** Savepoints of blocks have names that no application would choose. */
let savepoints = 0

/** Runs a function within a transaction, or within a savepoint of the block that the caller is in. */
export async function runTransaction<T>(
  session: Session,
  caller: Caller,
  outerDeadline: Deadline | undefined,
  options: TransactionOptions,
  work: Work<T>,
): Promise<T> {
  session.tenancy.check(caller)
  const deadline = blockDeadline(session, options, outerDeadline)
  const bracket =
    caller.block === undefined ? transaction(session, options, deadline) : savepoint(session, deadline)
  const block: TransactionBlock = { outer: caller.block }
  // From here on the connection itself is refused: whatever it sent would be in the transaction by accident.
  session.tenancy.block = block
  try {
    await bracket.begin()
  } catch (error) {
    leave(session, block)
    throw error
  }
  let value: T
  try {
    value = await untilDeadline(work(block, deadline), deadline)
    // Still ours, and no inner block runs on.
    session.tenancy.check({ generation: caller.generation, block })
    await session.closeStream()
  } catch (error) {
    await undo(session, caller, block, bracket)
    throw error
  }
  const ending = end(session, block)
  try {
    await bracket.keep()
  } finally {
    leave(session, ending)
  }
  return value
}

/** From here on neither the block nor what is around it may send anything, until the block is left. */
function end(session: Session, block: TransactionBlock): TransactionBlock {
  const ending = { outer: block.outer }
  session.tenancy.block = ending
  return ending
}

function leave(session: Session, block: TransactionBlock): void {
  if (session.tenancy.block === block) session.tenancy.block = block.outer
}

/** A failure to undo costs the physical connection, and is told by its event; the caller learns what failed first. */
async function undo(
  session: Session,
  caller: Caller,
  block: TransactionBlock,
  bracket: Bracket,
): Promise<void> {
  // Closed, handed out again or ended from outside meanwhile: whoever did it has rolled back.
  if (session.tenancy.generation !== caller.generation || session.broken !== undefined) return
  if (!isWithin(session.tenancy.block, block)) return
  // An inner block that still runs is dead from here on, with all that it began.
  const ending = end(session, block)
  try {
    await session.closeStream()
    await bracket.undo()
  } catch (error) {
    session.lost(restoreFailed('The transaction could not be rolled back', error))
  } finally {
    leave(session, ending)
  }
}

function isWithin(inner: TransactionBlock | undefined, outer: TransactionBlock): boolean {
  for (let block = inner; block !== undefined; block = block.outer) if (block === outer) return true
  return false
}

function transaction(session: Session, options: TransactionOptions, deadline: Deadline | undefined): Bracket {
  if (!session.autoCommit) {
    throw inTransaction(
      'Auto-commit is off: this connection ends its transactions with commit() and rollback()',
    )
  }
  if (session.transactionIsOpen) {
    throw inTransaction('A transaction is open on this connection, begun by a statement of its own')
  }
  return {
    begin: () => session.begin(options, deadline),
    // A constraint that is checked at the commit leaves the transaction open on some databases.
    keep: () => session.commit({ deadline, orRollback: true }),
    undo: () => session.rollback(),
  }
}

function savepoint(session: Session, deadline: Deadline | undefined): Bracket {
  const name = `wellhead_${++savepoints}`
  const { physical } = session
  return {
    begin: () => session.runControl('SAVEPOINT', deadline, () => physical.savepoint(name)),
    keep: () => session.runControl('RELEASE SAVEPOINT', deadline, () => physical.release(name)),
    undo: () =>
      session.undoToSavepoint(async () => {
        await physical.rollback(name)
        await physical.release(name)
      }),
  }
}

function blockDeadline(
  session: Session,
  options: TransactionOptions,
  outer: Deadline | undefined,
): Deadline | undefined {
  if (options.timeout === undefined && options.signal === undefined) return outer
  const { clock, dataSourceName } = session.context
  return CallDeadline.from(clock, `A transaction on ${dataSourceName}`, options, Infinity, outer)
}
