import { afterEach, beforeEach, expect, it } from 'vitest'
import { DriverTable } from '../../src/source/driver-table.ts'
import { createDataSourceWith } from '../../src/source/managed-data-source.ts'
import type { PooledDataSource } from '../../src/source/pooled-data-source.ts'
import { ScriptedDriver } from '../../src/testing/index.ts'
import { ManualClock } from '../support/manual-clock.ts'

let clock: ManualClock
let drivers: Record<'old' | 'new', ScriptedDriver>
let old: PooledDataSource
let next: PooledDataSource

beforeEach(() => {
  clock = new ManualClock()
  drivers = { old: new ScriptedDriver(), new: new ScriptedDriver() }
  const open = (name: 'old' | 'new') =>
    createDataSourceWith(
      new DriverTable([]),
      { driver: drivers[name], maximumPoolSize: 1 },
      { name, clock, random: () => 0.5 },
    )
  old = open('old')
  next = open('new')
})

afterEach(async () => {
  await Promise.all([old.close(), next.close()])
  expect([drivers.old.open, drivers.new.open]).toEqual([0, 0])
  expect(clock.timers()).toBe(0)
})

it('a successor serves those who wait, in their order, and whoever asks later', async () => {
  const lent = await old.getConnection()
  const served: number[] = []
  const waiting = [1, 2, 3].map((n) => old.withConnection(async () => void served.push(n)))
  const closed = old.close({ successor: next })
  const later = old.query('SELECT n FROM series(1)')
  expect([old.statistics().waiting, next.statistics().waiting]).toEqual([0, 4])
  await Promise.all(waiting)
  expect(served).toEqual([1, 2, 3])
  expect((await later).rows).toHaveLength(1)
  expect(drivers.old.open).toBe(1)
  await lent.close()
  await closed
  expect([drivers.old.open, drivers.new.open]).toEqual([0, 1])
  expect(old.statistics().counters.rejected).toBe(0)
})

it('credentials of one connection are asked of the successor, which may refuse them', async () => {
  await old.close({ successor: next })
  await expect(old.getConnection({ user: 'other', password: 'geheim' })).rejects.toMatchObject({
    sqlState: '0A000',
    message: expect.stringContaining('new: '),
  })
})

it('the first close decides: one that comes later brings no successor', async () => {
  const closed = old.close()
  await old.close({ successor: next })
  await closed
  await expect(old.getConnection()).rejects.toMatchObject({ sqlState: '08003' })
})

it('nobody takes over from itself', async () => {
  await expect(old.close({ successor: old })).rejects.toMatchObject({ sqlState: 'HY024' })
  await (await old.getConnection()).close()
})
