import { afterEach, assert, beforeEach, describe, expect, test } from 'vitest'
import { DataSource } from '../../src/api/data-source.ts'
import { connectionLost, ScriptedDriver } from '../../src/testing/index.ts'
import { ContextStartError } from '../../src/naming/context-lifecycle.ts'
import { DataSourceObjectFactory } from '../../src/naming/data-source-object-factory.ts'
import { Namespace } from '../../src/naming/namespace.ts'
import { NamingContext } from '../../src/naming/naming-context.ts'
import { ConfigurationException, ServiceUnavailableException } from '../../src/naming/naming-exception.ts'
import { NamingScope } from '../../src/naming/naming-scope.ts'
import { LinkRef, Reference } from '../../src/naming/reference.ts'
import { DriverTable } from '../../src/source/driver-table.ts'
import { createDataSourceWith } from '../../src/source/managed-data-source.ts'
import { PooledDataSource } from '../../src/source/pooled-data-source.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { Watched } from '../pool/world.ts'

let clock: ManualClock
let namespace: Namespace
let context: NamingContext
let address: ScriptedDriver
let ledger: ScriptedDriver

beforeEach(() => {
  clock = new ManualClock()
  address = new ScriptedDriver()
  ledger = new ScriptedDriver()
  const drivers = new DriverTable([])
  const make = new DataSourceObjectFactory((settings, options) =>
    createDataSourceWith(drivers, settings, { ...options, clock, random: () => 0.5 }),
  )
  const slow = {
    type: 'Slow',
    getObjectInstance: async (reference: Reference, name: string) => {
      await Promise.resolve()
      return make.getObjectInstance(reference, name)
    },
  }
  const thing = { type: 'Thing', getObjectInstance: () => ({ thing: true }) }
  namespace = new Namespace([make, slow, thing])
  context = new NamingContext(namespace)
  context.bind('jdbc/address', new Reference('DataSource', { driver: address }))
  context.bind('jdbc/books/ledger', new Reference('Slow', { driver: ledger, minimumIdle: 2 }))
  context.bind('jdbc/link', new LinkRef('jdbc/address'))
  context.bind('thing', new Reference('Thing', {}))
})

afterEach(async () => {
  const closing = namespace.close()
  await clock.advance(60_000)
  await closing
  expect([address.open, ledger.open]).toEqual([0, 0])
  expect(clock.timers()).toBe(0)
})

async function settled<T>(promise: Promise<T>): Promise<Watched<T>> {
  const watched = new Watched(promise)
  await promise.catch(() => undefined)
  return watched
}

describe('start', () => {
  test('connects the data sources of all references, those below and those of slow factories included', async () => {
    await context.start()
    expect([address.open, ledger.open]).toEqual([1, 2])
    await context.start()
    expect([address.opened, ledger.opened]).toEqual([1, 2])
  })

  test('tells all failures together, by name, when all others have started', async () => {
    address.failNext('connect', 'die')
    context.bind('broken', new Reference('DataSource', { driver: 'nonsense' }))
    const { error } = await settled(context.start())
    assert(error instanceof ContextStartError)
    expect(error).toBeInstanceOf(AggregateError)
    expect(error.name).toBe('ContextStartError')
    expect(error.failures.map(({ name }) => name)).toEqual(['jdbc/address', 'broken'])
    expect(error.errors).toEqual(error.failures.map((failure) => failure.error))
    expect(error.failures[0]!.error).toMatchObject({ reason: 'connect-failed' })
    expect(error.message).toMatch(
      /^2 of 4 objects of the context could not be started: 'jdbc\/address': .*; 'broken': .*nonsense/,
    )
    expect(ledger.open).toBe(2)
  })

  test('without failFast leaves what cannot connect to health, not what cannot be made', async () => {
    address.failNext('connect', 'die')
    await context.start({ failFast: false })
    expect(await context.health()).toMatchObject({
      ok: false,
      dataSources: { 'jdbc/address': { ok: false } },
    })
    context.bind('broken', new Reference('Nothing', {}))
    await expect(context.start({ failFast: false })).rejects.toMatchObject({
      failures: [{ name: 'broken', error: expect.any(ConfigurationException) }],
    })
  })

  test('has one deadline for all', async () => {
    address.failNext('connect', 'hang')
    const started = new Watched(context.start({ timeout: '1s' }))
    await clock.advance(1_000)
    expect(started.error).toMatchObject({
      failures: [{ name: 'jdbc/address', error: { sqlState: 'HYT00' } }],
    })
    await clock.advance(20_000)
  })

  test('of a context below starts what is there', async () => {
    await (await context.lookup('jdbc/books', NamingContext)).start()
    expect([address.opened, ledger.opened]).toEqual([0, 2])
  })

  test('leaves alone what the application bound itself', async () => {
    const own = createDataSourceWith(new DriverTable([]), { driver: new ScriptedDriver() }, { clock })
    context.bind('own', own)
    await context.start()
    expect(own.statistics().total).toBe(0)
    await own.close()
  })
})

describe('health', () => {
  test('is of what was looked up, and makes nothing', async () => {
    expect(await context.health()).toEqual({ ok: true, dataSources: {} })
    context.dataSource('jdbc/address')
    const { ok, dataSources } = await context.health()
    expect(ok).toBe(true)
    expect(Object.keys(dataSources)).toEqual(['jdbc/address'])
    expect(dataSources['jdbc/address']).toMatchObject({ ok: true, serverVersion: '1.0' })
    expect(ledger.opened).toBe(0)
  })

  test('is asked of all at the same time, and one that is not ok decides', async () => {
    await context.start()
    ledger.failNext('ping', connectionLost())
    ledger.failNext('ping', connectionLost())
    ledger.failNext('connect', 'hang')
    const asked = new Watched(context.health({ timeout: '2s' }))
    await clock.advance(2_000)
    expect(asked.value).toMatchObject({
      ok: false,
      dataSources: {
        'jdbc/address': { ok: true },
        'jdbc/books/ledger': { ok: false, lastError: { reason: 'timeout' } },
      },
    })
    await clock.advance(20_000)
  })

  test('is that of an override, and of what the application bound itself', async () => {
    const own = createDataSourceWith(new DriverTable([]), { driver: new ScriptedDriver() }, { clock })
    context.bind('own', own)
    using override = context.override('jdbc/address', own)
    expect(override).toBeDefined()
    expect(Object.keys((await context.health()).dataSources)).toEqual(['jdbc/address', 'own'])
    expect(address.opened).toBe(0)
    await own.close()
    expect(await context.health()).toMatchObject({ ok: false, dataSources: { own: { ok: false } } })
  })

  test('in a scope is that of the names around it too', async () => {
    context.dataSource('jdbc/address')
    const scope = new NamingScope(namespace)
    scope.bind('jdbc/own', new Reference('DataSource', { driver: ledger }))
    scope.dataSource('jdbc/own')
    expect(Object.keys((await scope.health()).dataSources)).toEqual(['jdbc/address', 'jdbc/own'])
    expect(Object.keys((await context.health()).dataSources)).toEqual(['jdbc/address'])
  })

  test('rejects when its signal is aborted, for wrong options, and once the context is closed', async () => {
    context.dataSource('jdbc/address')
    await expect(context.health({ signal: AbortSignal.abort() })).rejects.toMatchObject({ sqlState: '57014' })
    await expect(context.health({ timeout: 'soon' as never })).rejects.toMatchObject({ sqlState: 'HY024' })
    await namespace.close()
    await expect(context.health()).rejects.toThrow(ServiceUnavailableException)
    await expect(context.start()).rejects.toThrow(ServiceUnavailableException)
  })

  test('of a data source that was looked up follows its name, and gives no way to start or close it', async () => {
    const source = await context.lookup('jdbc/address', DataSource)
    expect(await source.health()).toMatchObject({ ok: true })
    await context.rebind('jdbc/address', new Reference('DataSource', { driver: ledger }))
    address.failNext('connect', 'die')
    expect(await source.health()).toMatchObject({ ok: true })
    expect('start' in source || 'close' in source).toBe(false)
    expect(source.unwrap(PooledDataSource)).toHaveProperty('start')
    address.clearFailures()
    await context.unbind('jdbc/address')
    await expect(source.health()).rejects.toThrow('no longer is')
  })
})
