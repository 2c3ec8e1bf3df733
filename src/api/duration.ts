import { SQLNonTransientException } from './sql-exception.ts'

/** Milliseconds, or a number with a unit: `250`, `'250ms'`, `'30s'`, `'10m'`, `'1h'`, `'1d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const millisecondsPerUnit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** The milliseconds of a {@link Duration}, or undefined when the value is none (negative, NaN, unknown unit). */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return value >= 0 && Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string') return undefined
  const match = /^(\d+(?:\.\d+)?)\s?(ms|s|m|h|d)$/.exec(value.trim())
  if (match === null) return undefined
  return Number(match[1]) * millisecondsPerUnit[match[2] as keyof typeof millisecondsPerUnit]
}

/** Like {@link parseDuration}, for an option of a call: throws HY024 and names the option. */
export function durationOption(name: string, value: unknown): number {
  const milliseconds = parseDuration(value)
  if (milliseconds !== undefined) return milliseconds
  throw new SQLNonTransientException(
    `${name} is ${describe(value)}; give milliseconds or a duration such as '30s', '250ms', '10m'`,
    { sqlState: 'HY024', reason: 'parameter' },
  )
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}
