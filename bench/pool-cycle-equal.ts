// The same guarantees for all: whether a connection lives is asked before each loan of an idle one, and waiting ends; then neither.
import { createPool } from 'generic-pool'
import { Pool as TarnPool } from 'tarn'
import { ResourcePool } from '../src/pool/resource-pool.ts'
import { cycles, poolSize as size, type Borrowers } from './support/cycles.ts'
import { runBench, type Peer } from './support/harness.ts'

interface Scenario extends Borrowers {
  readonly checked: boolean
}

const scenarios: readonly Scenario[] = [
  { name: 'checked, 1 on 10', callers: 1, checked: true },
  { name: 'checked, 100 on 10', callers: 100, checked: true },
  { name: 'unchecked, 1 on 10', callers: 1, checked: false },
  { name: 'unchecked, 100 on 10', callers: 100, checked: false },
]

const make = { create: async () => ({}), destroy: async () => undefined }
const timeout = 30_000
/** As good as none. */
const longTimeout = 2_000_000_000

const peers: readonly Peer<Scenario>[] = [
  {
    name: 'wellhead ResourcePool',
    async prepare({ callers, checked }) {
      const factory = { ...make, validate: async () => true }
      const pool = new ResourcePool(factory, {
        maximumPoolSize: size,
        validateAfterIdle: checked ? 0 : 'off',
        connectionTimeout: checked ? timeout : longTimeout,
      })
      return cycles(
        callers,
        async (rounds) => {
          for (let i = 0; i < rounds; i++) {
            const resource = await pool.acquire()
            pool.release(resource)
          }
        },
        () => pool.close(),
      )
    },
  },
  {
    name: 'generic-pool',
    package: 'generic-pool',
    async prepare({ callers, checked }) {
      const factory = { ...make, validate: async () => true }
      const pool = createPool(factory, {
        max: size,
        testOnBorrow: checked,
        ...(checked && { acquireTimeoutMillis: timeout }),
      })
      return cycles(
        callers,
        async (rounds) => {
          for (let i = 0; i < rounds; i++) {
            const resource = await pool.acquire()
            await pool.release(resource)
          }
        },
        () => pool.drain().then(() => pool.clear()),
      )
    },
  },
  {
    name: 'tarn',
    package: 'tarn',
    async prepare({ callers, checked }) {
      const pool = new TarnPool({
        ...make,
        // It asks before every loan, and waits for an answer that is none: it cannot do without.
        validate: () => true,
        acquireTimeoutMillis: checked ? timeout : longTimeout,
        min: 0,
        max: size,
      })
      return cycles(
        callers,
        async (rounds) => {
          for (let i = 0; i < rounds; i++) {
            const resource = await pool.acquire().promise
            pool.release(resource)
          }
        },
        () => pool.destroy(),
      )
    },
  },
]

await runBench({
  name: 'pool-cycle-equal',
  title: 'Pool cycle at equal guarantees',
  unit: 'cycles per second',
  scenarios,
  peers,
  control: 'wellhead ResourcePool',
})
