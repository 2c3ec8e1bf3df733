import { createDataSource, type PooledDataSource } from 'wellhead'
import { connectionLost, deadlock, ScriptedDriver } from 'wellhead/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { context } from './context.ts'
import { createTables, deliver, inStock, sell } from './shop.ts'

let driver: ScriptedDriver
let database: PooledDataSource
let override: Disposable

beforeEach(async () => {
  driver = new ScriptedDriver()
  database = createDataSource({ driver })
  override = context.override('jdbc/shop', database)
  await createTables()
  await deliver('lamp', 3)
})

afterEach(async () => {
  override[Symbol.dispose]()
  await database.close()
})

test('a deadlock is nothing that the caller hears of', async () => {
  driver.failNext('execute', { error: deadlock(), rollsBack: true })
  expect(await sell('lamp', 2)).toBe('sold')
  expect(await inStock('lamp')).toBe(1)
})

test('a connection that is lost before the commit sells nothing twice', async () => {
  driver.failNext('execute', 'die', { after: 1 })
  expect(await sell('lamp', 2)).toBe('sold')
  expect(driver.query('SELECT pieces FROM sale')).toEqual([{ pieces: 2 }])
})

test('a connection that is lost at the commit is told: nobody knows whether it was sold', async () => {
  driver.failNext('commit', { error: connectionLost(), applied: true })
  await expect(sell('lamp', 2)).rejects.toMatchObject({ reason: 'connection-lost', retry: 'unknown-outcome' })
  expect(await inStock('lamp')).toBe(1)
})

test('a statement that takes too long is stopped, and undone', async () => {
  driver.failNext('execute', { delay: 60_000 }, { after: 1 })
  expect(await sell('lamp', 2)).toBe('try again')
  expect(await inStock('lamp')).toBe(3)
})

test('a database that is away is told in time', async () => {
  driver.killAll()
  driver.failNext('connect', 'die', { times: Infinity })
  expect(await sell('lamp', 2)).toBe('try again')
})
