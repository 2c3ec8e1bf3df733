import type { ColumnMetadata } from '../../src/api/result.ts'
import type { SqlTypeName, SqlValue } from '../../src/api/sql-types.ts'
import type { Failure, NativeValue } from './protocol.ts'

/** How the rows of one statement become portable. */
export interface ResultPlan {
  readonly columns: readonly ColumnMetadata[]
  /** One for each column; none where SQLite's value is already right. */
  readonly converters: readonly (Converter | undefined)[]
  /** Whether any column may hold an integer that is no safe `number`. */
  readonly bigIntegers: boolean
}

type Converter = (value: NativeValue, column: ColumnMetadata) => SqlValue

/** A stored value does not fit its declared type. */
export class ValueFault extends Error {
  readonly ours: NonNullable<Failure['ours']>

  constructor(message: string, ours: NonNullable<Failure['ours']>) {
    super(message)
    this.ours = ours
  }
}

/**
 * The type of a column by its declaration. SQLite stores any value in any column, so a value that does not fit the
 * declaration is refused (22018, 22003), never passed on as something else.
 *
 * | declared | type | value |
 * |---|---|---|
 * | `BIGINT` `INT8` `UNSIGNED BIG INT` | BIGINT | bigint |
 * | other `…INT…` | INTEGER, SMALLINT | number, safe or refused |
 * | `BOOL…` | BOOLEAN | boolean, from 0 and 1 |
 * | `DEC…` `NUMERIC…` `MONEY` | DECIMAL | string, without exponent; 15 digits, or a whole number of 64 bits |
 * | `…REAL…` `…FLOA…` `…DOUB…` | DOUBLE | number |
 * | `…CHAR…` `…TEXT…` `…CLOB…` | VARCHAR | string |
 * | `…BLOB…` `…BINARY…` | VARBINARY | Uint8Array |
 * | `DATE` `TIME` `DATETIME…` `TIMESTAMP…` | that | string, as stored |
 * | `UUID`; `JSON…` | that | string (UUID in lower case) |
 * | nothing (expressions), anything else | OTHER | as stored; an integer is a number, a bigint when it is not safe |
 */
export function typeOf(declared: string | null): SqlTypeName {
  if (declared === null || declared === '') return 'OTHER'
  const type = declared.toUpperCase()
  if (type.includes('INT') && !type.startsWith('INTERVAL') && !type.includes('POINT')) {
    if (/BIG\s*INT|INT8/.test(type)) return 'BIGINT'
    return /SMALL|TINY|INT2/.test(type) ? 'SMALLINT' : 'INTEGER'
  }
  if (/CHAR|CLOB|TEXT/.test(type)) return 'VARCHAR'
  if (/BLOB|BINARY/.test(type)) return 'VARBINARY'
  if (/REAL|FLOA|DOUB/.test(type)) return 'DOUBLE'
  if (type.startsWith('BOOL')) return 'BOOLEAN'
  if (/^(DEC|NUMERIC|MONEY)/.test(type)) return 'DECIMAL'
  if (type.startsWith('TIMESTAMP'))
    return /TZ|WITH\s+TIME/.test(type) ? 'TIMESTAMP_WITH_TIMEZONE' : 'TIMESTAMP'
  if (type.startsWith('DATETIME')) return 'TIMESTAMP'
  if (type.startsWith('DATE')) return 'DATE'
  if (type.startsWith('TIME')) return 'TIME'
  if (type.startsWith('UUID')) return 'UUID'
  return type.startsWith('JSON') ? 'JSON' : 'OTHER'
}

/**
 * The plan for the columns that node:sqlite describes.
 *
 * @param nativeValues Nothing is converted: an integer is a number, and one beyond 2^53 is refused by node:sqlite.
 */
export function planFor(
  described: readonly { name: string; type: string | null }[],
  nativeValues: boolean,
): ResultPlan {
  const columns = described.map(({ name, type }) =>
    Object.freeze({ name, type: typeOf(type), databaseType: type ?? '' }),
  )
  return {
    columns: Object.freeze(columns),
    converters: columns.map((column) => (nativeValues ? undefined : converters[column.type])),
    bigIntegers: !nativeValues && columns.some((column) => !smallTypes.has(column.type)),
  }
}

/** Whether two statements describe the same columns. */
export function sameColumns(a: ResultPlan, b: ResultPlan): boolean {
  return (
    a.columns.length === b.columns.length &&
    a.columns.every((column, at) => {
      const other = b.columns[at]!
      return column.name === other.name && column.databaseType === other.databaseType
    })
  )
}

/** Converts rows in place. */
export function convertRows(rows: NativeValue[][], plan: ResultPlan): SqlValue[][] {
  const { columns, converters: each } = plan
  for (let at = 0; at < each.length; at++) {
    const convert = each[at]
    if (convert === undefined) continue
    const column = columns[at]!
    for (const row of rows as SqlValue[][]) {
      const value = row[at] as NativeValue
      if (value !== null) row[at] = convert(value, column)
    }
  }
  return rows
}

/** In these SQLite's affinity leaves no integers beyond the safe ones, or they are refused anyway. */
const smallTypes = new Set<SqlTypeName>(['INTEGER', 'SMALLINT', 'DOUBLE', 'VARCHAR', 'VARBINARY'])

const asText: Converter = (value, column) => {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) throw wrongType(value, column)
  return String(value)
}

const asNumber: Converter = (value, column) => {
  if (typeof value === 'number') {
    if (column.type === 'DOUBLE' || Number.isSafeInteger(value)) return value
    throw Number.isInteger(value) ? outOfRange(column) : wrongType(value, column)
  }
  if (typeof value !== 'bigint') throw wrongType(value, column)
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  throw outOfRange(column)
}

const converters: Partial<Record<SqlTypeName, Converter>> = {
  SMALLINT: asNumber,
  INTEGER: asNumber,
  DOUBLE: asNumber,
  VARCHAR: asText,
  DATE: asText,
  TIME: asText,
  TIMESTAMP: asText,
  TIMESTAMP_WITH_TIMEZONE: asText,
  JSON: asText,
  UUID: (value, column) => (asText(value, column) as string).toLowerCase(),
  BIGINT(value, column) {
    if (typeof value === 'bigint') return value
    if (Number.isSafeInteger(value)) return BigInt(value as number)
    throw Number.isInteger(value) ? outOfRange(column) : wrongType(value, column)
  },
  BOOLEAN(value, column) {
    if (value === 1n || value === 1) return true
    if (value === 0n || value === 0) return false
    throw wrongType(value, column)
  },
  DECIMAL(value, column) {
    if (typeof value === 'bigint') return String(value)
    if (typeof value !== 'number') throw wrongType(value, column)
    if (Number.isFinite(value)) return plainDecimal(value)
    throw outOfRange(column)
  },
  VARBINARY(value, column) {
    if (value instanceof Uint8Array) return value
    throw wrongType(value, column)
  },
  OTHER(value) {
    if (typeof value !== 'bigint') return value
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value
  },
}

/** A double as the decimal of 15 digits that it stands for: 0.1 + 0.2 is `0.3`. */
function plainDecimal(value: number): string {
  const [mantissa = '', exponent = '0'] = value.toExponential(14).split('e')
  const negative = mantissa.startsWith('-')
  const digits = mantissa.replace(/[-.]/g, '').replace(/0+$/, '')
  if (digits === '') return '0'
  const point = Number(exponent) + 1
  let text: string
  if (point <= 0) text = `0.${'0'.repeat(-point)}${digits}`
  else if (digits.length <= point) text = digits + '0'.repeat(point - digits.length)
  else text = `${digits.slice(0, point)}.${digits.slice(point)}`
  return negative ? `-${text}` : text
}

function wrongType(value: NativeValue, column: ColumnMetadata): ValueFault {
  return new ValueFault(
    `Column '${column.name}' is declared ${column.databaseType} and holds a value that is none, stored as ` +
      `${storageClass(value)}: CAST the column to the type that you want`,
    'wrong-type',
  )
}

function storageClass(value: NativeValue): string {
  if (typeof value === 'bigint') return 'INTEGER'
  if (typeof value === 'number') return Number.isInteger(value) ? 'INTEGER' : 'REAL'
  return typeof value === 'string' ? 'TEXT' : 'BLOB'
}

function outOfRange(column: ColumnMetadata): ValueFault {
  return new ValueFault(
    `Column '${column.name}' is declared ${column.databaseType} and holds a number out of the range of ${column.type}`,
    'out-of-range',
  )
}
