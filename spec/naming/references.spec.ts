import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { DataSource } from '../../src/api/data-source.ts'
import { NamedDataSource } from '../../src/naming/named-data-source.ts'
import {
  ConfigurationException,
  NameNotFoundException,
  NamingException,
  OperationNotSupportedException,
} from '../../src/naming/naming-exception.ts'
import { LinkRef, Reference, type ObjectFactory } from '../../src/naming/reference.ts'
import { FakePool, NamingFixture } from './fake-data-source.ts'

const address = () => new Reference('DataSource', { url: 'sqlite:address.db', password: 'geheim' })

describe('a data source from a reference', () => {
  test('is made at the first lookup, once, with its name and settings', async () => {
    const { context, made } = new NamingFixture()
    context.bind('jdbc/address', address())
    expect(made).toEqual([])
    const found = await context.lookup('jdbc/address', DataSource)
    expect(found).toBe(context.dataSource('java:comp/env/jdbc/address'))
    expect(made).toHaveLength(1)
    expect(made[0]!.name).toBe('jdbc/address')
    expect(made[0]!.settings).toEqual({ url: 'sqlite:address.db', password: 'geheim' })
    expect(made[0]!.calls).toEqual([])
  })

  test('100 lookups at a time make it once', async () => {
    const { context, made } = new NamingFixture()
    context.bind('jdbc/address', address())
    const found = await Promise.all(Array.from({ length: 100 }, () => context.lookup('jdbc/address')))
    expect(new Set(found).size).toBe(1)
    expect(made).toHaveLength(1)
  })

  test('two names for one source give the same source; two references are two', async () => {
    const { context, made } = new NamingFixture()
    const reference = address()
    context.bind('jdbc/main', reference)
    context.bind('jdbc/alias', new LinkRef('jdbc/main'))
    context.bind('jdbc/other', reference)
    expect(context.dataSource('jdbc/alias')).toBe(context.dataSource('jdbc/main'))
    expect(context.dataSource('jdbc/alias').name).toBe('jdbc/main')
    expect(context.dataSource('jdbc/other')).not.toBe(context.dataSource('jdbc/main'))
    expect(made.map(({ name }) => name)).toEqual(['jdbc/main', 'jdbc/other'])
  })

  test('a failing creation is told and tried again', async () => {
    const { context, made, failures } = new NamingFixture()
    context.bind('jdbc/address', address())
    const cause = new Error('no driver')
    failures.push(cause, cause)
    const error = await context.lookup('jdbc/address').catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(NamingException)
    expect(error).toMatchObject({
      message: "'jdbc/address' cannot be made: no driver",
      cause,
      rootCause: cause,
    })
    expect(() => context.dataSource('jdbc/address')).toThrow('no driver')
    expect(context.dataSource('jdbc/address')).toBeInstanceOf(DataSource)
    expect(made).toHaveLength(1)
  })

  test('has no close, and no way to the pool but unwrap', () => {
    const { context, made } = new NamingFixture()
    context.bind('jdbc/address', address())
    const source = context.dataSource('jdbc/address')
    expect(source).toBeInstanceOf(NamedDataSource)
    expect('close' in source).toBe(false)
    expect(Symbol.asyncDispose in source).toBe(false)
    expect(Object.values(source)).toEqual(['jdbc/address'])
    expect(source.isWrapperFor(FakePool)).toBe(true)
    expect(source.unwrap(FakePool)).toBe(made[0])
    expect(source.isWrapperFor(Map)).toBe(false)
    expect(() => source.unwrap(Map)).toThrow('no Map here')
  })

  test('passes every call on as it came', async () => {
    const { context, made } = new NamingFixture()
    context.bind('jdbc/address', address())
    const source = context.dataSource('jdbc/address')
    const work = () => Promise.resolve(1)
    await source.getConnection({ timeout: '1s' })
    await source.withConnection(work)
    await source.withConnection({ readOnly: true }, work)
    await source.transaction(work)
    await source.transaction({ retries: 2 }, work)
    await source.query('SELECT ?', [1], { rowMode: 'array' })
    await source.execute('DELETE')
    await source.batch('INSERT', [[1]], { timeout: 5 })
    source.stream('SELECT', [], { fetchSize: 5 })
    await context.query('jdbc/address', 'SELECT 2', [2], { timeout: 1 })
    expect(made[0]!.calls).toEqual([
      ['getConnection', { timeout: '1s' }],
      ['withConnection', work],
      ['withConnection', { readOnly: true }, work],
      ['transaction', work],
      ['transaction', { retries: 2 }, work],
      ['query', 'SELECT ?', [1], { rowMode: 'array' }],
      ['execute', 'DELETE', undefined, undefined],
      ['batch', 'INSERT', [[1]], { timeout: 5 }],
      ['stream', 'SELECT', [], { fetchSize: 5 }],
      ['query', 'SELECT 2', [2], { timeout: 1 }],
    ])
    await expect(context.query('jdbc/nothing', 'SELECT 1')).rejects.toThrow(NameNotFoundException)
  })

  test('shows no setting, however it is printed', () => {
    const { context } = new NamingFixture()
    const reference = address()
    context.bind('jdbc/address', reference)
    const source = context.dataSource('jdbc/address')
    for (const thing of [context, source, reference, context.list('jdbc')]) {
      for (const text of [inspect(thing, { depth: 10, showHidden: true }), JSON.stringify(thing)]) {
        expect(text).not.toContain('geheim')
      }
    }
  })
})

describe('rebind of a data source', () => {
  test('leads what was looked up before to the new one, with its listeners, and closes the old one', async () => {
    const { context, made, closed } = new NamingFixture()
    context.bind('jdbc/address', address())
    const source = context.dataSource('jdbc/address')
    const listener = {}
    const removed = {}
    source.addConnectionEventListener(listener)
    source.addConnectionEventListener(listener)
    source.addConnectionEventListener(removed)
    source.removeConnectionEventListener(removed)
    const done = context.rebind('jdbc/address', new Reference('DataSource', { url: 'sqlite:new.db' }))
    expect(context.dataSource('jdbc/address')).toBe(source)
    expect(await source.query('SELECT 1')).toEqual({ url: 'sqlite:new.db' })
    await done
    expect(closed).toEqual(['jdbc/address'])
    expect([...made[0]!.listeners]).toEqual([])
    expect([...made[1]!.listeners]).toEqual([listener])
  })

  test('that cannot be made leaves the old one in place', async () => {
    const { context, made, failures } = new NamingFixture()
    context.bind('jdbc/address', address())
    const source = context.dataSource('jdbc/address')
    failures.push(new Error('no driver'))
    const other = new Reference('DataSource', { url: 'sqlite:new.db' })
    await expect(context.rebind('jdbc/address', other)).rejects.toThrow('no driver')
    expect(context.dataSource('jdbc/address')).toBe(source)
    expect(source.unwrap(FakePool)).toBe(made[0])
    expect(made[0]!.closes).toBe(0)
  })

  test('to what it leads to already is refused, over however many names', async () => {
    const { context, made, namespace } = new NamingFixture()
    context.bind('a', address())
    context.bind('b', address())
    const [a, b] = [context.dataSource('a'), context.dataSource('b')]
    for (const same of [a, made[0]]) {
      await expect(context.rebind('a', same)).rejects.toThrow("'a' leads to this data source already")
    }
    await context.rebind('b', a)
    await expect(context.rebind('a', b)).rejects.toThrow(OperationNotSupportedException)
    expect(await b.query('SELECT 1')).toBe(made[0]!.settings)
    await namespace.close()
    expect(made.map((pool) => pool.closes)).toEqual([1, 1])
  })

  test('that nobody has looked up makes nothing', async () => {
    const { context, made } = new NamingFixture()
    context.bind('jdbc/address', address())
    await context.rebind('jdbc/address', address())
    expect(made).toEqual([])
  })

  test('to an object of the application leads there, and no longer closes', async () => {
    const { context, namespace, made } = new NamingFixture()
    context.bind('jdbc/address', address())
    const source = context.dataSource('jdbc/address')
    const own = new FakePool({ own: true }, 'own', [])
    await context.rebind('jdbc/address', own)
    expect(await context.lookup('jdbc/address')).toBe(own)
    expect(await source.query('SELECT 1')).toEqual({ own: true })
    await context.rebind('jdbc/address', 'text')
    await namespace.close()
    expect(made[0]!.closes).toBe(1)
    expect(own.closes).toBe(0)
  })

  test('after unbind what was looked up before says that the name is gone', async () => {
    const { context, made } = new NamingFixture()
    context.bind('jdbc/address', address())
    const source = context.dataSource('jdbc/address')
    await context.unbind('jdbc/address')
    expect(made[0]!.closes).toBe(1)
    await expect(source.getConnection()).rejects.toThrow(NameNotFoundException)
    await expect(source.withConnection(() => Promise.resolve())).rejects.toThrow(NameNotFoundException)
    await expect(source.transaction(() => Promise.resolve())).rejects.toThrow(NameNotFoundException)
    await expect(source.query('SELECT 1')).rejects.toThrow(NameNotFoundException)
    expect(() => source.stream('SELECT 1')).toThrow(NameNotFoundException)
    expect(source.isWrapperFor(FakePool)).toBe(false)
    expect(() => source.unwrap(FakePool)).toThrow(NameNotFoundException)
  })
})

/** Makes plain objects, slowly, as long as it is let. */
class SlowFactory implements ObjectFactory {
  readonly type = 'Cache'
  made = 0
  failure: Error | undefined
  readonly disposed: unknown[] = []

  async getObjectInstance(reference: Reference, name: string): Promise<object> {
    this.made++
    await sleep(5)
    if (this.failure !== undefined) throw this.failure
    const { disposed } = this
    const object = { ...reference.properties(), name }
    return Object.assign(object, { [Symbol.dispose]: () => disposed.push(name) })
  }
}

describe('factories of the application', () => {
  test('that take time are asked once, and again after a failure', async () => {
    const factory = new SlowFactory()
    const { context } = new NamingFixture([factory])
    context.bind('cache/main', new Reference('Cache', { size: 5 }))
    factory.failure = new Error('too large')
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => context.lookup('cache/main')))
    expect(factory.made).toBe(1)
    expect(new Set(outcomes.map((outcome) => outcome.status))).toEqual(new Set(['rejected']))
    factory.failure = undefined
    const found = await Promise.all(Array.from({ length: 100 }, () => context.lookup('cache/main')))
    expect(factory.made).toBe(2)
    expect(new Set(found).size).toBe(1)
    expect(found[0]).toMatchObject({ size: 5, name: 'cache/main' })
  })

  test('that take time cannot serve dataSource(name) at once', async () => {
    const { make } = new NamingFixture()
    const { context } = new NamingFixture([
      {
        type: 'Remote',
        getObjectInstance: (reference, name) => sleep(1).then(() => make(reference.properties(), { name })),
      },
    ])
    context.bind('jdbc/remote', new Reference('Remote', {}))
    expect(() => context.dataSource('jdbc/remote')).toThrow(OperationNotSupportedException)
    const source = await context.lookup('jdbc/remote', DataSource)
    expect(context.dataSource('jdbc/remote')).toBe(source)
    const done = context.rebind('jdbc/remote', new Reference('Remote', { second: true }))
    expect(await source.query('SELECT 1')).toEqual({})
    await done
    expect(await source.query('SELECT 1')).toEqual({ second: true })
  })

  test('that take time race for a name: who is in place first wins, the others are closed', async () => {
    const { make, made } = new NamingFixture()
    const { context, namespace } = new NamingFixture([
      {
        type: 'Remote',
        getObjectInstance: (reference, name) =>
          sleep(Number(reference.properties()['takes'])).then(() => make(reference.properties(), { name })),
      },
    ])
    const remote = (takes: number) => new Reference('Remote', { takes })
    context.bind('x', remote(1))
    const source = await context.lookup('x', DataSource)
    const outcomes = await Promise.allSettled([
      context.rebind('x', remote(30)),
      context.rebind('x', remote(10)),
      context.rebind('x', remote(20)),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected'])
    expect(outcomes[0]).toMatchObject({ reason: { message: expect.stringContaining('was bound anew') } })
    expect(await source.query('SELECT 1')).toEqual({ takes: 10 })
    const late = context.rebind('x', remote(15))
    const unbound = context.unbind('x')
    await expect(late).rejects.toThrow('was bound anew, or unbound')
    await unbound
    await expect(context.lookup('x')).rejects.toThrow(NameNotFoundException)
    expect(made.map(({ closes }) => closes)).toEqual([1, 1, 1, 1, 1])
    await namespace.close()
  })

  test('a type that no factory makes is named, with the nearest', async () => {
    const { context } = new NamingFixture()
    context.bind('x', new Reference('Datasource', {}))
    await expect(context.lookup('x')).rejects.toThrow(ConfigurationException)
    await expect(context.lookup('x')).rejects.toThrow(
      "'x' is a reference of type 'Datasource', which no factory makes; did you mean 'DataSource'?",
    )
  })

  test.each([null, undefined, 7])('%s instead of an object is an error', async (nothing) => {
    const { context } = new NamingFixture([{ type: 'None', getObjectInstance: () => nothing as never }])
    context.bind('x', new Reference('None', {}))
    await expect(context.lookup('x')).rejects.toThrow('the factory returned no object')
  })

  test('a factory that looks itself up is stopped', async () => {
    const fixture: NamingFixture = new NamingFixture([
      { type: 'Self', getObjectInstance: () => fixture.context.dataSource('x') },
    ])
    fixture.context.bind('x', new Reference('Self', {}))
    await expect(fixture.context.lookup('x')).rejects.toThrow('its factory looks itself up')
  })

  test('unbound while being made: closed as soon as it is there', async () => {
    const factory = new SlowFactory()
    const { context } = new NamingFixture([factory])
    context.bind('cache/main', new Reference('Cache', {}))
    const lookup = context.lookup('cache/main').catch((reason: unknown) => reason)
    const unbound = context.unbind('cache/main')
    expect(await lookup).toBeInstanceOf(NameNotFoundException)
    await unbound
    expect(factory.disposed).toEqual(['cache/main'])
  })
})

describe('closing', () => {
  test('what the context made is closed in reverse order, once', async () => {
    const factory = new SlowFactory()
    const { context, namespace, closed } = new NamingFixture([factory])
    for (const name of ['a', 'b', 'c', 'unused']) context.bind(name, address())
    context.bind('cache', new Reference('Cache', {}))
    context.dataSource('b')
    context.dataSource('c')
    context.dataSource('a')
    await context.unbind('c')
    void context.lookup('cache')
    await Promise.all([namespace.close(), namespace.close()])
    expect(closed).toEqual(['c', 'a', 'b'])
    expect(factory.disposed).toEqual(['cache'])
  })

  test('failures are collected, and stop nothing', async () => {
    const { context, namespace, made, closed } = new NamingFixture()
    for (const name of ['a', 'b', 'c']) {
      context.bind(name, address())
      context.dataSource(name)
    }
    made[0]!.closeFailure = new Error('first')
    made[2]!.closeFailure = new Error('third')
    const error = await namespace.close().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(AggregateError)
    expect(error).toMatchObject({
      message:
        "2 of 3 objects of the context could not be closed: 'c' could not be closed: third; 'a' could not be closed: first",
      errors: [
        { name: 'NamingException', cause: made[2]!.closeFailure },
        { name: 'NamingException', cause: made[0]!.closeFailure },
      ],
    })
    expect(closed).toEqual(['c', 'b', 'a'])
  })

  test('a failure at unbind reaches who unbound', async () => {
    const { context, namespace, made } = new NamingFixture()
    context.bind('a', address())
    context.dataSource('a')
    made[0]!.closeFailure = new Error('stuck')
    await expect(context.unbind('a')).rejects.toThrow("'a' could not be closed: stuck")
    await namespace.close()
    expect(made[0]!.closes).toBe(1)
  })
})
