import { describe, expect, it } from 'vitest'
import { fencesOf, masked } from './fences.ts'

describe('fencesOf', () => {
  it('finds the code, its language and its line', () => {
    const [first, second] = fencesOf('# Title\n\n```ts\nf()\n```\n\ntext\n\n```yaml\na: 1\n```\n')
    expect(first).toMatchObject({ language: 'ts', code: 'f()\n', line: 4 })
    expect(second).toMatchObject({ language: 'yaml', code: 'a: 1\n', line: 10 })
  })

  it('gives the remarks of a fence to it alone', () => {
    const [first, second, third] = fencesOf(
      '<!-- before:\nconst a = 1\n-->\n<!-- continues -->\n\n```ts\nf(a)\n```\n\n```\n1\n```\n\n<!-- prints -->\n\ntext\n\n```\n2\n```\n',
    )
    expect([...first!.remarks]).toEqual([
      ['before', 'const a = 1'],
      ['continues', ''],
    ])
    expect(second!.remarks.size).toBe(0)
    expect(third!.remarks.size).toBe(0)
  })

  it('is not ended by a fence within a longer one', () => {
    expect(fencesOf('````md\n```ts\nf()\n```\n````\n').map(({ code }) => code)).toEqual(['```ts\nf()\n```\n'])
  })
})

describe('masked', () => {
  it('tells words apart, not numbers and their alignment', () => {
    expect(masked('made  9 = closed 1,009.5\n')).toBe(masked('made 12 = closed     7'))
    expect(masked('made 9')).not.toBe(masked('made 9 more'))
  })
})
