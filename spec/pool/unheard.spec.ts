import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { MockInstance } from 'vitest'
import { SQLException, SQLInvalidAuthorizationSpecException } from '../../src/api/sql-exception.ts'
import { collect, collectByHand } from '../support/manual-collection.ts'
import { World } from './world.ts'

collectByHand()

let warn: MockInstance<typeof process.emitWarning>

beforeEach(() => {
  warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
})

afterEach(() => void vi.restoreAllMocks())

const said = (): [string, string][] =>
  warn.mock.calls.map(([message, options]) => [(options as { code: string }).code, String(message)])
const codes = (): string[] => said().map(([code]) => code)

async function outage(world: World, error: Error): Promise<void> {
  world.driver.behaviour.connect = () => Promise.reject(error)
  world.ask({ timeout: 10_000 })
  await world.clock.advance(5_000)
  world.driver.behaviour.connect = () => Promise.resolve()
  await world.clock.advance(40_000)
  await world.pool.administration.evict('all')
  world.ask()
  await world.clock.advance(40_000)
}

describe('With nobody listening a pool says once', () => {
  it('that a connection is not given back', async () => {
    const world = new World({ leakDetectionThreshold: '10s', leakStackSampling: 1 })
    await world.get()
    await world.get()
    await world.clock.advance(10_000)
    expect(said()).toEqual([
      [
        'WELLHEAD_LEAK',
        expect.stringMatching(
          /^jdbc\/spec: stub-1 has been held for 10000 ms, longer than leakDetectionThreshold, borrowed at .*world\.ts:\d+/,
        ),
      ],
    ])
    expect((warn.mock.calls[0]![1] as { detail: string }).detail).toMatch(/unheard\.spec\.ts:\d+:\d+/)
    await world.end()
  })

  it('that a handle was dropped', async () => {
    const world = new World({ leakDetectionThreshold: '10s' })
    collect(await world.get())
    collect(await world.get())
    expect(said()).toEqual([
      ['WELLHEAD_LEAK', expect.stringContaining('the handle of stub-1 was dropped without close()')],
    ])
    expect(said()[0]![1]).toContain('leakStackSampling: 1 tells where it was borrowed')
    await world.end()
  })

  it('that the database cannot be reached, and that it can again', async () => {
    const world = new World()
    await outage(world, new Error('connection refused'))
    await outage(world, new Error('connection refused'))
    expect(said()).toEqual([
      [
        'WELLHEAD_OUTAGE',
        expect.stringContaining('jdbc/spec: no connection can be made, and it is tried again: conn'),
      ],
      ['WELLHEAD_OUTAGE_ENDED', expect.stringContaining('jdbc/spec: connections can be made again, after')],
    ])
    await world.end()
  })

  it('that the credentials are refused', async () => {
    const world = new World()
    const refused = new SQLInvalidAuthorizationSpecException('password refused for user ada', {
      sqlState: '28P01',
      reason: 'auth',
    })
    await outage(world, refused)
    await outage(world, refused)
    expect(said()).toEqual([
      [
        'WELLHEAD_CREDENTIALS',
        'jdbc/spec: the database refuses the credentials: password refused for user ada',
      ],
      ['WELLHEAD_OUTAGE_ENDED', expect.any(String)],
    ])
    await world.end()
  })
})

describe('Nothing is said', () => {
  it('of an event that somebody listens to', async () => {
    const world = new World({ leakDetectionThreshold: '10s' })
    for (const name of ['leakSuspected', 'leakRecovered', 'connectFailed', 'recovered'] as const)
      world.pool.events.on(name, () => {})
    collect(await world.get())
    await world.get()
    await world.clock.advance(10_000)
    await outage(world, new Error('connection refused'))
    expect(codes()).toEqual([])
    await world.end()
  })

  it('of what each caller is told, and trying again does not mend', async () => {
    const world = new World()
    await outage(world, new SQLException('is a folder', { sqlState: '08001', reason: 'connect-failed' }))
    expect(codes()).toEqual([])
    await world.end()
  })

  it('of what the owner asked to be taken back', async () => {
    const world = new World({ maximumPoolSize: 1, leakDetectionThreshold: '10s', leakReclaim: true })
    world.pool.events.on('leakSuspected', () => {})
    await world.get()
    world.ask()
    await world.clock.advance(10_000)
    expect(world.pool.statistics().counters.closed.leaked).toBe(1)
    expect(codes()).toEqual([])
    await world.end()
  })
})
