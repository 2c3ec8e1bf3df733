import type { Contender } from './harness.ts'

/** How many callers there are at once. */
export interface Callers {
  readonly name: string
  readonly callers: number
}

/** How many rows the table has; ids begin with 0. */
export const rowCount = 10_000

/** Selects by that many callers at once, each waiting for its row before it asks for the next. */
export function selects(
  { callers }: Callers,
  select: (id: number, caller: number) => Promise<unknown>,
  end: () => Promise<unknown>,
): Contender {
  const rounds = Math.ceil(1_000 / callers)
  let id = 0
  const loop = async (caller: number): Promise<void> => {
    for (let i = 0; i < rounds; i++) {
      // The same jumps for all: no peer finds its rows more easily.
      id = (id + 7_919) % rowCount
      await select(id, caller)
    }
  }
  return {
    async run() {
      await Promise.all(Array.from({ length: callers }, (_, caller) => loop(caller)))
      return rounds * callers
    },
    async end() {
      await end()
    },
  }
}
