import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createDataSource, SQLException } from '../../../src/index.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import type { FaultedDatabase } from './faulted-database.ts'

/** A server that may be stopped and started. */
export interface StoppableServer {
  stop(): Promise<unknown>
  start(): Promise<unknown>
}

const outage = 2_000

/** The case of a server that is away for two seconds while it is much used. */
export function registerOutage(
  start: () => Promise<{ readonly server: StoppableServer; readonly database: FaultedDatabase }>,
): void {
  it('under 500 callers: what was under way fails, the rest waits and is served', async () => {
    const { server, database } = await start()
    await using proxy = await FaultProxy.start({ target: database.settings })
    await using source = createDataSource({
      ...database.settings,
      port: proxy.port,
      maximumPoolSize: 10,
      minimumIdle: 2,
      idleTimeout: 500,
    })
    const uncaught: unknown[] = []
    const note = (error: unknown): void => void uncaught.push(error)
    process.on('uncaughtExceptionMonitor', note)
    process.on('unhandledRejection', note)
    const events: string[] = []
    source.addConnectionEventListener({
      connectionErrorOccurred: ({ source: { id } }) => void events.push(id),
    })
    const errors: SQLException[] = []
    /** Losses that were told before the event of their session. */
    const early: SQLException[] = []
    const state = { answers: 0, over: false }
    const caller = async (): Promise<void> => {
      while (!state.over) {
        try {
          await source.query(database.sleep(0.002))
          state.answers++
        } catch (error) {
          errors.push(error as SQLException)
          // One statement runs on a session: as many events as losses, and each of them first.
          if (events.length < errors.length) early.push(error as SQLException)
        }
      }
    }
    const callers = Array.from({ length: 500 }, caller)
    while (state.answers < 100 || source.statistics().total < 10) await sleep(5)
    await server.stop()
    const connects = proxy.connections.length
    await sleep(outage)
    const answered = state.answers
    const attempts = proxy.connections.length - connects
    await server.start()
    while (state.answers < answered + 500) await sleep(5)
    state.over = true
    await Promise.all(callers)
    const settled = source.statistics()
    while (source.statistics().total !== 2) await sleep(5)
    process.off('uncaughtExceptionMonitor', note)
    process.off('unhandledRejection', note)

    expect(uncaught).toEqual([])
    expect(early).toEqual([])
    expect([settled.waiting, settled.inUse]).toEqual([0, 0])
    expect(errors.length).toBeLessThanOrEqual(10)
    for (const error of errors) {
      expect(error).toBeInstanceOf(SQLException)
      expect([error.fatal, error.retry]).toEqual([true, 'unknown-outcome'])
    }
    expect(new Set(events).size).toBe(events.length)
    expect(events.length).toBeLessThanOrEqual(10)
    expect(attempts).toBeLessThanOrEqual((5 * outage) / 1_000)
    while ((await database.sessions()).length !== 2) await sleep(5)
  }, 60_000)
}
