import { describe, expect, it } from 'vitest'
import { layOut, TableLayout } from '../../src/cli/table.ts'
import { clipped, padded, visible, widthOf } from '../../src/cli/text-width.ts'

describe('the width of a text', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['naïve', 5],
    ['e\u0301', 1],
    ['日本語', 6],
    ['한국', 4],
    ['ｆｕｌｌ', 8],
    ['👍', 2],
    ['👩‍👩‍👧', 2],
    ['•', 1],
    ['\u200b', 0],
  ])('%s takes %i places', (text, width) => {
    expect(widthOf(text)).toBe(width)
    expect(widthOf(padded(text, 10))).toBe(10)
    expect(widthOf(padded(text, 10, 'right'))).toBe(10)
  })

  it('is not exceeded by what is cut', () => {
    for (const text of ['abcdef', '日本語日本語', 'a日b本c語', '👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧', 'e\u0301'.repeat(9)]) {
      for (let width = 1; width < 12; width++) {
        const cut = clipped(text, width)
        expect(widthOf(cut), `${text} in ${width}`).toBeLessThanOrEqual(width)
        if (widthOf(text) <= width) expect(cut).toBe(text)
        else expect(cut.endsWith('…')).toBe(true)
      }
    }
  })
})

it('nothing that is shown moves the cursor', () => {
  const all = Array.from({ length: 0x2100 }, (_, code) => String.fromCodePoint(code)).join('')
  // oxlint-disable-next-line no-control-regex
  expect(visible(all)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/)
  expect(visible('a\tb\u009bc')).toBe('a\\tb\\x9bc')
})

describe('a table', () => {
  const columns = [{ title: 'n', align: 'right' as const }, { title: 'text' }, { title: 'last' }]

  it('is as wide as its sample; a wider row later moves its rest, where there is no edge', () => {
    const layout = new TableLayout(columns, [['1', 'abc', 'x']], Infinity)
    expect([layout.titles, layout.rule, layout.line(['1', 'abc', 'x'])]).toEqual([
      'n  text  last',
      '-  ----  ----',
      '1  abc   x',
    ])
    expect(layout.line(['12345', 'abcdefgh', 'x'])).toBe('12345  abcdefgh  x')
  })

  it('fits into a terminal when it can, and is never narrower than can be read', () => {
    const sample = [['1', 'a'.repeat(100), 'b'.repeat(30)]]
    for (const width of [40, 60, 80, 100]) {
      expect(new TableLayout(columns, sample, width).line(sample[0]!).length).toBeLessThanOrEqual(width)
    }
    expect(new TableLayout(columns, sample, 5).line(sample[0]!)).toBe('1  aaaaaaa…  bbbbbbb…')
  })

  it('has no titles where none are wanted', () => {
    expect(layOut(['A', 'B'], [['1', '2']])).toEqual(['A  B', '1  2'])
    expect(layOut(['', ''], [['1', '2']])).toEqual(['1  2'])
  })
})
