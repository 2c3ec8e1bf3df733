// MYSQL_URL=mysql://… node examples/swap-driver/main.ts jdbc/mysql
import { join } from 'node:path'
import { InitialContext } from 'wellhead'
import { runLedger } from './ledger.ts'

const [name = 'jdbc/sqlite'] = process.argv.slice(2)
const context = await InitialContext.fromFile(join(import.meta.dirname, 'wellhead.yaml'))
try {
  for await (const line of runLedger(context.dataSource(name))) console.log(line)
} finally {
  await context.close()
}
