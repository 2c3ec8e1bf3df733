import { SQLDataException } from '../api/sql-exception.ts'

const shape =
  /^([+-]\d{6}|\d{4,7})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?)? ?(Z|[+-]\d\d(?::?\d\d)?(?::?\d\d)?)?( BC)?$/

/**
 * The moment that a text of a DATE, TIMESTAMP or TIMESTAMP_WITH_TIMEZONE column names: in UTC where it has no offset,
 * a date at its midnight. What is below a millisecond is cut off.
 *
 * @throws SQLDataException 22008 for infinity and for years that a `Date` cannot hold, 22007 for what is no date; it
 *   names the column.
 */
export function toDate(value: unknown, column: string): unknown {
  if (value === null || value instanceof Date) return value
  const parts = typeof value === 'string' ? shape.exec(value) : null
  if (parts === null) {
    if (value === 'infinity' || value === '-infinity') throw beyond('is infinite', column)
    throw noDate(column)
  }
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', offset, era] = parts
  const date = new Date(0)
  date.setUTCFullYear(era === undefined ? Number(year) : 1 - Number(year), Number(month) - 1, Number(day))
  if (Number.isNaN(date.getTime())) throw beyond('lies beyond what a Date can hold', column)
  const isDay = date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day)
  if (!isDay || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) throw noDate(column)
  const milliseconds = Number(`${fraction}00`.slice(0, 3))
  date.setUTCHours(Number(hour), Number(minute), Number(second) - secondsOf(offset), milliseconds)
  if (Number.isNaN(date.getTime())) throw beyond('lies beyond what a Date can hold', column)
  return date
}

function secondsOf(offset: string | undefined): number {
  if (offset === undefined || offset === 'Z') return 0
  const digits = offset.replace(/\D/g, '').padEnd(6, '0')
  const [hours, minutes, seconds] = [digits.slice(0, 2), digits.slice(2, 4), digits.slice(4)].map(Number)
  const east = hours! * 3_600 + minutes! * 60 + seconds!
  return offset.startsWith('-') ? -east : east
}

function beyond(fault: string, column: string): SQLDataException {
  return refused(`The date in '${column}' ${fault}`, column, '22008')
}

function noDate(column: string): SQLDataException {
  return refused(`The value in '${column}' is no date that a Date can hold`, column, '22007')
}

function refused(fault: string, column: string, sqlState: string): SQLDataException {
  return new SQLDataException(
    `${fault}, and types is 'date': ask for the text with types: { ${column}: 'VARCHAR' }`,
    { sqlState, reason: 'data' },
  )
}
