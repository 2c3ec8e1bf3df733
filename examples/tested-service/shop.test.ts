import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDataSource } from 'wellhead'
import { context } from './context.ts'
import { createTables, deliver, inStock, sell } from './shop.ts'

test('sells what there is', async () => {
  await using database = createDataSource('sqlite::memory:')
  using _ = context.override('jdbc/shop', database)
  await createTables()
  await deliver('lamp', 3)

  assert.equal(await sell('lamp', 2), 'sold')
  assert.equal(await sell('lamp', 2), 'sold out')
  assert.equal(await inStock('lamp'), 1)
})

test('has nothing that was never delivered', async () => {
  await using database = createDataSource('sqlite::memory:')
  using _ = context.override('jdbc/shop', database)
  await createTables()

  assert.equal(await sell('lamp', 1), 'sold out')
})
