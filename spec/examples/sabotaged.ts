// The quickstart with a transfer that once does not do what it should: the ledger has to notice.
import { PooledDataSource, SQLTransientException } from 'wellhead'
import { runQuickstart } from '../../examples/address-service/quickstart.ts'
import { transfer, type Transfer } from '../../examples/address-service/transfer.ts'

const [how = '', ...args] = process.argv.slice(2)
let sabotaged = false
let first: PooledDataSource | undefined

const ways: Readonly<Record<string, Transfer>> = {
  'loses a cent': async (dataSource, order) => {
    sabotaged = true
    await dataSource.execute('UPDATE account SET balance = balance - 1 WHERE id = ?', [order.from])
    return transfer(dataSource, order)
  },
  'is forgotten': async () => {
    sabotaged = true
    return 'done'
  },
  'fails after the rebind': async (dataSource, order) => {
    const pool = dataSource.unwrap(PooledDataSource)
    first ??= pool
    if (pool === first) return transfer(dataSource, order)
    sabotaged = true
    throw new SQLTransientException('sabotaged', { sqlState: 'HY000', reason: 'internal' })
  },
}

process.exitCode = await runQuickstart(args, (dataSource, order) =>
  (sabotaged ? transfer : ways[how]!)(dataSource, order),
)
