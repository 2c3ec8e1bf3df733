import { daysOf } from './value-texts.ts'
import type { Moment } from './wire-types.ts'

// What ISO texts and dates say, in days since 0001-01-01 and in units of 100 ns. Undefined where a text says something
// else, which the server is to judge.

const unitsPerMillisecond = 10_000
const unitsPerDay = 864_000_000_000

/** Undefined for a date before year 1 or beyond 9999. */
export function momentOf(date: Date): Moment | undefined {
  const days = daysOf(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate())
  if (days === undefined) return undefined
  const seconds = (date.getUTCHours() * 60 + date.getUTCMinutes()) * 60 + date.getUTCSeconds()
  return { days, units: (seconds * 1_000 + date.getUTCMilliseconds()) * unitsPerMillisecond }
}

export function parsedDate(text: string): Pick<Moment, 'days'> | undefined {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? []
  const days = year === undefined ? undefined : daysOf(Number(year), Number(month), Number(day))
  return days === undefined ? undefined : { days }
}

export function parsedTime(text: string): Pick<Moment, 'units'> | undefined {
  const parts = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?$/.exec(text)
  const units = parts === null ? undefined : unitsOf(parts.slice(1))
  return units === undefined ? undefined : { units }
}

/** With an offset it is an instant, told in UTC. */
export function parsedDateTime(text: string): (Moment & { readonly isInstant: boolean }) | undefined {
  const parts =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?(Z|[+-]\d\d(?::?\d\d)?)?$/i.exec(text)
  if (parts === null) return undefined
  const date = parsedDate(parts[1]!)
  const units = unitsOf(parts.slice(2, 6))
  const offset = parts[6]
  if (date === undefined || units === undefined) return undefined
  if (offset === undefined || /^z$/i.test(offset)) return { ...date, units, isInstant: offset !== undefined }
  const [hours, minutes = 0] = offset.slice(1).match(/\d\d/g)!.map(Number)
  const east = (hours! * 60 + minutes) * (offset.startsWith('-') ? -1 : 1)
  const moved = units - east * 60_000 * unitsPerMillisecond
  const turned = Math.floor(moved / unitsPerDay)
  const days = date.days + turned
  if (days < 0 || days > 3_652_058) return undefined
  return { days, units: moved - turned * unitsPerDay, isInstant: true }
}

function unitsOf([hour, minute, second = '0', digits = '']: readonly (string | undefined)[]):
  number | undefined {
  const clock = [Number(hour), Number(minute), Number(second)] as const
  if (clock[0] > 23 || clock[1] > 59 || clock[2] > 59) return undefined
  return ((clock[0] * 60 + clock[1]) * 60 + clock[2]) * 10_000_000 + Number(digits.padEnd(7, '0'))
}
