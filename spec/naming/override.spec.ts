import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  NameNotFoundException,
  OperationNotSupportedException,
  WrongTypeException,
} from '../../src/naming/naming-exception.ts'
import { LinkRef, Reference } from '../../src/naming/reference.ts'
import { FakePool, NamingFixture } from './fake-data-source.ts'

const address = () => new Reference('DataSource', { url: 'sqlite:address.db' })
class OtherPool extends FakePool {}
const fake = (name: string) => new FakePool({ fake: name }, name, [])

describe('override of a data source from a reference', () => {
  test('leads lookups and what was looked up before elsewhere, until it is undone', async () => {
    const { context, made } = new NamingFixture()
    context.bind('jdbc/address', address())
    const before = context.dataSource('jdbc/address')
    const listener = {}
    before.addConnectionEventListener(listener)
    const own = fake('own')
    {
      using override = context.override('jdbc/address', own)
      expect(override).toBeDefined()
      expect(context.dataSource('jdbc/address')).toBe(before)
      expect(await before.query('SELECT 1')).toEqual({ fake: 'own' })
      expect(before.unwrap(FakePool)).toBe(own)
      expect([...own.listeners]).toEqual([listener])
      expect([...made[0]!.listeners]).toEqual([])
    }
    expect(await before.query('SELECT 1')).toEqual({ url: 'sqlite:address.db' })
    expect([...own.listeners]).toEqual([])
    expect([...made[0]!.listeners]).toEqual([listener])
    expect(made[0]!.closes).toBe(0)
    expect(own.closes).toBe(0)
  })

  test('makes nothing; what was looked up meanwhile leads to the real one afterwards', async () => {
    const { context, made, namespace } = new NamingFixture()
    context.bind('jdbc/address', address())
    const own = fake('own')
    let during
    {
      await using override = context.override('jdbc/address', own)
      expect(override).toBeDefined()
      during = context.dataSource('jdbc/address')
      expect(await context.lookup('jdbc/address')).toBe(during)
      expect(await context.query('jdbc/address', 'SELECT 1')).toEqual({ fake: 'own' })
      expect(made).toEqual([])
    }
    expect(await during.query('SELECT 1')).toEqual({ url: 'sqlite:address.db' })
    expect(context.dataSource('jdbc/address')).toBe(during)
    expect(made).toHaveLength(1)
    await namespace.close()
    expect(own.closes).toBe(0)
    expect(made[0]!.closes).toBe(1)
  })

  test('overrides of one name are undone in any order; the latest that is left counts', async () => {
    const { context } = new NamingFixture()
    context.bind('x', address())
    const source = context.dataSource('x')
    const answers = async () => (await source.query('SELECT 1')) as unknown
    const one = context.override('x', fake('one'))
    const two = context.override('x', fake('two'))
    const three = context.override('x', fake('three'))
    two.undo()
    expect(await answers()).toEqual({ fake: 'three' })
    two.undo()
    three[Symbol.dispose]()
    expect(await answers()).toEqual({ fake: 'one' })
    const four = context.override('x', fake('four'))
    await one[Symbol.asyncDispose]()
    expect(await answers()).toEqual({ fake: 'four' })
    four.undo()
    expect(await answers()).toEqual({ url: 'sqlite:address.db' })
  })

  test('rebind meanwhile is seen when it is undone', async () => {
    const { context, made } = new NamingFixture()
    context.bind('x', address())
    const source = context.dataSource('x')
    const override = context.override('x', fake('own'))
    await context.rebind('x', new Reference('DataSource', { url: 'sqlite:new.db' }))
    expect(await source.query('SELECT 1')).toEqual({ fake: 'own' })
    expect(made[0]!.closes).toBe(1)
    override.undo()
    expect(await source.query('SELECT 1')).toEqual({ url: 'sqlite:new.db' })
  })

  test('rebind of one that was never made, meanwhile, makes nothing', async () => {
    const { context, made } = new NamingFixture()
    context.bind('x', address())
    const override = context.override('x', fake('own'))
    const source = context.dataSource('x')
    await context.rebind('x', new Reference('DataSource', { url: 'sqlite:new.db' }))
    expect(made).toEqual([])
    expect(await source.query('SELECT 1')).toEqual({ fake: 'own' })
    override.undo()
    expect(await source.query('SELECT 1')).toEqual({ url: 'sqlite:new.db' })
    expect(made).toHaveLength(1)
  })

  test('unbind meanwhile takes the name away; bound again it is overridden again', async () => {
    const { context } = new NamingFixture()
    context.bind('x', address())
    const source = context.dataSource('x')
    const override = context.override('x', fake('own'))
    await context.unbind('x')
    await expect(source.query('SELECT 1')).rejects.toThrow(NameNotFoundException)
    await expect(context.lookup('x')).rejects.toThrow(NameNotFoundException)
    context.bind('x', address())
    expect(await context.query('x', 'SELECT 1')).toEqual({ fake: 'own' })
    override.undo()
    expect(await context.query('x', 'SELECT 1')).toEqual({ url: 'sqlite:address.db' })
  })

  test('what was looked up meanwhile makes nothing once the context is closed', async () => {
    const { context, namespace, made } = new NamingFixture()
    context.bind('x', address())
    const override = context.override('x', fake('own'))
    const source = context.dataSource('x')
    override.undo()
    await namespace.close()
    await expect(source.query('SELECT 1')).rejects.toThrow('The context is closed')
    expect(made).toEqual([])
  })

  test('a source that takes time to make cannot serve at once what was looked up meanwhile', async () => {
    const { make } = new NamingFixture()
    const { context } = new NamingFixture([
      { type: 'Remote', getObjectInstance: (_, name) => sleep(1).then(() => make({}, { name })) },
    ])
    context.bind('x', new Reference('Remote', {}))
    const override = context.override('x', fake('own'))
    const source = context.dataSource('x')
    override.undo()
    await expect(source.query('SELECT 1')).rejects.toThrow('look it up again')
    expect(await context.lookup('x')).toBe(source)
    expect(await source.query('SELECT 1')).toEqual({})
  })
})

describe('override of other things', () => {
  test('an object of the application, and a link: of lookups only', async () => {
    const { context } = new NamingFixture()
    const real = fake('real')
    const own = fake('own')
    context.bind('x', real)
    context.bind('link', new LinkRef('x'))
    const overrides = [context.override('x', own), context.override('link', fake('of the link'))]
    expect(await context.lookup('x')).toBe(own)
    expect(await context.query('link', 'SELECT 1')).toEqual({ fake: 'of the link' })
    expect(await context.lookupLink('link')).toMatchObject({ settings: { fake: 'of the link' } })
    expect(await real.query()).toEqual({ fake: 'real' })
    for (const override of overrides) override.undo()
    expect(await context.lookup('x')).toBe(real)
    expect(await context.lookup('link')).toBe(real)
    expect(await context.lookupLink('link')).toBeInstanceOf(LinkRef)
  })

  test('what is refused', () => {
    const { context } = new NamingFixture()
    context.bind('jdbc/address', address())
    expect(() => context.override('jdbc/adress', fake('own'))).toThrow("did you mean 'jdbc/address'?")
    expect(() => context.override('jdbc', fake('own'))).toThrow(OperationNotSupportedException)
    expect(() => context.override('jdbc/address', {} as never)).toThrow(WrongTypeException)
    const source = context.dataSource('jdbc/address')
    expect(() => context.override('jdbc/address', source)).toThrow(OperationNotSupportedException)
    context.bind('jdbc/other', address())
    const other = context.dataSource('jdbc/other')
    const override = context.override('jdbc/other', source)
    expect(() => context.override('jdbc/address', other)).toThrow(OperationNotSupportedException)
    expect(() => context.rename('jdbc/other', 'x')).toThrow('undo that first')
    override.undo()
    context.rename('jdbc/other', 'x')
    expect(other.name).toBe('x')
  })
})

test('is told as a change, and so is its end; one beneath another changes nothing', () => {
  const { context } = new NamingFixture()
  context.bind('x', fake('real'))
  context.bind('y', address())
  const heard: string[] = []
  context.addNamingListener('', 'one-level', {
    objectChanged: ({ oldBinding, newBinding }) =>
      heard.push(`${newBinding?.name} ${oldBinding?.className} ${newBinding?.className}`),
  })
  const one = context.override('x', new OtherPool({}, 'other', []))
  const two = context.override('x', fake('own'))
  one.undo()
  two.undo()
  two.undo()
  context.override('y', fake('own')).undo()
  expect(heard).toEqual([
    'x FakePool OtherPool',
    'x OtherPool FakePool',
    'x FakePool FakePool',
    'y DataSource DataSource',
    'y DataSource DataSource',
  ])
})
