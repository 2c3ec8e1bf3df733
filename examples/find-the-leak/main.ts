// node examples/find-the-leak/main.ts
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { createDataSource, PoolExhaustedError } from 'wellhead'
import { createTables, spentBy } from './orders.ts'

const here = `${pathToFileURL(import.meta.dirname).href}/`

// Nobody listens to its events, so the first leak speaks as a warning of Node.
const orders = createDataSource(
  {
    url: 'sqlite::memory:',
    maximumPoolSize: 2,
    connectionTimeout: '2s',
    leakDetectionThreshold: '100ms',
    leakStackSampling: 1,
  },
  { name: 'jdbc/orders' },
)

await createTables(orders)
try {
  for (const customer of [1, 2, 3, 4]) {
    console.log(`customer ${customer} has spent ${await spentBy(orders, customer)}`)
    await setTimeout(150)
  }
} catch (error) {
  if (!(error instanceof PoolExhaustedError)) throw error
  for (const { id, used, stack = '' } of error.snapshot.borrowers) {
    const [line] = stack.replaceAll(here, '').split('\n')
    console.log(`${id} is held for ${Math.round(used)} ms, borrowed ${line?.trim()}`)
  }
} finally {
  await orders.close({ drainTimeout: 0 })
}
