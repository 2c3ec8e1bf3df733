// Shows that the kits can fail: every driver and every pool with a defect, and what caught it.
import { brokenDrivers, catchBroken } from './conformance/broken/index.ts'
import { brokenPools } from './pool/broken/index.ts'

interface Row {
  readonly defect: string
  readonly caughtBy: string | undefined
}

// Some defects are listeners that throw, and are reported as warnings: here they are the point.
process.removeAllListeners('warning')
process.on('warning', () => {})

const drivers: Row[] = []
for (const broken of brokenDrivers)
  drivers.push({ defect: broken.defect, caughtBy: await catchBroken(broken) })
const pools: Row[] = []
for (const broken of brokenPools) pools.push({ defect: broken.defect, caughtBy: await broken.run() })

print('Drivers with a defect', drivers)
print('Pools with a defect', pools)
const missed = [...drivers, ...pools].filter((row) => row.caughtBy === undefined)
console.log(`${drivers.length} drivers and ${pools.length} pools with a defect, ${missed.length} not caught`)
// Whatever a broken one left running does not keep us.
process.exit(missed.length === 0 ? 0 : 1)

function print(title: string, rows: readonly Row[]): void {
  const width = Math.max(...rows.map((row) => row.defect.length))
  console.log(`${title}\n`)
  for (const { defect, caughtBy } of rows)
    console.log(`  ${defect.padEnd(width)}  → ${caughtBy ?? 'NOT CAUGHT'}`)
  console.log()
}
