import { SQLDataException } from '../../src/api/sql-exception.ts'
import type { ColumnMetadata } from '../../src/api/result.ts'
import type { SqlTypeName } from '../../src/api/sql-types.ts'
import { columnOf, fieldFlags, fieldTypes, isBinary, type ColumnDefinition } from './column-definition.ts'
import type { MySqlPacket } from './mysql-module.ts'
import { nativeDecoder } from './native-types.ts'
import { readDate, readDateTime, readInstant, readTime, withoutTrailingZeros } from './temporal-bytes.ts'

/** Takes one value, which is not NULL, out of a row of the binary protocol. */
type BinaryDecoder = (packet: MySqlPacket) => unknown
/** Makes a value of what stands in a row of the text protocol. */
type TextDecoder = (bytes: Buffer) => unknown

/** The columns of a result: what they are, and how their values are read. Kept with the statement. */
export interface RowShape {
  /** As they came, to see that they are the same next time. */
  readonly definitions: readonly Buffer[]
  readonly columns: readonly ColumnMetadata[]
  readonly binary: readonly BinaryDecoder[]
  readonly text: readonly TextDecoder[]
}

/** How values are wanted. */
export interface ValueOptions {
  readonly tinyInt1: 'boolean' | 'number'
  /** As `mysql2` gives them. */
  readonly native: boolean
}

interface ColumnType {
  readonly type: SqlTypeName
  readonly name: string
  readonly binary: BinaryDecoder
  readonly text: TextDecoder
}

/** Of a statement that returns no rows. */
export const noRows: RowShape = Object.freeze({
  definitions: [],
  columns: Object.freeze([]),
  binary: [],
  text: [],
})

export function shapeOf(definitions: readonly Buffer[], { tinyInt1, native }: ValueOptions): RowShape {
  const columns: ColumnMetadata[] = []
  const binary: BinaryDecoder[] = []
  const text: TextDecoder[] = []
  for (const bytes of definitions) {
    const column = columnOf(bytes)
    const known = typeOf(column, tinyInt1 === 'boolean')
    columns.push(Object.freeze({ name: column.name, type: known.type, databaseType: known.name }))
    binary.push(native ? nativeDecoder(column) : known.binary)
    text.push(known.text)
  }
  return { definitions, columns: Object.freeze(columns), binary, text }
}

/** @throws SQLDataException 22018 for a value that the type of its column does not hold. */
export function binaryRow(packet: MySqlPacket, { binary }: RowShape): unknown[] {
  const count = binary.length
  const row: unknown[] = []
  const { buffer } = packet
  const nulls = packet.offset + 1
  packet.offset = nulls + ((count + 9) >> 3)
  for (let at = 0; at < count; at++) {
    const bit = at + 2
    row.push((buffer[nulls + (bit >> 3)]! & (1 << (bit & 7))) === 0 ? binary[at]!(packet) : null)
  }
  return row
}

export function textRow(packet: MySqlPacket, { text }: RowShape): unknown[] {
  return text.map((decode) => {
    const bytes = packet.readLengthCodedBuffer()
    return bytes === null ? null : decode(bytes)
  })
}

const asText = (bytes: Buffer): string => bytes.toString('utf8')
const asNumber: TextDecoder = (bytes) => Number(asText(bytes))
const asBytes: TextDecoder = (bytes) => new Uint8Array(bytes)
const readText: BinaryDecoder = (packet) => packet.readLengthCodedString('utf8')
/** A copy: whoever gets the value may look at its buffer. */
const readBytes: BinaryDecoder = (packet) => new Uint8Array(packet.readLengthCodedBuffer()!)

const bytesOf = (type: SqlTypeName, name: string): ColumnType => ({
  type,
  name,
  binary: readBytes,
  text: asBytes,
})
const textOf = (type: SqlTypeName, name: string): ColumnType => ({
  type,
  name,
  binary: readText,
  text: asText,
})
const numberOf = (type: SqlTypeName, name: string, binary: BinaryDecoder): ColumnType => ({
  type,
  name,
  binary,
  text: asNumber,
})

function typeOf(column: ColumnDefinition, tinyIsBoolean: boolean): ColumnType {
  const { type, flags, extendedType, extendedFormat } = column
  const unsigned = (flags & fieldFlags.unsigned) !== 0
  const sign = unsigned ? ' unsigned' : ''
  switch (type) {
    case fieldTypes.tiny:
      if (tinyIsBoolean && column.length === 1 && !unsigned) return booleanOf(column.name)
      return numberOf('SMALLINT', `tinyint${sign}`, (p) => (unsigned ? p.readInt8() : p.readSInt8()))
    case fieldTypes.short:
      return numberOf(unsigned ? 'INTEGER' : 'SMALLINT', `smallint${sign}`, (p) =>
        unsigned ? p.readInt16() : p.readSInt16(),
      )
    case fieldTypes.int24:
    case fieldTypes.long:
      return numberOf('INTEGER', `${type === fieldTypes.long ? 'int' : 'mediumint'}${sign}`, (p) =>
        unsigned ? p.readInt32() : p.readSInt32(),
      )
    case fieldTypes.year:
      return numberOf('SMALLINT', 'year', (p) => p.readInt16())
    case fieldTypes.longlong:
      return {
        type: 'BIGINT',
        name: `bigint${sign}`,
        binary: unsigned ? readUnsigned : readSigned,
        text: (bytes) => BigInt(asText(bytes)),
      }
    case fieldTypes.float:
      return numberOf('REAL', 'float', (p) => shortest(p.readFloat()))
    case fieldTypes.double:
      return numberOf('DOUBLE', 'double', (p) => p.readDouble())
    case fieldTypes.decimal:
    case fieldTypes.newDecimal:
      return textOf('DECIMAL', `decimal${sign}`)
    case fieldTypes.date:
    case fieldTypes.newDate:
      return { type: 'DATE', name: 'date', binary: readDate, text: asText }
    case fieldTypes.time:
      return { type: 'TIME', name: 'time', binary: readTime, text: (b) => withoutTrailingZeros(asText(b)) }
    case fieldTypes.dateTime:
      return { type: 'TIMESTAMP', name: 'datetime', binary: readDateTime, text: isoText }
    case fieldTypes.timestamp:
      return {
        type: 'TIMESTAMP_WITH_TIMEZONE',
        name: 'timestamp',
        binary: readInstant,
        text: (bytes) => `${isoText(bytes)}Z`,
      }
    case fieldTypes.bit:
      if (column.length !== 1) return bytesOf('VARBINARY', 'bit')
      return {
        type: 'BOOLEAN',
        name: 'bit',
        binary: (packet) => packet.readLengthCodedBuffer()![0] === 1,
        text: (bytes) => bytes[0] === 1,
      }
    case fieldTypes.json:
      return textOf('JSON', 'json')
    case fieldTypes.null:
      return textOf('OTHER', 'null')
    case fieldTypes.geometry:
      return bytesOf('VARBINARY', 'geometry')
    case fieldTypes.vector:
      return bytesOf('VARBINARY', 'vector')
  }
  if (extendedFormat === 'json') return textOf('JSON', 'json')
  if (extendedType === 'uuid') return textOf('UUID', 'uuid')
  if (extendedType !== undefined && extendedType !== '' && !isBinary(column))
    return textOf('OTHER', extendedType)
  if ((flags & fieldFlags.enum) !== 0) return textOf('OTHER', 'enum')
  if ((flags & fieldFlags.set) !== 0) return textOf('OTHER', 'set')
  const [binaryName, textName] = words.get(type) ?? [`type ${type}`, `type ${type}`]
  return isBinary(column) ? bytesOf('VARBINARY', binaryName) : textOf('VARCHAR', textName)
}

const words = new Map<number, readonly [binary: string, text: string]>([
  [fieldTypes.tinyBlob, ['blob', 'text']],
  [fieldTypes.mediumBlob, ['blob', 'text']],
  [fieldTypes.longBlob, ['blob', 'text']],
  [fieldTypes.blob, ['blob', 'text']],
  [fieldTypes.varchar, ['varbinary', 'varchar']],
  [fieldTypes.varString, ['varbinary', 'varchar']],
  [fieldTypes.string, ['binary', 'char']],
])

function booleanOf(column: string): ColumnType {
  const decode = (value: number): boolean => {
    if (value === 0 || value === 1) return value === 1
    throw new SQLDataException(
      `The TINYINT(1) in '${column}' is neither 0 nor 1, and so no boolean: set tinyInt1: 'number'`,
      { sqlState: '22018', reason: 'data' },
    )
  }
  return {
    type: 'BOOLEAN',
    name: 'tinyint(1)',
    binary: (packet) => decode(packet.readSInt8()),
    text: (bytes) => decode(Number(asText(bytes))),
  }
}

function readSigned(packet: MySqlPacket): bigint {
  packet.offset += 8
  return packet.buffer.readBigInt64LE(packet.offset - 8)
}

function readUnsigned(packet: MySqlPacket): bigint {
  packet.offset += 8
  return packet.buffer.readBigUInt64LE(packet.offset - 8)
}

function isoText(bytes: Buffer): string {
  return withoutTrailingZeros(asText(bytes).replace(' ', 'T'))
}

/** Four bytes hold 1.1 as 1.100000023841858: the shortest number that they stand for is meant. */
function shortest(value: number): number {
  if (!Number.isFinite(value)) return value
  for (let digits = 6; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits))
    if (Math.fround(candidate) === value) return candidate
  }
  return Number(value.toPrecision(9))
}
