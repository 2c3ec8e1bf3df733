import { expect, it } from 'vitest'
import { createDataSource } from '../../src/index.ts'
import { replacer, toJSON } from '../../src/json.ts'

const rows = [
  {
    id: 9007199254740993n,
    name: 'Ashford',
    code: new Uint8Array([0, 255, 16]),
    none: null,
    list: [1n, [2n]],
  },
]
const written = [{ id: '9007199254740993', name: 'Ashford', code: 'AP8Q', none: null, list: ['1', ['2']] }]

it('toJSON gives what JSON.stringify takes, and leaves the rows as they are', () => {
  expect(toJSON(rows)).toEqual(written)
  expect(rows[0]!.id).toBe(9007199254740993n)
  expect(JSON.parse(JSON.stringify(toJSON(rows)))).toEqual(written)
})

it('the replacer writes the same', () => {
  expect(JSON.parse(JSON.stringify(rows, replacer))).toEqual(written)
})

it('a view into a larger buffer is written alone', () => {
  const large = new Uint8Array([1, 2, 3, 4])
  expect(toJSON(large.subarray(1, 3))).toBe('AgM=')
})

it('a column called __proto__ stays a column', () => {
  const row = Object.defineProperty({}, '__proto__', { value: 1n, enumerable: true })
  expect(JSON.stringify(toJSON(row))).toBe('{"__proto__":"1"}')
})

it('count(*) goes through JSON as a number when it is asked for as one', async () => {
  await using source = createDataSource('sqlite::memory:?mode=inline')
  const text = 'SELECT count(*) AS n FROM sqlite_schema'
  const counted = await source.query(text, [], { types: { n: 'INTEGER' } })
  expect(JSON.stringify(toJSON(counted.rows))).toBe('[{"n":0}]')
  const large = await source.query(text, [], { types: { n: 'BIGINT' } })
  expect(JSON.stringify(toJSON(large.rows))).toBe('[{"n":"0"}]')
})
