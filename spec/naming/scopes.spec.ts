import { describe, expect, test } from 'vitest'
import { InitialContext } from '../../src/index.ts'
import { NamingContext } from '../../src/naming/naming-context.ts'
import {
  ContextNotEmptyException,
  NameAlreadyBoundException,
  NameNotFoundException,
  NotContextException,
  OperationNotSupportedException,
  ServiceUnavailableException,
} from '../../src/naming/naming-exception.ts'
import { NamingScope } from '../../src/naming/naming-scope.ts'
import { LinkRef, Reference } from '../../src/naming/reference.ts'
import { FakePool, NamingFixture } from './fake-data-source.ts'

const address = (url = 'sqlite:address.db') => new Reference('DataSource', { url })

function fixture() {
  const made = new NamingFixture()
  made.context.bind('jdbc/main', address())
  made.context.bind('jdbc/alias', new LinkRef('jdbc/main'))
  made.context.bind('mail', 'smtp')
  const { context, namespace, closed } = made
  return { context, namespace, closed, made: made.made, scope: new NamingScope(namespace) }
}

describe('a scope', () => {
  test('has the names around it, as they are at the moment, and shares what they lead to', async () => {
    const { context, scope, made } = fixture()
    expect(await scope.lookup('mail')).toBe('smtp')
    expect(scope.dataSource('java:comp/env/jdbc/main')).toBe(context.dataSource('jdbc/main'))
    expect(scope.dataSource('jdbc/alias')).toBe(context.dataSource('jdbc/main'))
    expect(made).toHaveLength(1)
    context.bind('jdbc/new', 1)
    expect(await scope.lookup('jdbc/new')).toBe(1)
    await context.unbind('jdbc/new')
    await expect(scope.lookup('jdbc/new')).rejects.toThrow(NameNotFoundException)
    await expect(scope.lookup('jdbc/mian')).rejects.toThrow("did you mean 'jdbc/main'?")
    expect(scope.list()).toEqual(context.list())
    expect(scope.list('jdbc')).toEqual(context.list('jdbc'))
  })

  test('hides them by its own, which nobody sees around it', async () => {
    const { context, scope } = fixture()
    scope.bind('mail', 7)
    scope.bind('jdbc/own', 1)
    scope.bind('deep/er', 2)
    expect(await scope.lookup('mail')).toBe(7)
    expect(await context.lookup('mail')).toBe('smtp')
    expect(scope.list()).toEqual([
      { name: 'jdbc', className: 'NamingContext' },
      { name: 'mail', className: 'number' },
      { name: 'deep', className: 'NamingContext' },
    ])
    expect(scope.list('jdbc').map(({ name }) => name)).toEqual(['main', 'alias', 'own'])
    expect(context.list('jdbc').map(({ name }) => name)).toEqual(['main', 'alias'])
    expect(() => scope.bind('mail', 8)).toThrow(NameAlreadyBoundException)
    await scope.unbind('mail')
    expect(await scope.lookup('mail')).toBe('smtp')
  })

  test('links start from it, also those that are bound around it', async () => {
    const { context, scope } = fixture()
    await scope.rebind('jdbc/main', address('sqlite:own.db'))
    expect(await scope.query('jdbc/alias', 'SELECT 1')).toEqual({ url: 'sqlite:own.db' })
    expect(await context.query('jdbc/alias', 'SELECT 1')).toEqual({ url: 'sqlite:address.db' })
  })

  test('a context of it takes changes for itself', async () => {
    const { context, scope } = fixture()
    const jdbc = await scope.lookup('jdbc', NamingContext)
    expect(jdbc).not.toBe(await context.lookup('jdbc'))
    expect(await scope.lookup('jdbc')).toBe(jdbc)
    expect(jdbc.nameInNamespace).toBe('jdbc')
    jdbc.bind('own', 1)
    expect(await scope.lookup('jdbc/own')).toBe(1)
    expect(await jdbc.lookup('main')).toBe(context.dataSource('jdbc/main'))
    await expect(context.lookup('jdbc/own')).rejects.toThrow(NameNotFoundException)
  })

  test('a context goes with the one around it, unless it has names of its own', async () => {
    const { context, scope } = fixture()
    context.createSubcontext('a/b')
    const inner = await scope.lookup('a/b', NamingContext)
    context.destroySubcontext('a/b')
    await expect(scope.lookup('a/b')).rejects.toThrow(NameNotFoundException)
    expect(() => inner.bind('x', 1)).toThrow(NameNotFoundException)
    context.bind('a/b', 'an object now')
    expect(await scope.lookup('a/b')).toBe('an object now')
    context.createSubcontext('c')
    scope.bind('c/x', 1)
    context.destroySubcontext('c')
    expect(await scope.lookup('c/x')).toBe(1)
    await scope.unbind('c/x')
    expect(scope.list().map(({ name }) => name)).toEqual(['jdbc', 'mail', 'a'])
  })

  test('cannot take away what is around it', async () => {
    const { context, scope } = fixture()
    context.createSubcontext('empty')
    for (const change of [
      () => scope.unbind('mail'),
      () => scope.rename('mail', 'post'),
      () => scope.rename('jdbc', 'other'),
      () => scope.destroySubcontext('empty'),
    ]) {
      await expect((async () => change())()).rejects.toThrow('belongs to the context around this scope')
      await expect((async () => change())()).rejects.toThrow(OperationNotSupportedException)
    }
    expect(() => scope.destroySubcontext('jdbc')).toThrow(ContextNotEmptyException)
    expect(() => scope.bind('mail/x', 1)).toThrow(NotContextException)
    await scope.unbind('nothing')
    scope.bind('own', 1)
    scope.rename('own', 'jdbc/own')
    expect(await scope.lookup('jdbc/own')).toBe(1)
    expect(scope.list()).toEqual(context.list())
  })

  test('override is of lookups in it, and not of what the context around it handed out', async () => {
    const { context, scope } = fixture()
    const shared = context.dataSource('jdbc/main')
    const own = new FakePool({ fake: true }, 'own', [])
    {
      using override = scope.override('jdbc/main', own)
      expect(override).toBeDefined()
      expect(await scope.lookup('jdbc/alias')).toBe(own)
      expect(await shared.query('SELECT 1')).toEqual({ url: 'sqlite:address.db' })
      expect(context.dataSource('jdbc/main')).toBe(shared)
    }
    expect(await scope.lookup('jdbc/alias')).toBe(shared)
    using outer = context.override('jdbc/main', own)
    expect(outer).toBeDefined()
    expect(await scope.query('jdbc/main', 'SELECT 1')).toEqual({ fake: true })
  })

  test('of a frozen context is not frozen; frozen itself, it leaves the other free', async () => {
    const { context, scope } = fixture()
    context.freeze()
    scope.bind('jdbc/own', 1)
    expect(await scope.lookup('jdbc/own')).toBe(1)
    const other = fixture()
    other.scope.freeze()
    expect(() => other.scope.bind('jdbc/own', 1)).toThrow(OperationNotSupportedException)
    other.context.bind('jdbc/own', 1)
    expect(await other.scope.lookup('jdbc/own')).toBe(1)
  })

  test('listeners hear of the changes of the one that they were added to', () => {
    const { context, scope } = fixture()
    const heard: string[] = []
    context.addNamingListener('', 'subtree', { objectAdded: () => heard.push('around') })
    scope.addNamingListener('', 'subtree', {
      objectAdded: ({ newBinding }) => heard.push(newBinding!.name),
    })
    scope.bind('jdbc/own', 1)
    context.bind('jdbc/other', 1)
    expect(heard).toEqual(['jdbc/own', 'around'])
  })

  test('uses the factories around it, and its own first', async () => {
    const { namespace } = new NamingFixture([
      { type: 'Outer', getObjectInstance: () => new Map([['from', 'outer']]) },
      { type: 'Both', getObjectInstance: () => new Map([['from', 'outer']]) },
    ])
    const factories = [{ type: 'Both', getObjectInstance: () => new Map([['from', 'scope']]) }]
    const scope = new NamingScope(namespace, { factories })
    scope.bind('a', new Reference('Outer', {}))
    scope.bind('b', new Reference('Both', {}))
    scope.bind('c', new Reference('Outr', {}))
    expect((await scope.lookup('a', Map)).get('from')).toBe('outer')
    expect((await scope.lookup('b', Map)).get('from')).toBe('scope')
    await expect(scope.lookup('c')).rejects.toThrow("did you mean 'Outer'?")
  })
})

describe('the end of a scope', () => {
  test('closes what it made, and nothing else', async () => {
    const { context, scope, closed } = fixture()
    scope.bind('jdbc/one', address())
    scope.bind('jdbc/two', address())
    scope.dataSource('jdbc/one')
    scope.dataSource('jdbc/two')
    scope.dataSource('jdbc/main')
    await Promise.all([scope.close(), scope[Symbol.asyncDispose]()])
    expect(closed).toEqual(['jdbc/two', 'jdbc/one'])
    await expect(scope.lookup('mail')).rejects.toThrow(ServiceUnavailableException)
    expect(() => scope.createScope()).toThrow(ServiceUnavailableException)
    expect(await context.query('jdbc/main', 'SELECT 1')).toEqual({ url: 'sqlite:address.db' })
  })

  test('comes with the context around it, in its turn', async () => {
    const { context, namespace, scope, closed } = fixture()
    context.dataSource('jdbc/main')
    context.bind('jdbc/first', address())
    const inner = scope.createScope()
    inner.bind('jdbc/inner', address())
    inner.dataSource('jdbc/inner')
    scope.bind('jdbc/own', address())
    scope.dataSource('jdbc/own')
    const closing = namespace.close()
    await expect(inner.lookup('mail')).rejects.toThrow(ServiceUnavailableException)
    await closing
    // The scope is older than what was looked up in the context around it.
    expect(closed).toEqual(['jdbc/main', 'jdbc/own', 'jdbc/inner'])
    await expect(scope.lookup('mail')).rejects.toThrow(ServiceUnavailableException)
  })

  test('failures are told to who closed it', async () => {
    const { namespace, scope, made } = fixture()
    scope.bind('x', address())
    scope.dataSource('x')
    made[0]!.closeFailure = new Error('stuck')
    await expect(scope.close()).rejects.toThrow(AggregateError)
    await namespace.close()
  })
})

test('InitialContext.createScope', async () => {
  const context = new InitialContext()
  context.bind('jdbc/x', new Reference('DataSource', { url: 'sqlite::memory:', mode: 'inline' }))
  const scope = context.createScope()
  await scope.rebind('jdbc/x', new Reference('DataSource', { url: 'sqlite::memory:', mode: 'inline' }))
  await scope.query('jdbc/x', 'CREATE TABLE t (n INTEGER)')
  await expect(context.query('jdbc/x', 'SELECT * FROM t')).rejects.toThrow('no such table')
  await context.close()
  await expect(scope.query('jdbc/x', 'SELECT 1')).rejects.toThrow(ServiceUnavailableException)
})
