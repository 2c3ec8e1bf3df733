import { registerBadInput } from '../../conformance/bad-input-register.ts'
import { sqliteHarness } from '../../conformance/harness/sqlite.ts'
import { modes } from './support.ts'

for (const mode of modes) {
  registerBadInput(sqliteHarness(mode), { database: 'sqlite', maxParameters: 32_766 })
}
