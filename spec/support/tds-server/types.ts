import type { ByteReader, ByteWriter } from './bytes.ts'
import { SqlError, unknown } from './errors.ts'

export type TypeName =
  | 'bit'
  | 'tinyint'
  | 'smallint'
  | 'int'
  | 'bigint'
  | 'real'
  | 'float'
  | 'decimal'
  | 'numeric'
  | 'money'
  | 'smallmoney'
  | 'char'
  | 'varchar'
  | 'nchar'
  | 'nvarchar'
  | 'binary'
  | 'varbinary'
  | 'date'
  | 'time'
  | 'datetime'
  | 'smalldatetime'
  | 'datetime2'
  | 'datetimeoffset'
  | 'uniqueidentifier'

/** A type of SQL Server. */
export interface TdsType {
  readonly name: TypeName
  /** Of texts in characters, of binary in bytes; Infinity is `max`. */
  readonly length?: number
  readonly precision?: number
  readonly scale?: number
}

/** Latin1_General_CI_AS: code page 1252. */
export const collation = Buffer.of(0x09, 0x04, 0xd0, 0x00, 0x34)

/** The tokens of [MS-TDS] 2.2.5.4 that are spoken; all of them have NULL. */
const token = {
  guid: 0x24,
  int: 0x26,
  date: 0x28,
  time: 0x29,
  datetime2: 0x2a,
  datetimeoffset: 0x2b,
  bit: 0x68,
  decimal: 0x6a,
  numeric: 0x6c,
  float: 0x6d,
  money: 0x6e,
  datetime: 0x6f,
  varbinary: 0xa5,
  varchar: 0xa7,
  binary: 0xad,
  char: 0xaf,
  nvarchar: 0xe7,
  nchar: 0xef,
} as const

const sized: Readonly<Partial<Record<TypeName, readonly [token: number, length: number]>>> = {
  bit: [token.bit, 1],
  tinyint: [token.int, 1],
  smallint: [token.int, 2],
  int: [token.int, 4],
  bigint: [token.int, 8],
  real: [token.float, 4],
  float: [token.float, 8],
  smallmoney: [token.money, 4],
  money: [token.money, 8],
  smalldatetime: [token.datetime, 4],
  datetime: [token.datetime, 8],
  uniqueidentifier: [token.guid, 16],
}

/** The old types of fixed length, which have no NULL. */
const fixed: ReadonlyMap<number, TdsType> = new Map([
  [0x30, { name: 'tinyint' }],
  [0x32, { name: 'bit' }],
  [0x34, { name: 'smallint' }],
  [0x38, { name: 'int' }],
  [0x3a, { name: 'smalldatetime' }],
  [0x3b, { name: 'real' }],
  [0x3c, { name: 'money' }],
  [0x3d, { name: 'datetime' }],
  [0x3e, { name: 'float' }],
  [0x7a, { name: 'smallmoney' }],
  [0x7f, { name: 'bigint' }],
])

const unlimited = 0xffff

export function isMax({ length }: TdsType): boolean {
  return length === Infinity
}

export function isText({ name }: TdsType): boolean {
  return name.endsWith('char')
}

export function isWide({ name }: TdsType): boolean {
  return name === 'nchar' || name === 'nvarchar'
}

export function isBinary({ name }: TdsType): boolean {
  return name === 'binary' || name === 'varbinary'
}

export function isDecimal({ name }: TdsType): boolean {
  return name === 'decimal' || name === 'numeric'
}

/** Of a decimal, with its sign. */
export function decimalLength(precision: number): number {
  return precision <= 9 ? 5 : precision <= 19 ? 9 : precision <= 28 ? 13 : 17
}

/** Of a time of day with so many places behind the second. */
export function timeLength(scale: number): number {
  return scale <= 2 ? 3 : scale <= 4 ? 4 : 5
}

/** As COLMETADATA and RETURNVALUE have it. */
export function writeTypeInfo(writer: ByteWriter, type: TdsType): void {
  const { name, length = 0, precision = 18, scale = 0 } = type
  const entry = sized[name]
  if (entry) {
    writer.uint8(...entry)
    return
  }
  switch (name) {
    case 'decimal':
    case 'numeric':
      writer.uint8(token[name], decimalLength(precision), precision, scale)
      return
    case 'date':
      writer.uint8(token.date)
      return
    case 'time':
    case 'datetime2':
    case 'datetimeoffset':
      writer.uint8(token[name], scale)
      return
    case 'char':
    case 'varchar':
    case 'nchar':
    case 'nvarchar':
    case 'binary':
    case 'varbinary':
      writer.uint8(token[name]).uint16(isMax(type) ? unlimited : length * (isWide(type) ? 2 : 1))
      if (isText(type)) writer.bytes(collation)
      return
    default:
      throw new TypeError(`${name} has no type info`)
  }
}

/** A type as a client sends it, and whether its values have no length before them. */
export function readTypeInfo(reader: ByteReader): { readonly type: TdsType; readonly isFixed: boolean } {
  const id = reader.uint8()
  const old = fixed.get(id)
  if (old) return { type: old, isFixed: true }
  return { type: variableType(id, reader), isFixed: false }
}

function variableType(id: number, reader: ByteReader): TdsType {
  const bySize = Object.entries(sized).filter(([, entry]) => entry[0] === id)
  if (bySize.length > 0) {
    const length = reader.uint8()
    const found = bySize.find(([, entry]) => entry[1] === length)
    if (!found) throw malformed(`type 0x${id.toString(16)} of ${length} bytes`)
    return { name: found[0] as TypeName }
  }
  const found = Object.entries(token).find(([, value]) => value === id)
  if (!found) throw unknown(`the type 0x${id.toString(16)} of a parameter`)
  const name = found[0] as TypeName
  switch (name) {
    case 'decimal':
    case 'numeric': {
      reader.uint8()
      const type = { name, precision: reader.uint8(), scale: reader.uint8() }
      if (type.precision < 1 || type.precision > 38 || type.scale > type.precision) {
        throw malformed(`${name}(${type.precision}, ${type.scale})`)
      }
      return type
    }
    case 'date':
      return { name }
    case 'time':
    case 'datetime2':
    case 'datetimeoffset':
      return { name, scale: reader.uint8() }
    default: {
      const size = reader.uint16()
      const type: TdsType = { name }
      if (isText(type)) reader.bytes(5)
      return { name, length: size === unlimited ? Infinity : size / (isWide(type) ? 2 : 1) }
    }
  }
}

function malformed(what: string): SqlError {
  return new SqlError(
    8016,
    `The incoming tabular data stream (TDS) remote procedure call (RPC) protocol stream is incorrect: ${what}.`,
  )
}
