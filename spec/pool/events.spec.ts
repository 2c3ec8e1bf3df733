import { afterEach, describe, expect, it, vi } from 'vitest'
import type { PoolEventName } from '../../src/pool/events.ts'
import { PoolClosedError } from '../../src/pool/errors.ts'
import { settle, World } from './world.ts'
import type { Watched } from './world.ts'

afterEach(() => void vi.restoreAllMocks())

const eventNames = (world: World): PoolEventName[] => Object.keys(world.pool.events.lists) as PoolEventName[]

function record(world: World): string[] {
  const heard: string[] = []
  for (const name of eventNames(world)) {
    world.pool.events.on(name, (event) => {
      heard.push('member' in event ? `${name} ${event.member.id}` : name)
    })
  }
  return heard
}

describe('The events of a pool', () => {
  it('tell the life of a connection in order', async () => {
    const world = new World({ maximumPoolSize: 1, sessionReset: 'always' })
    const heard = record(world)
    await world.fill(1)
    await world.clock.advance(1_000)
    const connection = await world.get()
    connection.pooled.lose()
    await connection.close()
    await settle()
    expect(heard).toEqual([
      'requested',
      'created stub-1',
      'acquired stub-1',
      'released stub-1',
      'reset stub-1',
      'requested',
      'validated stub-1',
      'acquired stub-1',
      'released stub-1',
      'closed stub-1',
    ])
  })

  it('carry what there is to know', async () => {
    const world = new World({ maximumPoolSize: 1 })
    const events: Partial<Record<PoolEventName, unknown>> = {}
    for (const name of eventNames(world)) world.pool.events.on(name, (event) => (events[name] = event))
    const first = await world.get()
    world.ask({ timeout: 300 })
    const third = world.ask()
    await world.clock.advance(1_000)
    await first.close()
    await settle()
    expect(third.state).toBe('resolved')
    const member = { id: 'stub-1', age: 1_000 }
    expect(events).toMatchObject({
      requested: { waiting: 1 },
      created: { member: { id: 'stub-1', age: 0, uses: 0 }, took: 0 },
      released: { member: { ...member, uses: 1 }, used: 1_000 },
      acquired: { member: { ...member, uses: 2 }, waited: 1_000 },
      timedOut: { waited: 300, snapshot: { inUse: 1, waiting: 1 } },
    })
  })

  it('the close of a connection is heard before it is lent again', async () => {
    const world = new World({ maximumPoolSize: 1 })
    const heard = record(world)
    const first = await world.get()
    world.pool.addConnectionEventListener({
      connectionClosed: ({ source }) => void heard.push(`connectionClosed ${source.id} ${source.uses}`),
    })
    world.ask()
    heard.length = 0
    await first.close()
    expect(heard).toEqual(['connectionClosed stub-1 1', 'released stub-1', 'acquired stub-1'])
  })

  it('connectionErrorOccurred is heard once for each physical connection, and not for one that was given up', async () => {
    const world = new World()
    const errors: string[] = []
    world.pool.addConnectionEventListener({
      connectionErrorOccurred: ({ source, error }) => void errors.push(`${source.id} ${error.reason}`),
    })
    const [first, second] = await world.fill(2)
    first!.lose()
    await settle()
    expect(errors).toEqual(['stub-1 connection-lost'])
    void world.pool.close()
    second!.lose()
    await settle()
    expect(errors).toHaveLength(1)
  })

  it('a listener that throws, or rejects, is reported once and harms nobody', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const world = new World()
    let calls = 0
    world.pool.events.on('acquired', () => {
      calls++
      throw new Error('mine')
    })
    world.pool.events.on('released', () => Promise.reject(new Error('mine, later')) as never)
    world.pool.addConnectionEventListener({
      connectionClosed() {
        throw new Error('mine too')
      },
    })
    await world.fill(1)
    await world.fill(1)
    expect(calls).toBe(2)
    expect(world.pool.statistics()).toMatchObject({ idle: 1, total: 1 })
    expect(warn.mock.calls.map(([, options]) => (options as { code: string }).code)).toEqual([
      'WELLHEAD_LISTENER',
      'WELLHEAD_LISTENER',
      'WELLHEAD_LISTENER',
    ])
  })

  it('a listener may go, remove another, and is counted once', async () => {
    const world = new World()
    let first = 0
    let second = 0
    const { events } = world.pool
    const onSecond = (): void => void second++
    const onFirst = (): void => {
      first++
      events.off('acquired', onSecond)
      stop()
    }
    const stop = events.on('acquired', onFirst)
    events.on('acquired', onFirst)
    events.on('acquired', onSecond)
    await world.fill(1)
    await world.fill(1)
    expect([first, second]).toEqual([1, 0])
    expect(events.lists.acquired).toBeUndefined()
  })

  it('a listener may borrow, and close the pool', async () => {
    const world = new World({ maximumPoolSize: 2 })
    let late: Watched<unknown> | undefined
    const stop = world.pool.events.on('released', () => {
      stop()
      late = world.ask()
      void world.pool.close({ drainTimeout: 0 })
    })
    await world.fill(1)
    expect(late?.error).toBeInstanceOf(PoolClosedError)
    expect(world.driver.physical).toBe(0)
    expect(world.clock.timers()).toBe(0)
  })
})
