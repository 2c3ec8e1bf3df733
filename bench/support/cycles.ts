import type { Contender } from './harness.ts'

/** Borrowers on a pool of 10. */
export interface Borrowers {
  readonly name: string
  readonly callers: number
}

export const poolSize = 10

/** Cycles by that many callers at once; each writes its own loop, so that no call stands between pool and caller. */
export function cycles(
  callers: number,
  loop: (rounds: number) => Promise<void>,
  end: () => Promise<unknown>,
): Contender {
  const rounds = Math.ceil(20_000 / callers)
  return {
    async run() {
      await Promise.all(Array.from({ length: callers }, () => loop(rounds)))
      return rounds * callers
    },
    async end() {
      await end()
    },
  }
}
