import { describe, expect, it } from 'vitest'
import { PoolClosedError } from '../../src/pool/errors.ts'
import { ResourcePool } from '../../src/pool/resource-pool.ts'
import type { ResourceFactory, ResourcePoolOptions } from '../../src/pool/resource-pool.ts'
import { InvalidSettingError } from '../../src/spi/settings.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

interface File {
  readonly name: string
}

function filePool(options: ResourcePoolOptions = {}, more: Partial<ResourceFactory<File>> = {}) {
  const clock = new ManualClock()
  const log: string[] = []
  let made = 0
  const pool = new ResourcePool<File>(
    {
      create: async () => {
        const file = { name: `file ${++made}` }
        log.push(`open ${file.name}`)
        return file
      },
      destroy: async ({ name }) => void log.push(`close ${name}`),
      ...more,
    },
    { name: 'files', clock, ...options },
  )
  return { pool, clock, log }
}

describe('A pool of anything', () => {
  it('lends to a function, and takes back whatever happens', async () => {
    const { pool, log } = filePool()
    expect(await pool.use(({ name }) => name.toUpperCase())).toBe('FILE 1')
    await expect(pool.use(() => Promise.reject(new Error('mine')))).rejects.toThrow('mine')
    expect(pool.statistics()).toMatchObject({ idle: 1, inUse: 0 })
    await pool.close()
    expect(log).toEqual(['open file 1', 'close file 1'])
  })

  it('is an async disposable', async () => {
    const { pool, log } = filePool()
    {
      await using files = pool
      await files.use(() => undefined)
    }
    expect(log).toContain('close file 1')
  })

  it('refuses what it has not lent', async () => {
    const { pool } = filePool()
    const file = await pool.acquire()
    pool.release(file)
    expect(() => pool.release(file)).toThrow('not lent')
    expect(() => pool.invalidate(file)).toThrow('not lent')
    expect(() => pool.release({ name: 'stranger' })).toThrow('files')
  })

  it('an invalidated resource is destroyed, and its place serves a waiter', async () => {
    const { pool, log } = filePool({ maximumPoolSize: 1 })
    const file = await pool.acquire()
    const next = pool.acquire()
    pool.invalidate(file)
    expect((await next).name).toBe('file 2')
    expect(log).toEqual(['open file 1', 'close file 1', 'open file 2'])
  })

  it('may be invalidated within use', async () => {
    const { pool } = filePool()
    await pool.use((file) => pool.invalidate(file))
    await settle()
    expect(pool.statistics()).toMatchObject({ total: 0, counters: { closed: { invalidated: 1 } } })
  })

  it('asks the factory what it wants to know', async () => {
    const asked: string[] = []
    const { pool, clock } = filePool(
      {},
      {
        validate: async () => asked.push('validate') > 0,
        reset: async () => void asked.push('reset'),
        isBroken: () => asked.push('isBroken') < 0,
      },
    )
    pool.release(await pool.acquire())
    await clock.advance(1_000)
    await pool.acquire()
    expect(new Set(asked)).toEqual(new Set(['isBroken', 'reset', 'validate']))
  })

  it('obeys signal and timeout', async () => {
    const { pool, clock } = filePool({ maximumPoolSize: 1 })
    await pool.acquire()
    const controller = new AbortController()
    const aborted = pool.acquire({ signal: controller.signal })
    const late = pool.acquire({ timeout: '2s' })
    controller.abort(new Error('changed my mind'))
    await expect(aborted).rejects.toMatchObject({ sqlState: '57014' })
    void clock.advance(2_000)
    await expect(late).rejects.toMatchObject({ name: 'PoolExhaustedError' })
    await expect(pool.acquire({ signal: controller.signal })).rejects.toMatchObject({ sqlState: '57014' })
    expect(() => pool.acquire({ timeout: 'soon' as '1s' })).toThrow("'30s'")
  })

  it('collects the failures of destructors', async () => {
    const { pool } = filePool({}, { destroy: ({ name }) => Promise.reject(new Error(name)) })
    const files = await Promise.all([pool.acquire(), pool.acquire()])
    for (const file of files) pool.release(file)
    await expect(pool.close()).rejects.toMatchObject({ errors: [new Error('file 1'), new Error('file 2')] })
    expect(pool.statistics().total).toBe(0)
  })

  it('closing twice is closing once; a second call may shorten the time', async () => {
    const { pool, clock } = filePool()
    await pool.acquire()
    const first = pool.close({ drainTimeout: '1h' })
    await clock.advance(1_000)
    const second = pool.close({ drainTimeout: 0 })
    await Promise.all([first, second])
    await expect(pool.acquire()).rejects.toBeInstanceOf(PoolClosedError)
    expect(clock.timers()).toBe(0)
  })

  it('checks its limits', () => {
    expect(() => filePool({ maximumPoolSize: 0 })).toThrow(InvalidSettingError)
    expect(() => filePool({ maximumPoolsize: 3 } as ResourcePoolOptions)).toThrow(
      "did you mean 'maximumPoolSize'",
    )
  })
})
