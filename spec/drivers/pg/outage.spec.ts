import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createDataSource, SQLException } from '../../../src/index.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { describeOwnPostgres } from '../../support/postgres.ts'

const outage = 2_000

await describeOwnPostgres('an outage of PostgreSQL', (start) => {
  it('under 500 callers: what was under way fails, the rest waits and is served', async () => {
    const server = await start()
    const database = await server.database()
    await using proxy = await FaultProxy.start({ target: database.settings })
    await using source = createDataSource({
      ...database.settings,
      driver: 'pg',
      port: proxy.port,
      maximumPoolSize: 10,
      minimumIdle: 2,
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
    const state = { answers: 0, over: false }
    const caller = async (): Promise<void> => {
      while (!state.over) {
        try {
          await source.query('SELECT pg_sleep(0.002)')
          state.answers++
        } catch (error) {
          errors.push(error as SQLException)
        }
      }
    }
    const callers = Array.from({ length: 500 }, caller)
    await sleep(300)
    await server.stop()
    const connects = proxy.connections.length
    await sleep(outage)
    const answered = state.answers
    const attempts = proxy.connections.length - connects
    await server.start()
    while (state.answers < answered + 500) await sleep(5)
    state.over = true
    await Promise.all(callers)
    process.off('uncaughtExceptionMonitor', note)
    process.off('unhandledRejection', note)

    expect(uncaught).toEqual([])
    expect(errors.length).toBeLessThanOrEqual(10)
    for (const error of errors) {
      expect(error).toBeInstanceOf(SQLException)
      expect([error.fatal, error.retry]).toEqual([true, 'unknown-outcome'])
    }
    expect(new Set(events).size).toBe(events.length)
    expect(events.length).toBeLessThanOrEqual(10)
    expect(attempts).toBeLessThanOrEqual((5 * outage) / 1_000)
    expect((await database.sessions()).length).toBeLessThanOrEqual(10)
  }, 60_000)
})
