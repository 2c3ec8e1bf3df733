import { runInNewContext } from 'node:vm'
import { decimal, param, TypedParameter, type SqlTypeName } from '../../src/api/sql-types.ts'

// What programs send by mistake, or to do harm, and what becomes of it: data, and no test runner.

/** The databases whose answers differ. */
export type Database = 'sqlite' | 'pg' | 'mysql' | 'mssql'

/** The columns of the table that values are sent to. */
export type BadColumn = 'word' | 'whole' | 'broken' | 'amount' | 'bytes' | 'moment'

/** It is kept, and this comes back. */
export interface Kept {
  readonly kept: unknown
}

/** It is refused. */
export interface Refused {
  readonly sqlState: string
  /** Before it is sent, with its place; or by the server, which sees what it does not fit. Default: before. */
  readonly by?: 'server' | undefined
}

export interface BadValue {
  readonly what: string
  readonly column: BadColumn
  /** Made anew for each use. */
  readonly value: () => unknown
  /** The same on every database, or by database. */
  readonly outcome: Kept | Refused | Readonly<Record<Database, Kept | Refused>>
}

const noValue: Refused = { sqlState: 'HY105' }
/** MySQL and SQL Server have no number for it. */
const infinite = (value: number): BadValue['outcome'] => ({
  sqlite: { kept: value },
  pg: { kept: value },
  mysql: { sqlState: '22003' },
  mssql: { sqlState: '22003' },
})
const transferred = (): Uint8Array => {
  const bytes = Uint8Array.of(1, 2, 3)
  structuredClone(bytes, { transfer: [bytes.buffer] })
  return bytes
}
const shared = (): Uint8Array => {
  const bytes = new Uint8Array(new SharedArrayBuffer(3))
  bytes.set([1, 2, 3])
  return bytes
}
const selfish = (): unknown[] => {
  const list: unknown[] = []
  list.push(list)
  return list
}
const hostile = new Proxy(
  {},
  {
    getPrototypeOf() {
      throw new Error('a trap')
    },
  },
)

/** Values for the second parameter of `INSERT INTO bad (id, column) VALUES (?, ?)`. */
export const badValues: readonly BadValue[] = [
  { what: 'undefined', column: 'word', value: () => undefined, outcome: noValue },
  { what: 'a symbol', column: 'word', value: () => Symbol('secret'), outcome: noValue },
  { what: 'a function', column: 'word', value: () => () => 'secret', outcome: noValue },
  { what: 'a plain object', column: 'word', value: () => ({ secret: 1 }), outcome: noValue },
  {
    what: 'an object without a prototype',
    column: 'word',
    value: () => Object.create(null),
    outcome: noValue,
  },
  { what: 'a String object', column: 'word', value: () => Object('secret'), outcome: noValue },
  { what: 'a Map', column: 'word', value: () => new Map(), outcome: noValue },
  { what: 'a promise', column: 'word', value: () => Promise.resolve('secret'), outcome: noValue },
  { what: 'an array', column: 'word', value: () => ['secret'], outcome: noValue },
  { what: 'a Proxy', column: 'word', value: () => new Proxy({}, {}), outcome: noValue },
  { what: 'a Proxy that throws', column: 'word', value: () => hostile, outcome: noValue },
  {
    what: 'a Proxy of bytes',
    column: 'bytes',
    value: () => new Proxy(Uint8Array.of(1), {}),
    outcome: noValue,
  },
  { what: 'a Proxy of a Date', column: 'moment', value: () => new Proxy(new Date(), {}), outcome: noValue },
  { what: 'no bytes', column: 'bytes', value: () => Object.create(Uint8Array.prototype), outcome: noValue },
  { what: 'no Date', column: 'moment', value: () => Object.create(Date.prototype), outcome: noValue },
  { what: 'an ArrayBuffer', column: 'bytes', value: () => new ArrayBuffer(3), outcome: noValue },
  { what: 'a DataView', column: 'bytes', value: () => new DataView(new ArrayBuffer(3)), outcome: noValue },
  { what: 'a Float64Array', column: 'bytes', value: () => Float64Array.of(1), outcome: noValue },
  { what: 'bytes given away', column: 'bytes', value: transferred, outcome: noValue },
  {
    what: 'a type that there is not',
    column: 'word',
    value: () => param('x', 'secret' as SqlTypeName),
    outcome: noValue,
  },
  {
    what: 'an inherited type',
    column: 'word',
    value: () => param('x', 'toString' as SqlTypeName),
    outcome: noValue,
  },
  {
    what: 'a type of undefined',
    column: 'word',
    value: () => param(undefined as never, 'VARCHAR'),
    outcome: noValue,
  },
  {
    what: 'a type of a type',
    column: 'amount',
    value: () => new TypedParameter(decimal('1') as never, 'DECIMAL'),
    outcome: noValue,
  },
  {
    what: 'a list that holds itself, as an ARRAY',
    column: 'word',
    value: () => param(selfish() as never, 'ARRAY'),
    outcome: {
      sqlite: { sqlState: '0A000' },
      pg: { sqlState: '54000' },
      mysql: { sqlState: '0A000' },
      mssql: { sqlState: '0A000' },
    },
  },
  {
    what: 'an ARRAY of undefined',
    column: 'word',
    value: () => param([undefined] as never, 'ARRAY'),
    outcome: {
      sqlite: { sqlState: '0A000' },
      pg: { sqlState: '07006' },
      mysql: { sqlState: '0A000' },
      mssql: { sqlState: '0A000' },
    },
  },
  { what: 'an invalid Date', column: 'moment', value: () => new Date(NaN), outcome: { sqlState: '22007' } },
  {
    what: 'an invalid Date of a type',
    column: 'moment',
    value: () => param(new Date(NaN), 'TIMESTAMP'),
    outcome: { sqlState: '22007' },
  },
  {
    what: 'NaN',
    column: 'broken',
    value: () => NaN,
    outcome: {
      sqlite: { sqlState: '22003' },
      pg: { kept: NaN },
      mysql: { sqlState: '22003' },
      mssql: { sqlState: '22003' },
    },
  },
  { what: 'Infinity', column: 'broken', value: () => Infinity, outcome: infinite(Infinity) },
  { what: '-Infinity', column: 'broken', value: () => -Infinity, outcome: infinite(-Infinity) },
  { what: '-0', column: 'broken', value: () => -0, outcome: { kept: 0 } },
  { what: 'the smallest number', column: 'broken', value: () => 5e-324, outcome: { kept: 5e-324 } },
  {
    what: 'Infinity as BIGINT',
    column: 'whole',
    value: () => param(Infinity, 'BIGINT'),
    outcome: {
      sqlite: { sqlState: '22003' },
      pg: { sqlState: '22P02', by: 'server' },
      mysql: { sqlState: '22003' },
      mssql: { sqlState: '22003' },
    },
  },
  {
    what: 'a bigint of 65 bits',
    column: 'whole',
    value: () => 2n ** 64n,
    outcome: {
      sqlite: { sqlState: '22003' },
      pg: { sqlState: '22003', by: 'server' },
      mysql: { sqlState: '22003', by: 'server' },
      mssql: { sqlState: '22003', by: 'server' },
    },
  },
  {
    what: 'a bigint of 65 bits as DECIMAL',
    column: 'amount',
    value: () => param(2n ** 64n, 'DECIMAL'),
    outcome: {
      sqlite: { sqlState: '22003' },
      pg: { kept: '18446744073709551616' },
      mysql: { kept: '18446744073709551616' },
      mssql: { kept: '18446744073709551616' },
    },
  },
  {
    what: 'the largest bigint of 64 bits',
    column: 'whole',
    value: () => 2n ** 63n - 1n,
    outcome: { kept: 2n ** 63n - 1n },
  },
  {
    what: 'half a surrogate pair',
    column: 'word',
    value: () => 'secret\ud800',
    outcome: { sqlState: '22021' },
  },
  {
    what: 'half a surrogate pair, typed',
    column: 'word',
    value: () => param('secret\udc00', 'VARCHAR'),
    outcome: { sqlState: '22021' },
  },
  {
    what: 'NUL in a text',
    column: 'word',
    value: () => 'secret\0',
    outcome: {
      sqlite: { kept: 'secret\0' },
      pg: { sqlState: '22021' },
      mysql: { kept: 'secret\0' },
      mssql: { kept: 'secret\0' },
    },
  },
  {
    what: 'text that looks like SQL',
    column: 'word',
    value: () => `'; DROP TABLE bad; -- ? $1 {fn x} \u2028 \\`,
    outcome: { kept: `'; DROP TABLE bad; -- ? $1 {fn x} \u2028 \\` },
  },
  { what: 'an empty text', column: 'word', value: () => '', outcome: { kept: '' } },
  {
    what: 'a slice of a Buffer',
    column: 'bytes',
    value: () => Buffer.from('secret123').subarray(6, 8),
    outcome: { kept: Uint8Array.of(0x31, 0x32) },
  },
  {
    what: 'a view of shared memory',
    column: 'bytes',
    value: shared,
    outcome: { kept: Uint8Array.of(1, 2, 3) },
  },
  {
    what: 'bytes of another context',
    column: 'bytes',
    value: () => runInNewContext('Uint8Array.of(1, 2, 3)'),
    outcome: { kept: Uint8Array.of(1, 2, 3) },
  },
  { what: 'no byte', column: 'bytes', value: () => new Uint8Array(), outcome: { kept: new Uint8Array() } },
  // Memory that was never written to takes none.
  {
    what: 'a gigabyte',
    column: 'bytes',
    value: () => new Uint8Array(2 ** 30),
    outcome: { sqlState: '54000' },
  },
]

/** What stands in the place of an SQL text. */
export const badTexts: readonly (readonly [what: string, text: unknown, sqlState: string])[] = [
  ['undefined', undefined, 'HY009'],
  ['null', null, 'HY009'],
  ['a number', 5, 'HY009'],
  ['a symbol', Symbol('secret'), 'HY009'],
  ['a function', () => 'SELECT 1', 'HY009'],
  ['an object', { toString: () => 'SELECT 1' }, 'HY009'],
  ['a String object', Object('SELECT 1'), 'HY009'],
  ['an array', ['SELECT 1'], 'HY009'],
  ['a Buffer', Buffer.from('SELECT 1'), 'HY009'],
  ['a Proxy that throws', hostile, 'HY009'],
  ['nothing', '', '42601'],
  ['blanks', ' \t\r\n', '42601'],
  ['a line comment', '-- SELECT 1', '42601'],
  ['a block comment', '/* SELECT 1 */', '42601'],
  ['a semicolon', ' ; ', '42601'],
  ['a text that goes on behind a NUL', 'DELETE FROM bad \0 WHERE id = 99', '42601'],
  ['half a surrogate pair', `DELETE FROM bad WHERE word = '\ud800'`, '42601'],
  ['two statements', 'DELETE FROM bad; SELECT 1', '0A000'],
  ['a literal that is not ended', `DELETE FROM bad WHERE word = 'x`, '42601'],
]

/** What stands in the place of the parameters of a text with two. */
export const badLists: readonly (readonly [what: string, list: unknown, sqlState: string, place: RegExp])[] =
  [
    ['null', null, '07001', /parameters are null/],
    ['a text', 'ab', '07001', /parameters are a string/],
    ['an object with a length', { length: 2, 0: 1, 1: 'x' }, '07001', /parameters are an object/],
    ['a Set', new Set([1, 'x']), '07001', /parameters are an object/],
    ['bytes', Uint8Array.of(1, 2), '07001', /parameters are an object/],
    ['too few', [1], '07001', /2 parameter.*1 were given/],
    ['too many', [1, 'x', 'x'], '07001', /2 parameter.*3 were given/],
    ['none', [], '07001', /2 parameter.*0 were given/],
    ['a hole', Object.assign([1], { length: 2 }), 'HY105', /Parameter 2 is undefined/],
    ['only holes', Array.from({ length: 2 }), 'HY105', /Parameter 1 is undefined/],
  ]

/** What stands in the place of the rows of a batch. */
export const badRows: readonly (readonly [what: string, rows: unknown, sqlState: string, place: RegExp])[] = [
  ['undefined', undefined, '07001', /rows of the batch are undefined/],
  ['null', null, '07001', /rows of the batch are null/],
  ['a number', 2, '07001', /rows of the batch are a number/],
  ['a text', 'ab', '07001', /rows of the batch are a string/],
  ['an object', { length: 1 }, '07001', /rows of the batch are an object/],
  ['rows that come later', (async function* () {})(), '07001', /rows of the batch are an object/],
  ['a row of null', [[900, 'x'], null], '07001', /Row 1 .* are null/],
  ['a row that is missing', [[900, 'x'], undefined], '07001', /Row 1 .* 0 were given/],
  ['a row that is a text', [[900, 'x'], 'ab'], '07001', /Row 1 .* are a string/],
]

/** Labels of results: what comes back under each, and in the other case how it is refused. */
export interface BadLabel {
  readonly what: string
  readonly label: string
  readonly outcome?: Readonly<Partial<Record<Database, Kept | Refused>>>
}

const megabyte = 'x'.repeat(1_048_576)

export const badLabels: readonly BadLabel[] = [
  { what: '__proto__', label: '__proto__' },
  { what: 'constructor', label: 'constructor' },
  { what: 'toString', label: 'toString' },
  { what: 'hasOwnProperty', label: 'hasOwnProperty' },
  { what: 'a number', label: '0' },
  { what: 'quotes', label: `a"b'c\`d` },
  { what: 'what would be code', label: `x'];process.exit(7);//\${1}\\` },
  { what: 'the end of a line', label: 'a\u2028b\u2029\r\nc' },
  // Names have three bytes a character there.
  {
    what: 'a pair of surrogates',
    label: '😀',
    outcome: { mysql: { sqlState: '22021', by: 'server' } },
  },
  {
    what: 'nothing',
    label: '',
    outcome: { pg: { sqlState: '42601', by: 'server' }, mssql: { sqlState: '42601', by: 'server' } },
  },
  // The servers cut: names have 63 bytes, or 255 characters. SQL Server refuses more than 128.
  {
    what: 'a megabyte',
    label: megabyte,
    outcome: {
      pg: { kept: 'x'.repeat(63) },
      mysql: { kept: 'x'.repeat(255) },
      mssql: { sqlState: '42601', by: 'server' },
    },
  },
]
