import { afterAll, beforeAll, describe, it } from 'vitest'
import { kitCases } from './cases/index.ts'
import { isOffered, runCase, type DriverHarness } from './kit.ts'

/** Registers the cases with vitest. What a driver does not offer is no case of its: nothing is skipped. */
export function registerKit(harness: DriverHarness): void {
  describe(`driver conformance: ${harness.name}`, () => {
    withoutWarnings()
    for (const kitCase of kitCases.filter((candidate) => isOffered(harness, candidate))) {
      it(kitCase.title, () => runCase(harness, kitCase))
    }
  })
}

/** Listeners that throw, and connections closed while a statement runs, are what some cases are about. */
export function withoutWarnings(): void {
  const printers = process.listeners('warning')
  beforeAll(() => {
    for (const printer of printers) process.off('warning', printer)
  })
  afterAll(() => {
    for (const printer of printers) process.on('warning', printer)
  })
}
