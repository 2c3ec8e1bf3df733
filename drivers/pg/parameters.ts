import { types as kinds } from 'node:util'
import { SQLDataException, SQLNonTransientException } from '../../src/api/sql-exception.ts'
import { TypedParameter, type SqlTypeName } from '../../src/api/sql-types.ts'
import type { BoundParameters } from '../../src/spi/physical-connection.ts'
import { arrayLiteral } from './array-text.ts'
import type { WireValue } from './frontend-messages.ts'
import { dateLiteral, instantLiteral, timeLiteral, timestampLiteral } from './temporal-text.ts'

/** Values as they are sent, and the type that each is declared as: 0 leaves it to the server. */
export interface EncodedParameters {
  readonly values: readonly WireValue[]
  readonly types: readonly number[]
}

const none: EncodedParameters = Object.freeze({ values: [], types: [] })

/**
 * Values and types for PostgreSQL. A type is declared where the server could not tell it (`? + ?`, `SELECT ?`), or
 * would take another one than on other databases; texts are left open, and fit dates, enums, JSON and the rest.
 *
 * | value | declared | sent | refused |
 * |---|---|---|---|
 * | `null` | as the statement was prepared, else open | NULL | |
 * | `string` | open | text | NUL and half surrogate pairs (22021) |
 * | whole `number` of 32 bits | int4 | text | |
 * | other whole `number` within ±2^53 | int8 | text | |
 * | other `number` | numeric: exact in arithmetic with decimals | text, shortest form | |
 * | NaN, ±Infinity | float8 | text | |
 * | `bigint` | int8, beyond 64 bits numeric | text | |
 * | `boolean` | bool | text | |
 * | `Uint8Array` | bytea | binary | |
 * | `Date` | timestamptz | text, UTC | |
 * | with a stated type | that type; JSON, ARRAY and OTHER open | text | what the type does not hold (22018) |
 *
 * All together within 1 GB (54000): at a longer message the server ends the session.
 */
export function encodeParameters(parameters: BoundParameters): EncodedParameters {
  if (parameters.length === 0) return none
  const types = parameters.map(typeOf)
  const values = parameters.map(encoded)
  let length = 0
  for (const value of values) length += value?.length ?? 0
  if (length > mostBytes / 4) checkLength(values)
  return { values, types }
}

/** Whether a statement with parameters of these types takes the values: NULL without a type fits any. */
export function fits(declared: readonly number[], { types, values }: EncodedParameters): boolean {
  for (let at = 0; at < types.length; at++) {
    if (declared[at] !== types[at] && !(values[at] === null && types[at] === 0)) return false
  }
  return true
}

/** What a message may be (`PQ_LARGE_MESSAGE_LIMIT`), less some room for what is not values. */
const mostBytes = 0x3fff_ffff - 1_048_576

function checkLength(values: readonly WireValue[]): void {
  let length = 0
  for (const [index, value] of values.entries()) {
    length += typeof value === 'string' ? Buffer.byteLength(value) : (value?.length ?? 0)
    if (length <= mostBytes) continue
    throw new SQLNonTransientException(
      `Parameter ${index + 1} is too long: PostgreSQL takes 1 GB of values in a statement`,
      { sqlState: '54000', reason: 'limit' },
    )
  }
}

const int4 = 23
const int8 = 20
const numeric = 1700
const float8 = 701

const oids: Readonly<Record<SqlTypeName, number>> = {
  BOOLEAN: 16,
  SMALLINT: 21,
  INTEGER: int4,
  BIGINT: int8,
  REAL: 700,
  DOUBLE: float8,
  DECIMAL: numeric,
  VARCHAR: 1043,
  VARBINARY: 17,
  DATE: 1082,
  TIME: 1083,
  TIMESTAMP: 1114,
  TIMESTAMP_WITH_TIMEZONE: 1184,
  UUID: 2950,
  JSON: 0,
  ARRAY: 0,
  OTHER: 0,
}

const open = new Set<SqlTypeName>(['JSON', 'ARRAY', 'OTHER'])

function typeOf(value: unknown): number {
  if (value instanceof TypedParameter) {
    return value.value === null && open.has(value.type) ? 0 : oids[value.type]
  }
  switch (typeof value) {
    case 'number':
      if ((value | 0) === value) return int4
      if (Number.isSafeInteger(value)) return int8
      return Number.isFinite(value) ? numeric : float8
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? int8 : numeric
    case 'boolean':
      return oids.BOOLEAN
    case 'object':
      if (kinds.isUint8Array(value)) return oids.VARBINARY
      return kinds.isDate(value) ? oids.TIMESTAMP_WITH_TIMEZONE : 0
    default:
      return 0
  }
}

function encoded(value: unknown, index: number): WireValue {
  return value instanceof TypedParameter ? typed(value.value, value.type, index) : untyped(value, index)
}

function untyped(value: unknown, index: number): WireValue {
  switch (typeof value) {
    case 'string':
      return text(value, index)
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value)
    default:
      if (value === null) return null
      if (kinds.isUint8Array(value)) return value
      if (kinds.isDate(value)) return instantLiteral(valid(value, index))
      if (Array.isArray(value)) return array(value, index)
      throw refused(index, 'is not a value that PostgreSQL stores', '07006')
  }
}

function typed(value: unknown, type: SqlTypeName, index: number): WireValue {
  if (value === null) return null
  switch (type) {
    case 'VARBINARY':
      if (kinds.isUint8Array(value)) return value
      throw notOfType(index, type)
    case 'DATE':
      return kinds.isDate(value) ? dateLiteral(valid(value, index)) : textOf(value, type, index)
    case 'TIME':
      return kinds.isDate(value) ? timeLiteral(valid(value, index)) : textOf(value, type, index)
    case 'TIMESTAMP':
      return kinds.isDate(value) ? timestampLiteral(valid(value, index)) : textOf(value, type, index)
    case 'TIMESTAMP_WITH_TIMEZONE':
      return kinds.isDate(value) ? instantLiteral(valid(value, index)) : textOf(value, type, index)
    case 'UUID':
    case 'JSON':
      return textOf(value, type, index)
    case 'ARRAY':
      return Array.isArray(value) ? array(value, index) : textOf(value, type, index)
    case 'OTHER':
      return untyped(value, index)
    case 'BOOLEAN':
      if (typeof value === 'boolean' || value === 0 || value === 1) return value ? 'true' : 'false'
      return textOf(value, type, index)
    case 'SMALLINT':
    case 'INTEGER':
    case 'BIGINT':
    case 'REAL':
    case 'DOUBLE':
    case 'DECIMAL':
      if (typeof value === 'number' || typeof value === 'bigint') return String(value)
      return textOf(value, type, index)
    case 'VARCHAR':
      if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
        return String(value)
      }
      return textOf(value, type, index)
  }
}

function textOf(value: unknown, type: SqlTypeName, index: number): string {
  if (typeof value === 'string') return text(value, index)
  throw notOfType(index, type)
}

function text(value: string, index: number): string {
  if (value.includes('\0')) throw refused(index, 'holds a NUL, which PostgreSQL keeps in no text', '22021')
  if (!value.isWellFormed()) throw refused(index, 'holds half a surrogate pair, which is not text', '22021')
  return value
}

function array(values: readonly unknown[], index: number): string {
  // Also one that holds itself.
  if (nestsDeeper(values, 6)) throw refused(index, 'is an array of more than 6 dimensions', '54000')
  return arrayLiteral(values, (element) => {
    const literal = untyped(element, index)
    return kinds.isUint8Array(literal) ? `\\x${Buffer.from(literal).toString('hex')}` : literal
  })
}

function nestsDeeper(values: readonly unknown[], dimensions: number): boolean {
  return values.some(
    (value) => Array.isArray(value) && (dimensions === 1 || nestsDeeper(value, dimensions - 1)),
  )
}

function valid(value: Date, index: number): Date {
  if (Number.isNaN(value.getTime())) throw refused(index, 'is an invalid Date', '22007')
  return value
}

function notOfType(index: number, type: SqlTypeName): SQLDataException {
  return refused(index, `cannot be sent as ${type}`, '22018')
}

function refused(index: number, fault: string, sqlState: string): SQLDataException {
  return new SQLDataException(`Parameter ${index + 1} ${fault}`, { sqlState, reason: 'data' })
}
