import { InvalidSettingError } from '../../src/spi/settings.ts'
import { tlsModes } from './tls.ts'

/**
 * `postgres://user:password@host:5432/database?key=value`. Percent-encoding is decoded in every part. The host may be
 * an IPv6 address in brackets, or the folder of a unix socket with its slashes encoded (`%2Frun%2Fpostgresql`), or
 * given as `?host=/run/postgresql`. The query holds settings, of the driver or of the pool, and what other libraries
 * call `sslmode`, `ssl`, `encrypt` and `application_name`.
 *
 * @throws InvalidSettingError for a bad escape, a bad port, a setting given twice or in two ways.
 */
export function parsePgUrl(url: string): Record<string, unknown> {
  const parts =
    /^[a-z]+:(?:\/\/(?:([^/?#]*)@)?(\[[^\]]*\]|[^/?#:]*)(?::([^/?#]*))?)?(?:\/([^?#]*))?(?:\?([^#]*))?$/is.exec(
      url,
    )
  if (parts === null) throw invalidUrl('write postgres://user:password@host:5432/database')
  const [, credentials, host, port, database, query = ''] = parts
  const settings = new Map<string, unknown>()
  const set = (name: string, value: unknown): void => {
    if (settings.has(name)) throw invalidUrl(`it gives '${name}' twice`, name)
    settings.set(name, value)
  }
  if (credentials !== undefined && credentials !== '') {
    const colon = credentials.indexOf(':')
    set('user', decode(colon === -1 ? credentials : credentials.slice(0, colon)))
    if (colon !== -1) set('password', decode(credentials.slice(colon + 1)))
  }
  if (host !== undefined && host !== '') set('host', host.startsWith('[') ? host.slice(1, -1) : decode(host))
  if (port !== undefined && port !== '') set('port', port)
  if (database !== undefined && database !== '') set('database', decode(database))
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === 'sslmode') set('tls', tlsOfSslMode(value))
    else if (name === 'ssl' || name === 'encrypt') set('tls', tlsOfFlag(name, value))
    else set(aliases[name] ?? name, value)
  }
  return Object.fromEntries(settings)
}

const aliases: Readonly<Record<string, string>> = {
  application_name: 'applicationName',
  dbname: 'database',
  statement_timeout: 'statementTimeout',
}

/** libpq's words. Its two that fall back to an open connection are made to say what they will do. */
function tlsOfSslMode(value: string): string {
  if ((tlsModes as readonly string[]).includes(value)) return value
  if (value === 'allow') return 'disable'
  if (value === 'prefer' || value === 'no-verify') return 'require'
  throw invalidUrl(`sslmode is '${value}'; it wants one of ${tlsModes.join(', ')}`, 'sslmode')
}

function tlsOfFlag(name: string, value: string): string {
  if (['true', '1', 'yes', ''].includes(value)) return 'verify-full'
  if (['false', '0', 'no'].includes(value)) return 'disable'
  if (value === 'no-verify') return 'require'
  throw invalidUrl(`${name} is '${value}'; it wants true or false`, name)
}

function decode(part: string): string {
  let decoded: string
  try {
    decoded = decodeURIComponent(part)
  } catch {
    throw invalidUrl('it holds a % that is no escape: write %25')
  }
  if (decoded.includes('\0')) throw invalidUrl('it holds a NUL')
  return decoded
}

/** Never with the URL itself, which may hold a password. */
function invalidUrl(fault: string, name = 'url'): InvalidSettingError {
  return new InvalidSettingError(`The URL is not one of a PostgreSQL database: ${fault}`, [name])
}
