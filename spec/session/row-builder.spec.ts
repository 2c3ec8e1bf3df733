import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { buildObjects, RowBuilder } from '../../src/session/row-builder.ts'
import { built, hostileShapes } from './hostile-shapes.ts'

const run = promisify(execFile)
const columnsOf = (...labels: string[]) =>
  labels.map((name) => ({ name, type: 'INTEGER', databaseType: 'int4' }) as const)

/** By each way of building: never generated, and generated for the first row. */
const ways = [
  ['plain', Infinity],
  ['generated', 0],
] as const

describe.each(ways)('rows by the %s builder', (_way, generateAfter) => {
  it.each(Object.keys(hostileShapes))('have their labels, whatever these are: %s', (shape) => {
    const labels = hostileShapes[shape]!
    const values = labels.map((_, index) => `value ${index}`)
    const [row] = new RowBuilder(labels, generateAfter).build([values])
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype)
    const own = labels.map((label) => Object.getOwnPropertyDescriptor(row, label))
    expect(own).toEqual(
      values.map((value) => ({ value, writable: true, enumerable: true, configurable: true })),
    )
    expect(Object.keys(row!)).toHaveLength(labels.length)
  })

  it('are equal to literals, in order, and independent of each other', () => {
    const builder = new RowBuilder(['b', 'a'], generateAfter)
    const rows = builder.build([
      [1, null],
      [undefined, 'x'],
    ])
    expect(rows).toStrictEqual([
      { b: 1, a: null },
      { b: undefined, a: 'x' },
    ])
    expect(Object.keys(rows[0]!)).toEqual(['b', 'a'])
  })
})

describe('rows', () => {
  it('stay the same when their builder is generated meanwhile', () => {
    const builder = new RowBuilder(['a', 'b'], 3)
    const rows = Array.from({ length: 6 }, (_, n) => builder.build([[n, 'b']])[0])
    expect(rows).toStrictEqual(Array.from({ length: 6 }, (_, a) => ({ a, b: 'b' })))
  })

  it('are built alike where code generation is forbidden', async () => {
    const program = join(import.meta.dirname, 'hostile-shapes.ts')
    const results = await Promise.all(
      [['--disallow-code-generation-from-strings'], []].map(async (flags) => {
        const { stdout } = await run(process.execPath, [...flags, program], { maxBuffer: 16_777_216 })
        const at = stdout.indexOf(' ')
        return [stdout.slice(0, at), stdout.slice(at + 1) === built(Infinity)]
      }),
    )
    expect(results).toEqual([
      ['true', true],
      ['false', true],
    ])
  })

  it('are built alike where what objects inherit is frozen', async () => {
    const program = join(import.meta.dirname, 'hostile-shapes.ts')
    const { stdout } = await run(process.execPath, ['--frozen-intrinsics', program], {
      maxBuffer: 16_777_216,
    })
    expect(stdout === `false ${built(Infinity)}`).toBe(true)
  })

  it('are refused when two columns have one label', () => {
    expect(() => buildObjects([[1, 2]], columnsOf('a', 'a'))).toThrow(
      expect.objectContaining({ sqlState: '42702' }),
    )
    expect(() => buildObjects([], columnsOf('a', 'b', 'a'))).toThrow(
      expect.objectContaining({ sqlState: '42702' }),
    )
  })

  it('of another connection have the same layout', () => {
    const [one] = buildObjects([[1, 2]], columnsOf('same', 'layout'))
    const [other] = buildObjects([[3, 4]], columnsOf('same', 'layout'))
    expect([one, other]).toStrictEqual([
      { same: 1, layout: 2 },
      { same: 3, layout: 4 },
    ])
  })

  it('of ever new shapes are all right', () => {
    for (let n = 0; n < 1_000; n++) {
      expect(buildObjects([[n]], columnsOf(`c${n}`))).toStrictEqual([{ [`c${n}`]: n }])
    }
  })
})
