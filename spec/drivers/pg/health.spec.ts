import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createDataSource, type DataSourceHealth } from '../../../src/index.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { describeOwnPostgres } from '../../support/postgres.ts'

const password = 'never-to-be-shown'

await describeOwnPostgres('the health of a data source on PostgreSQL', (start) => {
  it('is told while 100 borrowers wait, the server stops, and starts again', async () => {
    const server = await start()
    await server.query(`CREATE ROLE borrower LOGIN PASSWORD '${password}'`)
    const settings = { ...server.settings('postgres'), driver: 'pg', user: 'borrower', password }
    const source = createDataSource(settings, { name: 'jdbc/health' })
    const { maximumPoolSize } = source.settings
    const borrowed = await Promise.all(Array.from({ length: maximumPoolSize }, () => source.getConnection()))
    const waiting = Array.from({ length: 100 }, () => source.query('SELECT 1').catch(() => 'refused'))
    const health = async (): Promise<DataSourceHealth> => {
      const told = await source.health({ timeout: '2s' })
      // The borrowers keep all connections, and nobody was served: the answer came past those who wait.
      expect(source.statistics()).toMatchObject({ inUse: maximumPoolSize, waiting: 100, control: 0 })
      return told
    }

    const before = await health()
    expect(before).toMatchObject({ ok: true, lastError: undefined, age: 0 })
    expect(before.serverVersion).toMatch(/^\d+/)
    while ((await server.sessions()).length > maximumPoolSize) await sleep(5)

    await server.stop('immediate')
    const down = await health()
    expect(down).toMatchObject({ ok: false, serverVersion: undefined, latency: undefined })
    expect(down.lastError).toMatchObject({ reason: 'connect-failed' })
    expect(JSON.stringify(down) + String(down.lastError?.stack)).not.toContain(password)

    await server.start()
    while (!(await health()).ok) await sleep(20)

    for (const connection of borrowed) await connection.close().catch(() => undefined)
    expect((await Promise.all(waiting)).filter((result) => result === 'refused')).toEqual([])
    expect(await source.health()).toMatchObject({ ok: true })
    await source.close()
    expect(await server.sessions()).toEqual([])
  })

  it('is not ok within its timeout when nobody answers, idle connections or new ones', async () => {
    const server = await start()
    await using proxy = await FaultProxy.start({ target: server.settings('postgres') })
    const source = createDataSource({
      ...server.settings('postgres'),
      driver: 'pg',
      port: proxy.port,
      loginTimeout: '1s',
    })
    await source.start()
    await proxy.set({ kind: 'stall' })
    for (const idle of [1, 0]) {
      expect(source.statistics()).toMatchObject({ idle })
      const health = await source.health({ timeout: 100 })
      expect(health).toMatchObject({ ok: false, lastError: { sqlState: 'HYT00' } })
      for (const connection of proxy.open) connection.destroy()
      while (source.statistics().total > 0) await sleep(5)
    }
    await proxy.set({ kind: 'pass' })
    while (!(await source.health()).ok) await sleep(20)
    await source.close()
  })
})
