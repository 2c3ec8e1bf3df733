import type { IsolationLevel } from '../../src/api/executor.ts'
import { SQLFeatureNotSupportedException, SQLNonTransientException } from '../../src/api/sql-exception.ts'
import type { MssqlSettings } from './settings.ts'

// The texts by which a session is steered. Each is one message, so that nothing comes between its parts.

const isolations: readonly IsolationLevel[] = [
  'read uncommitted',
  'read committed',
  'repeatable read',
  'serializable',
]

/** @param hasSnapshot The database allows it (ALLOW_SNAPSHOT_ISOLATION). */
export function isolationsOf(hasSnapshot: boolean): readonly IsolationLevel[] {
  return Object.freeze(hasSnapshot ? [...isolations, 'snapshot'] : isolations)
}

/** A batch ends at its first error; before that: whether it does so already. */
export const stopAtFailureText = 'SELECT @@OPTIONS & 16384; SET XACT_ABORT ON'
export const goOnText = 'SET XACT_ABORT OFF'

export const transactionStateText = 'SELECT XACT_STATE()'

/** @param isolation Left out: as the session is. It would stay with the session. */
export function beginText(isolation: IsolationLevel | undefined): string {
  return `${isolation === undefined ? '' : `${isolationText(isolation)}; `}BEGIN TRANSACTION`
}

/** @param isolation What the session is to go back to; undefined where it was not left. */
export function commitText(isolation: IsolationLevel | undefined): string {
  return `COMMIT TRANSACTION${isolation === undefined ? '' : `; ${isolationText(isolation)}`}`
}

/** As {@link commitText}. */
export function rollbackText(isolation: IsolationLevel | undefined): string {
  return `IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION${isolation === undefined ? '' : `; ${isolationText(isolation)}`}`
}

export function rollbackToText(savepoint: string): string {
  return `ROLLBACK TRANSACTION ${quoted(savepoint)}`
}

export function savepointText(name: string): string {
  return `SAVE TRANSACTION ${quoted(name)}`
}

export function isolationText(isolation: IsolationLevel): string {
  return `SET TRANSACTION ISOLATION LEVEL ${isolation.toUpperCase()}`
}

/** What is set beside what `tedious` sets, when a session begins and again after each reset. */
export function settingsText({ lockTimeout }: MssqlSettings): string {
  return lockTimeout === Infinity ? '' : `SET LOCK_TIMEOUT ${Math.ceil(lockTimeout)}`
}

/** @throws SQLFeatureNotSupportedException 0A000 for a level that the database has not. */
export function checkIsolation(level: IsolationLevel, supported: readonly IsolationLevel[]): void {
  if (supported.includes(level)) return
  const hint =
    level === 'snapshot' ? ': ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON allows it' : ''
  throw new SQLFeatureNotSupportedException(`The database has no isolation level '${level}'${hint}`, {
    sqlState: '0A000',
    reason: 'feature',
  })
}

/** SQL Server looks at no more of it. */
const longestName = 32

/** @throws SQLNonTransientException 42622 for a name that the server would cut, and so take for another. */
function quoted(name: string): string {
  if (name.length > longestName) {
    throw new SQLNonTransientException(`The name of a savepoint has at most ${longestName} characters`, {
      sqlState: '42622',
      reason: 'limit',
    })
  }
  return `[${name.replaceAll(']', ']]')}]`
}
