import { ByteReader, type ByteWriter } from './bytes.ts'
import { unknown } from './errors.ts'
import {
  datetime2Of,
  datetimeOf,
  dateOf,
  invalidInstance,
  smalldatetimeOf,
  textOfDate,
  textOfDatetime,
  textOfSmalldatetime,
  textOfTime,
  timeOf,
} from './temporal.ts'
import { decimalLength, isBinary, isMax, isWide, timeLength, type TdsType } from './types.ts'

// A value stands between the two servers as PostgreSQL's text of it.

const plpNull = 0xffff_ffff_ffff_ffffn
const plpUnknownLength = 0xffff_ffff_ffff_fffen
const shortNull = 0xffff
const chunkLength = 8_000

export function writeValue(writer: ByteWriter, type: TdsType, text: string | null): void {
  const isLong = type.length !== undefined
  if (text === null) {
    if (isLong && isMax(type)) writer.uint64(plpNull)
    else if (isLong) writer.uint16(shortNull)
    else writer.uint8(0)
    return
  }
  if (isLong) {
    const bytes = isBinary(type) ? bytesOf(text) : charactersOf(text, type)
    if (isMax(type)) writeChunks(writer, bytes)
    else writer.uint16(bytes.length).bytes(bytes)
    return
  }
  writeShort(writer, type, text)
}

function writeShort(writer: ByteWriter, { name, precision = 38, scale = 0 }: TdsType, text: string): void {
  switch (name) {
    case 'bit':
      writer.uint8(1, text === 't' || text === '1' ? 1 : 0)
      return
    case 'tinyint':
      writer.uint8(1, whole(text))
      return
    case 'smallint':
      writer.uint8(2).int16(whole(text))
      return
    case 'int':
      writer.uint8(4).int32(whole(text))
      return
    case 'bigint':
      writer.uint8(8).int64(BigInt(text))
      return
    case 'real':
      writer.uint8(4).float(Number(text))
      return
    case 'float':
      writer.uint8(8).double(Number(text))
      return
    case 'decimal':
    case 'numeric': {
      const value = unscaled(text, scale)
      const length = decimalLength(precision)
      writer.uint8(length, value < 0n ? 0 : 1).unsigned(value < 0n ? -value : value, length - 1)
      return
    }
    case 'smallmoney':
      writer.uint8(4).int32(Number(unscaled(text, 4)))
      return
    case 'money': {
      // The high half comes first.
      const value = BigInt.asUintN(64, unscaled(text, 4))
      writer
        .uint8(8)
        .uint32(Number(value >> 32n))
        .uint32(Number(value & 0xffff_ffffn))
      return
    }
    case 'date':
      writer.uint8(3).unsigned(BigInt(dateOf(text)), 3)
      return
    case 'time':
      writer.uint8(timeLength(scale)).unsigned(timeOf(text, scale), timeLength(scale))
      return
    case 'datetime2':
    case 'datetimeoffset': {
      const { days, time } = datetime2Of(text, scale)
      const hasOffset = name === 'datetimeoffset'
      writer.uint8(timeLength(scale) + 3 + (hasOffset ? 2 : 0))
      writer.unsigned(time, timeLength(scale)).unsigned(BigInt(days), 3)
      if (hasOffset) writer.int16(0) // PostgreSQL keeps the instant
      return
    }
    case 'datetime': {
      const { days, ticks } = datetimeOf(text)
      writer.uint8(8).int32(days).uint32(ticks)
      return
    }
    case 'smalldatetime': {
      const { days, minutes } = smalldatetimeOf(text)
      writer.uint8(4).uint16(days).uint16(minutes)
      return
    }
    case 'uniqueidentifier':
      writer.uint8(16).bytes(mixedEndian(Buffer.from(text.replaceAll('-', ''), 'hex')))
      return
    default:
      throw new TypeError(`${name} has a length`)
  }
}

/** The value of a parameter; `isFixed` as `readTypeInfo` says. */
export function readValue(reader: ByteReader, type: TdsType, isFixed: boolean): string | null {
  if (type.length !== undefined) {
    const bytes = isMax(type) ? readChunks(reader) : readShortBytes(reader)
    if (bytes === null) return null
    if (isBinary(type)) return `\\x${bytes.toString('hex')}`
    return checkedText(isWide(type) ? bytes.toString('utf16le') : decoder.decode(bytes))
  }
  const length = isFixed ? fixedLength(type) : reader.uint8()
  return length === 0 ? null : readShort(new ByteReader(reader.bytes(length)), type)
}

function readShort(reader: ByteReader, { name, scale = 0 }: TdsType): string {
  switch (name) {
    case 'bit':
      return reader.uint8() === 0 ? '0' : '1'
    case 'tinyint':
      return String(reader.uint8())
    case 'smallint':
      return String(reader.int16())
    case 'int':
      return String(reader.int32())
    case 'bigint':
      return String(reader.int64())
    case 'real':
      return finite(reader.bytes(4).readFloatLE(), name)
    case 'float':
      return finite(reader.bytes(8).readDoubleLE(), name)
    case 'decimal':
    case 'numeric': {
      const sign = reader.uint8() === 0 ? -1n : 1n
      return scaled(sign * reader.unsigned(reader.left), scale)
    }
    case 'smallmoney':
      return scaled(BigInt(reader.int32()), 4)
    case 'money':
      return scaled((BigInt(reader.int32()) << 32n) | BigInt(reader.uint32()), 4)
    case 'date':
      return textOfDate(Number(reader.unsigned(3)))
    case 'time':
      return textOfTime(reader.unsigned(reader.left), scale)
    case 'datetime2': {
      const time = textOfTime(reader.unsigned(reader.left - 3), scale)
      return `${textOfDate(Number(reader.unsigned(3)))} ${time}`
    }
    case 'datetimeoffset': {
      const time = textOfTime(reader.unsigned(reader.left - 5), scale)
      return `${textOfDate(Number(reader.unsigned(3)))} ${time}+00` // the offset is for show, the time is UTC
    }
    case 'datetime':
      return textOfDatetime(reader.int32(), reader.uint32())
    case 'smalldatetime':
      return textOfSmalldatetime(reader.uint16(), reader.uint16())
    case 'uniqueidentifier': {
      const hex = mixedEndian(reader.bytes(16)).toString('hex')
      return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
    }
    default:
      throw new TypeError(`${name} has a length`)
  }
}

function readShortBytes(reader: ByteReader): Buffer | null {
  const length = reader.uint16()
  return length === shortNull ? null : reader.bytes(length)
}

/** PLP: [MS-TDS] 2.2.5.2.3. */
function readChunks(reader: ByteReader): Buffer | null {
  const total = reader.uint64()
  if (total === plpNull) return null
  const chunks: Buffer[] = []
  for (let length = reader.uint32(); length > 0; length = reader.uint32()) chunks.push(reader.bytes(length))
  const bytes = Buffer.concat(chunks)
  if (total !== plpUnknownLength && total !== BigInt(bytes.length))
    throw new RangeError('a value has not the length that it says')
  return bytes
}

function writeChunks(writer: ByteWriter, bytes: Buffer): void {
  writer.uint64(BigInt(bytes.length))
  for (let at = 0; at < bytes.length; at += chunkLength) {
    const chunk = bytes.subarray(at, at + chunkLength)
    writer.uint32(chunk.length).bytes(chunk)
  }
  writer.uint32(0)
}

/** The first three fields of a GUID are little-endian, the others big-endian. */
function mixedEndian(bytes: Buffer): Buffer {
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
  return Buffer.from(order.map((at) => bytes[at]!))
}

function fixedLength({ name }: TdsType): number {
  const lengths: Partial<Record<TdsType['name'], number>> = {
    bit: 1,
    tinyint: 1,
    smallint: 2,
    int: 4,
    bigint: 8,
    real: 4,
    float: 8,
    smallmoney: 4,
    money: 8,
    smalldatetime: 4,
    datetime: 8,
  }
  return lengths[name]!
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text.slice(2), 'hex')
}

const decoder = new TextDecoder('windows-1252')
const codePage = new Map(
  Array.from({ length: 256 }, (_, byte) => [decoder.decode(Uint8Array.of(byte)), byte]),
)

/** PostgreSQL keeps no U+0000: a character that is none, and is sent by nobody, stands for it. */
const nulStandIn = '\ufdd0'

function charactersOf(kept: string, type: TdsType): Buffer {
  const text = kept.includes(nulStandIn) ? kept.replaceAll(nulStandIn, '\0') : kept
  if (isWide(type)) return Buffer.from(text, 'utf16le')
  return Buffer.from(Array.from(text, (character) => codePage.get(character) ?? 0x3f))
}

/** As PostgreSQL can keep it. */
function checkedText(text: string): string {
  if (text.includes(nulStandIn)) throw unknown('texts with U+FDD0, which stands for U+0000 here')
  if (!text.isWellFormed()) throw unknown('texts with half a surrogate pair, which PostgreSQL cannot keep')
  return text.includes('\0') ? text.replaceAll('\0', nulStandIn) : text
}

function finite(value: number, type: string): string {
  if (!Number.isFinite(value)) throw invalidInstance(type)
  return String(value)
}

/** A wrong guess at the type of what was computed must not cut the value. */
function whole(text: string): number {
  if (!/^-?\d+$/.test(text)) throw unknown('the type of this computed number: CAST it')
  return Number(text)
}

function unscaled(text: string, scale: number): bigint {
  const [integer = '', fraction = ''] = text.split('.')
  if (fraction.length > scale && /[1-9]/.test(fraction.slice(scale))) {
    throw unknown(
      `how many places this computed number has (${scale} at first, then ${fraction.length}): CAST it`,
    )
  }
  return BigInt(`${integer}${fraction.slice(0, scale).padEnd(scale, '0')}`)
}

function scaled(value: bigint, scale: number): string {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
  const point = digits.length - scale
  return `${value < 0n ? '-' : ''}${digits.slice(0, point)}${scale > 0 ? `.${digits.slice(point)}` : ''}`
}
