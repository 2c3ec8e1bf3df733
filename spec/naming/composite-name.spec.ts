import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CompositeName, withoutEnvironmentPrefix } from '../../src/naming/composite-name.ts'
import { InvalidNameException, NamingException } from '../../src/naming/naming-exception.ts'

describe('the syntax of javax.naming.CompositeName', () => {
  test.each<[string, string[]]>([
    ['java:comp/env/jdbc/x', ['java:comp', 'env', 'jdbc', 'x']],
    ['', []],
    ['x', ['x']],
    ['/', ['']],
    ['//', ['', '']],
    ['/x', ['', 'x']],
    ['x/', ['x', '']],
    ['x//y', ['x', '', 'y']],
    ['a\\/b/c', ['a/b', 'c']],
    ['"a/b"/c', ['a/b', 'c']],
    ["'a/b'/c", ['a/b', 'c']],
    ["''", ['']],
    ["''/", ['']],
    ["x/''", ['x', '']],
    ["'x'/", ['x', '']],
    ['\\"a', ['"a']],
    ['a"b', ['a"b']],
    ['a\\b', ['a\\b']],
    ['a\\\\b', ['a\\b']],
    ['"a\\"b"', ['a"b']],
    ['"a\\b"', ['a\\b']],
    ['A/a', ['A', 'a']],
    ['__proto__/constructor', ['__proto__', 'constructor']],
  ])('%j has the components %j', (text, components) => {
    expect(CompositeName.parse(text).components).toEqual(components)
  })

  test.each([
    ['"a', 'a quote is not closed'],
    ["a/'b", 'a quote is not closed'],
    ['a/"b"c', 'a quote closes before the end of its component'],
    ['a\\', 'a backslash at the end stands for nothing'],
    ['a/'.repeat(10_000), '20000 characters; at most 4096'],
    ['/'.repeat(200), '200 components; at most 100'],
  ])('%j is refused', (text, why) => {
    const refused = expect(() => CompositeName.parse(text))
    refused.toThrow(InvalidNameException)
    refused.toThrow(NamingException)
    refused.toThrow(why)
  })

  test('10,000 components are refused in a message of readable length', () => {
    try {
      CompositeName.parse(Array.from({ length: 10_000 }, () => 'x').join('/'))
      expect.unreachable()
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(200)
    }
  })

  test.each([undefined, null, 7, {}, Symbol('x')])('%s, which is no text, is refused', (name) => {
    expect(() => CompositeName.parse(name as never)).toThrow(InvalidNameException)
  })

  test('the text of any components parses to them', () => {
    const character = fc.constantFrom('/', '\\', '"', "'", 'a', ' ', '.', ':')
    fc.assert(
      fc.property(fc.array(fc.string({ unit: character, maxLength: 5 }), { maxLength: 5 }), (components) => {
        const name = CompositeName.of(...components)
        expect(CompositeName.parse(name.toString()).components).toEqual(components)
        expect(CompositeName.parse(name.toString()).equals(name)).toBe(true)
      }),
    )
  })

  test('parts', () => {
    const name = CompositeName.parse('a/b/c')
    expect(name.prefix(1).toString()).toBe('a')
    expect(name.suffix(1).toString()).toBe('b/c')
    expect(name.prefix(1).concat(name.suffix(2)).toString()).toBe('a/c')
    expect(name.equals(CompositeName.parse('a/b'))).toBe(false)
    expect(name.isEmpty).toBe(false)
    expect(CompositeName.parse('').isEmpty).toBe(true)
    expect(JSON.stringify({ name })).toBe('{"name":"a/b/c"}')
  })
})

describe('the prefix java:comp/env', () => {
  test.each([
    ['java:comp/env/jdbc/x', 'jdbc/x'],
    ['java:comp/env', ''],
    ['jdbc/x', 'jdbc/x'],
  ])('%s is %s', (text, bare) => {
    expect(withoutEnvironmentPrefix(CompositeName.parse(text)).toString()).toBe(bare)
  })

  test.each(['java:comp', 'java:comp/UserTransaction', 'java:global/x', 'java:/x'])(
    '%s is refused',
    (text) => {
      expect(() => withoutEnvironmentPrefix(CompositeName.parse(text))).toThrow(InvalidNameException)
    },
  )
})
