// node --expose-gc spec/pool/dropped-program.ts: drops handles, and prints what became of their connections.
import { setTimeout as sleep } from 'node:timers/promises'
import { createDataSource, type DataSourceSettings, type PooledDataSource } from '../../src/index.ts'
import { ScriptedDriver } from '../../src/testing/index.ts'

declare const gc: () => void

const handles = 100

interface Stage {
  readonly driver: ScriptedDriver
  readonly source: PooledDataSource
  /** Told by the pool. */
  readonly recovered: { readonly stack: string | undefined }[]
}

async function stage(
  settings: DataSourceSettings,
  play: (stage: Stage) => Promise<unknown>,
): Promise<unknown> {
  const driver = new ScriptedDriver()
  const source = createDataSource({ driver, maximumPoolSize: handles, ...settings })
  const recovered: { stack: string | undefined }[] = []
  source.on('leakRecovered', (event) => recovered.push(event))
  source.on('leakSuspected', () => {})
  const outcome = await play({ driver, source, recovered })
  await source.close({ drainTimeout: 0 })
  return outcome
}

/** Collects until it is so, or for long enough that it will not be so any more. */
async function collectUntil(isSo: () => boolean, rounds: number): Promise<void> {
  for (let round = 0; round < rounds && !isSo(); round++) {
    gc()
    await sleep(20)
  }
}

const count = ({ driver, recovered, source }: Stage) => ({
  recovered: recovered.length,
  sessions: driver.sessions.length,
  inUse: source.statistics().inUse,
})

async function borrowAndForget(source: PooledDataSource): Promise<void> {
  const connection = await source.getConnection()
  await connection.query('SELECT 1 AS n')
}

async function forgetWhileRunning(source: PooledDataSource): Promise<void> {
  const connection = await source.getConnection()
  connection.query('SELECT 1 AS n').catch(() => {})
}

async function readAndForget(source: PooledDataSource): Promise<void> {
  await source.stream('SELECT 1 AS n', [], { fetchSize: 1 }).next()
}

async function keepTransactionOnly(source: PooledDataSource, kept: unknown[]): Promise<void> {
  const connection = await source.getConnection()
  await new Promise<void>((begun) => {
    void connection.transaction((transaction) => {
      kept.push(transaction)
      begun()
      return new Promise(() => {})
    })
  })
}

const times = (what: () => Promise<void>): Promise<unknown> =>
  Promise.all(Array.from({ length: handles }, what))

const watched = { leakDetectionThreshold: '1h' } as const

console.log(
  JSON.stringify({
    dropped: await stage(watched, async (on) => {
      await times(() => borrowAndForget(on.source))
      await collectUntil(() => on.recovered.length === handles, 250)
      return count(on)
    }),
    running: await stage(watched, async (on) => {
      on.driver.failNext('execute', 'hang', { times: Infinity })
      await times(() => forgetWhileRunning(on.source))
      await collectUntil(() => on.recovered.length > 0, 25)
      return count(on)
    }),
    ended: await stage(watched, async (on) => {
      on.driver.failNext('execute', { delay: 50 }, { times: Infinity })
      await times(() => forgetWhileRunning(on.source))
      await collectUntil(() => on.recovered.length === handles, 250)
      return count(on)
    }),
    streams: await stage(watched, async (on) => {
      await times(() => readAndForget(on.source))
      await collectUntil(() => on.recovered.length === handles, 250)
      return count(on)
    }),
    transactions: await stage(watched, async (on) => {
      const kept: unknown[] = []
      await times(() => keepTransactionOnly(on.source, kept))
      await collectUntil(() => on.recovered.length > 0, 25)
      return { ...count(on), kept: kept.length }
    }),
    sampled: await stage({ leakStackSampling: 1 }, async (on) => {
      await times(() => borrowAndForget(on.source))
      await collectUntil(() => on.recovered.length === handles, 250)
      const stacks = on.recovered.filter(
        ({ stack }) => stack?.trimStart().startsWith('at borrowAndForget') === true,
      )
      return { ...count(on), stacks: stacks.length }
    }),
    unwatched: await stage({}, async (on) => {
      await times(() => borrowAndForget(on.source))
      await collectUntil(() => on.recovered.length > 0, 25)
      return count(on)
    }),
  }),
)
