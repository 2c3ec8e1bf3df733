import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ExceptionOverride } from '../../src/api/exception-override.ts'
import { BatchUpdateException, SQLException } from '../../src/api/sql-exception.ts'
import { DriverTable } from '../../src/source/driver-table.ts'
import { createDataSourceWith } from '../../src/source/managed-data-source.ts'
import type { PooledDataSource } from '../../src/source/pooled-data-source.ts'
import {
  connectionLost,
  deadlock,
  lockTimeout,
  ScriptedDriver,
  uniqueViolation,
} from '../../src/testing/index.ts'
import { ManualClock } from '../support/manual-clock.ts'

interface World {
  readonly driver: ScriptedDriver
  readonly source: PooledDataSource
  readonly clock: ManualClock
  /** What its listeners and its pool heard. */
  readonly heard: string[]
}

const opened: PooledDataSource[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((source) => source.close()))
  vi.restoreAllMocks()
})

function world(exceptionOverride?: ExceptionOverride, settings: object = {}): World {
  const driver = new ScriptedDriver()
  driver.query('CREATE TABLE t (id INTEGER PRIMARY KEY)')
  const heard: string[] = []
  const clock = new ManualClock()
  const source = createDataSourceWith(
    new DriverTable([]),
    { driver, maximumPoolSize: 1, exceptionOverride, ...settings },
    { name: 'scripted', clock },
  )
  source.addConnectionEventListener({
    connectionErrorOccurred: ({ error }) => void heard.push(`error ${error.reason} ${error.retry}`),
  })
  source.on('closed', ({ reason }) => void heard.push(`closed ${reason}`))
  opened.push(source)
  return { driver, source, clock, heard }
}

async function refusal(promise: Promise<unknown>): Promise<SQLException> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(SQLException)
  return error as SQLException
}

const insert = 'INSERT INTO t (id) VALUES (?)'

describe('exceptionOverride', () => {
  it('fatal: true takes the physical connection out of the pool; listeners hear the changed error', async () => {
    const { driver, source, heard } = world(({ sqlState }) =>
      sqlState === '55P03' ? { fatal: true, reason: 'state', retry: 'caller' } : undefined,
    )
    const error = lockTimeout()
    driver.failNext('execute', error)
    const seen = await refusal(source.execute(insert, [1]))
    expect(seen).toMatchObject({ name: 'SQLTransientException', sqlState: '55P03', message: error.message })
    expect(seen).toMatchObject({ fatal: true, reason: 'state', retry: 'caller' })
    // The driver's own error is as it was: it may be used for others too.
    expect(error).toMatchObject({ fatal: false, reason: 'lock-timeout', retry: 'transaction' })
    await source.execute(insert, [2])
    expect(heard).toEqual(['error state caller', 'closed broken'])
    expect(driver.opened).toBe(2)
  })

  it('without it the same error leaves the connection where it is', async () => {
    const { driver, source, heard } = world()
    driver.failNext('execute', lockTimeout())
    await refusal(source.execute(insert, [1]))
    await source.execute(insert, [2])
    expect([heard, driver.opened]).toEqual([[], 1])
  })

  it('fatal: false keeps a session that lives', async () => {
    for (const override of [undefined, (): { fatal: false } => ({ fatal: false })]) {
      const { driver, source, heard } = world(override)
      driver.answer('SELECT mishap', () => {
        throw new TypeError('a fault of the driver')
      })
      const error = await refusal(source.query('SELECT mishap'))
      expect(error).toMatchObject({ sqlState: 'HY000', reason: 'internal', fatal: override === undefined })
      await source.execute(insert, [1])
      expect(heard).toEqual(override === undefined ? ['error internal no', 'closed broken'] : [])
      expect(driver.opened).toBe(override === undefined ? 2 : 1)
    }
  })

  it('fatal: false does not bring a lost session back', async () => {
    const { driver, source, heard } = world(() => ({ fatal: false, retry: 'caller' }))
    driver.failNext('execute', connectionLost())
    expect(await refusal(source.execute(insert, [1]))).toMatchObject({ fatal: true, retry: 'caller' })
    await source.execute(insert, [2])
    expect(heard).toEqual(['error connection-lost caller', 'closed broken'])
  })

  it('is asked about a session that dies while nothing runs on it', async () => {
    const asked: string[] = []
    const { driver, source, heard } = world(({ reason }) => void asked.push(reason))
    const connection = await source.getConnection()
    await connection.query('SELECT id FROM t')
    driver.kill(driver.sessions[0]!.id)
    expect(asked).toEqual(['connection-lost'])
    expect(heard[0]).toBe('error connection-lost unknown-outcome')
    await connection.close()
  })

  it('is asked about connects: one that is not to be tried again is told at once', async () => {
    const asked: string[] = []
    const { driver, source } = world(({ reason }) => {
      asked.push(reason)
      return { retry: 'no', reason: 'state', fatal: true }
    })
    driver.failNext('connect', 'die')
    expect(await refusal(source.query('SELECT id FROM t'))).toMatchObject({
      sqlState: '08001',
      reason: 'state',
      retry: 'no',
    })
    expect(asked).toEqual(['connect-failed'])
  })

  it('is asked about connectionInitSql, about the rows of streams, and about the row of a batch that failed', async () => {
    const asked: string[] = []
    const override: ExceptionOverride = ({ name, reason }) => {
      asked.push(`${name} ${reason}`)
      return { reason: 'user-raised' }
    }
    const { driver, source } = world(override)
    driver.failNext('fetch', lockTimeout())
    expect((await refusal(source.stream('SELECT id FROM t').next())).reason).toBe('user-raised')
    const batch = await refusal(source.batch(insert, [[1], [1]]))
    expect(batch).toBeInstanceOf(BatchUpdateException)
    expect(batch).toMatchObject({ index: 1, updateCounts: [1], reason: 'user-raised', sqlState: '23505' })
    expect(batch.cause).toMatchObject({ name: 'SQLIntegrityConstraintViolationException' })
    const own = world(override, { connectionInitSql: 'SELECT nothing FROM nowhere' })
    expect((await refusal(own.source.query('SELECT id FROM t'))).reason).toBe('user-raised')
    expect(asked).toEqual([
      'SQLTransientException lock-timeout',
      'SQLIntegrityConstraintViolationException unique',
      'SQLSyntaxErrorException undefined-object',
    ])
  })

  it('decides what transaction({ retries }) tries again', async () => {
    for (const [retry, calls] of [
      ['transaction', 2],
      ['no', 1],
    ] as const) {
      const { driver, source, clock } = world(() => ({ retry }))
      driver.failNext('execute', retry === 'no' ? deadlock() : uniqueViolation('id'))
      let called = 0
      const done = source.transaction({ retries: 3 }, async (tx) => {
        called++
        await tx.execute(insert, [1])
      })
      // The pause between two tries is on the clock.
      await Promise.all([done.catch(() => {}), clock.advance(60_000)])
      expect(called).toBe(calls)
    }
  })

  it.each<[string, () => unknown]>([
    ['throws', () => assertFail()],
    ['gives a promise', () => Promise.reject(new Error('late'))],
    ['gives a text', () => 'retry'],
    ['gives null', () => null],
    ['gives a retry that there is not', () => ({ retry: 'sometimes' })],
    ['gives a fatal that is none', () => ({ fatal: 'yes' })],
    ['gives a reason that is none', () => ({ reason: 1 })],
  ])('one that %s is reported once, and the error passes unchanged', async (_, override) => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const { driver, source, heard } = world(override as ExceptionOverride)
    const error = lockTimeout()
    driver.failNext('execute', error, { times: 2 })
    expect(await refusal(source.execute(insert, [1]))).toBe(error)
    expect(await refusal(source.execute(insert, [1]))).toBe(error)
    expect(heard).toEqual([])
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(/^scripted: exceptionOverride failed/),
        expect.objectContaining({ code: 'WELLHEAD_EXCEPTION_OVERRIDE' }),
      ],
    ])
  })

  it('is not asked about deadlines, nor when nothing fails; one that agrees changes nothing', async () => {
    const asked: string[] = []
    const { driver, source, clock } = world((error) => {
      asked.push(error.sqlState)
      const { fatal, retry, reason } = error
      return { fatal, retry, reason }
    })
    await source.execute(insert, [1])
    const late = refusal(source.query('SELECT sleep(?) AS n', [10_000], { timeout: '1s' }))
    await clock.advance(2_000)
    expect((await late).sqlState).toBe('HYT00')
    const error = lockTimeout()
    driver.failNext('execute', error)
    expect(await refusal(source.execute(insert, [2]))).toBe(error)
    // 57014: how the server answered the cancel.
    expect(asked).toEqual(['57014', '55P03'])
  })

  it('is given in code only', () => {
    const make = (exceptionOverride: unknown): unknown => world(exceptionOverride as ExceptionOverride)
    expect(() => make('com.example.Override')).toThrow(
      "scripted: exceptionOverride is 'com.example.Override'; it wants a function, which only code can give: no configuration file and no url",
    )
  })
})

function assertFail(): never {
  throw new Error('on purpose')
}
