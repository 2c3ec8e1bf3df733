import type { ConnectionPool } from '../../../src/pool/connection-pool.ts'
import { brokenLaws } from '../laws.ts'
import { realPool } from '../world.ts'
import type { PoolMaker } from '../world.ts'

/** The real pool with one defect, and the law that catches it. */
export interface BrokenPool {
  readonly defect: string
  /** The law expected to catch it. */
  readonly law: string
  /** Runs all laws against it: the expected one when it is broken, else the first broken one. */
  readonly run: () => Promise<string | undefined>
}

export type Engine = ConnectionPool['engine']

export function broken(defect: string, law: string, make: PoolMaker): BrokenPool {
  const run = async (): Promise<string | undefined> => {
    const caughtBy = await brokenLaws(make)
    return caughtBy.includes(law) ? law : caughtBy[0]
  }
  return { defect, law, run }
}

export function patched(patch: (engine: Engine) => void): PoolMaker {
  return (options) => {
    const pool = realPool(options)
    patch(pool.engine)
    return pool
  }
}

export function ignore(): void {}
