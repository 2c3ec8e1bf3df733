import { Command } from './command.ts'
import { queryFrames, type Frames } from './frames.ts'
import type { RequestKind } from './exchange.ts'
import type { SessionEnd } from './session-end.ts'
import { rollbackFrames, savepointFrames } from './session-sql.ts'
import type { Wire } from './wire.ts'

interface Bracket {
  readonly begin: Frames
  readonly keep: Frames
  /** What the loss of the session while it is kept means. */
  readonly keepKind: RequestKind
  readonly undo: readonly Frames[]
}

const autoCommitOn = queryFrames('SET autocommit = 1')
/** Not by START TRANSACTION: that would give back the tables that the session has locked. */
const transactionOfItsOwn: Bracket = {
  begin: queryFrames('SET autocommit = 0'),
  // It commits.
  keep: autoCommitOn,
  keepKind: 'commit',
  undo: [rollbackFrames(undefined), autoCommitOn],
}

const savepoint = 'wellhead all or nothing'
const partOfTransaction: Bracket = {
  begin: savepointFrames('SAVEPOINT', savepoint),
  keep: savepointFrames('RELEASE SAVEPOINT', savepoint),
  keepKind: 'harmless',
  undo: [rollbackFrames(savepoint), savepointFrames('RELEASE SAVEPOINT', savepoint)],
}

/**
 * Undoes what has failed though the server has no error of it, as far as the engines of its tables can: also when the
 * session is lost in the middle.
 *
 * @param proceed See {@link SessionLease.runAlone}.
 */
export async function allOrNothing<T>(
  wire: Wire,
  end: SessionEnd,
  run: () => Promise<T>,
  proceed: () => void,
): Promise<T> {
  const isAlone = wire.commitsAlone
  const { begin, keep, keepKind, undo } = isAlone ? transactionOfItsOwn : partOfTransaction
  try {
    await Command.run(wire, 'harmless', begin)
    proceed()
    const result = await run()
    // What stops it now must not hit the COMMIT, of which nobody would know what became.
    proceed()
    await Command.run(wire, keepKind, keep)
    return result
  } catch (error) {
    if (wire.dead !== undefined) throw error
    // The server may have ended the transaction, and the savepoint with it.
    if (isAlone || wire.transactionStatus === 'open') await undone(wire, end, undo)
    throw error
  }
}

async function undone(wire: Wire, end: SessionEnd, requests: readonly Frames[]): Promise<void> {
  try {
    for (const request of requests) {
      // What stopped the statement must not stop this.
      await end.quiet()
      await Command.run(wire, 'harmless', request)
    }
  } catch (cause) {
    // It would be kept by the next COMMIT.
    if (wire.dead === undefined) wire.destroy(new Error('what had failed could not be undone', { cause }))
    throw wire.exception(wire.dead, 'statement')
  }
}
