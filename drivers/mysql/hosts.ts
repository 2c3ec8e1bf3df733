import { InvalidSettingError } from '../../src/spi/settings.ts'

/** A server's name or address, and its port. */
export interface Host {
  readonly host: string
  readonly port: number
}

/**
 * The servers of the setting `host`, in the order in which they are tried: `a.example,b.example:3307,[::1]:3308`.
 *
 * @param port Of those that have none of their own.
 * @throws InvalidSettingError for an empty name, or a port that is none.
 */
export function hostsOf(text: string, port: number, where = 'mysql'): Host[] {
  return text.split(',').map((part) => {
    const [, bracketed, named, digits] = pattern.exec(part.trim()) ?? []
    const host = bracketed ?? named
    const own = digits === undefined ? port : Number(digits)
    if (host === undefined || own < 1 || own > 65_535) {
      throw new InvalidSettingError(
        `${where}: host is '${text}'; it wants names or addresses, each with a port or without: a.example,b.example:3307,[::1]:3308`,
        ['host'],
      )
    }
    return { host, port: own }
  })
}

/** For messages. */
export function hostText({ host, port }: Host): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** An address in brackets, one with colons of its own, or a name; the first and the last may have a port. */
const pattern = /^(?:\[([^\][]+)\]|([^\][:\s]+|[\da-f]*:[\da-f:.]*:[\da-f:.]*))(?::(\d{1,5}))?$/i
