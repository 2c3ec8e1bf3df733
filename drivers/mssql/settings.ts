import type { DriverDescriptor } from '../../src/spi/driver.ts'
import { passwordSetting } from '../../src/spi/password.ts'
import {
  count,
  duration,
  flag,
  InvalidSettingError,
  optional,
  text,
  type SettingsOf,
  type SettingsTable,
} from '../../src/spi/settings.ts'
import { tlsSchema } from '../../src/spi/tls-settings.ts'
import { parseMssqlUrl } from './url.ts'

export type MssqlSettings = SettingsOf<typeof mssqlSettings>

const mssqlSettings = {
  host: {
    schema: text(),
    default: 'localhost',
    meaning: 'A name or an address.',
  },
  port: {
    schema: count({ min: 1, max: 65_535 }),
    default: 1433,
    meaning: 'The port.',
  },
  database: {
    schema: optional(text()),
    meaning: 'The database. Default: that of the login.',
  },
  user: {
    schema: optional(text()),
    meaning: 'The login. Default: the name of the user of the operating system.',
  },
  password: passwordSetting,
  accessToken: {
    ...passwordSetting,
    meaning:
      'A token of Microsoft Entra ID, in the place of user and password: a text, or a function (it may be async) that gives one at every connect. It is sent only over TLS to a server that has proved who it is.',
  },
  applicationName: {
    schema: text(),
    default: 'wellhead',
    meaning: 'What sys.dm_exec_sessions calls the program.',
  },
  tls: {
    schema: tlsSchema,
    meaning:
      "TLS: 'disable', 'require', 'verify-ca', 'verify-full', or an object with mode, ca, cert, key, passphrase (PEM) and serverName. Default: none on loopback, verify-full elsewhere.",
    secret: true,
  },
  lockTimeout: {
    schema: duration({ off: true }),
    default: 'off',
    meaning: 'After this time of waiting for a lock the server ends a statement (SET LOCK_TIMEOUT).',
  },
  readOnlyIntent: {
    schema: flag(),
    default: false,
    meaning: 'Says that the session will only read, so that an availability group may lead it to a replica.',
  },
  keepAlive: {
    schema: duration({ off: true }),
    default: '30s',
    meaning: 'After this time without traffic TCP asks whether the other side is there.',
  },
} satisfies SettingsTable

/** The driver as it is known without loading `tedious`. */
export const mssqlDescriptor: DriverDescriptor = {
  name: 'mssql',
  urlSchemes: ['mssql', 'sqlserver'],
  settings: mssqlSettings,
  parseUrl: parseMssqlUrl,
  checkSettings({ accessToken, password }, where) {
    if (accessToken === undefined || password === undefined) return
    throw new InvalidSettingError(`${where}: accessToken stands in the place of password; give one of them`, [
      'accessToken',
    ])
  },
}
