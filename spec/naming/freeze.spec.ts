import { expect, test } from 'vitest'
import type { NamingContext } from '../../src/naming/naming-context.ts'
import { OperationNotSupportedException } from '../../src/naming/naming-exception.ts'
import { Reference } from '../../src/naming/reference.ts'
import { FakePool, NamingFixture } from './fake-data-source.ts'

const address = () => new Reference('DataSource', { url: 'sqlite:address.db' })
const own = new FakePool({}, 'own', [])

const changes: Record<string, (context: NamingContext) => unknown> = {
  bind: (context) => context.bind('a/new', 1),
  'bind below': (context) => context.bind('a/b/new', 1),
  'bind with parents': (context) => context.bind('a/new/c', 1),
  'bind of a taken name': (context) => context.bind('a/x', 1),
  rebind: (context) => context.rebind('a/x', 1),
  'rebind, verified': (context) => context.rebind('a/x', address(), { verify: true }),
  unbind: (context) => context.unbind('a/x'),
  'unbind of nothing': (context) => context.unbind('a/new'),
  'rename within': (context) => context.rename('a/x', 'a/y'),
  'rename out of it': (context) => context.rename('a/x', 'c/y'),
  'rename into it': (context) => context.rename('c/x', 'a/y'),
  createSubcontext: (context) => context.createSubcontext('a/new'),
  destroySubcontext: (context) => context.destroySubcontext('a/empty'),
  override: (context) => context.override('a/x', own),
}

function fixture(): NamingFixture {
  const made = new NamingFixture()
  const { context } = made
  context.bind('a/x', address())
  context.bind('a/b/y', 1)
  context.bind('c/x', 1)
  context.createSubcontext('a/empty')
  return made
}

test.each(Object.entries(changes))('%s is refused, and changes nothing', async (_, change) => {
  const { context, made } = fixture()
  const source = context.dataSource('a/x')
  const before = ['a', 'a/b', 'c'].map((name) => context.list(name))
  const inner = context.listBindings().find(({ name }) => name === 'a')!
  ;((await inner.getObject()) as NamingContext).freeze()
  await expect((async () => change(context))()).rejects.toThrow(OperationNotSupportedException)
  await expect((async () => change(context))()).rejects.toThrow('the context is frozen')
  expect(['a', 'a/b', 'c'].map((name) => context.list(name))).toEqual(before)
  expect(context.dataSource('a/x')).toBe(source)
  expect(made).toHaveLength(1)
})

test('lookups go on, and so does what is beside it', async () => {
  const { context, made, namespace, closed } = fixture()
  ;((await context.lookup('a')) as NamingContext).freeze()
  expect(context.dataSource('a/x').name).toBe('a/x')
  expect(made).toHaveLength(1)
  expect(await context.lookup('a/b/y')).toBe(1)
  context.bind('d/x', 1)
  context.addNamingListener('', 'subtree', {})
  await namespace.close()
  expect(closed).toEqual(['a/x'])
})

test('the initial context freezes everything', () => {
  const { context } = fixture()
  context.freeze()
  context.freeze()
  expect(() => context.bind('c/y', 1)).toThrow(OperationNotSupportedException)
  expect(() => context.bind('d', 1)).toThrow(OperationNotSupportedException)
})

test('a replacement under way when it froze does not happen', async () => {
  const { context, made } = fixture()
  const source = context.dataSource('a/x')
  const other = new Reference('DataSource', { url: 'sqlite:new.db' })
  const done = context.rebind('a/x', other, { verify: true })
  context.freeze()
  await expect(done).rejects.toThrow('the context is frozen')
  expect(source.unwrap(FakePool)).toBe(made[0])
  expect(made[0]!.closes).toBe(0)
  expect(made[1]!.closes).toBe(1)
})

test('an override from before is still undone', async () => {
  const { context, made } = fixture()
  const override = context.override('a/x', own)
  context.freeze()
  override.undo()
  expect(context.dataSource('a/x').unwrap(FakePool)).toBe(made[0])
})
