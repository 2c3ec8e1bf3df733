import { sqliteHarness } from './harness/sqlite.ts'
import { registerKit } from './register.ts'

registerKit(sqliteHarness('worker'))
