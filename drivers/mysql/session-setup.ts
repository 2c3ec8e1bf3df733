import type { IsolationLevel } from '../../src/api/executor.ts'
import type { ServerFacts, SessionState } from '../../src/spi/physical-connection.ts'
import type { Dialect } from '../../src/sql/dialect.ts'
import { mysqlDialect } from '../../src/sql/dialects/mysql.ts'
import { Command } from './command.ts'
import { queryFrames, type Frames } from './frames.ts'
import { isolations, settingsText } from './session-sql.ts'
import type { MySqlSettings } from './settings.ts'
import type { Wire } from './wire.ts'

/** What a session is like when it begins. */
export interface SessionFacts {
  /** Its number, which KILL takes. */
  readonly threadId: number
  /** Tells this server from others behind the same address. */
  readonly identity: string
  readonly server: ServerFacts
  readonly state: SessionState
  /** What its SQL is like, by the version and by sql_mode. */
  readonly dialect: Dialect
  /** What brings a session that was reset into this state. */
  readonly settings: Frames
  /** What a message may be, in bytes. */
  readonly longest: number
  /** From one generated key to the next. */
  readonly keyStep: bigint
}

/** Which server a handshake is from. MariaDB pretends to be a MySQL 5.5.5 to old replicas. */
export function flavorOf(serverVersion: string): 'mysql' | 'mariadb' {
  return /mariadb/i.test(serverVersion) ? 'mariadb' : 'mysql'
}

export const identityText = "CONCAT_WS(' ', @@hostname, @@port, @@pid_file, @@version)"

/** Makes the session what was asked for, and asks what a handle has to restore: two round trips. */
export async function openSession(wire: Wire, settings: MySqlSettings): Promise<SessionFacts> {
  const { flavor } = wire
  const isolation = flavor === 'mariadb' ? '@@tx_isolation' : '@@transaction_isolation'
  const readOnly = flavor === 'mariadb' ? '@@tx_read_only' : '@@transaction_read_only'
  const own = queryFrames(settingsText(settings, flavor))
  const [row = []] = await Command.run(
    wire,
    'harmless',
    own,
    queryFrames(
      `SELECT CONNECTION_ID(), ${isolation}, ${readOnly}, DATABASE(), @@sql_mode, @@version, @@max_allowed_packet, @@auto_increment_increment, @@innodb_rollback_on_timeout, ${identityText}`,
    ),
  )
  const [threadId, level, isReadOnly, schema, mode, version, longest, keyStep, rollsBack, identity] = row
  wire.rollsBackOnTimeout = Number(rollsBack) === 1
  const productVersion = String(version)
  return {
    threadId: Number(threadId),
    identity: String(identity),
    server: Object.freeze({
      productName: flavor === 'mariadb' ? 'MariaDB' : 'MySQL',
      productVersion,
      supportedIsolations: isolations,
    }),
    state: Object.freeze({
      isolation: String(level).toLowerCase().replaceAll('-', ' ') as IsolationLevel,
      readOnly: Number(isReadOnly) === 1,
      schema: (schema as string | null) ?? '',
    }),
    dialect: dialectOf(flavor, productVersion, String(mode)),
    settings: own,
    longest: Number(longest),
    keyStep: BigInt(String(keyStep)),
  }
}

const dialects = new Map<string, Dialect>()

/** The same object for the same SQL: what is compiled is kept by it. */
function dialectOf(flavor: 'mysql' | 'mariadb', version: string, sqlMode: string): Dialect {
  const modes = sqlMode.split(',')
  const ansiQuotes = modes.includes('ANSI_QUOTES')
  const noBackslashEscapes = modes.includes('NO_BACKSLASH_ESCAPES')
  const returns = flavor === 'mariadb' && hasReturning(version)
  const key = `${flavor} ${ansiQuotes} ${noBackslashEscapes} ${returns}`
  const known = dialects.get(key)
  if (known !== undefined) return known
  const dialect = Object.freeze<Dialect>({
    ...mysqlDialect({ flavor, ansiQuotes, noBackslashEscapes }),
    generatedKeys: returns ? 'returning' : 'driver',
  })
  dialects.set(key, dialect)
  return dialect
}

/** INSERT … RETURNING came with MariaDB 10.5. */
function hasReturning(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  return major > 10 || (major === 10 && minor >= 5)
}
