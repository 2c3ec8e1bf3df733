import { describe, expect, it } from 'vitest'
import { kitCases } from '../cases/index.ts'
import { scriptedHarness } from '../harness/scripted.ts'
import { withoutWarnings } from '../register.ts'
import { firstFailure } from '../kit.ts'
import { brokenDrivers, catchBroken } from './index.ts'
import { FaultyDriver } from './broken-driver.ts'

describe('the kit can fail', () => {
  withoutWarnings()

  it.each(brokenDrivers)('$defect: caught by $caughtBy', async (broken) => {
    expect(await catchBroken(broken)).toBeDefined()
  })

  it('and passes the same driver without a fault', async () => {
    const harness = scriptedHarness({ driver: () => new FaultyDriver({}) })
    expect(await firstFailure(harness, kitCases)).toBeUndefined()
  })

  it('each defect and each case has a name of its own', () => {
    for (const names of [brokenDrivers.map(({ defect }) => defect), kitCases.map(({ id }) => id)]) {
      expect(new Set(names).size).toBe(names.length)
    }
  })
})
