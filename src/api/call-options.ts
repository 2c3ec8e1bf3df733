import { SQLNonTransientException } from './sql-exception.ts'

/** A whole number given as an option of a call: throws HY024 and names the option. */
export function wholeNumberOption(name: string, value: unknown, minimum: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= minimum) return value as number
  throw new SQLNonTransientException(`${name} is ${String(value)}; it wants a whole number from ${minimum}`, {
    sqlState: 'HY024',
    reason: 'parameter',
  })
}
