import { RowBuilder, type RawRow } from '../../src/session/row-builder.ts'

/** Labels that a careless builder would take for code, or for what all objects inherit. */
export const hostileShapes: Readonly<Record<string, readonly string[]>> = {
  inherited: ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '__defineGetter__'],
  code: ["']", '"]', '`${process.exit(1)}`', '\\', '*/ process.exit(1) /*', '\n} process.exit(1)', '\u2028'],
  names: ['row', 'this', 'n0', 'n1', 'Row', 'return', 'await', 'undefined'],
  numbers: ['1', '0', '-1', '4294967295', '1e3'],
  empty: ['', ' ', '\0', '\ud800'],
  'a megabyte': ['x'.repeat(1_048_576), 'y'],
  'a hundred columns': Array.from({ length: 100 }, (_, n) => `column ${n}`),
  '1,600 columns': Array.from({ length: 1_600 }, (_, n) => `c${n}`),
  none: [],
}

/** The entries of a row built of each shape, and whether anything but an object of its own came out. */
export function built(generateAfter: number): string {
  const results = Object.entries(hostileShapes).map(([shape, labels]) => {
    const row: RawRow = labels.map((_, index) => (index % 3 === 0 ? null : index))
    const [object] = new RowBuilder(labels, generateAfter).build([row])
    return [shape, Object.entries(object!), Object.getPrototypeOf(object) === Object.prototype]
  })
  return JSON.stringify(results)
}

// In a child process, which may be forbidden to make code of texts.
if (import.meta.main) {
  let forbidden = false
  try {
    // eslint-disable-next-line no-new-func, typescript/no-implied-eval
    forbidden = new Function('return true')() !== true
  } catch {
    forbidden = true
  }
  process.stdout.write(`${forbidden} ${built(0)}`)
}
