import type { IsolationLevel, TransactionOptions } from '../../src/api/executor.ts'
import { SQLFeatureNotSupportedException } from '../../src/api/sql-exception.ts'
import type { SessionState } from '../../src/spi/physical-connection.ts'

// The texts by which a session is steered.

/**
 * All that a session can change, but for what the driver has prepared: DISCARD ALL would take the plans along, and is
 * refused together with others. The last one lists what was prepared by a text.
 */
export const resetText = [
  'SET SESSION AUTHORIZATION DEFAULT',
  'RESET ALL',
  'CLOSE ALL',
  'UNLISTEN *',
  'SELECT pg_catalog.pg_advisory_unlock_all()',
  'DISCARD TEMP',
  'DISCARD SEQUENCES',
  "SELECT pg_catalog.format('DEALLOCATE %I', name) FROM pg_catalog.pg_prepared_statements WHERE from_sql",
].join('; ')

/** @param sessionIsReadOnly What a transaction would be without a word. */
export function beginText(
  { isolation, readOnly }: Pick<TransactionOptions, 'isolation' | 'readOnly'>,
  sessionIsReadOnly: boolean,
): string {
  const level = isolation === undefined ? '' : ` ISOLATION LEVEL ${levelText(isolation)}`
  if (readOnly === undefined || readOnly === sessionIsReadOnly) return `BEGIN${level}`
  return `BEGIN${level}${readOnly ? ' READ ONLY' : ' READ WRITE'}`
}

export function rollbackText(savepoint: string | undefined): string {
  return savepoint === undefined ? 'ROLLBACK' : `ROLLBACK TO SAVEPOINT ${quoted(savepoint)}`
}

/** What is to hold for the transactions to come. */
export function configureText({ isolation, readOnly }: Partial<SessionState>): string {
  const modes: string[] = []
  if (isolation !== undefined) modes.push(`ISOLATION LEVEL ${levelText(isolation)}`)
  if (readOnly !== undefined) modes.push(readOnly ? 'READ ONLY' : 'READ WRITE')
  return modes.length === 0 ? '' : `SET SESSION CHARACTERISTICS AS TRANSACTION ${modes.join(', ')}; `
}

/**
 * Sets the schema; the answer is the path as it was before.
 *
 * @param before A path to go back to, in the place of the schema.
 */
export function searchPathText(schema: string, before: string | undefined): string {
  const path = before ?? quoted(schema)
  return `SELECT pg_catalog.current_setting('search_path'); SELECT pg_catalog.set_config('search_path', ${literal(path)}, false)`
}

/** Sets what is to hold for the session, to be sent before or behind another text. A list is taken apart, as SET would not. */
export function settingsText(parameters: Readonly<Record<string, string>>): string {
  const calls = Object.entries(parameters).map(
    ([name, value]) => `pg_catalog.set_config(${literal(name)}, ${literal(value)}, false)`,
  )
  return `; SELECT NULL, ${calls.join(', ')}`
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function literal(text: string): string {
  // Right whatever standard_conforming_strings says.
  return ` E'${text.replace(/['\\]/g, '\\$&')}'`
}

function levelText(isolation: IsolationLevel): string {
  if (isolation !== 'snapshot') return isolation.toUpperCase()
  throw new SQLFeatureNotSupportedException(
    "PostgreSQL has no isolation level 'snapshot': its 'repeatable read' is one",
    { sqlState: '0A000', reason: 'feature' },
  )
}
