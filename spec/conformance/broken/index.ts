import { kitCases } from '../cases/index.ts'
import { scriptedHarness } from '../harness/scripted.ts'
import { runCase } from '../kit.ts'
import { FaultyDriver, type BrokenDriver } from './broken-driver.ts'
import { brokenEvents } from './events.ts'
import { brokenHandles } from './handles.ts'
import { brokenPhysicalConnections } from './physical.ts'

/** Drivers with one defect each. */
export const brokenDrivers: readonly BrokenDriver[] = [
  ...brokenEvents,
  ...brokenHandles,
  ...brokenPhysicalConnections,
]

/** Runs the case that must catch a driver: its title when it does. */
export async function catchBroken({ defect, caughtBy, fault }: BrokenDriver): Promise<string | undefined> {
  const kitCase = kitCases.find(({ id }) => id === caughtBy)
  if (kitCase === undefined) throw new Error(`There is no case '${caughtBy}'`)
  const harness = scriptedHarness({ name: defect, driver: () => new FaultyDriver(fault) })
  try {
    await runCase(harness, kitCase)
    return undefined
  } catch {
    return kitCase.title
  }
}
