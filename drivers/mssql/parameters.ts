import { types as kinds } from 'node:util'
import {
  SQLDataException,
  SQLFeatureNotSupportedException,
  SQLNonTransientException,
  type SQLException,
} from '../../src/api/sql-exception.ts'
import { TypedParameter, type SqlTypeName } from '../../src/api/sql-types.ts'
import type { BoundParameters } from '../../src/spi/physical-connection.ts'
import { momentOf, parsedDate, parsedDateTime, parsedTime } from './moments.ts'
import {
  binaryValue,
  bitValue,
  dateTimeValue,
  dateValue,
  decimalValue,
  floatValue,
  instantValue,
  integerValue,
  longestValue,
  textValue,
  timeValue,
  uuidValue,
  type Moment,
  type WireValue,
} from './wire-types.ts'

/**
 * Values and types for SQL Server, which compares and indexes by the type.
 *
 * | value | sent as | refused |
 * |---|---|---|
 * | `null` | NVARCHAR(4000), which becomes any type but a binary one: `param(null, 'VARBINARY')` | |
 * | `string` | NVARCHAR(4000), beyond that NVARCHAR(MAX) | half surrogate pairs (22021) |
 * | whole `number` of 32 bits | INT | |
 * | other whole `number` within ±2^53 | BIGINT | |
 * | other `number` | DECIMAL; written with an exponent, FLOAT | NaN, ±Infinity (22003) |
 * | `bigint` | BIGINT; beyond 64 bits, DECIMAL | more than 38 digits (22003) |
 * | `boolean` | BIT | |
 * | `Uint8Array` | VARBINARY(8000), beyond that VARBINARY(MAX) | |
 * | `Date` | DATETIMEOFFSET in UTC | invalid (22007), out of the years 1 to 9999 (22008) |
 *
 * A typed one (`param`, `decimal`) is sent as its type; a text that is no ISO date or time is left to the server to read.
 *
 * @param collation Of the database, which texts are sent with.
 */
export function encodeParameters(values: BoundParameters, collation: Buffer): WireValue[] {
  return values.map((value, index) =>
    value instanceof TypedParameter
      ? encodeAs(value.value, value.type, index, collation)
      : untyped(value, index, collation),
  )
}

function untyped(value: unknown, index: number, collation: Buffer): WireValue {
  switch (typeof value) {
    case 'string':
      return textValue(text(value, index), collation)
    case 'number':
      return numeric(value, index)
    case 'bigint':
      return integer(value, index)
    case 'boolean':
      return bitValue(value)
    default:
      if (value === null) return textValue(null, collation)
      if (kinds.isUint8Array(value)) return binaryValue(sendable(value, index))
      if (kinds.isDate(value)) return instantValue(momentIn(value, index))
      throw refused(index, 'is not a value that SQL Server stores', '07006')
  }
}

function numeric(value: number, index: number): WireValue {
  if ((value | 0) === value) return integerValue(BigInt(value), 4)
  if (Number.isSafeInteger(value)) return integerValue(BigInt(value), 8)
  if (!Number.isFinite(value)) throw notFinite(value, index)
  const written = String(value)
  return (written.includes('e') ? undefined : decimalOf(written)) ?? floatValue(value, 8)
}

function integer(value: bigint, index: number): WireValue {
  if (BigInt.asIntN(64, value) === value) return integerValue(value, 8)
  const sent = decimalValue(value < 0n ? -value : value, value < 0n, 0)
  if (sent === undefined) throw tooManyDigits(index)
  return sent
}

/** Undefined for what is no decimal number, or has more than 38 digits. */
function decimalOf(written: string): WireValue | undefined {
  const parts = digitsOf(written)
  return parts === undefined ? undefined : decimalValue(parts.magnitude, parts.isNegative, parts.places)
}

/** A decimal number, exactly. */
export interface Digits {
  readonly magnitude: bigint
  readonly isNegative: boolean
  /** So many of them are behind the point. */
  readonly places: number
}

function digitsOf(written: string): Digits | undefined {
  const [, sign = '', before = '', behind = ''] = /^([+-]?)(\d*)\.?(\d*)$/.exec(written) ?? []
  if (before === '' && behind === '') return undefined
  return { magnitude: BigInt(before + behind), isNegative: sign === '-', places: behind.length }
}

/**
 * @param index Of the value, from 0, for messages.
 * @throws SQLDataException 22018 for what is no decimal number, 22003 for what is not finite.
 */
export function exactDigits(value: unknown, index: number): Digits {
  if (typeof value === 'number' && !Number.isFinite(value)) throw notFinite(value, index)
  const written =
    typeof value === 'number' || typeof value === 'bigint' ? String(value) : textOf(value, 'DECIMAL', index)
  const plain = withoutExponent(written)
  const digits = plain === undefined ? undefined : digitsOf(plain)
  if (digits === undefined) throw notOfType(index, 'DECIMAL')
  return digits
}

/** As a parameter of that type; see {@link encodeParameters}. */
export function encodeAs(value: unknown, type: SqlTypeName, index: number, collation: Buffer): WireValue {
  switch (type) {
    case 'ARRAY':
      throw new SQLFeatureNotSupportedException(
        `Parameter ${index + 1} is an ARRAY, which SQL Server has not`,
        { sqlState: '0A000', reason: 'feature' },
      )
    case 'OTHER':
      return untyped(value, index, collation)
    case 'BOOLEAN':
      if (value === null || typeof value === 'boolean') return bitValue(value)
      if (value === 1 || value === 'true') return bitValue(true)
      if (value === 0 || value === 'false') return bitValue(false)
      throw notOfType(index, type)
    case 'SMALLINT':
      return whole(value, type, index, 2)
    case 'INTEGER':
      return whole(value, type, index, 4)
    case 'BIGINT':
      return whole(value, type, index, 8)
    case 'REAL':
    case 'DOUBLE':
      return floatValue(value === null ? null : doubleOf(value, type, index), type === 'REAL' ? 4 : 8)
    case 'DECIMAL':
      return exact(value, index)
    case 'VARCHAR':
    case 'JSON':
      return textValue(value === null ? null : textOf(value, type, index), collation)
    case 'VARBINARY':
      if (value === null) return binaryValue(null)
      if (kinds.isUint8Array(value)) return binaryValue(sendable(value, index))
      throw notOfType(index, type)
    case 'UUID': {
      if (value === null) return uuidValue(null)
      const written = textOf(value, type, index)
      return uuidPattern.test(written)
        ? uuidValue(written.replaceAll(/[{}-]/g, ''))
        : textValue(written, collation)
    }
    case 'DATE':
      return temporal(value, type, index, collation, parsedDate, dateValue)
    case 'TIME':
      return temporal(value, type, index, collation, parsedTime, timeValue)
    case 'TIMESTAMP':
      return temporal(value, type, index, collation, parsedDateTime, dateTimeValue)
    case 'TIMESTAMP_WITH_TIMEZONE':
      return temporal(value, type, index, collation, parsedDateTime, instantValue)
  }
}

const uuidPattern = /^(\{?)[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\}?$/i

function temporal<M extends Partial<Moment>>(
  value: unknown,
  type: SqlTypeName,
  index: number,
  collation: Buffer,
  parse: (text: string) => M | undefined,
  send: (moment: (M & Moment) | null) => WireValue,
): WireValue {
  if (value === null) return send(null)
  if (kinds.isDate(value)) return send(momentIn(value, index) as M & Moment)
  const written = textOf(value, type, index)
  const moment = parse(written)
  return moment === undefined ? textValue(written, collation) : send(moment as M & Moment)
}

function whole(value: unknown, type: SqlTypeName, index: number, bytes: 2 | 4 | 8): WireValue {
  if (value === null) return integerValue(null, bytes)
  const number = wholeOf(value, type, index)
  // One that does not fit is the server's to refuse, by what it is stored in.
  return BigInt.asIntN(bytes * 8, number) === number ? integerValue(number, bytes) : integer(number, index)
}

function wholeOf(value: unknown, type: SqlTypeName, index: number): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value)
  if (typeof value === 'number' && !Number.isFinite(value)) throw notFinite(value, index)
  if (typeof value === 'string' && /^[+-]?\d+$/.test(value)) return BigInt(value.replace('+', ''))
  throw notOfType(index, type)
}

function doubleOf(value: unknown, type: SqlTypeName, index: number): number {
  const double =
    typeof value === 'bigint' || (typeof value === 'string' && value.trim() !== '') ? Number(value) : value
  if (typeof double !== 'number') throw notOfType(index, type)
  if (Number.isFinite(double)) return double
  if (typeof value === 'string' && Number.isNaN(double) && value !== 'NaN') throw notOfType(index, type)
  throw notFinite(double, index)
}

function exact(value: unknown, index: number): WireValue {
  if (value === null) return decimalValue(null, false, 0)!
  const { magnitude, isNegative, places } = exactDigits(value, index)
  const sent = decimalValue(magnitude, isNegative, places)
  if (sent === undefined) throw tooManyDigits(index)
  return sent
}

/** Undefined for what is no number; a huge exponent stays, and is no decimal. */
function withoutExponent(written: string): string | undefined {
  const parts = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:e([+-]?\d{1,3}))?$/i.exec(written)
  if (parts === null) return undefined
  const [, sign = '', mantissa = '', exponent] = parts
  if (exponent === undefined) return trimmed(sign, mantissa)
  const [before = '', behind = ''] = mantissa.split('.')
  const point = before.length + Number(exponent)
  const digits = (before + behind).padStart(before.length + behind.length + Math.max(0, -point), '0')
  const at = Math.max(0, point)
  const padded = digits.padEnd(at, '0')
  return trimmed(sign, `${padded.slice(0, at)}.${padded.slice(at)}`)
}

/** Zeros before the number count for nothing. */
function trimmed(sign: string, digits: string): string {
  return sign + digits.replace(/^0+(?=\d)/, '')
}

/** @throws SQLDataException 22018 for what is no text, and does not become one. */
export function textOf(value: unknown, type: SqlTypeName, index: number): string {
  if (typeof value === 'string') return text(value, index)
  const isPlain = typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
  if (type === 'VARCHAR' && isPlain) return String(value)
  throw notOfType(index, type)
}

function sendable(value: Uint8Array, index: number): Uint8Array {
  if (value.length > longestValue) throw tooLong(index)
  return value
}

function text(value: string, index: number): string {
  if (value.length * 2 > longestValue) throw tooLong(index)
  if (!value.isWellFormed()) throw refused(index, 'holds half a surrogate pair, which is not text', '22021')
  return value
}

function momentIn(value: Date, index: number): Moment {
  if (Number.isNaN(value.getTime())) throw refused(index, 'is an invalid Date', '22007')
  const moment = momentOf(value)
  if (moment === undefined) throw refused(index, 'is a date before year 1 or beyond 9999', '22008')
  return moment
}

function notFinite(value: number, index: number): SQLException {
  return refused(index, `is ${value}, which SQL Server keeps in no number`, '22003')
}

function tooManyDigits(index: number): SQLException {
  return refused(index, 'has more than 38 digits', '22003')
}

function tooLong(index: number): SQLException {
  return new SQLNonTransientException(
    `Parameter ${index + 1} is too long: at most ${longestValue} bytes are sent in one value`,
    { sqlState: '54000', reason: 'limit' },
  )
}

function notOfType(index: number, type: SqlTypeName): SQLException {
  return refused(index, `cannot be sent as ${type}`, '22018')
}

function refused(index: number, fault: string, sqlState: string): SQLException {
  return new SQLDataException(`Parameter ${index + 1} ${fault}`, { sqlState, reason: 'data' })
}
