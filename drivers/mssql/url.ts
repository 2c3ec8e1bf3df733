import { parseServerUrl } from '../../src/spi/server-url.ts'

/**
 * `mssql://user:password@host:1433/database?key=value`, or `sqlserver://…`: see `parseServerUrl`.
 *
 * @throws InvalidSettingError as that does.
 */
export function parseMssqlUrl(url: string): Record<string, unknown> {
  return parseServerUrl(url, {
    product: 'SQL Server',
    example: 'mssql://user:password@host:1433/database',
    aliases: { appName: 'applicationName', 'Application Name': 'applicationName' },
    tlsParameter: 'Encrypt',
    // The words of Microsoft's own drivers. Their "optional" would let a server choose not to encrypt.
    tlsWords: {
      true: 'verify-full',
      yes: 'verify-full',
      mandatory: 'verify-full',
      false: 'disable',
      no: 'disable',
    },
  })
}
