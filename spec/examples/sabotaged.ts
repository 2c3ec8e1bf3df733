// The quickstart with a transfer that takes and, once, does not give: its ledger has to notice.
import { runQuickstart } from '../../examples/address-service/quickstart.ts'
import { transfer } from '../../examples/address-service/transfer.ts'

let sabotaged = false

process.exitCode = await runQuickstart(process.argv.slice(2), async (dataSource, order) => {
  if (sabotaged) return transfer(dataSource, order)
  sabotaged = true
  await dataSource.execute('UPDATE account SET balance = balance - 1 WHERE id = ?', [order.from])
  return 'done'
})
