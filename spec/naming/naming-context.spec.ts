import { describe, expect, test } from 'vitest'
import { DataSource } from '../../src/api/data-source.ts'
import { CompositeName } from '../../src/naming/composite-name.ts'
import { NamingContext } from '../../src/naming/naming-context.ts'
import {
  InvalidNameException,
  LinkLoopException,
  NameAlreadyBoundException,
  NameNotFoundException,
  NamingException,
  NotContextException,
  OperationNotSupportedException,
  ServiceUnavailableException,
  WrongTypeException,
} from '../../src/naming/naming-exception.ts'
import { LinkRef, Reference } from '../../src/naming/reference.ts'
import { NamingFixture } from './fake-data-source.ts'

class Mailer {
  readonly host = 'localhost'
}

describe('bind and lookup', () => {
  test('an object comes back as it is, by every spelling of its name', async () => {
    const { context } = new NamingFixture()
    const mailer = new Mailer()
    context.bind('mail/main', mailer)
    expect(await context.lookup('mail/main')).toBe(mailer)
    expect(await context.lookup('java:comp/env/mail/main', Mailer)).toBe(mailer)
    expect(await context.lookup(CompositeName.of('mail', 'main'), Mailer)).toBe(mailer)
    expect(await context.lookup("mail/'main'")).toBe(mailer)
    expect((await context.lookup('mail/main', Mailer)).host).toBe('localhost')
  })

  test('a taken name is refused, and keeps its object', async () => {
    const { context } = new NamingFixture()
    context.bind('a/b', 1)
    expect(() => context.bind('a/b', 2)).toThrow(NameAlreadyBoundException)
    expect(() => context.bind('a', 2)).toThrow(NameAlreadyBoundException)
    expect(await context.lookup('a/b')).toBe(1)
  })

  test('null is a value, undefined is a mistake', async () => {
    const { context } = new NamingFixture()
    context.bind('nothing', null)
    expect(await context.lookup('nothing')).toBeNull()
    expect(() => context.bind('x', undefined)).toThrow(NamingException)
    expect(() => context.bind('y/z', undefined)).toThrow("'y/z' cannot be bound to undefined")
    expect(context.list().map(({ name }) => name)).toEqual(['nothing'])
  })

  test('without createParents the contexts on the way must exist, as in JNDI', () => {
    const { context } = new NamingFixture()
    expect(() => context.bind('a/b', 1, { createParents: false })).toThrow(NameNotFoundException)
    expect(context.list()).toEqual([])
  })

  test.each(['', 'java:comp/env', '/a', 'a/', 'a//b', 'java:comp/a', '"a'])(
    'the name %j cannot be bound',
    (name) => {
      const { context } = new NamingFixture()
      expect(() => context.bind(name, 1)).toThrow(InvalidNameException)
      expect(context.list()).toEqual([])
    },
  )

  test('the names of JavaScript objects are names like others', async () => {
    const { context } = new NamingFixture()
    for (const name of ['__proto__', 'constructor', 'toString', 'a/__proto__/b']) {
      await expect(context.lookup(name)).rejects.toThrow(NameNotFoundException)
      context.bind(name, name)
      expect(await context.lookup(name)).toBe(name)
    }
    expect(({} as { b?: unknown }).b).toBeUndefined()
  })

  test('what is missing is named, with what was found and the nearest name', async () => {
    const { context } = new NamingFixture()
    context.bind('jdbc/address', 1)
    const error = await context.lookup('jdbc/adress').catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(NameNotFoundException)
    expect(error).toMatchObject({
      name: 'NameNotFoundException',
      message: "'jdbc/adress' is not bound; did you mean 'jdbc/address'?",
      explanation: "'jdbc/adress' is not bound; did you mean 'jdbc/address'?",
      resolvedName: CompositeName.of('jdbc'),
      remainingName: CompositeName.of('adress'),
    })
    await expect(context.lookup('jms/queue/x')).rejects.toMatchObject({
      resolvedName: CompositeName.of(),
      remainingName: CompositeName.of('jms', 'queue', 'x'),
    })
  })

  test('a name does not go on behind an object, nor makes a reference to find out', async () => {
    const { context, made } = new NamingFixture()
    context.bind('a/b', 1)
    context.bind('a/pool', new Reference('DataSource', {}))
    await expect(context.lookup('a/b/c/d')).rejects.toMatchObject({
      name: 'NotContextException',
      message: "'a/b' is not a context, so there is no 'c/d' in it",
      resolvedName: CompositeName.of('a', 'b'),
      remainingName: CompositeName.of('c', 'd'),
    })
    expect(() => context.bind('a/pool/x', 1)).toThrow(NotContextException)
    expect(made).toEqual([])
  })

  test('the wrong class is refused', async () => {
    const { context } = new NamingFixture()
    context.bind('a/map', new Map())
    context.bind('a/null', null)
    await expect(context.lookup('a/map', DataSource)).rejects.toThrow(WrongTypeException)
    await expect(context.lookup('a/map', Mailer)).rejects.toThrow("'a/map' is a Map, not a Mailer")
    await expect(context.lookup('a/null', Mailer)).rejects.toThrow("'a/null' is null, not a Mailer")
    expect(() => context.dataSource('a/map')).toThrow("'a/map' is a Map, not a DataSource")
    expect(() => context.dataSource('a')).toThrow("'a' is a NamingContext, not a DataSource")
  })
})

describe('contexts within contexts', () => {
  test('a part of a name leads to a context', async () => {
    const { context } = new NamingFixture()
    context.bind('a/b/c', 1)
    const inner = await context.lookup('a/b', NamingContext)
    expect(inner.nameInNamespace).toBe('a/b')
    expect(await inner.lookup('c')).toBe(1)
    expect(await inner.lookup('')).toBe(inner)
    expect(await inner.lookup('java:comp/env/a/b/c')).toBe(1)
    inner.bind('d', 2)
    expect(await context.lookup('a/b/d')).toBe(2)
  })

  test('list tells names and classes of one context, and makes nothing', () => {
    const { context, made } = new NamingFixture()
    context.bind('jdbc/address', new Reference('DataSource', { password: 'geheim' }))
    context.bind('jdbc/ledger', new LinkRef('jdbc/address'))
    context.bind('jdbc/deep/er', 1)
    context.bind('mail', new Mailer())
    context.bind('a\\/b', Object.create(null))
    expect(context.list()).toEqual([
      { name: 'jdbc', className: 'NamingContext' },
      { name: 'mail', className: 'Mailer' },
      { name: 'a\\/b', className: 'Object' },
    ])
    expect(context.list('java:comp/env/jdbc')).toEqual([
      { name: 'address', className: 'DataSource' },
      { name: 'ledger', className: 'LinkRef' },
      { name: 'deep', className: 'NamingContext' },
    ])
    expect(() => context.list('mail')).toThrow(NotContextException)
    expect(() => context.list('jdbc/address')).toThrow(NotContextException)
    expect(() => context.list('nowhere')).toThrow(NameNotFoundException)
    expect(made).toEqual([])
  })

  test('contexts are not removed by unbind or rebind', async () => {
    const { context } = new NamingFixture()
    context.bind('a/b', 1)
    await expect(context.unbind('a')).rejects.toThrow(OperationNotSupportedException)
    await expect(context.rebind('a', 1)).rejects.toThrow(OperationNotSupportedException)
    expect(await context.lookup('a/b')).toBe(1)
  })
})

describe('links', () => {
  test('lead to whatever the other name means by now', async () => {
    const { context } = new NamingFixture()
    context.bind('b', new LinkRef('java:comp/env/a/x'))
    await expect(context.lookup('b')).rejects.toThrow(NameNotFoundException)
    context.bind('a/x', 1)
    expect(await context.lookup('b')).toBe(1)
    await context.rebind('a/x', 2)
    expect(await context.lookup('b')).toBe(2)
  })

  test('are followed on the way, from the initial context', async () => {
    const { context } = new NamingFixture()
    context.bind('real/x', 1)
    context.bind('alias/here', new LinkRef('real'))
    context.bind('home', new LinkRef(''))
    expect(await context.lookup('alias/here/x')).toBe(1)
    expect(await context.lookup('home/real/x')).toBe(1)
    expect(context.list('alias/here')).toEqual([{ name: 'x', className: 'number' }])
    const inner = await context.lookup('alias', NamingContext)
    expect(await inner.lookup('here/x')).toBe(1)
  })

  test('that lead in a circle are refused', async () => {
    const { context } = new NamingFixture()
    context.bind('a', new LinkRef('b'))
    context.bind('b', new LinkRef('a'))
    context.bind('c', new LinkRef('c/c'))
    await expect(context.lookup('a')).rejects.toThrow(LinkLoopException)
    await expect(context.lookup('c/x')).rejects.toThrow(LinkLoopException)
    expect(() => context.list('a')).toThrow(LinkLoopException)
  })
})

describe('unbind and rebind of objects', () => {
  test('unbind is idempotent, but not on the way', async () => {
    const { context } = new NamingFixture()
    context.bind('a/b', 1)
    await context.unbind('a/b')
    await context.unbind('a/b')
    await expect(context.lookup('a/b')).rejects.toThrow(NameNotFoundException)
    await expect(context.unbind('x/y')).rejects.toThrow(NameNotFoundException)
    await expect(context.unbind('')).rejects.toThrow(InvalidNameException)
  })

  test('the name changes before the promise settles', async () => {
    const { context } = new NamingFixture()
    const first = context.rebind('a', 1)
    expect(context.list()).toEqual([{ name: 'a', className: 'number' }])
    const second = context.rebind('a', 'text')
    expect(context.list()).toEqual([{ name: 'a', className: 'string' }])
    const third = context.unbind('a')
    expect(context.list()).toEqual([])
    await Promise.all([first, second, third])
  })

  test('objects of the application are never closed', async () => {
    const { context, namespace } = new NamingFixture()
    let closed = 0
    const own = { close: () => closed++, [Symbol.asyncDispose]: () => closed++ }
    context.bind('a', own)
    context.bind('b', own)
    expect(await context.lookup('a')).toBe(await context.lookup('b'))
    await context.rebind('a', 1)
    await context.unbind('b')
    context.bind('c', own)
    await namespace.close()
    expect(closed).toBe(0)
  })
})

test('a closed context refuses everything', async () => {
  const { context, namespace } = new NamingFixture()
  context.bind('a', 1)
  const closing = namespace.close()
  expect(() => context.bind('b', 1)).toThrow(ServiceUnavailableException)
  expect(() => context.list()).toThrow(ServiceUnavailableException)
  expect(() => context.dataSource('a')).toThrow(ServiceUnavailableException)
  await expect(context.lookup('a')).rejects.toThrow(ServiceUnavailableException)
  await expect(context.rebind('a', 1)).rejects.toThrow(ServiceUnavailableException)
  await expect(context.unbind('a')).rejects.toThrow(ServiceUnavailableException)
  await closing
})
