// Dates and times as PostgreSQL writes them with DateStyle ISO, and as the portable types have them.

/** `2026-01-31 12:00:00.5` becomes `2026-01-31T12:00:00.5`; `infinity` stays a word. */
export function timestampText(text: string): string {
  return text.replace(' ', 'T')
}

/** `2026-01-31 12:00:00.5+00` becomes `2026-01-31T12:00:00.5Z`, also when the session has another time zone. */
export function instantText(text: string): string {
  if (text.endsWith('+00')) return `${timestampText(text.slice(0, -3))}Z`
  const parts =
    /^(\d+)-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(\.\d+)?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?( BC)?$/.exec(text)
  if (parts === null) return text
  const [, year, month, day, hour, minute, second, fraction = '', sign, ...offset] = parts
  const [hours = '0', minutes = '0', seconds = '0', bc] = offset
  const east = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * (sign === '+' ? 1 : -1)
  const instant = new Date(0)
  instant.setUTCFullYear(bc === undefined ? Number(year) : 1 - Number(year), Number(month) - 1, Number(day))
  instant.setUTCHours(Number(hour), Number(minute), Number(second) - east)
  const [written, era] = dateParts(instant)
  return `${written}T${instant.toISOString().slice(-13, -5)}${fraction}Z${era}`
}

/** A moment in UTC as PostgreSQL reads it: `2026-01-31 12:00:00.5+00`; years before 1 as BC. */
export function instantLiteral(value: Date): string {
  const [date, era] = dateParts(value)
  return `${date} ${timeLiteral(value)}+00${era}`
}

/** The date of a moment in UTC. */
export function dateLiteral(value: Date): string {
  return dateParts(value).join('')
}

/** The time of day of a moment in UTC. */
export function timeLiteral(value: Date): string {
  return value.toISOString().slice(-13, -1)
}

export function timestampLiteral(value: Date): string {
  const [date, era] = dateParts(value)
  return `${date} ${timeLiteral(value)}${era}`
}

function dateParts(value: Date): [date: string, era: string] {
  const year = value.getUTCFullYear()
  const rest = value.toISOString().slice(-20, -14)
  const written = String(year > 0 ? year : 1 - year).padStart(4, '0')
  return [`${written}${rest}`, year > 0 ? '' : ' BC']
}
