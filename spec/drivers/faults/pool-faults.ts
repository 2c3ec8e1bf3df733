import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { createDataSource, SQLException, type PooledDataSource } from '../../../src/index.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import type { FaultedDatabase } from './faulted-database.ts'

/** The cases of a pool whose sessions are ended, cut off or met with silence; to be called within a suite. */
export function registerPoolFaults(open: () => Promise<FaultedDatabase>): void {
  const uncaught: unknown[] = []
  const note = (error: unknown): void => void uncaught.push(error)
  let database: FaultedDatabase

  beforeAll(async () => {
    database = await open()
  })

  beforeEach(() => {
    uncaught.length = 0
    process.on('uncaughtExceptionMonitor', note)
    process.on('unhandledRejection', note)
  })

  afterEach(async () => {
    await sleep(5)
    process.off('uncaughtExceptionMonitor', note)
    process.off('unhandledRejection', note)
    expect(uncaught).toEqual([])
  })

  function source(settings: object = {}): PooledDataSource {
    return createDataSource({ ...database.settings, maximumPoolSize: 1, minimumIdle: 1, ...settings })
  }

  /** The number of the only session of an application. */
  async function sessionOf(executor: Pick<PooledDataSource, 'query'>): Promise<number> {
    const { rows } = await executor.query<{ id: number | bigint }>(database.session)
    return Number(rows[0]!.id)
  }

  async function sleeping(session: number): Promise<void> {
    while (!(await database.sleeps(session))) await sleep(2)
  }

  it('whose idle session is killed tells it once, and no caller', async () => {
    await using pool = source()
    const { log } = logOf(pool)
    await database.terminate(await sessionOf(pool))
    while (log.length === 0) await sleep(2)
    await recovers(pool)
    expect(log).toEqual(['error'])
    expect(pool.statistics().counters.closed.broken).toBe(1)
  })

  it('whose lent session is killed tells it before the next statement fails', async () => {
    await using pool = source()
    const { log, settled } = logOf(pool)
    const session = await sessionOf(pool)
    const connection = await pool.getConnection()
    await database.terminate(session)
    while (log.length === 0) await sleep(2)
    await settled(connection.query('SELECT 1').then(() => expect.unreachable()))
    await connection.close()
    await recovers(pool)
    expect(log[0]).toBe('error')
    expect(log).toHaveLength(2)
  })

  it('whose session is killed in a statement tells it before the statement fails', async () => {
    await using pool = source()
    const { log, settled } = logOf(pool)
    const session = await sessionOf(pool)
    const connection = await pool.getConnection()
    const first = settled(connection.query(database.sleep(59)))
    const behind = settled(connection.query('SELECT 1'))
    await sleeping(session)
    await database.terminate(session)
    await Promise.all([first, behind])
    await connection.close()
    await recovers(pool)
    expect(log[0]).toBe('error')
    expect(log.slice(1).toSorted()).toEqual(['08003', 'lost'])
  })

  it('whose session is killed in a transaction runs the block again elsewhere, where that is allowed', async () => {
    await using pool = source()
    const { log, settled } = logOf(pool)
    let runs = 0
    const block = (): Promise<unknown> =>
      pool.transaction({ retries: 2 }, async (tx) => {
        const session = await sessionOf(tx)
        if (++runs === 1) await database.terminate(session)
        return (await tx.query('SELECT 7 AS n')).rows
      })
    expect(await block()).toEqual([{ n: 7 }])
    expect([runs, log]).toEqual([2, ['error']])
    await pool.execute('CREATE TABLE half_done (n INTEGER)')
    const session = await sessionOf(pool)
    const committing = pool.transaction(async (tx) => {
      await tx.execute('INSERT INTO half_done VALUES (1)')
      await database.terminate(session)
    })
    await settled(committing)
    await recovers(pool)
    expect(log.slice(0, 2)).toEqual(['error', 'error'])
    expect((await pool.query('SELECT n FROM half_done')).rows).toEqual([])
  })

  it('whose session is killed in a stream tells it before the reader, also to one who did not read then', async () => {
    await using pool = source()
    const { log, settled } = logOf(pool)
    for (const reads of [true, false]) {
      log.length = 0
      const session = await sessionOf(pool)
      const connection = await pool.getConnection()
      const rows = connection.stream(database.endlessRows, [], { fetchSize: 2 })
      const rest = async (): Promise<void> => {
        for await (const _ of rows);
      }
      await rows.next()
      const reading = reads ? settled(rest()) : undefined
      if (reads) await sleeping(session)
      await database.terminate(session)
      await (reading ?? settled(rest()))
      await connection.close()
      await recovers(pool)
      // Who did not read may find the connection closed by then.
      expect(log).toEqual(['error', reads ? 'lost' : expect.stringMatching(/^(?:lost|08003)$/)])
    }
  })

  it.each(['stall', 'half-open'] as const)(
    'whose peer is silent (%s) finds it by networkTimeout',
    async (kind) => {
      await using proxy = await FaultProxy.start({ target: database.settings })
      await using pool = source({ port: proxy.port, networkTimeout: 150 })
      const { log, settled } = logOf(pool)
      await pool.query('SELECT 1')
      const connection = await pool.getConnection()
      for (const proxied of proxy.open) proxied.set(kind === 'stall' ? { kind } : { kind, side: 'client' })
      await settled(connection.query('SELECT 1'))
      await connection.close()
      await recovers(pool)
      expect(log).toEqual(['error', 'lost'])
    },
  )

  it.each(['stall', 'half-open'] as const)(
    'whose peer fell silent (%s) while idle replaces the session before anybody has it',
    async (kind) => {
      await using proxy = await FaultProxy.start({ target: database.settings })
      await using pool = source({ port: proxy.port, validateAfterIdle: 0, validationTimeout: 250 })
      await pool.query('SELECT 1')
      for (const proxied of proxy.open) proxied.set(kind === 'stall' ? { kind } : { kind, side: 'client' })
      await recovers(pool)
      expect(pool.statistics().counters.closed.broken + pool.statistics().counters.closed.invalid).toBe(1)
    },
  )

  it('whose sockets are gone, which the server is not told, goes on with new ones', async () => {
    await using proxy = await FaultProxy.start({ target: database.settings })
    await using pool = source({ port: proxy.port })
    const { log } = logOf(pool)
    const session = await sessionOf(pool)
    for (const proxied of proxy.open) proxied.set({ kind: 'half-open', side: 'server' })
    while (log.length === 0) await sleep(2)
    await recovers(pool)
    expect(log).toEqual(['error'])
    expect(await database.sessions()).toContain(session)
  })

  it('whose connects meet silence tells each caller at his deadline, and leaves no socket', async () => {
    await using proxy = await FaultProxy.start({ target: database.settings })
    await proxy.set({ kind: 'stall' })
    await using pool = source({ port: proxy.port, minimumIdle: 0, loginTimeout: 250, connectionTimeout: 400 })
    const errors = await Promise.all([1, 2, 3].map(() => failure(pool.query('SELECT 1'))))
    for (const error of errors) expect(error.name).toBe('CannotConnectError')
    await proxy.set({ kind: 'pass' })
    await recovers(pool)
    while (proxy.open.length !== 1) await sleep(2)
  })
}

/** What happens, in order: `error` for each `connectionErrorOccurred`, and what a promise comes to. */
function logOf(pool: PooledDataSource): {
  readonly log: string[]
  settled: (promise: Promise<unknown>) => Promise<void>
} {
  const log: string[] = []
  pool.addConnectionEventListener({ connectionErrorOccurred: () => void log.push('error') })
  return {
    log,
    async settled(promise) {
      const error = await failure(promise)
      log.push(error.fatal ? 'lost' : error.sqlState)
    },
  }
}

/** The next caller notices nothing, and there are as many connections as there are to be. */
async function recovers(pool: PooledDataSource): Promise<void> {
  expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
  while (pool.statistics().total !== 1 || pool.statistics().idle !== 1) await sleep(2)
}

async function failure(promise: Promise<unknown>): Promise<SQLException> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(SQLException)
  return error as SQLException
}
