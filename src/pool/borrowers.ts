import { firstOwnLine } from './borrower-stack.ts'
import type { PoolEngine } from './engine.ts'

/** So many are named in errors. */
const named = 3

/** Somebody who holds a connection. */
export interface PoolBorrower {
  /** Of the connection: the driver's name for it. */
  readonly id: string
  /** For how long, in milliseconds. */
  readonly used: number
  /** Where it was borrowed, from the borrower's first line on; undefined when `leakStackSampling` did not keep it. */
  readonly stack: string | undefined
}

/**
 * Those who hold connections longest, the longest first; three at the most. Since when is known of all of them with
 * leakDetectionThreshold; without, of those who found a connection idle or had it made, and of a sample of the others.
 */
export function longestBorrowers<T, Lent>({ slots, clock }: PoolEngine<T, Lent>): readonly PoolBorrower[] {
  const now = clock.now()
  const known = [...slots.all].filter(({ lent, lentAt }) => lent && lentAt >= 0)
  return known
    .toSorted((one, other) => one.lentAt - other.lentAt)
    .slice(0, named)
    .map(({ label, lentAt, borrowing }) => ({ id: label, used: now - lentAt, stack: borrowing?.stack }))
}

export function borrowersInWords(borrowers: readonly PoolBorrower[]): string {
  return borrowers
    .map(({ id, used, stack }) => `${id} for ${Math.round(used)} ms${stack === undefined ? '' : at(stack)}`)
    .join(', ')
}

/** Where that was, in a sentence: ` at report (file:///app/report.ts:12:30)`. */
export function at(stack: string): string {
  const line = firstOwnLine(stack)
  return line === undefined ? '' : ` ${line}`
}
