import type { IsolationLevel, TransactionOptions } from '../../src/api/executor.ts'
import { SQLFeatureNotSupportedException } from '../../src/api/sql-exception.ts'
import type { SessionState } from '../../src/spi/physical-connection.ts'
import { queryFrames, type Frames } from './frames.ts'
import type { MySqlSettings } from './settings.ts'

// The texts by which a session is steered.

export const isolations: readonly IsolationLevel[] = [
  'read uncommitted',
  'read committed',
  'repeatable read',
  'serializable',
]

export const commitFrames: Frames = queryFrames('COMMIT')

/** @param sessionIsReadOnly What a transaction would be without a word. */
export function beginFrames(
  { isolation, readOnly }: Pick<TransactionOptions, 'isolation' | 'readOnly'>,
  sessionIsReadOnly: boolean,
): Frames[] {
  const mode = readOnly === undefined || readOnly === sessionIsReadOnly ? '' : accessMode(readOnly)
  const start = queryFrames(`START TRANSACTION${mode}`)
  // It holds for the next transaction alone.
  return isolation === undefined
    ? [start]
    : [queryFrames(`SET TRANSACTION ISOLATION LEVEL ${levelText(isolation)}`), start]
}

export function rollbackFrames(savepoint: string | undefined): Frames {
  return queryFrames(savepoint === undefined ? 'ROLLBACK' : `ROLLBACK TO SAVEPOINT ${quoted(savepoint)}`)
}

export function savepointFrames(verb: 'SAVEPOINT' | 'RELEASE SAVEPOINT', name: string): Frames {
  return queryFrames(`${verb} ${quoted(name)}`)
}

/** What is to hold for the transactions to come; undefined for nothing. */
export function configureFrames({ isolation, readOnly }: Partial<SessionState>): Frames | undefined {
  const modes: string[] = []
  if (isolation !== undefined) modes.push(`ISOLATION LEVEL ${levelText(isolation)}`)
  if (readOnly !== undefined) modes.push(accessMode(readOnly).trim())
  return modes.length === 0 ? undefined : queryFrames(`SET SESSION TRANSACTION ${modes.join(', ')}`)
}

/**
 * What a session is made of, when it begins and again after each reset: UTF-8, UTC, what is refused is refused loudly,
 * a client that reads or gives data slowly is waited for; then what was configured.
 */
export function settingsText(settings: MySqlSettings, flavor: 'mysql' | 'mariadb'): string {
  const { serverSettings, statementTimeout, lockTimeout } = settings
  const variables = new Map<string, string>([
    ['time_zone', literal('+00:00')],
    ['net_read_timeout', '600'],
    ['net_write_timeout', '600'],
    ['sql_mode', `CONCAT(@@sql_mode, ${literal(',STRICT_TRANS_TABLES')})`],
  ])
  if (statementTimeout !== Infinity) {
    if (flavor === 'mariadb') variables.set('max_statement_time', String(statementTimeout / 1_000))
    else variables.set('max_execution_time', String(Math.ceil(statementTimeout)))
  }
  if (lockTimeout !== Infinity) {
    variables.set('innodb_lock_wait_timeout', String(Math.max(1, Math.ceil(lockTimeout / 1_000))))
  }
  for (const [name, value] of Object.entries(serverSettings))
    variables.set(name.toLowerCase(), valueText(value))
  const assignments = [...variables].map(([name, value]) => `SESSION ${name} = ${value}`)
  return `SET NAMES utf8mb4, ${assignments.join(', ')}`
}

/** @throws SQLFeatureNotSupportedException 0A000 for a level that there is not. */
function levelText(level: IsolationLevel): string {
  if (isolations.includes(level)) return level.toUpperCase()
  throw new SQLFeatureNotSupportedException(`MySQL has no isolation level '${level}'`, {
    sqlState: '0A000',
    reason: 'feature',
  })
}

function accessMode(readOnly: boolean): string {
  return readOnly ? ' READ ONLY' : ' READ WRITE'
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/** Many variables take a number, and no text that looks like one. */
function valueText(value: string): string {
  return /^-?\d+(\.\d+)?$/.test(value) ? value : literal(value)
}

/** Doubled quotes hold in every sql_mode; a backslash is one character there and two here, unless it is written so. */
function literal(value: string): string {
  return value.includes('\\')
    ? `CONVERT(X'${Buffer.from(value).toString('hex')}' USING utf8mb4)`
    : `'${value.replaceAll("'", "''")}'`
}
