import { afterEach, describe, expect, test, vi } from 'vitest'
import type { NamingEvent, NamingListener } from '../../src/naming/naming-events.ts'
import { ServiceUnavailableException } from '../../src/naming/naming-exception.ts'
import { LinkRef, Reference } from '../../src/naming/reference.ts'
import { FakePool, NamingFixture } from './fake-data-source.ts'

/** Writes down what it hears: `objectAdded a/b:string`. */
class Recorder implements NamingListener {
  readonly heard: string[] = []
  readonly events: NamingEvent[] = []
  objectAdded = (event: NamingEvent) => this.#write(event)
  objectChanged = (event: NamingEvent) => this.#write(event)
  objectRemoved = (event: NamingEvent) => this.#write(event)
  objectRenamed = (event: NamingEvent) => this.#write(event)

  #write(event: NamingEvent): void {
    this.events.push(event)
    const bindings = [event.oldBinding, event.newBinding].filter((binding) => binding !== undefined)
    this.heard.push([event.type, ...bindings.map(({ name, className }) => `${name}:${className}`)].join(' '))
  }
}

const address = (url = 'sqlite:address.db') => new Reference('DataSource', { url, password: 'geheim' })

afterEach(() => {
  vi.restoreAllMocks()
})

describe('changes are told', () => {
  test('when they are done, before the method returns, in their order', async () => {
    const { context } = new NamingFixture()
    const recorder = new Recorder()
    context.addNamingListener('', 'subtree', recorder)
    context.bind('a/b/x', 1)
    void context.rebind('a/b/x', 'text')
    void context.rebind('a/b/new', 1)
    context.rename('a/b/x', 'c/y')
    context.rename('a/b', 'b')
    void context.unbind('c/y')
    context.createSubcontext('d')
    context.destroySubcontext('d')
    context.bind('link', new LinkRef('b'))
    expect(recorder.heard).toEqual([
      'objectAdded a:NamingContext',
      'objectAdded a/b:NamingContext',
      'objectAdded a/b/x:number',
      'objectChanged a/b/x:number a/b/x:string',
      'objectAdded a/b/new:number',
      'objectAdded c:NamingContext',
      'objectRenamed a/b/x:string c/y:string',
      'objectRenamed a/b:NamingContext b:NamingContext',
      'objectRemoved c/y:string',
      'objectAdded d:NamingContext',
      'objectRemoved d:NamingContext',
      'objectAdded link:LinkRef',
    ])
  })

  test('nothing is told where nothing changes', async () => {
    const { context, failures } = new NamingFixture()
    const recorder = new Recorder()
    context.bind('a', address())
    context.dataSource('a')
    context.addNamingListener('', 'subtree', recorder)
    await context.unbind('nothing')
    context.destroySubcontext('nothing')
    expect(() => context.bind('a', 1)).toThrow('already bound')
    failures.push(new Error('no driver'))
    await expect(context.rebind('a', address('other'))).rejects.toThrow('no driver')
    await context.rebind('a', address())
    await context.lookup('a')
    expect(recorder.heard).toEqual([])
  })

  test('a listener sees the name as it is now, and the old pool already closing', async () => {
    const { context, made } = new NamingFixture()
    context.bind('jdbc/address', address())
    const source = context.dataSource('jdbc/address')
    const seen: unknown[] = []
    context.addNamingListener('jdbc/address', 'object', {
      objectChanged: () => seen.push(made.length, made[0]!.closes, source.unwrap(FakePool) === made[1]),
    })
    const done = context.rebind('jdbc/address', address('sqlite:new.db'))
    expect(seen).toEqual([2, 1, true])
    await done
  })

  test('with names and classes, and no object that could be secret', async () => {
    const { context } = new NamingFixture()
    const recorder = new Recorder()
    context.addNamingListener('jdbc', 'one-level', recorder)
    context.bind('jdbc/address', address())
    context.dataSource('jdbc/address')
    await context.rebind('jdbc/address', address('sqlite:new.db'))
    await context.unbind('jdbc/address')
    expect(recorder.events).toEqual([
      {
        type: 'objectAdded',
        oldBinding: undefined,
        newBinding: { name: 'jdbc/address', className: 'DataSource' },
      },
      {
        type: 'objectChanged',
        oldBinding: { name: 'jdbc/address', className: 'DataSource' },
        newBinding: { name: 'jdbc/address', className: 'DataSource' },
      },
      {
        type: 'objectRemoved',
        oldBinding: { name: 'jdbc/address', className: 'DataSource' },
        newBinding: undefined,
      },
    ])
    for (const event of recorder.events) expect(Object.isFrozen(event)).toBe(true)
  })
})

describe('scopes of listening', () => {
  test('object, one level and subtree', () => {
    const { context } = new NamingFixture()
    const object = new Recorder()
    const oneLevel = new Recorder()
    const subtree = new Recorder()
    context.addNamingListener('a', 'object', object)
    context.addNamingListener('a', 'one-level', oneLevel)
    context.addNamingListener('a', 'subtree', subtree)
    context.bind('a/b/c', 1)
    context.bind('ab/c', 1)
    expect(object.heard).toEqual(['objectAdded a:NamingContext'])
    expect(oneLevel.heard).toEqual(['objectAdded a/b:NamingContext'])
    expect(subtree.heard).toEqual([
      'objectAdded a:NamingContext',
      'objectAdded a/b:NamingContext',
      'objectAdded a/b/c:number',
    ])
  })

  test('a renaming is told on both sides, once to each listener', () => {
    const { context } = new NamingFixture()
    context.bind('a/x', 1)
    context.createSubcontext('b')
    const from = new Recorder()
    const to = new Recorder()
    const both = new Recorder()
    const elsewhere = new Recorder()
    context.addNamingListener('a', 'one-level', from)
    context.addNamingListener('b/y', 'object', to)
    context.addNamingListener('', 'subtree', both)
    context.addNamingListener('a/x', 'object', both)
    context.addNamingListener('a/x/deeper', 'object', elsewhere)
    context.rename('a/x', 'b/y')
    for (const { heard } of [from, to, both]) {
      expect(heard).toEqual(['objectRenamed a/x:number b/y:number'])
    }
    expect(elsewhere.heard).toEqual([])
  })

  test('targets are relative to their context; the prefix means the initial one', async () => {
    const { context } = new NamingFixture()
    const inner = context.createSubcontext('a/b')
    const recorder = new Recorder()
    inner.addNamingListener('x', 'object', recorder)
    inner.addNamingListener('java:comp/env/y', 'object', recorder)
    inner.addNamingListener('', 'object', recorder)
    inner.bind('x', 1)
    context.bind('y', 1)
    context.bind('x', 1)
    await inner.unbind('x')
    context.destroySubcontext('a/b')
    expect(recorder.heard).toEqual([
      'objectAdded a/b/x:number',
      'objectAdded y:number',
      'objectRemoved a/b/x:number',
      'objectRemoved a/b:NamingContext',
    ])
  })
})

describe('listeners', () => {
  test('are called in the order of their coming; one added twice counts once', () => {
    const { context } = new NamingFixture()
    const order: number[] = []
    const first = { objectAdded: () => order.push(1) }
    context.addNamingListener('a', 'object', first)
    context.addNamingListener('', 'subtree', { objectAdded: () => order.push(2) })
    context.addNamingListener('', 'one-level', { objectAdded: () => order.push(3) })
    context.addNamingListener('a', 'object', first)
    context.bind('a', 1)
    expect(order).toEqual([1, 2, 3])
  })

  test('are removed for all that they were added for on that context', () => {
    const { context } = new NamingFixture()
    const inner = context.createSubcontext('inner')
    const recorder = new Recorder()
    context.addNamingListener('a', 'object', recorder)
    context.addNamingListener('', 'subtree', recorder)
    inner.addNamingListener('', 'subtree', recorder)
    context.removeNamingListener(recorder)
    context.removeNamingListener(recorder)
    context.bind('a', 1)
    inner.bind('b', 1)
    expect(recorder.heard).toEqual(['objectAdded inner/b:number'])
  })

  test('may remove one another, and themselves, while being told', () => {
    const { context } = new NamingFixture()
    const later = new Recorder()
    const once = {
      calls: 0,
      objectAdded() {
        this.calls++
        context.removeNamingListener(this)
        context.removeNamingListener(later)
      },
    }
    context.addNamingListener('', 'subtree', once)
    context.addNamingListener('', 'subtree', later)
    context.bind('a', 1)
    context.bind('b', 1)
    expect(once.calls).toBe(1)
    expect(later.heard).toEqual([])
  })

  test('that change something are told of it, and everybody in the order of the changes', () => {
    const { context } = new NamingFixture()
    const recorder = new Recorder()
    context.addNamingListener('a', 'object', { objectAdded: () => context.bind('b', 1) })
    context.addNamingListener('', 'subtree', recorder)
    context.bind('a', 1)
    expect(recorder.heard).toEqual(['objectAdded a:number', 'objectAdded b:number'])
  })

  test('that throw or reject are reported, and harm nobody', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const { context } = new NamingFixture()
    const recorder = new Recorder()
    const throwing = {
      objectAdded() {
        throw new Error('mine')
      },
    }
    context.addNamingListener('', 'subtree', throwing)
    const rejecting: NamingListener = { objectAdded: () => Promise.reject(new Error('mine too')) as never }
    context.addNamingListener('', 'subtree', rejecting)
    context.addNamingListener('', 'subtree', recorder)
    context.bind('a', 1)
    await Promise.resolve()
    expect(recorder.heard).toEqual(['objectAdded a:number'])
    expect(warned.mock.calls.map(([message]) => message)).toEqual([
      "The naming context: a listener of 'objectAdded' threw; it was ignored",
      "The naming context: a listener of 'objectAdded' threw; it was ignored",
    ])
  })

  test('a closed context takes no more of them', async () => {
    const { context, namespace } = new NamingFixture()
    await namespace.close()
    expect(() => context.addNamingListener('', 'subtree', {})).toThrow(ServiceUnavailableException)
    context.removeNamingListener({})
  })
})
