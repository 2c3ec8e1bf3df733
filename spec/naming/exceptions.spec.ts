import { describe, expect, test } from 'vitest'
import { DataSource } from '../../src/api/data-source.ts'
import type { NamingContext } from '../../src/naming/naming-context.ts'
import { NamingException } from '../../src/naming/naming-exception.ts'
import { LinkRef, Reference } from '../../src/naming/reference.ts'
import { NamingFixture } from './fake-data-source.ts'

const closedFixture = new NamingFixture()
void closedFixture.namespace.close()

/** Bound: an object at `a/object`, a pool at `a/pool`, links in a circle, a frozen context, one that no factory makes. */
function fixture(): NamingFixture {
  const made = new NamingFixture()
  const { context } = made
  context.bind('a/object', 1)
  context.bind('a/pool', new Reference('DataSource', {}))
  context.bind('a/other', new Reference('Other', {}))
  context.bind('a/circle', new LinkRef('a/circle'))
  context.bind('a/inner/b', 1)
  context.createSubcontext('frozen/deep').freeze()
  return made
}

interface Case {
  readonly what: string
  readonly run: (context: NamingContext) => unknown
  readonly name: string
  readonly resolved: string
  readonly remaining: string
}

const cases: readonly Case[] = [
  {
    what: 'lookup of a missing name',
    run: (context) => context.lookup('a/x'),
    name: 'NameNotFoundException',
    resolved: 'a',
    remaining: 'x',
  },
  {
    what: 'lookup over a missing context',
    run: (context) => context.lookup('a/x/y/z'),
    name: 'NameNotFoundException',
    resolved: 'a',
    remaining: 'x/y/z',
  },
  {
    what: 'lookup over an object',
    run: (context) => context.lookup('a/object/y/z'),
    name: 'NotContextException',
    resolved: 'a/object',
    remaining: 'y/z',
  },
  {
    what: 'lookup of the wrong type',
    run: (context) => context.lookup('a/object', DataSource),
    name: 'WrongTypeException',
    resolved: 'a/object',
    remaining: '',
  },
  {
    what: 'dataSource of the wrong type',
    run: (context) => context.dataSource('a'),
    name: 'WrongTypeException',
    resolved: 'a',
    remaining: '',
  },
  {
    what: 'lookup of what no factory makes',
    run: (context) => context.lookup('a/other'),
    name: 'ConfigurationException',
    resolved: 'a/other',
    remaining: '',
  },
  {
    what: 'links in a circle',
    run: (context) => context.lookup('a/circle'),
    name: 'LinkLoopException',
    resolved: 'a/circle',
    remaining: '',
  },
  {
    what: 'links in a circle on the way',
    run: (context) => context.lookup('a/circle/x/y'),
    name: 'LinkLoopException',
    resolved: 'a/circle',
    remaining: 'x/y',
  },
  {
    what: 'bind of a taken name',
    run: (context) => context.bind('a/object', 2),
    name: 'NameAlreadyBoundException',
    resolved: 'a/object',
    remaining: '',
  },
  {
    what: 'bind of undefined',
    run: (context) => context.bind('a/new', undefined),
    name: 'NamingException',
    resolved: 'a',
    remaining: 'new',
  },
  {
    what: 'bind over a missing context',
    run: (context) => context.bind('a/x/y', 1, { createParents: false }),
    name: 'NameNotFoundException',
    resolved: 'a',
    remaining: 'x/y',
  },
  {
    what: 'bind of the empty name',
    run: (context) => context.bind('', 1),
    name: 'InvalidNameException',
    resolved: '',
    remaining: '',
  },
  {
    what: 'bind of an empty component',
    run: (context) => context.bind('a//b', 1),
    name: 'InvalidNameException',
    resolved: '',
    remaining: 'a//b',
  },
  {
    what: 'rebind of a context',
    run: (context) => context.rebind('a', 1),
    name: 'OperationNotSupportedException',
    resolved: 'a',
    remaining: '',
  },
  {
    what: 'rebind of a source to itself',
    run: (context) => context.rebind('a/pool', context.dataSource('a/pool')),
    name: 'OperationNotSupportedException',
    resolved: 'a/pool',
    remaining: '',
  },
  {
    what: 'rebind of what cannot be verified',
    run: (context) => context.rebind('a/object', 2, { verify: true }),
    name: 'OperationNotSupportedException',
    resolved: 'a/object',
    remaining: '',
  },
  {
    what: 'unbind of a context',
    run: (context) => context.unbind('a'),
    name: 'OperationNotSupportedException',
    resolved: 'a',
    remaining: '',
  },
  {
    what: 'rename of a missing name',
    run: (context) => context.rename('a/x', 'b'),
    name: 'NameNotFoundException',
    resolved: 'a',
    remaining: 'x',
  },
  {
    what: 'rename to a taken name',
    run: (context) => context.rename('a/object', 'a/pool'),
    name: 'NameAlreadyBoundException',
    resolved: 'a/pool',
    remaining: '',
  },
  {
    what: 'destroySubcontext of one that is not empty',
    run: (context) => context.destroySubcontext('a/inner'),
    name: 'ContextNotEmptyException',
    resolved: 'a/inner',
    remaining: '',
  },
  {
    what: 'destroySubcontext of an object',
    run: (context) => context.destroySubcontext('a/object'),
    name: 'NotContextException',
    resolved: 'a/object',
    remaining: '',
  },
  {
    what: 'list of an object',
    run: (context) => context.list('a/object'),
    name: 'NotContextException',
    resolved: 'a/object',
    remaining: '',
  },
  {
    what: 'a change of a frozen context',
    run: (context) => context.bind('frozen/deep/x', 1),
    name: 'OperationNotSupportedException',
    resolved: 'frozen/deep',
    remaining: 'x',
  },
  {
    what: 'override of a missing name',
    run: (context) => context.override('a/x', context.dataSource('a/pool')),
    name: 'NameNotFoundException',
    resolved: 'a',
    remaining: 'x',
  },
  {
    what: 'anything on a closed context',
    run: () => closedFixture.context.lookup('a/object'),
    name: 'ServiceUnavailableException',
    resolved: '',
    remaining: 'a/object',
  },
]

describe('every exception says how far the name led', () => {
  test.each(cases)('$what', async ({ run, name, resolved, remaining }) => {
    const { context } = fixture()
    const error = await (async () => run(context))().then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(NamingException)
    const { resolvedName, remainingName } = error as NamingException
    expect({
      name: (error as Error).name,
      resolved: resolvedName?.toString(),
      remaining: remainingName?.toString(),
    }).toEqual({ name, resolved, remaining })
  })

  test('also from within a context: always from the initial one', async () => {
    const { context } = fixture()
    const inner = context.createSubcontext('a/new')
    await expect(inner.lookup('x/y')).rejects.toMatchObject({
      message: "'a/new/x' is not bound",
      resolvedName: { components: ['a', 'new'] },
      remainingName: { components: ['x', 'y'] },
    })
    context.destroySubcontext('a/new')
    await expect(inner.lookup('x')).rejects.toMatchObject({
      resolvedName: { components: [] },
      remainingName: { components: ['a', 'new', 'x'] },
    })
  })

  test('also where a data source was: what was found is the context', async () => {
    const { context } = fixture()
    const source = context.dataSource('a/pool')
    await context.unbind('a/pool')
    await expect(source.query('SELECT 1')).rejects.toMatchObject({
      name: 'NameNotFoundException',
      message: "'a/pool' was bound to a data source and no longer is",
      resolvedName: { components: ['a'] },
      remainingName: { components: ['pool'] },
    })
  })

  test('also when a factory fails, with its error as the root cause', async () => {
    const { context, failures } = fixture()
    const failure = new Error('no driver')
    failures.push(failure)
    await expect(context.lookup('a/pool')).rejects.toMatchObject({
      message: "'a/pool' cannot be made: no driver",
      rootCause: failure,
      resolvedName: { components: ['a', 'pool'] },
      remainingName: { components: [] },
    })
  })

  test('a text that is no name has no parts', () => {
    const { context } = fixture()
    expect(() => context.bind('"a', 1)).toThrow(
      expect.objectContaining({ resolvedName: undefined, remainingName: undefined }),
    )
  })
})
