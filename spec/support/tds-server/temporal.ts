import { SqlError, unknown } from './errors.ts'

// Dates as days, times as units of 10^-scale seconds; texts as PostgreSQL writes them (ISO).

const dayLength = 86_400_000
const firstDay = Date.parse('0001-01-01T00:00:00Z') / dayLength
const day1900 = Date.parse('1900-01-01T00:00:00Z') / dayLength
const lastDay = Date.parse('9999-12-31T00:00:00Z') / dayLength

interface Moment {
  /** Since 1970-01-01. */
  readonly day: number
  /** Since midnight. */
  readonly nanoseconds: bigint
}

const format = /^(\d{4,})-(\d\d)-(\d\d)(?: (\d\d:\d\d:\d\d(?:\.\d+)?)(\+00)?)?$/

/** A date or a timestamp of PostgreSQL, in the years of SQL Server. */
function readMoment(text: string): Moment {
  const [, year, month, date, time] = format.exec(text) ?? []
  const day = year?.length === 4 ? Date.parse(`${year}-${month}-${date}T00:00:00Z`) / dayLength : NaN
  if (Number.isNaN(day) || day < firstDay || day > lastDay) {
    throw new SqlError(
      242,
      'The conversion of a varchar data type to a datetime data type resulted in an out-of-range value.',
    )
  }
  return { day, nanoseconds: time === undefined ? 0n : readTime(time) }
}

/** Nanoseconds since midnight. */
function readTime(text: string): bigint {
  const [, hours, minutes, seconds, fraction = ''] = /^(\d\d):(\d\d):(\d\d)(?:\.(\d+))?$/.exec(text) ?? []
  const whole = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}

export function dateOf(text: string): number {
  return readMoment(text).day - firstDay
}

export function textOfDate(days: number): string {
  if (days > lastDay - firstDay) throw invalidInstance('date')
  return new Date((days + firstDay) * dayLength).toISOString().slice(0, 10)
}

export function timeOf(text: string, scale: number): bigint {
  return readTime(text) / unit(scale)
}

/** PostgreSQL keeps microseconds: what would be lost is refused. */
export function textOfTime(value: bigint, scale: number): string {
  const nanoseconds = value * unit(scale)
  if (nanoseconds >= 86_400_000_000_000n) throw invalidInstance('time')
  if (nanoseconds % 1_000n !== 0n)
    throw unknown('a time finer than a microsecond, which PostgreSQL cannot keep')
  const seconds = Number(nanoseconds / 1_000_000_000n)
  const parts = [seconds / 3_600, (seconds / 60) % 60, seconds % 60].map((part) => pad(Math.floor(part), 2))
  return `${parts.join(':')}.${pad(nanoseconds % 1_000_000_000n, 9).slice(0, 6)}`
}

/** Days since the year 1 and the time, of a timestamp. */
export function datetime2Of(text: string, scale: number): { readonly days: number; readonly time: bigint } {
  const { day, nanoseconds } = readMoment(text)
  return { days: day - firstDay, time: nanoseconds / unit(scale) }
}

/** Days since 1900 and three-hundredths of a second. */
export function datetimeOf(text: string): { readonly days: number; readonly ticks: number } {
  const { day, nanoseconds } = readMoment(text)
  const ticks = Number((nanoseconds * 3n + 5_000_000n) / 10_000_000n)
  const isNextDay = ticks === 25_920_000
  return { days: day - day1900 + (isNextDay ? 1 : 0), ticks: isNextDay ? 0 : ticks }
}

export function textOfDatetime(days: number, ticks: number): string {
  const milliseconds = Math.round((ticks * 10) / 3)
  const moment = new Date((days + day1900) * dayLength + milliseconds)
  if (Number.isNaN(moment.getTime()) || ticks >= 25_920_000) throw invalidInstance('datetime')
  return moment.toISOString().replace('T', ' ').slice(0, -1)
}

/** Days since 1900 and minutes. */
export function smalldatetimeOf(text: string): { readonly days: number; readonly minutes: number } {
  const { day, nanoseconds } = readMoment(text)
  const minutes = Number((nanoseconds + 30_001_000_000n) / 60_000_000_000n)
  const isNextDay = minutes === 1_440
  const days = day - day1900 + (isNextDay ? 1 : 0)
  if (days < 0 || days > 0xffff) {
    throw new SqlError(
      242,
      'The conversion of a varchar data type to a smalldatetime data type resulted in an out-of-range value.',
    )
  }
  return { days, minutes: isNextDay ? 0 : minutes }
}

export function textOfSmalldatetime(days: number, minutes: number): string {
  return textOfDatetime(days, minutes * 60 * 300)
}

function unit(scale: number): bigint {
  return 10n ** BigInt(9 - scale)
}

function pad(value: number | bigint, length: number): string {
  return String(value).padStart(length, '0')
}

export function invalidInstance(type: string): SqlError {
  return new SqlError(
    8023,
    `The incoming tabular data stream (TDS) remote procedure call (RPC) protocol stream is incorrect. The supplied value is not a valid instance of data type ${type}. Check the source data for invalid values.`,
  )
}
