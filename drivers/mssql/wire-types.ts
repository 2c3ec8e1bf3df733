/** A parameter as it is sent: how sp_executesql declares it, and the bytes of its type and value. */
export interface WireValue {
  readonly declaration: string
  readonly type: Buffer
  /** With the length before it. */
  readonly value: Buffer
}

/** Tokens of [MS-TDS] 2.2.5.4. */
const token = {
  guid: 0x24,
  int: 0x26,
  date: 0x28,
  time: 0x29,
  dateTime2: 0x2a,
  dateTimeOffset: 0x2b,
  bit: 0x68,
  decimal: 0x6a,
  float: 0x6d,
  varbinary: 0xa5,
  nvarchar: 0xe7,
} as const

/** The most digits behind the second. */
const scale = 7
const noValue = Buffer.of(0)
const noText = Buffer.of(0xff, 0xff)
const noLongText = Buffer.alloc(8, 0xff)
/** The most that is sent in one value, in bytes: it is put together in memory. */
export const longestValue = 2 ** 29
/** What fits in a row without being sent in pieces, in bytes. */
const mostBytes = 8_000
const longest = 0xffff

export function bitValue(value: boolean | null): WireValue {
  return {
    declaration: 'bit',
    type: Buffer.of(token.bit, 1),
    value: value === null ? noValue : Buffer.of(1, value ? 1 : 0),
  }
}

export function integerValue(value: bigint | null, bytes: 2 | 4 | 8): WireValue {
  const declaration = bytes === 8 ? 'bigint' : bytes === 4 ? 'int' : 'smallint'
  const type = Buffer.of(token.int, bytes)
  if (value === null) return { declaration, type, value: noValue }
  const written = Buffer.alloc(9)
  written.writeBigInt64LE(value, 1)
  written[0] = bytes
  return { declaration, type, value: written.subarray(0, 1 + bytes) }
}

export function floatValue(value: number | null, bytes: 4 | 8): WireValue {
  const declaration = bytes === 8 ? 'float' : 'real'
  const type = Buffer.of(token.float, bytes)
  if (value === null) return { declaration, type, value: noValue }
  const written = Buffer.alloc(1 + bytes)
  written[0] = bytes
  if (bytes === 8) written.writeDoubleLE(value, 1)
  else written.writeFloatLE(value, 1)
  return { declaration, type, value: written }
}

/** Digits in steps, so that not each length has a plan of its own. */
const precisions = [18, 28, 38] as const

/** @returns Undefined for more than 38 digits. */
export function decimalValue(
  magnitude: bigint | null,
  isNegative: boolean,
  places: number,
): WireValue | undefined {
  const digits = magnitude === null ? 0 : magnitude.toString().length
  const precision = precisions.find((most) => digits <= most && places <= most)
  return precision === undefined ? undefined : decimalOfType(magnitude, isNegative, precision, places)
}

/** Of a type that it fits into. */
export function decimalOfType(
  magnitude: bigint | null,
  isNegative: boolean,
  precision: number,
  places: number,
): WireValue {
  const bytes = precision <= 9 ? 4 : precision <= 19 ? 8 : precision <= 28 ? 12 : 16
  const declaration = `decimal(${precision}, ${places})`
  const type = Buffer.of(token.decimal, bytes + 1, precision, places)
  if (magnitude === null) return { declaration, type, value: noValue }
  const value = Buffer.alloc(2 + bytes)
  value[0] = bytes + 1
  value[1] = isNegative ? 0 : 1
  let rest = magnitude
  for (let at = 2; at < value.length; at += 4) {
    value.writeUInt32LE(Number(rest & 0xffff_ffffn), at)
    rest >>= 32n
  }
  return { declaration, type, value }
}

/**
 * Pinned to two lengths: each length that is declared has a plan of its own on the server.
 *
 * @param collation Of the database, as the server told it.
 * @param isLong Sent as MAX whatever its length.
 */
export function textValue(value: string | null, collation: Buffer, isLong = false): WireValue {
  const isShort = !isLong && (value === null || value.length * 2 <= mostBytes)
  const type = Buffer.alloc(8)
  type[0] = token.nvarchar
  type.writeUInt16LE(isShort ? mostBytes : longest, 1)
  collation.copy(type, 3)
  return {
    declaration: isShort ? 'nvarchar(4000)' : 'nvarchar(max)',
    type,
    value: value === null ? nothing(isShort) : sized(Buffer.from(value, 'utf16le'), isShort),
  }
}

/** @param isLong Sent as MAX whatever its length. */
export function binaryValue(value: Uint8Array | null, isLong = false): WireValue {
  const isShort = !isLong && (value === null || value.length <= mostBytes)
  const type = Buffer.alloc(3)
  type[0] = token.varbinary
  type.writeUInt16LE(isShort ? mostBytes : longest, 1)
  return {
    declaration: isShort ? 'varbinary(8000)' : 'varbinary(max)',
    type,
    value: value === null ? nothing(isShort) : sized(value, isShort),
  }
}

function nothing(isShort: boolean): Buffer {
  return isShort ? noText : noLongText
}

/** With the length, or in one piece with an end. */
function sized(bytes: Uint8Array, isShort: boolean): Buffer {
  if (isShort) {
    const value = Buffer.allocUnsafe(2 + bytes.length)
    value.writeUInt16LE(bytes.length)
    value.set(bytes, 2)
    return value
  }
  // A piece of no length is the end.
  if (bytes.length === 0) return Buffer.alloc(12)
  const value = Buffer.allocUnsafe(8 + 4 + bytes.length + 4)
  value.writeBigUInt64LE(BigInt(bytes.length))
  value.writeUInt32LE(bytes.length, 8)
  value.set(bytes, 12)
  value.writeUInt32LE(0, 12 + bytes.length)
  return value
}

/** Sixteen bytes, of which the first three groups are the other way round on the wire. */
export function uuidValue(digits: string | null): WireValue {
  const type = Buffer.of(token.guid, 16)
  if (digits === null) return { declaration: 'uniqueidentifier', type, value: noValue }
  const bytes = Buffer.from(digits, 'hex')
  bytes.subarray(0, 4).reverse()
  bytes.subarray(4, 6).reverse()
  bytes.subarray(6, 8).reverse()
  return { declaration: 'uniqueidentifier', type, value: Buffer.concat([Buffer.of(16), bytes]) }
}

/** A day, as the number of days since 0001-01-01; a time of day in units of 100 ns. */
export interface Moment {
  readonly days: number
  readonly units: number
}

export function dateValue(moment: Pick<Moment, 'days'> | null): WireValue {
  const value = Buffer.alloc(4)
  if (moment !== null) {
    value[0] = 3
    value.writeUIntLE(moment.days, 1, 3)
  }
  return {
    declaration: 'date',
    type: Buffer.of(token.date),
    value: moment === null ? noValue : value,
  }
}

export function timeValue(moment: Pick<Moment, 'units'> | null): WireValue {
  const value = Buffer.alloc(6)
  if (moment !== null) {
    value[0] = 5
    value.writeUIntLE(moment.units, 1, 5)
  }
  return {
    declaration: `time(${scale})`,
    type: Buffer.of(token.time, scale),
    value: moment === null ? noValue : value,
  }
}

export function dateTimeValue(moment: Moment | null): WireValue {
  return {
    declaration: `datetime2(${scale})`,
    type: Buffer.of(token.dateTime2, scale),
    value: moment === null ? noValue : Buffer.concat([Buffer.of(8), momentBytes(moment)]),
  }
}

/** An instant, in UTC. */
export function instantValue(moment: Moment | null): WireValue {
  return {
    declaration: `datetimeoffset(${scale})`,
    type: Buffer.of(token.dateTimeOffset, scale),
    value: moment === null ? noValue : Buffer.concat([Buffer.of(10), momentBytes(moment), Buffer.of(0, 0)]),
  }
}

function momentBytes({ days, units }: Moment): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUIntLE(units, 0, 5)
  bytes.writeUIntLE(days, 5, 3)
  return bytes
}
