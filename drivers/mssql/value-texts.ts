// Numbers and moments as SQL Server has them on the wire, and as the portable types have them: fractions of seconds
// without trailing zeros, as on other databases.

const dayMilliseconds = 86_400_000
/** Days from 0001-01-01, where dates begin, to 1970-01-01. */
const daysBeforeEpoch = 719_162
/** Days from 0001-01-01 to 1900-01-01, where the older types begin. */
const daysBefore1900 = 693_595

/** A magnitude with so many places behind the point: all of its digits. */
export function decimalText(magnitude: bigint, isNegative: boolean, scale: number): string {
  const digits = magnitude.toString()
  const sign = isNegative ? '-' : ''
  if (scale === 0) return sign + digits
  const padded = digits.padStart(scale + 1, '0')
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`
}

/** Little-endian, of 4, 8, 12 or 16 bytes. */
export function readMagnitude(bytes: Buffer, at: number, length: number): bigint {
  let magnitude = 0n
  for (let word = length - 4; word >= 0; word -= 4) {
    magnitude = (magnitude << 32n) | BigInt(bytes.readUInt32LE(at + word))
  }
  return magnitude
}

/** `2026-01-31`, by the days since 0001-01-01. */
export function dateText(days: number): string {
  return new Date((days - daysBeforeEpoch) * dayMilliseconds).toISOString().slice(0, 10)
}

/** A time of day, in units of 10^-scale seconds. */
export function timeText(units: number, scale: number): string {
  const perSecond = 10 ** scale
  const seconds = Math.floor(units / perSecond)
  const clock = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  const fraction = units % perSecond
  const written = clock.map((part) => String(part).padStart(2, '0')).join(':')
  return fraction === 0 ? written : `${written}.${String(fraction).padStart(scale, '0').replace(/0+$/, '')}`
}

/** A DATETIME: days since 1900, and three-hundredths of a second, which are told as milliseconds. */
export function dateTimeText(days: number, ticks: number): string {
  const milliseconds = Math.round((ticks * 10) / 3)
  return `${dateText(days + daysBefore1900)}T${timeText(milliseconds, 3)}`
}

/** A SMALLDATETIME: days since 1900, and minutes. */
export function smallDateTimeText(days: number, minutes: number): string {
  return `${dateText(days + daysBefore1900)}T${timeText(minutes * 60, 0)}`
}

/** The days since 0001-01-01 of a date that there is; undefined of another. */
export function daysOf(year: number, month: number, day: number): number | undefined {
  const moment = new Date(0)
  moment.setUTCFullYear(year, month - 1, day)
  const isThere =
    year >= 1 && year <= 9999 && moment.getUTCMonth() === month - 1 && moment.getUTCDate() === day
  return isThere ? moment.getTime() / dayMilliseconds + daysBeforeEpoch : undefined
}

/** The shortest number that four bytes stand for: they hold 1.1 as 1.100000023841858. */
export function shortest(value: number): number {
  if (!Number.isFinite(value)) return value
  for (let digits = 6; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits))
    if (Math.fround(candidate) === value) return candidate
  }
  return Number(value.toPrecision(9))
}
