import { describe, expect, test } from 'vitest'
import { DataSource } from '../../src/api/data-source.ts'
import { NamingContext } from '../../src/naming/naming-context.ts'
import {
  ContextNotEmptyException,
  InvalidNameException,
  NameAlreadyBoundException,
  NameNotFoundException,
  NotContextException,
  OperationNotSupportedException,
  WrongTypeException,
} from '../../src/naming/naming-exception.ts'
import { LinkRef, Reference } from '../../src/naming/reference.ts'
import { NamingFixture } from './fake-data-source.ts'

const address = () => new Reference('DataSource', { url: 'sqlite:address.db' })
const names = (context: NamingContext, name?: string) => context.list(name).map((pair) => pair.name)

describe('createSubcontext', () => {
  test('makes an empty context under a free name', async () => {
    const { context } = new NamingFixture()
    const inner = context.createSubcontext('a/b')
    expect(inner).toBeInstanceOf(NamingContext)
    expect(inner.nameInNamespace).toBe('a/b')
    expect(inner.list()).toEqual([])
    expect(await context.lookup('a/b')).toBe(inner)
    inner.bind('c', 1)
    expect(await context.lookup('a/b/c')).toBe(1)
    const deeper = inner.createSubcontext('java:comp/env/x')
    expect(deeper.nameInNamespace).toBe('x')
  })

  test('refuses a taken name, and makes nothing then', () => {
    const { context } = new NamingFixture()
    context.bind('a', 1)
    context.createSubcontext('b')
    for (const name of ['a', 'b']) {
      expect(() => context.createSubcontext(name)).toThrow(NameAlreadyBoundException)
    }
    expect(() => context.createSubcontext('a/b')).toThrow(NotContextException)
    expect(() => context.createSubcontext('x/y', { createParents: false })).toThrow(NameNotFoundException)
    expect(() => context.createSubcontext('')).toThrow(InvalidNameException)
    expect(names(context)).toEqual(['a', 'b'])
  })
})

describe('destroySubcontext', () => {
  test('removes an empty context, and is idempotent, but not on the way', async () => {
    const { context } = new NamingFixture()
    context.createSubcontext('a/b')
    context.destroySubcontext('a/b')
    context.destroySubcontext('a/b')
    expect(context.list('a')).toEqual([])
    context.destroySubcontext('a')
    await expect(context.lookup('a')).rejects.toThrow(NameNotFoundException)
    expect(() => context.destroySubcontext('a/b')).toThrow(NameNotFoundException)
    expect(() => context.destroySubcontext('')).toThrow(InvalidNameException)
  })

  test('refuses one that is not empty, and what is no context', async () => {
    const { context } = new NamingFixture()
    context.bind('a/b', 1)
    context.bind('link', new LinkRef('a'))
    expect(() => context.destroySubcontext('a')).toThrow(ContextNotEmptyException)
    expect(() => context.destroySubcontext('a')).toThrow("'a' has a name in it")
    context.bind('a/c', 1)
    expect(() => context.destroySubcontext('a')).toThrow("'a' has 2 names in it")
    expect(() => context.destroySubcontext('a/b')).toThrow(NotContextException)
    expect(() => context.destroySubcontext('link')).toThrow(NotContextException)
    expect(await context.lookup('link/b')).toBe(1)
  })

  test('leaves those who still have it with a context that refuses', async () => {
    const { context } = new NamingFixture()
    const inner = context.createSubcontext('a/b')
    context.destroySubcontext('a/b')
    expect(() => inner.bind('c', 1)).toThrow("The context 'a/b' was destroyed")
    await expect(inner.lookup('c')).rejects.toThrow(NameNotFoundException)
    context.createSubcontext('a/b')
    expect(() => inner.list()).toThrow(NameNotFoundException)
    expect(inner.list('java:comp/env/a')).toEqual([{ name: 'b', className: 'NamingContext' }])
  })
})

describe('rename', () => {
  test('moves an object, a link, and what no lookup has made', async () => {
    const { context, made } = new NamingFixture()
    context.bind('a/object', 1)
    context.bind('a/link', new LinkRef('b/object'))
    context.bind('a/pool', address())
    context.rename('a/object', 'b/object')
    context.rename('a/link', 'link')
    context.rename('a/pool', 'b/pool')
    expect(await context.lookup('link')).toBe(1)
    expect(context.list('a')).toEqual([])
    expect(made).toEqual([])
    expect(context.dataSource('b/pool').name).toBe('b/pool')
    expect(made[0]!.name).toBe('b/pool')
  })

  test('takes data sources along that were looked up before, and their pool', async () => {
    const { context, made } = new NamingFixture()
    context.bind('jdbc/old', address())
    const source = context.dataSource('jdbc/old')
    context.rename('jdbc/old', 'jdbc/new')
    expect(context.dataSource('jdbc/new')).toBe(source)
    expect(source.name).toBe('jdbc/new')
    expect(made).toHaveLength(1)
    await context.rebind('jdbc/new', new Reference('DataSource', { url: 'sqlite:other.db' }))
    expect(await source.query('SELECT 1')).toEqual({ url: 'sqlite:other.db' })
    context.bind('jdbc/old', address())
    expect(context.dataSource('jdbc/old')).not.toBe(source)
  })

  test('moves a context with everything in it', async () => {
    const { context } = new NamingFixture()
    context.bind('a/b/jdbc/x', address())
    const source = context.dataSource('a/b/jdbc/x')
    const inner = await context.lookup('a/b', NamingContext)
    context.rename('a/b', 'c/d')
    expect(inner.nameInNamespace).toBe('c/d')
    expect(context.dataSource('c/d/jdbc/x')).toBe(source)
    expect(source.name).toBe('c/d/jdbc/x')
    expect(context.list('a')).toEqual([])
    inner.bind('y', 1)
    expect(await context.lookup('c/d/y')).toBe(1)
  })

  test('refuses a taken name, a missing one, and a context within itself', async () => {
    const { context } = new NamingFixture()
    context.bind('a/b', 1)
    context.bind('c', 2)
    expect(() => context.rename('c', 'a/b')).toThrow(NameAlreadyBoundException)
    expect(() => context.rename('c', 'a')).toThrow(NameAlreadyBoundException)
    expect(() => context.rename('c', 'c')).toThrow(NameAlreadyBoundException)
    expect(() => context.rename('nothing', 'd')).toThrow(NameNotFoundException)
    expect(() => context.rename('a', 'a/x/y')).toThrow(OperationNotSupportedException)
    expect(() => context.rename('c', 'x/y', { createParents: false })).toThrow(NameNotFoundException)
    expect(() => context.rename('', 'x')).toThrow(InvalidNameException)
    expect(() => context.rename('c', '')).toThrow(InvalidNameException)
    expect(names(context)).toEqual(['a', 'c'])
    expect(names(context, 'a')).toEqual(['b'])
    expect(await context.lookup('c')).toBe(2)
  })
})

describe('lookupLink', () => {
  test('gives the last link itself, and follows those before', async () => {
    const { context } = new NamingFixture()
    const link = new LinkRef('real/x')
    context.bind('real/x', 1)
    context.bind('real/y', link)
    context.bind('alias', new LinkRef('real'))
    expect(await context.lookupLink('alias/y')).toBe(link)
    expect(await context.lookup('alias/y')).toBe(1)
    expect(await context.lookupLink('alias')).toEqual(new LinkRef('real'))
    expect(await context.lookupLink('real/x')).toBe(1)
    expect(await context.lookupLink('')).toBe(context)
    await expect(context.lookupLink('real/z')).rejects.toThrow(NameNotFoundException)
  })

  test('tells a circle that lookup refuses', async () => {
    const { context } = new NamingFixture()
    context.bind('a', new LinkRef('b'))
    context.bind('b', new LinkRef('a'))
    expect(await context.lookupLink('a')).toMatchObject({ linkName: 'b' })
  })
})

describe('listBindings', () => {
  test('makes nothing until somebody asks for an object', async () => {
    const { context, made } = new NamingFixture()
    context.bind('jdbc/one', address())
    context.bind('jdbc/two', address())
    context.bind('jdbc/alias', new LinkRef('jdbc/two'))
    context.bind('jdbc/a\\/b', null)
    const bindings = context.listBindings('jdbc')
    expect(bindings.map(({ name, className }) => ({ name, className }))).toEqual(context.list('jdbc'))
    JSON.stringify(bindings)
    expect(made).toEqual([])
    expect(await bindings[1]!.getObject(DataSource)).toBe(context.dataSource('jdbc/two'))
    expect(await bindings[2]!.getObject()).toBe(context.dataSource('jdbc/two'))
    expect(made.map(({ name }) => name)).toEqual(['jdbc/two'])
    expect(await bindings[3]!.getObject()).toBeNull()
    await expect(bindings[3]!.getObject(DataSource)).rejects.toThrow(WrongTypeException)
    await context.unbind('jdbc/one')
    await expect(bindings[0]!.getObject()).rejects.toThrow(NameNotFoundException)
  })

  test('of what is no context is refused', () => {
    const { context } = new NamingFixture()
    context.bind('a', 1)
    expect(() => context.listBindings('a')).toThrow(NotContextException)
    expect(() => context.listBindings('b')).toThrow(NameNotFoundException)
    expect(context.createSubcontext('c').listBindings()).toEqual([])
  })
})
