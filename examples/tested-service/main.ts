// SHOP_URL=sqlite::memory: node examples/tested-service/main.ts
import { context } from './context.ts'
import { createTables, deliver, inStock, sell } from './shop.ts'

try {
  await createTables()
  await deliver('lamp', 3)
  console.log(await sell('lamp', 2), await sell('lamp', 2), await inStock('lamp'))
} finally {
  await context.close()
}
