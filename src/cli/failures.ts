import { CommanderError } from 'commander'
import { SQLException } from '../api/sql-exception.ts'
import { ConfigurationException, NamingException } from '../naming/naming-exception.ts'
import { InvalidSettingError } from '../spi/settings.ts'

/** What a process ends with. An interrupted one ends with 128 and the number of the signal, as the shell has it. */
export const exitCodes = { ok: 0, failed: 1, wrongUsage: 2 } as const

/** The command line, or what it leads to, cannot be used as it is. */
export class UsageError extends Error {}

/** An error as programs read it: the same keys always. */
export interface FailureRecord {
  readonly name: string
  readonly message: string
  readonly sqlState: string | null
  readonly reason: string | null
  readonly retry: string | null
  readonly place: object | null
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.wrongUsage
  const wrongUsage = [UsageError, NamingException, InvalidSettingError]
  return wrongUsage.some((type) => error instanceof type) ? exitCodes.wrongUsage : exitCodes.failed
}

/** In one line, or as many as the message has. */
export function describeFailure(error: unknown): string {
  if (error instanceof SQLException) return `${error.message} (SQLSTATE ${error.sqlState}, ${error.reason})`
  if (error instanceof CommanderError) return error.message.replace(/^error: /, '')
  return error instanceof Error ? error.message : String(error)
}

export function failureRecord(error: unknown): FailureRecord {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  const { sqlState = null, reason = null, retry = null } = error instanceof SQLException ? error : {}
  const place = (error instanceof ConfigurationException ? error.place : undefined) ?? null
  const shown = error instanceof UsageError || error instanceof CommanderError ? 'UsageError' : name
  return { name: shown, message: message.replace(/^error: /, ''), sqlState, reason, retry, place }
}
