import * as v from 'valibot'
import type { DriverDescriptor } from '../../src/spi/driver.ts'
import { passwordSetting } from '../../src/spi/password.ts'
import {
  count,
  described,
  choice,
  duration,
  optional,
  text,
  type SettingsOf,
  type SettingsTable,
} from '../../src/spi/settings.ts'
import { notAList, tlsSchema } from '../../src/spi/tls-settings.ts'
import { checkPooler } from './pooler.ts'
import { parsePgUrl } from './url.ts'

export type PgSettings = SettingsOf<typeof pgSettings>

const namesAndTexts = 'an object of names and texts'

const pgSettings = {
  host: {
    schema: text(),
    default: 'localhost',
    meaning: 'A name, an address, or the folder of a unix socket (it begins with a slash).',
  },
  port: {
    schema: count({ min: 1, max: 65_535 }),
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
  password: passwordSetting,
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
    meaning: "Settings of the server for every session (SHOW ALL): { work_mem: '64MB' }.",
  },
  pooler: {
    schema: choice('none', 'session', 'transaction'),
    default: 'none',
    meaning:
      "PgBouncer or its like in front: 'session' or 'transaction', as its pool_mode says. See docs/pgbouncer.md.",
  },
} satisfies SettingsTable

/** The driver as it is known without loading `pg`. */
export const pgDescriptor: DriverDescriptor = {
  name: 'pg',
  urlSchemes: ['postgres', 'postgresql'],
  settings: pgSettings,
  parseUrl: parsePgUrl,
  checkSettings: checkPooler,
}
