import { InvalidSettingError } from './settings.ts'
import { tlsModes, type TlsMode } from './tls-settings.ts'

/** What of a URL differs from database to database. */
export interface ServerUrlRules {
  /** For messages: `PostgreSQL`. */
  readonly product: string
  /** For messages: `postgres://user:password@host:5432/database`. */
  readonly example: string
  /** Names of other libraries in the query, and the settings they stand for. */
  readonly aliases: Readonly<Record<string, string>>
  /** The name by which the database's own tools say a TLS mode in the query, and their words. */
  readonly tlsParameter: string
  readonly tlsWords: Readonly<Record<string, TlsMode>>
}

/**
 * `scheme://user:password@host:port/database?key=value`. Percent-encoding is decoded in every part. The host may be an
 * IPv6 address in brackets. The query holds settings, of the driver or of the pool, and what other libraries call
 * them; `ssl` and `encrypt` say `tls`.
 *
 * @throws InvalidSettingError for a bad escape, a bad port, a setting given twice or in two ways. Never with the URL
 * itself, which may hold a password.
 */
export function parseServerUrl(url: string, rules: ServerUrlRules): Record<string, unknown> {
  const invalid = (fault: string, name = 'url'): InvalidSettingError =>
    new InvalidSettingError(`The URL is not one of a ${rules.product} database: ${fault}`, [name])
  const decode = (part: string): string => {
    let decoded: string
    try {
      decoded = decodeURIComponent(part)
    } catch {
      throw invalid('it holds a % that is no escape: write %25')
    }
    if (decoded.includes('\0')) throw invalid('it holds a NUL')
    return decoded
  }
  const parts =
    /^[a-z]+:(?:\/\/(?:([^/?#]*)@)?(\[[^\]]*\]|[^/?#:]*)(?::([^/?#]*))?)?(?:\/([^?#]*))?(?:\?([^#]*))?$/is.exec(
      url,
    )
  if (parts === null) throw invalid(`write ${rules.example}`)
  const [, credentials, host, port, database, query = ''] = parts
  const settings = new Map<string, unknown>()
  const set = (name: string, value: unknown): void => {
    if (settings.has(name)) throw invalid(`it gives '${name}' twice`, name)
    settings.set(name, value)
  }
  if (credentials !== undefined && credentials !== '') {
    const colon = credentials.indexOf(':')
    set('user', decode(colon === -1 ? credentials : credentials.slice(0, colon)))
    if (colon !== -1) set('password', decode(credentials.slice(colon + 1)))
  }
  if (host !== undefined && host !== '') set('host', host.startsWith('[') ? host.slice(1, -1) : decode(host))
  // A password with a raw / ends up here: what stands in these places must not be shown.
  if (!/^\d*$/.test(port ?? '') || database?.includes('@')) {
    throw invalid('a user or a password with / ? # @ or : writes them as %2F %3F %23 %40 %3A')
  }
  if (port !== undefined && port !== '') set('port', port)
  if (database !== undefined && database !== '') set('database', decode(database))
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === rules.tlsParameter) {
      const word = value.toLowerCase()
      const mode = Object.hasOwn(rules.tlsWords, word) ? rules.tlsWords[word] : undefined
      if (mode === undefined && !(tlsModes as readonly string[]).includes(value)) {
        throw invalid(`${name} is '${value}'; it wants one of ${tlsModes.join(', ')}`, name)
      }
      set('tls', mode ?? value)
    } else if (name === 'ssl' || name === 'encrypt') {
      const mode = flagWords[value]
      if (mode === undefined) throw invalid(`${name} is '${value}'; it wants true or false`, name)
      set('tls', mode)
    } else set(rules.aliases[name] ?? name, value)
  }
  return Object.fromEntries(settings)
}

const flagWords: Readonly<Record<string, TlsMode>> = Object.assign(
  Object.create(null) as object,
  {
    '': 'verify-full',
    true: 'verify-full',
    1: 'verify-full',
    yes: 'verify-full',
    false: 'disable',
    0: 'disable',
    no: 'disable',
    'no-verify': 'require',
  } as const,
)
