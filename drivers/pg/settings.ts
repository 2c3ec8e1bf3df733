import * as v from 'valibot'
import type { DriverDescriptor } from '../../src/spi/driver.ts'
import {
  count,
  duration,
  optional,
  text,
  type SettingsOf,
  type SettingsTable,
} from '../../src/spi/settings.ts'
import { tlsSchema } from './tls.ts'
import { parsePgUrl } from './url.ts'

/** Gives the password, or a token in its place; asked at every connect. */
export type PasswordProvider = () => string | Promise<string>

export type PgSettings = SettingsOf<typeof pgSettings>

const port = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number))]),
  v.integer(),
  v.minValue(1),
  v.maxValue(65_535),
)

const pgSettings = {
  host: {
    schema: text(),
    default: 'localhost',
    meaning: 'A name, an address, or the folder of a unix socket (it begins with a slash).',
  },
  port: {
    schema: v.union([port], 'a port from 1 to 65535'),
    default: 5432,
    meaning: 'The port; of a unix socket the number in its name.',
  },
  database: {
    schema: optional(text()),
    meaning: 'The database. Default: that with the name of the user.',
  },
  user: {
    schema: optional(text()),
    meaning: 'The role. Default: the name of the user of the operating system.',
  },
  password: {
    schema: v.optional(v.union([v.string(), v.function()], 'a text, or a function that gives it')),
    meaning: 'The password, or a function (it may be async) that gives it, or a token, at every connect.',
    secret: true,
  },
  applicationName: {
    schema: text(),
    default: 'wellhead',
    meaning: 'What pg_stat_activity and the log of the server call the session.',
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
    meaning: 'After this time the server itself ends a statement (statement_timeout).',
  },
  lockTimeout: {
    schema: duration({ off: true }),
    default: 'off',
    meaning: 'After this time of waiting for a lock the server ends a statement (lock_timeout).',
  },
  idleInTransactionTimeout: {
    schema: duration({ off: true }),
    default: 'off',
    meaning:
      'After this time without a statement in an open transaction the server ends the session (idle_in_transaction_session_timeout).',
  },
  socketTimeout: {
    schema: duration({ off: true }),
    default: 'off',
    meaning: 'A connection on which an answer is awaited and nothing comes for this long is given up.',
  },
  keepAlive: {
    schema: duration({ off: true }),
    default: '1m',
    meaning: 'After this time without traffic TCP asks whether the other side is there.',
  },
  serverSettings: {
    schema: v.optional(v.record(v.string(), v.string(), 'an object of names and texts'), {}),
    meaning: "Settings of the server for every session (SHOW ALL): { work_mem: '64MB' }.",
  },
  prepareThreshold: {
    schema: count({ min: 0 }),
    default: 2,
    meaning: 'At its run of this number a text is prepared on the connection and kept; 0: never.',
  },
} satisfies SettingsTable

/** The driver as it is known without loading `pg`. */
export const pgDescriptor: DriverDescriptor = {
  name: 'pg',
  urlSchemes: ['postgres', 'postgresql'],
  settings: pgSettings,
  parseUrl: parsePgUrl,
}
