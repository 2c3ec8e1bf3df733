// npm run quickstart [-- --csv FILE] [-- --json]
import { runQuickstart } from './quickstart.ts'

process.exitCode = await runQuickstart(process.argv.slice(2))
