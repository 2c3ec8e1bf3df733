import { afterAll, beforeAll, describe, it } from 'vitest'
import type { PooledConnection } from '../../src/spi/pooled-connection.ts'
import { badInputCases, prepareBadInput, runBadInput, type BadInputOptions } from './bad-input-cases.ts'
import type { Bench, DriverHarness } from './kit.ts'

/** Registers the table with vitest, on one session. */
export function registerBadInput(harness: DriverHarness, options: BadInputOptions): void {
  describe(`bad input: ${harness.name}`, () => {
    let bench: Bench
    let pooled: PooledConnection
    beforeAll(async () => {
      bench = await harness.open()
      pooled = await bench.connect()
      await prepareBadInput(pooled, options.database)
    })
    afterAll(async () => {
      await bench.close()
      bench.abandon?.()
    })
    for (const badInput of badInputCases(options)) it(badInput.title, () => runBadInput(pooled, badInput))
  })
}
