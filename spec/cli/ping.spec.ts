import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describePostgres } from '../support/postgres.ts'
import { asJson, configure, lines, wellhead, workingFolder } from './support.ts'

workingFolder()

interface Pongs {
  readonly ok: boolean
  readonly dataSources: readonly {
    readonly name: string
    readonly ok: boolean
    readonly login: number | null
    readonly latency: number | null
    readonly error: { readonly sqlState: string; readonly message: string } | null
  }[]
}

describe('ping', () => {
  it('tells who answers, and fails when somebody does not', async () => {
    configure(`dataSources:
  fine: { url: 'sqlite::memory:', mode: inline }
  again: { link: fine }
  refused: { url: 'postgres://u@127.0.0.1:1/d' }
  unset: { url: { env: NOBODY_SETS_THIS } }
`)
    const { code, stdout, stderr } = await wellhead(['ping'])
    expect([code, stderr]).toEqual([1, ''])
    expect(lines(stdout)).toEqual([
      'NAME | STATE | LOGIN | ANSWER | SERVER',
      expect.stringMatching(/^fine \| ok \| \d+\.\d ms \| \d+\.\d ms \| SQLite 3/),
      expect.stringMatching(
        /^refused \| failed \| Cannot connect to .*: connect ECONNREFUSED 127\.0\.0\.1:1/,
      ),
      expect.stringMatching(/^unset \| failed \| .*NOBODY_SETS_THIS is not set/),
    ])
    expect(await wellhead(['ping', 'again'])).toMatchObject({ code: 0 })
  })

  it('says so in JSON, with the same keys always', async () => {
    configure(`dataSources:
  fine: { url: 'sqlite::memory:', mode: inline }
  each: { url: 'sqlite::memory:', mode: inline, pooling: none }
  refused: { url: 'postgres://u@127.0.0.1:1/d' }
`)
    const { json, code } = await asJson(['ping'])
    expect(code).toBe(1)
    const { ok, dataSources } = json as Pongs
    expect(ok).toBe(false)
    const keys = ['name', 'ok', 'product', 'serverVersion', 'login', 'latency', 'error']
    for (const pong of dataSources) expect(Object.keys(pong).toSorted()).toEqual(keys.toSorted())
    expect(dataSources).toMatchObject([
      { name: 'fine', ok: true, login: expect.any(Number), latency: expect.any(Number), error: null },
      { name: 'each', ok: true, login: expect.any(Number), latency: null },
      { name: 'refused', ok: false, login: null, latency: null, error: { sqlState: '08001' } },
    ])
  })

  describe('of a server that says nothing', () => {
    let server: Server
    beforeAll(async () => {
      server = createServer()
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve)
      })
    })
    afterAll(() => void server.close())

    it('gives up in time, for all at once', async () => {
      const { port } = server.address() as AddressInfo
      const entry = (name: string) => `  ${name}: { url: 'postgres://u@127.0.0.1:${port}/d', tls: disable }\n`
      configure(`dataSources:\n${Array.from('abcdefgh', entry).join('')}`)
      const started = performance.now()
      const { code, stdout } = await wellhead(['ping', '--timeout', '300'])
      // One after the other they would take eight times as long.
      expect(performance.now() - started).toBeLessThan(2_000)
      expect(code).toBe(1)
      expect(stdout.match(/failed/g)).toHaveLength(8)
    })
  })
})

await describePostgres('ping on PostgreSQL', (server) => {
  it('logs in once, and asks again on the same connection', async () => {
    const database = await server.database()
    configure(`dataSources: { a: { url: '${database.url}', tls: disable, minimumIdle: 5 } }`)
    const { stdout, code } = await wellhead(['ping'])
    expect(code).toBe(0)
    expect(lines(stdout)[1]).toMatch(/^a \| ok \| [\d.]+ ms \| [\d.]+ ms \| PostgreSQL \d+/)
    expect(await database.sessions()).toEqual([])
  })
})
