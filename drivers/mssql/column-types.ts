import type { ColumnMetadata } from '../../src/api/result.ts'
import type { SqlTypeName } from '../../src/api/sql-types.ts'
import type { TediousColumn } from './tedious-module.ts'
import {
  dateText,
  dateTimeText,
  decimalText,
  readMagnitude,
  shortest,
  smallDateTimeText,
  timeText,
} from './value-texts.ts'

/** Makes a value of its bytes. */
type Decode = (bytes: Buffer, at: number, length: number) => unknown

/** How values of a column come. */
export type ColumnReading =
  /** By us: behind a length of one byte where that is 0 (and NULL when it says 0), else so many bytes. */
  | { readonly by: 'us'; readonly fixedLength: number; readonly decode: Decode }
  /** By us: a value that says itself what it is. */
  | { readonly by: 'variant' }
  /** By `tedious`, whose value is right, or is made so. */
  | { readonly by: 'tedious'; readonly convert: ((value: unknown) => unknown) | undefined }

interface ColumnType {
  readonly type: SqlTypeName
  readonly name: string
  readonly reading: ColumnReading
}

/** What a column is to the application. */
export function metadataOf(column: TediousColumn): ColumnMetadata {
  const { type, name } = typeOf(column)
  return Object.freeze({ name: column.colName, type, databaseType: name })
}

export function readingOf(column: TediousColumn): ColumnReading {
  return typeOf(column).reading
}

const asIs: ColumnReading = { by: 'tedious', convert: undefined }
const ours = (decode: Decode, fixedLength = 0): ColumnReading => ({ by: 'us', fixedLength, decode })
/** A copy: what it was read from is the memory of a packet. */
const asBytes: ColumnReading = { by: 'tedious', convert: (value) => new Uint8Array(value as Buffer) }

const bigInteger: ColumnReading = { by: 'tedious', convert: (value) => BigInt(value as string) }
const float4: ColumnReading = { by: 'tedious', convert: (value) => shortest(value as number) }
const lowerCase: ColumnReading = { by: 'tedious', convert: (value) => (value as string).toLowerCase() }

const money: Decode = (bytes, at, length) => {
  const units = length === 4 ? BigInt(bytes.readInt32LE(at)) : moneyUnits(bytes, at)
  return decimalText(units < 0n ? -units : units, units < 0n, 4)
}

/** The upper half comes first. */
function moneyUnits(bytes: Buffer, at: number): bigint {
  return (BigInt(bytes.readInt32LE(at)) << 32n) | BigInt(bytes.readUInt32LE(at + 4))
}

const dateTime: Decode = (bytes, at, length) =>
  length === 4
    ? smallDateTimeText(bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2))
    : dateTimeText(bytes.readInt32LE(at), bytes.readUInt32LE(at + 4))

const date: Decode = (bytes, at) => dateText(bytes.readUIntLE(at, 3))

const time =
  (scale: number): Decode =>
  (bytes, at, length) =>
    timeText(bytes.readUIntLE(at, length), scale)

const dateTime2 =
  (scale: number): Decode =>
  (bytes, at, length) => {
    const clock = timeText(bytes.readUIntLE(at, length - 3), scale)
    return `${dateText(bytes.readUIntLE(at + length - 3, 3))}T${clock}`
  }

/** It comes in UTC, with its offset beside it. */
const dateTimeOffset =
  (scale: number): Decode =>
  (bytes, at, length) =>
    `${dateTime2(scale)(bytes, at, length - 2) as string}Z`

const decimal =
  (scale: number): Decode =>
  (bytes, at, length) =>
    decimalText(readMagnitude(bytes, at + 1, length - 1), bytes[at] === 0, scale)

function typeOf(column: TediousColumn): ColumnType {
  const { type, dataLength, scale = 0 } = column
  const of = (portable: SqlTypeName, name: string, reading: ColumnReading = asIs): ColumnType => ({
    type: portable,
    name,
    reading,
  })
  switch (type.name) {
    case 'Bit':
    case 'BitN':
      return of('BOOLEAN', 'bit')
    case 'TinyInt':
      return of('SMALLINT', 'tinyint')
    case 'SmallInt':
      return of('SMALLINT', 'smallint')
    case 'Int':
      return of('INTEGER', 'int')
    case 'BigInt':
      return of('BIGINT', 'bigint', bigInteger)
    case 'IntN':
      if (dataLength === 8) return of('BIGINT', 'bigint', bigInteger)
      if (dataLength === 4) return of('INTEGER', 'int')
      return of('SMALLINT', dataLength === 1 ? 'tinyint' : 'smallint')
    case 'Real':
      return of('REAL', 'real', float4)
    case 'Float':
      return of('DOUBLE', 'float')
    case 'FloatN':
      return dataLength === 4 ? of('REAL', 'real', float4) : of('DOUBLE', 'float')
    case 'DecimalN':
      return of('DECIMAL', 'decimal', ours(decimal(scale)))
    case 'NumericN':
      return of('DECIMAL', 'numeric', ours(decimal(scale)))
    case 'Money':
      return of('DECIMAL', 'money', ours(money, 8))
    case 'SmallMoney':
      return of('DECIMAL', 'smallmoney', ours(money, 4))
    case 'MoneyN':
      return of('DECIMAL', dataLength === 4 ? 'smallmoney' : 'money', ours(money))
    case 'Date':
      return of('DATE', 'date', ours(date))
    case 'Time':
      return of('TIME', 'time', ours(time(scale)))
    case 'DateTime2':
      return of('TIMESTAMP', 'datetime2', ours(dateTime2(scale)))
    case 'DateTimeOffset':
      return of('TIMESTAMP_WITH_TIMEZONE', 'datetimeoffset', ours(dateTimeOffset(scale)))
    case 'DateTime':
      return of('TIMESTAMP', 'datetime', ours(dateTime, 8))
    case 'SmallDateTime':
      return of('TIMESTAMP', 'smalldatetime', ours(dateTime, 4))
    case 'DateTimeN':
      return of('TIMESTAMP', dataLength === 4 ? 'smalldatetime' : 'datetime', ours(dateTime))
    case 'UniqueIdentifier':
      return of('UUID', 'uniqueidentifier', lowerCase)
    case 'Variant':
      return of('OTHER', 'sql_variant', { by: 'variant' })
    case 'UDT':
      return of('VARBINARY', column.udtInfo?.typeName ?? 'udt', asBytes)
    case 'Xml':
      return of('OTHER', 'xml')
    case 'Null':
      return of('OTHER', 'null')
    case 'Binary':
    case 'VarBinary':
    case 'Image':
      return of('VARBINARY', type.name.toLowerCase(), asBytes)
    default:
      return of('VARCHAR', type.name.toLowerCase())
  }
}

/** Types within an SQL_VARIANT that are read by us, by their number on the wire; the scale is one of its properties. */
export function variantDecoder(baseType: number, scale: number): Decode | undefined {
  switch (baseType) {
    case 0x28:
      return date
    case 0x29:
      return time(scale)
    case 0x2a:
      return dateTime2(scale)
    case 0x2b:
      return dateTimeOffset(scale)
    case 0x3a:
    case 0x3d:
      return dateTime
    case 0x3b:
      return (bytes, at) => shortest(bytes.readFloatLE(at))
    case 0x3c:
    case 0x7a:
      return money
    case 0x6a:
    case 0x6c:
      return decimal(scale)
    case 0x7f:
      return (bytes, at) => bytes.readBigInt64LE(at)
    default:
      return undefined
  }
}
