import { SQLDataException } from '../../src/api/sql-exception.ts'
import type { MySqlPacket } from './mysql-module.ts'

// Dates and times as MySQL's binary protocol has them, and as the portable types have them: fractions without trailing
// zeros, as on other databases.

/** A DATE. The zero date of old tables stays one. */
export function readDate(packet: MySqlPacket): string {
  const length = packet.readInt8()
  if (length === 0) return '0000-00-00'
  const date = readDay(packet)
  packet.offset += length - 4
  return date
}

/** A DATETIME: `2026-01-31T12:00:00.5`. */
export function readDateTime(packet: MySqlPacket): string {
  const length = packet.readInt8()
  const date = length === 0 ? '0000-00-00' : readDay(packet)
  return length > 4 ? `${date}T${readClock(packet, length > 7)}` : `${date}T00:00:00`
}

/** A TIMESTAMP, of a session in UTC. */
export function readInstant(packet: MySqlPacket): string {
  return `${readDateTime(packet)}Z`
}

/** A TIME, which may be negative, and longer than a day. */
export function readTime(packet: MySqlPacket): string {
  const length = packet.readInt8()
  if (length === 0) return '00:00:00'
  const sign = packet.readInt8() === 1 ? '-' : ''
  const days = packet.readInt32()
  const hours = days * 24 + packet.readInt8()
  const rest = `${two(packet.readInt8())}:${two(packet.readInt8())}`
  return `${sign}${two(hours)}:${rest}${length > 8 ? fraction(packet.readInt32()) : ''}`
}

/** `12:00:00.500000` becomes `12:00:00.5`. */
export function withoutTrailingZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** A moment, in UTC. */
export function dateTimeBytes(value: Date, index: number): Buffer {
  const year = value.getUTCFullYear()
  if (year < 0 || year > 9999) {
    throw new SQLDataException(`Parameter ${index + 1} is a date before year 0 or beyond 9999`, {
      sqlState: '22008',
      reason: 'data',
    })
  }
  return clockBytes(
    [year, value.getUTCMonth() + 1, value.getUTCDate()],
    [value.getUTCHours(), value.getUTCMinutes(), value.getUTCSeconds()],
    value.getUTCMilliseconds() * 1_000,
  )
}

export function dateBytes(value: Date, index: number): Buffer {
  const bytes = dateTimeBytes(value, index).subarray(0, 5)
  bytes[0] = 4
  return bytes
}

/** The time of day, in UTC. */
export function timeBytes(value: Date): Buffer {
  const clock = [value.getUTCHours(), value.getUTCMinutes(), value.getUTCSeconds()]
  return durationBytes(false, clock, value.getUTCMilliseconds() * 1_000)
}

/** What an ISO text says; undefined where it says something else, which the server is to judge. */
export function parsedDate(text: string): Buffer | undefined {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)
  if (parts === null) return undefined
  const bytes = clockBytes(parts.slice(1).map(Number), [0, 0, 0], 0).subarray(0, 5)
  bytes[0] = 4
  return bytes
}

/** As {@link parsedDate}; with an offset the moment in UTC. */
export function parsedDateTime(text: string): Buffer | undefined {
  const parts =
    /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d(?::?\d\d)?)?$/.exec(text)
  if (parts === null) return undefined
  const [, year, month, day, hour, minute, second = '0', digits = '', offset] = parts
  const microseconds = Number(digits.padEnd(6, '0'))
  const fields = [year, month, day, hour, minute, second].map(Number)
  if (offset === undefined || offset === 'Z') {
    return clockBytes(fields.slice(0, 3), fields.slice(3), microseconds)
  }
  const [hours, minutes = 0] = offset.slice(1).match(/\d\d/g)!.map(Number)
  const east = (hours! * 60 + minutes) * (offset.startsWith('-') ? -1 : 1)
  const moment = new Date(0)
  moment.setUTCFullYear(fields[0]!, fields[1]! - 1, fields[2])
  moment.setUTCHours(fields[3]!, fields[4]! - east, fields[5])
  const bytes = dateTimeBytes(moment, 0)
  bytes.writeUInt32LE(microseconds, 8)
  return bytes
}

/** As {@link parsedDate}. */
export function parsedTime(text: string): Buffer | undefined {
  const parts = /^(-?)(\d{1,3}):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?$/.exec(text)
  if (parts === null) return undefined
  const [, sign, hour, minute, second = '0', digits = ''] = parts
  return durationBytes(sign === '-', [hour, minute, second].map(Number), Number(digits.padEnd(6, '0')))
}

function readDay(packet: MySqlPacket): string {
  const year = String(packet.readInt16()).padStart(4, '0')
  return `${year}-${two(packet.readInt8())}-${two(packet.readInt8())}`
}

function readClock(packet: MySqlPacket, hasFraction: boolean): string {
  const clock = `${two(packet.readInt8())}:${two(packet.readInt8())}:${two(packet.readInt8())}`
  return hasFraction ? clock + fraction(packet.readInt32()) : clock
}

function fraction(microseconds: number): string {
  return microseconds === 0 ? '' : `.${String(microseconds).padStart(6, '0').replace(/0+$/, '')}`
}

function two(number: number): string {
  return number < 10 ? `0${number}` : String(number)
}

/** With its length before it, as all of these. */
function clockBytes([year, month, day]: number[], clock: readonly number[], microseconds: number): Buffer {
  const bytes = Buffer.allocUnsafe(12)
  bytes[0] = 11
  bytes.writeUInt16LE(year!, 1)
  bytes[3] = month!
  bytes[4] = day!
  bytes.set(clock, 5)
  bytes.writeUInt32LE(microseconds, 8)
  return bytes
}

function durationBytes(negative: boolean, [hours, minutes, seconds]: number[], microseconds: number): Buffer {
  const bytes = Buffer.allocUnsafe(13)
  bytes[0] = 12
  bytes[1] = negative ? 1 : 0
  bytes.writeUInt32LE(Math.floor(hours! / 24), 2)
  bytes.set([hours! % 24, minutes!, seconds!], 6)
  bytes.writeUInt32LE(microseconds, 9)
  return bytes
}
