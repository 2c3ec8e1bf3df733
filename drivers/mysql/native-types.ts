import { fieldFlags, fieldTypes, isBinary, type ColumnDefinition } from './column-definition.ts'
import type { MySqlPacket } from './mysql-module.ts'

/**
 * Reads a value as `mysql2` gives it by itself: BIGINT as a number, dates and times as a `Date` of the process's zone,
 * JSON parsed, bytes as a `Buffer`.
 */
export function nativeDecoder(column: ColumnDefinition): (packet: MySqlPacket) => unknown {
  const unsigned = (column.flags & fieldFlags.unsigned) !== 0
  switch (column.type) {
    case fieldTypes.tiny:
      return (packet) => (unsigned ? packet.readInt8() : packet.readSInt8())
    case fieldTypes.short:
      return (packet) => (unsigned ? packet.readInt16() : packet.readSInt16())
    case fieldTypes.int24:
    case fieldTypes.long:
      return (packet) => (unsigned ? packet.readInt32() : packet.readSInt32())
    case fieldTypes.year:
      return (packet) => packet.readInt16()
    case fieldTypes.longlong:
      return (packet) => (unsigned ? packet.readInt64JSNumber() : packet.readSInt64JSNumber())
    case fieldTypes.float:
      return (packet) => packet.readFloat()
    case fieldTypes.double:
      return (packet) => packet.readDouble()
    case fieldTypes.date:
    case fieldTypes.newDate:
    case fieldTypes.dateTime:
    case fieldTypes.timestamp:
      return (packet) => packet.readDateTime('local')
    case fieldTypes.time:
      return (packet) => packet.readTimeString()
    case fieldTypes.geometry:
      return (packet) => packet.parseGeometryValue()
    case fieldTypes.json:
      return readJson
  }
  if (column.extendedFormat === 'json') return readJson
  if (isBinary(column) && column.type !== fieldTypes.newDecimal && column.type !== fieldTypes.decimal) {
    // A copy: the packet's memory is that of everything that came with it.
    return (packet) => Buffer.from(packet.readLengthCodedBuffer()!)
  }
  return (packet) => packet.readLengthCodedString('utf8')
}

function readJson(packet: MySqlPacket): unknown {
  return JSON.parse(packet.readLengthCodedString('utf8')!)
}
