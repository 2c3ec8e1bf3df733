import { parseServerUrl } from '../../src/spi/server-url.ts'

/**
 * `mysql://user:password@host:3306/database?key=value`, or `mariadb://…`: see `parseServerUrl`. Several hosts stand one
 * after the other, `a.example:3306,b.example:3307`. A unix socket is given as `?socketPath=/run/mysqld/mysqld.sock`.
 *
 * @throws InvalidSettingError as that does.
 */
export function parseMySqlUrl(url: string): Record<string, unknown> {
  const [, before, hosts, after] = severalHosts.exec(url) ?? []
  if (hosts === undefined) return parseOne(url)
  const settings = parseOne(`${before}${after}`)
  return 'host' in settings ? parseOne(url) : { ...settings, host: hosts }
}

/** No character of a host needs an escape. */
const severalHosts = /^([a-z]+:\/\/(?:[^/?#@]*@)?)([\w.:[\]-]+(?:,[\w.:[\]-]+)+)((?:[/?].*)?)$/is

function parseOne(url: string): Record<string, unknown> {
  return parseServerUrl(url, {
    product: 'MySQL',
    example: 'mysql://user:password@host:3306/database',
    aliases: { socket: 'socketPath' },
    tlsParameter: 'ssl-mode',
    // The words of MySQL's own tools. The one that falls back to an open connection is made to say what it will do.
    tlsWords: {
      disabled: 'disable',
      preferred: 'require',
      required: 'require',
      verify_ca: 'verify-ca',
      verify_identity: 'verify-full',
    },
  })
}
