import { registerBadInput } from './bad-input-register.ts'
import { scriptedHarness } from './harness/scripted.ts'

registerBadInput(scriptedHarness(), { database: 'sqlite', refusedOnly: true, maxParameters: 1_000 })
