import { describe, it } from 'vitest'
import { kitCases } from './cases/index.ts'
import { isOffered, runCase, type DriverHarness } from './kit.ts'
import { scriptedHarness } from './harness/scripted.ts'
import { sqliteHarness } from './harness/sqlite.ts'

const harnesses: readonly DriverHarness[] = [
  scriptedHarness(),
  scriptedHarness({ name: 'scripted, pipelining', settings: { pipelining: true } }),
  scriptedHarness({
    name: 'scripted, pipelining, no cancel',
    settings: { pipelining: true, cancel: 'none' },
  }),
  scriptedHarness({ name: 'scripted, slow', settings: { latency: 3 } }),
  scriptedHarness({ name: 'scripted, cancel by kill', settings: { cancel: 'kill' } }),
  scriptedHarness({ name: 'scripted, no cancel', settings: { cancel: 'none' } }),
  scriptedHarness({ name: 'scripted, failing transactions', settings: { failedTransactions: true } }),
  sqliteHarness('inline'),
  sqliteHarness('worker'),
  sqliteHarness('process'),
]

for (const harness of harnesses) {
  describe(`driver conformance: ${harness.name}`, () => {
    // What a driver does not offer is no case of its: nothing is skipped.
    for (const kitCase of kitCases.filter((candidate) => isOffered(harness, candidate))) {
      it(kitCase.title, () => runCase(harness, kitCase))
    }
  })
}
