import * as v from 'valibot'
import type { DriverDescriptor } from '../../src/spi/driver.ts'
import { passwordSetting } from '../../src/spi/password.ts'
import {
  choice,
  count,
  described,
  duration,
  flag,
  InvalidSettingError,
  optional,
  text,
  type SettingsOf,
  type SettingsTable,
} from '../../src/spi/settings.ts'
import { notAList, tlsSchema } from '../../src/spi/tls-settings.ts'
import { hostsOf } from './hosts.ts'
import { parseMySqlUrl } from './url.ts'

export type MySqlSettings = SettingsOf<typeof mySqlSettings>

const namesAndTexts = 'an object of names and texts'
const variableName = /^[a-z_][a-z0-9_]*$/i

const mySqlSettings = {
  host: {
    schema: text(),
    default: 'localhost',
    meaning:
      'A name or an address. Several, divided by commas, are tried in their order at each connect, and may have ports of their own: `a.example,b.example:3307`.',
  },
  port: {
    schema: count({ min: 1, max: 65_535 }),
    default: 3306,
    meaning: 'The port of a host that has none of its own.',
  },
  socketPath: {
    schema: optional(text()),
    meaning: 'A unix socket, in the place of host and port.',
  },
  database: {
    schema: optional(text()),
    meaning: 'The database. Default: none.',
  },
  user: {
    schema: optional(text()),
    meaning: 'The user. Default: the name of the user of the operating system.',
  },
  password: passwordSetting,
  applicationName: {
    schema: text(),
    default: 'wellhead',
    meaning: 'What performance_schema.session_connect_attrs calls the program (program_name).',
  },
  tls: {
    schema: tlsSchema,
    meaning:
      "TLS: 'disable', 'require', 'verify-ca', 'verify-full', or an object with mode, ca, cert, key, passphrase (PEM) and serverName. Default: none on unix sockets and loopback, verify-full elsewhere.",
    secret: true,
  },
  statementTimeout: {
    schema: duration({ off: true }),
    default: 'off',
    meaning:
      'After this time the server itself ends a statement: on MariaDB any (max_statement_time), on MySQL a SELECT (max_execution_time).',
  },
  lockTimeout: {
    schema: duration({ off: true }),
    default: 'off',
    meaning:
      'After this time of waiting for a row lock the server ends a statement (innodb_lock_wait_timeout, in whole seconds). Off: as the server is configured.',
  },
  keepAlive: {
    schema: duration({ off: true }),
    default: '1m',
    meaning: 'After this time without traffic TCP asks whether the other side is there.',
  },
  serverSettings: {
    schema: described(
      { type: 'object', additionalProperties: { type: 'string' } },
      v.optional(v.pipe(notAList(namesAndTexts), v.record(v.string(), v.string(), namesAndTexts)), {}),
    ),
    meaning: "Variables of the server for every session (SHOW VARIABLES): { sql_mode: 'ANSI_QUOTES' }.",
  },
  tinyInt1: {
    schema: choice('boolean', 'number'),
    default: 'boolean',
    meaning:
      "What TINYINT(1) is: 'boolean', where a value other than 0 and 1 is refused (22018), or 'number'.",
  },
  fetchWarnings: {
    schema: flag(),
    default: true,
    meaning:
      'Whether warnings are asked for (SHOW WARNINGS) when a statement has some: one more round trip then. Batches and streams never do.',
  },
} satisfies SettingsTable

/** The driver as it is known without loading `mysql2`. */
export const mySqlDescriptor: DriverDescriptor = {
  name: 'mysql',
  urlSchemes: ['mysql', 'mariadb'],
  settings: mySqlSettings,
  parseUrl: parseMySqlUrl,
  checkSettings({ host, port, serverSettings }, where) {
    hostsOf(host as string, port as number, where)
    for (const name of Object.keys(serverSettings as MySqlSettings['serverSettings'])) {
      if (variableName.test(name)) continue
      throw new InvalidSettingError(
        `${where}: serverSettings has '${name}', which is no name of a variable`,
        ['serverSettings'],
      )
    }
  },
}
