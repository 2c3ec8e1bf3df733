import { parseServerUrl } from '../../src/spi/server-url.ts'

/**
 * `postgres://user:password@host:5432/database?key=value`: see `parseServerUrl`. The host may be the folder of a unix
 * socket with its slashes encoded (`%2Frun%2Fpostgresql`), or given as `?host=/run/postgresql`.
 *
 * @throws InvalidSettingError as that does.
 */
export function parsePgUrl(url: string): Record<string, unknown> {
  return parseServerUrl(url, {
    product: 'PostgreSQL',
    example: 'postgres://user:password@host:5432/database',
    aliases: {
      application_name: 'applicationName',
      dbname: 'database',
      statement_timeout: 'statementTimeout',
    },
    tlsParameter: 'sslmode',
    // libpq's words. Its two that fall back to an open connection are made to say what they will do.
    tlsWords: { allow: 'disable', prefer: 'require', 'no-verify': 'require' },
  })
}
