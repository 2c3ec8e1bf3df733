import { scriptedHarness } from './harness/scripted.ts'
import { registerKit } from './register.ts'

const variants: Record<string, Readonly<Record<string, unknown>>> = {
  scripted: {},
  'scripted, pipelining': { pipelining: true },
  'scripted, pipelining, no cancel': { pipelining: true, cancel: 'none' },
  'scripted, slow': { latency: 3 },
  'scripted, cancel by kill': { cancel: 'kill' },
  'scripted, no cancel': { cancel: 'none' },
  'scripted, failing transactions': { failedTransactions: true },
}

for (const [name, settings] of Object.entries(variants)) registerKit(scriptedHarness({ name, settings }))
