import { types as kinds } from 'node:util'
import {
  SQLDataException,
  SQLFeatureNotSupportedException,
  SQLNonTransientException,
  type SQLException,
} from '../../src/api/sql-exception.ts'
import { TypedParameter, type SqlTypeName } from '../../src/api/sql-types.ts'
import type { BoundParameters } from '../../src/spi/physical-connection.ts'
import { executePayload, framed, type Frames } from './frames.ts'
import {
  dateBytes,
  dateTimeBytes,
  parsedDate,
  parsedDateTime,
  parsedTime,
  timeBytes,
} from './temporal-bytes.ts'

/** Values with the types that they are sent as. */
export interface EncodedParameters {
  readonly types: readonly number[]
  readonly values: readonly WireValue[]
  /** What the values take, in bytes. */
  readonly length: number
}

type WireValue = null | number | bigint | string | Uint8Array

/** Column types of the protocol, as far as parameters have them; unsigned is the upper byte. */
const wire = {
  tiny: 1,
  long: 3,
  double: 5,
  null: 6,
  longlong: 8,
  date: 10,
  time: 11,
  datetime: 12,
  decimal: 246,
  blob: 252,
  text: 253,
  unsigned: 0x8000,
} as const

type Encoded = readonly [type: number, value: WireValue]

const none: EncodedParameters = Object.freeze({ types: [], values: [], length: 0 })

/**
 * Values and types for MySQL and MariaDB. The type counts: `LIMIT ?` takes integers alone, and a decimal that comes as
 * text is computed with as a double.
 *
 * | value | sent as | refused |
 * |---|---|---|
 * | `null` | NULL | |
 * | `string` | text | half surrogate pairs (22021) |
 * | whole `number` of 32 bits | INT | |
 * | other whole `number` within ±2^53 | BIGINT | |
 * | other `number` | DECIMAL, exact in arithmetic with decimals; written with an exponent, DOUBLE | NaN, ±Infinity (22003) |
 * | `bigint` | BIGINT, or BIGINT UNSIGNED; beyond 64 bits DECIMAL | |
 * | `boolean` | TINYINT | |
 * | `Uint8Array` | binary | |
 * | `Date` | DATETIME, in UTC | years before 0 and beyond 9999 (22008) |
 * | with a stated type | that type | what the type does not hold (22018), ARRAY (0A000) |
 *
 * @param longest What a packet may be (`max_allowed_packet`): at a longer one the server hangs up, so it is refused (54000).
 */
export function encodeParameters(parameters: BoundParameters, longest: number): EncodedParameters {
  const count = parameters.length
  if (count === 0) return none
  const types: number[] = []
  const values: WireValue[] = []
  let length = 0
  for (let index = 0; index < count; index++) {
    const parameter = parameters[index]
    const [type, value] =
      parameter instanceof TypedParameter
        ? typed(parameter.value, parameter.type, index)
        : untyped(parameter, index)
    types.push(type)
    values.push(value)
    length += sizeOf(type, value)
    if (length + 4 * count + 32 > longest) throw tooLong(index, longest)
  }
  return { types, values, length }
}

/** The message that runs a prepared statement with these values. */
export function executeFrames(id: number, { types, values, length }: EncodedParameters): Frames {
  const count = values.length
  if (count === 0) return framed(executePayload(id, 0).bytes)
  const nulls = (count + 7) >> 3
  const { bytes, offset } = executePayload(id, nulls + 1 + 2 * count + length)
  bytes.fill(0, offset, offset + nulls)
  bytes[offset + nulls] = 1 // the types follow
  let at = offset + nulls + 1
  for (const type of types) at = bytes.writeUInt16LE(type, at)
  for (let index = 0; index < count; index++) {
    const value = values[index]!
    if (value === null) bytes[offset + (index >> 3)]! |= 1 << (index & 7)
    else at = write(bytes, at, types[index]!, value)
  }
  return framed(bytes)
}

function sizeOf(type: number, value: WireValue): number {
  if (value === null) return 0
  switch (type) {
    case wire.tiny:
      return 1
    case wire.long:
      return 4
    case wire.double:
    case wire.longlong:
    case wire.longlong | wire.unsigned:
      return 8
    default: {
      const length = typeof value === 'string' ? Buffer.byteLength(value) : (value as Uint8Array).length
      return hasLength(type)
        ? length + (length < 251 ? 1 : length < 0x1_0000 ? 3 : length < 0x100_0000 ? 4 : 9)
        : length
    }
  }
}

/** Dates and times bring theirs along. */
function hasLength(type: number): boolean {
  return type === wire.text || type === wire.decimal || type === wire.blob
}

function write(bytes: Buffer, at: number, type: number, value: NonNullable<WireValue>): number {
  switch (type) {
    case wire.tiny:
      return bytes.writeUInt8(value as number, at)
    case wire.long:
      return bytes.writeInt32LE(value as number, at)
    case wire.double:
      return bytes.writeDoubleLE(value as number, at)
    case wire.longlong:
      return bytes.writeBigInt64LE(value as bigint, at)
    case wire.longlong | wire.unsigned:
      return bytes.writeBigUInt64LE(value as bigint, at)
  }
  if (typeof value === 'string') {
    const length = Buffer.byteLength(value)
    const start = writeLength(bytes, at, length)
    return start + bytes.write(value, start)
  }
  const content = value as Uint8Array
  const start = hasLength(type) ? writeLength(bytes, at, content.length) : at
  bytes.set(content, start)
  return start + content.length
}

function writeLength(bytes: Buffer, at: number, length: number): number {
  if (length < 251) return bytes.writeUInt8(length, at)
  if (length < 0x1_0000) return bytes.writeUInt16LE(length, bytes.writeUInt8(0xfc, at))
  if (length < 0x100_0000) return bytes.writeUIntLE(length, bytes.writeUInt8(0xfd, at), 3)
  return bytes.writeBigUInt64LE(BigInt(length), bytes.writeUInt8(0xfe, at))
}

function untyped(value: unknown, index: number): Encoded {
  switch (typeof value) {
    case 'string':
      return [wire.text, text(value, index)]
    case 'number':
      return number(value, index)
    case 'bigint':
      return integer(value)
    case 'boolean':
      return [wire.tiny, value ? 1 : 0]
    default:
      if (value === null) return [wire.null, null]
      if (kinds.isUint8Array(value)) return [wire.blob, value]
      if (kinds.isDate(value)) return [wire.datetime, dateTimeBytes(valid(value, index), index)]
      throw refused(index, 'is not a value that MySQL stores', '07006')
  }
}

function number(value: number, index: number): Encoded {
  if ((value | 0) === value) return [wire.long, value]
  if (Number.isSafeInteger(value)) return integer(BigInt(value))
  if (!Number.isFinite(value)) throw refused(index, `is ${value}, which MySQL keeps in no number`, '22003')
  const written = String(value)
  return written.includes('e') ? [wire.double, value] : [wire.decimal, written]
}

function integer(value: bigint): Encoded {
  if (BigInt.asIntN(64, value) === value) return [wire.longlong, value]
  if (BigInt.asUintN(64, value) === value) return [wire.longlong | wire.unsigned, value]
  return [wire.decimal, String(value)]
}

function typed(value: unknown, type: SqlTypeName, index: number): Encoded {
  if (type === 'ARRAY') {
    throw new SQLFeatureNotSupportedException(`Parameter ${index + 1} is an ARRAY, which MySQL has not`, {
      sqlState: '0A000',
      reason: 'feature',
    })
  }
  if (value === null) return [wire.null, null]
  switch (type) {
    case 'VARBINARY':
      if (kinds.isUint8Array(value)) return [wire.blob, value]
      throw notOfType(index, type)
    case 'DATE':
      if (kinds.isDate(value)) return [wire.date, dateBytes(valid(value, index), index)]
      return temporal(wire.date, parsedDate, value, type, index)
    case 'TIME':
      if (kinds.isDate(value)) return [wire.time, timeBytes(valid(value, index))]
      return temporal(wire.time, parsedTime, value, type, index)
    case 'TIMESTAMP':
    case 'TIMESTAMP_WITH_TIMEZONE':
      if (kinds.isDate(value)) return [wire.datetime, dateTimeBytes(valid(value, index), index)]
      return temporal(wire.datetime, parsedDateTime, value, type, index)
    case 'UUID':
    case 'JSON':
      return [wire.text, textOf(value, type, index)]
    case 'OTHER':
      return untyped(value, index)
    case 'BOOLEAN':
      if (value === true || value === 1 || value === 'true') return [wire.tiny, 1]
      if (value === false || value === 0 || value === 'false') return [wire.tiny, 0]
      throw notOfType(index, type)
    case 'SMALLINT':
    case 'INTEGER':
    case 'BIGINT':
      return integer(wholeOf(value, type, index))
    case 'REAL':
    case 'DOUBLE':
      return [wire.double, doubleOf(value, type, index)]
    case 'DECIMAL':
      return [wire.decimal, decimalOf(value, type, index)]
    case 'VARCHAR':
      if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
        return [wire.text, String(value)]
      }
      return [wire.text, textOf(value, type, index)]
  }
}

function temporal(
  wireType: number,
  parse: (text: string) => Buffer | undefined,
  value: unknown,
  type: SqlTypeName,
  index: number,
): Encoded {
  const written = textOf(value, type, index)
  const bytes = parse(written)
  return bytes === undefined ? [wire.text, written] : [wireType, bytes]
}

function wholeOf(value: unknown, type: SqlTypeName, index: number): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value)
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw refused(index, `is ${value}, which MySQL keeps in no number`, '22003')
  }
  if (typeof value === 'string' && /^[+-]?\d+$/.test(value)) return BigInt(value.replace('+', ''))
  throw notOfType(index, type)
}

function doubleOf(value: unknown, type: SqlTypeName, index: number): number {
  const numeric =
    typeof value === 'string' && value.trim() !== ''
      ? Number(value)
      : typeof value === 'bigint'
        ? Number(value)
        : value
  if (typeof numeric !== 'number') throw notOfType(index, type)
  if (Number.isFinite(numeric)) return numeric
  if (typeof value === 'string' && Number.isNaN(numeric) && value !== 'NaN') throw notOfType(index, type)
  throw refused(index, `is ${numeric}, which MySQL keeps in no number`, '22003')
}

function decimalOf(value: unknown, type: SqlTypeName, index: number): string {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw refused(index, `is ${value}, which MySQL keeps in no number`, '22003')
  }
  const written =
    typeof value === 'number' || typeof value === 'bigint' ? String(value) : textOf(value, type, index)
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(written)) return written
  throw notOfType(index, type)
}

function textOf(value: unknown, type: SqlTypeName, index: number): string {
  if (typeof value === 'string') return text(value, index)
  throw notOfType(index, type)
}

function text(value: string, index: number): string {
  if (!value.isWellFormed()) throw refused(index, 'holds half a surrogate pair, which is not text', '22021')
  return value
}

function valid(value: Date, index: number): Date {
  if (Number.isNaN(value.getTime())) throw refused(index, 'is an invalid Date', '22007')
  return value
}

function notOfType(index: number, type: SqlTypeName): SQLException {
  return refused(index, `cannot be sent as ${type}`, '22018')
}

function refused(index: number, fault: string, sqlState: string): SQLException {
  return new SQLDataException(`Parameter ${index + 1} ${fault}`, { sqlState, reason: 'data' })
}

function tooLong(index: number, longest: number): SQLException {
  return new SQLNonTransientException(
    `Parameter ${index + 1} is too long: the server takes ${longest} bytes in a statement (max_allowed_packet)`,
    { sqlState: '54000', reason: 'limit' },
  )
}
