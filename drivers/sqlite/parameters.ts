import { types } from 'node:util'
import {
  SQLDataException,
  SQLFeatureNotSupportedException,
  SQLNonTransientException,
} from '../../src/api/sql-exception.ts'
import { TypedParameter, type SqlTypeName } from '../../src/api/sql-types.ts'
import type { BoundParameters } from '../../src/spi/physical-connection.ts'
import type { CompiledStatement } from '../../src/sql/compiled-statement.ts'
import type { NativeArguments, NativeValue } from './protocol.ts'

/**
 * Values as SQLite is to store them. Where it could not keep one, the value is refused: nothing is rounded.
 *
 * | value | stored as | refused |
 * |---|---|---|
 * | `null` | NULL | |
 * | whole `number` within ±2^53 | INTEGER (−0 is 0) | |
 * | other `number` | REAL | NaN (22003), which SQLite would make NULL |
 * | `bigint` | INTEGER | beyond 64 bits (22003) |
 * | `boolean` | INTEGER 0, 1 | |
 * | `string` | TEXT, NUL included | half a surrogate pair (22021); more than 1,000,000,000 bytes (54000) |
 * | `Uint8Array` | BLOB | more than 1,000,000,000 bytes (54000) |
 * | `Date` | TEXT, ISO in UTC: `2026-01-31T12:00:00.000Z` | years before 0 and after 9999 (22008) |
 * | DECIMAL | REAL up to 15 digits; INTEGER when whole and within 64 bits | other decimals beyond 15 digits (22003) |
 * | SMALLINT, INTEGER, BIGINT | INTEGER | fractions, and what the type does not hold (22003) |
 * | REAL, DOUBLE | REAL | |
 * | DATE, TIME, TIMESTAMP | TEXT: that part of a `Date` in UTC; a string as it is | |
 * | UUID | TEXT in lower case | |
 * | ARRAY | | always (0A000) |
 */
export function toNative(
  { names }: Pick<CompiledStatement, 'names'>,
  parameters: BoundParameters,
): NativeArguments {
  const native: NativeValue[] = []
  for (let index = 0; index < parameters.length; index++) {
    const value = parameters[index]
    native.push(value instanceof TypedParameter ? typed(value, index) : untyped(value, index))
  }
  if (names === undefined) return native
  // `node:sqlite` binds by position only what has no name.
  return [Object.fromEntries(names.map((name, index) => [name, native[index] ?? null]))]
}

const integerRanges: Partial<Record<SqlTypeName, bigint>> = {
  SMALLINT: 1n << 15n,
  INTEGER: 1n << 31n,
  BIGINT: 1n << 63n,
}

/** SQLITE_MAX_LENGTH */
const mostBytes = 1_000_000_000

function untyped(value: unknown, index: number): NativeValue {
  switch (typeof value) {
    case 'string':
      if (value.length > mostBytes / 3 && Buffer.byteLength(value) > mostBytes) throw tooLong(index)
      if (value.isWellFormed()) return value
      throw refused(index, 'holds half a surrogate pair, which is not text', '22021')
    case 'number':
      // node:sqlite binds every number as REAL, and 5 / 2 would become 2.5.
      if (Number.isSafeInteger(value)) return BigInt(value)
      if (!Number.isNaN(value)) return value
      throw refused(index, 'is NaN, which SQLite would store as NULL', '22003')
    case 'bigint':
      if (BigInt.asIntN(64, value) === value) return value
      throw refused(index, 'is an integer beyond 64 bits', '22003')
    case 'boolean':
      return value ? 1n : 0n
    default:
      if (value === null) return null
      if (types.isUint8Array(value) && value.length > mostBytes) throw tooLong(index)
      // Copied: the caller may write into it while the statement waits, and a slice would take its whole buffer along.
      if (types.isUint8Array(value)) return new Uint8Array(value)
      if (types.isDate(value)) return isoText(value, index)
      if (Array.isArray(value)) throw noArrays(index)
      throw refused(index, 'is not a value that SQLite stores', '07006')
  }
}

function typed({ value, type }: TypedParameter, index: number): NativeValue {
  if (value === null) return null
  switch (type) {
    case 'SMALLINT':
    case 'INTEGER':
    case 'BIGINT':
      return integer(value, type, index)
    case 'REAL':
    case 'DOUBLE':
      return real(value, type, index)
    case 'DECIMAL':
      return decimalValue(value, index)
    case 'BOOLEAN':
      if (typeof value === 'boolean' || value === 0 || value === 1) return value ? 1n : 0n
      throw notOfType(index, type)
    case 'VARBINARY':
      if (types.isUint8Array(value)) return untyped(value, index)
      throw notOfType(index, type)
    case 'DATE':
      return types.isDate(value) ? isoText(value, index).slice(0, 10) : textOf(value, type, index)
    case 'TIME':
      return types.isDate(value) ? isoText(value, index).slice(11, -1) : textOf(value, type, index)
    case 'TIMESTAMP':
      return types.isDate(value) ? isoText(value, index).slice(0, -1) : textOf(value, type, index)
    case 'TIMESTAMP_WITH_TIMEZONE':
      return types.isDate(value) ? isoText(value, index) : textOf(value, type, index)
    case 'VARCHAR':
    case 'JSON':
      return textOf(value, type, index)
    case 'UUID':
      return textOf(value, type, index).toLowerCase()
    case 'ARRAY':
      throw noArrays(index)
    case 'OTHER':
      return untyped(value, index)
  }
}

function integer(value: unknown, type: SqlTypeName, index: number): bigint {
  let whole: bigint
  if (typeof value === 'bigint') whole = value
  else if (Number.isSafeInteger(value)) whole = BigInt(value as number)
  else if (typeof value === 'string' && /^[+-]?\d+$/.test(value)) whole = BigInt(value.replace('+', ''))
  else
    throw typeof value === 'number'
      ? refused(index, `is no whole number that a double holds, for ${type}`, '22003')
      : notOfType(index, type)
  const limit = integerRanges[type]!
  if (whole < -limit || whole >= limit) throw refused(index, `is out of the range of ${type}`, '22003')
  return whole
}

function real(value: unknown, type: SqlTypeName, index: number): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number === 'number' && !Number.isNaN(number)) return number
  if (typeof number === 'bigint' && BigInt(Number(number)) === number) return Number(number)
  throw typeof value === 'bigint'
    ? refused(index, `has more digits than ${type} holds`, '22003')
    : notOfType(index, type)
}

/** 15 significant digits are what a double always gives back. */
function decimalValue(value: unknown, index: number): NativeValue {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint')
    throw notOfType(index, 'DECIMAL')
  const parts = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(String(value))
  if (parts === null || `${parts[2]}${parts[3] ?? ''}` === '') throw notOfType(index, 'DECIMAL')
  const fraction = (parts[3] ?? '').replace(/0+$/, '')
  const digits = `${parts[2]}${fraction}`.replace(/^0+/, '')
  // Trailing zeros of a whole number are no precision.
  const significant = fraction === '' ? digits.replace(/0+$/, '') : digits
  if (significant.length <= 15) {
    const number = Number(value)
    if (Number.isFinite(number)) return number
  } else if (fraction === '' && parts[4] === undefined) {
    const whole = BigInt(`${parts[1] === '-' ? '-' : ''}${digits}`)
    if (BigInt.asIntN(64, whole) === whole) return whole
  }
  throw refused(index, 'is a decimal of more than 15 digits, which SQLite would round', '22003')
}

function isoText(value: Date, index: number): string {
  if (Number.isNaN(value.getTime())) throw refused(index, 'is an invalid Date', '22007')
  const text = value.toISOString()
  if (text.length === 24) return text
  throw refused(index, 'is a Date outside the years 0 to 9999', '22008')
}

function textOf(value: unknown, type: SqlTypeName, index: number): string {
  if (typeof value === 'string') return untyped(value, index) as string
  if (type === 'VARCHAR' && ['number', 'bigint', 'boolean'].includes(typeof value)) return String(value)
  throw notOfType(index, type)
}

function notOfType(index: number, type: SqlTypeName): SQLDataException {
  return refused(index, `cannot be sent as ${type}`, '22018')
}

function noArrays(index: number): SQLFeatureNotSupportedException {
  return new SQLFeatureNotSupportedException(`Parameter ${index + 1} is an array: SQLite has none`, {
    sqlState: '0A000',
    reason: 'feature',
  })
}

function tooLong(index: number): SQLNonTransientException {
  return new SQLNonTransientException(
    `Parameter ${index + 1} is too long: SQLite stores values of 1,000,000,000 bytes`,
    { sqlState: '54000', reason: 'limit' },
  )
}

function refused(index: number, fault: string, sqlState: string): SQLDataException {
  return new SQLDataException(`Parameter ${index + 1} ${fault}`, { sqlState, reason: 'data' })
}
