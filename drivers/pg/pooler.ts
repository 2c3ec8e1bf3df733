import { SQLFeatureNotSupportedException } from '../../src/api/sql-exception.ts'
import type { PhysicalCapabilities, SessionState } from '../../src/spi/physical-connection.ts'
import { InvalidSettingError } from '../../src/spi/settings.ts'
import type { SessionChange, StatementTraits } from '../../src/sql/compiled-statement.ts'
import { pgDialect } from '../../src/sql/dialects/pg.ts'
import { scriptTraits } from '../../src/sql/script.ts'
import type { PgSettings } from './settings.ts'

/**
 * What stands between the driver and the server. `session`: something that gives a client a connection to the server
 * for as long as it stays. `transaction`: for one transaction, and another for the next.
 */
export type Pooler = 'none' | 'session' | 'transaction'

const ownSession: PhysicalCapabilities = Object.freeze({ pipelining: true, cancel: 'server' })
/**
 * Poolers differ in what they make of several statements under way. A cancel of PgBouncer, from 1.18, hits no other
 * client: it keeps the connection to the server back until the request is through.
 */
const sharedSession: PhysicalCapabilities = Object.freeze({ pipelining: false, cancel: 'server' })

export function capabilitiesBehind(pooler: Pooler): PhysicalCapabilities {
  return pooler === 'transaction' ? sharedSession : ownSession
}

/**
 * @throws SQLFeatureNotSupportedException 0A000 for a statement that would leave something on a connection to the
 *   server that others use next. What runs something unseen (DO, CALL, a function) is let through.
 */
export function checkShared({ changesSession }: StatementTraits): void {
  if (changesSession !== false && changesSession !== 'unseen') throw notShared(changesSession)
}

/** The same for each statement of a script. */
export function checkSharedScript(text: string): void {
  for (const traits of scriptTraits(text, dialect)) checkShared(traits)
}

export function notShared(change: keyof typeof refused): SQLFeatureNotSupportedException {
  const { why, instead } = refused[change]
  return new SQLFeatureNotSupportedException(
    `Behind a pooler (pooler: 'transaction') ${why}: the next transaction has another connection to the server, and this one serves other clients. ${instead}`,
    { sqlState: '0A000', reason: 'feature' },
  )
}

/** What `setSchema` and its like would do. */
export function notConfigurable(changes: Partial<SessionState>): SQLFeatureNotSupportedException {
  return notShared(changes.schema === undefined ? 'transactionModes' : 'schema')
}

/**
 * @throws InvalidSettingError for what would have to be said to each connection to the server.
 */
export function checkPooler(settings: Readonly<Record<string, unknown>>, where: string): void {
  const own = settings as PgSettings & { readonly connectionInitSql?: readonly string[] }
  if (own.pooler !== 'transaction') return
  const isGiven = {
    connectionInitSql: (own.connectionInitSql?.length ?? 0) > 0,
    serverSettings: Object.keys(own.serverSettings).length > 0,
    statementTimeout: own.statementTimeout !== Infinity,
    lockTimeout: own.lockTimeout !== Infinity,
    idleInTransactionTimeout: own.idleInTransactionTimeout !== Infinity,
  }
  for (const [name, given] of Object.entries(isGiven)) {
    if (!given) continue
    throw new InvalidSettingError(
      `${where}: ${name} cannot be kept behind a pooler (pooler: 'transaction'), which gives each transaction another connection to the server. Set it for the role (ALTER ROLE … SET …), or in each transaction (SET LOCAL …)`,
      [name],
    )
  }
}

const dialect = pgDialect()

const refused = {
  settings: {
    why: 'a setting of the session does not last',
    instead:
      'Within transaction(fn) use SET LOCAL, or set_config(…, true); for all sessions ALTER ROLE … SET …',
  },
  temporary: {
    why: 'a temporary object does not last',
    instead: 'Within transaction(fn) a temporary table can be created with ON COMMIT DROP',
  },
  locks: {
    why: 'a lock of the session can neither be relied on nor released',
    instead: 'Within transaction(fn) use pg_advisory_xact_lock, which ends with the transaction',
  },
  listening: {
    why: 'nobody can listen',
    instead: 'Listen through a data source that goes to PostgreSQL itself; NOTIFY works here',
  },
  prepared: {
    why: 'a statement prepared under a name is not found again',
    instead: 'Run its text; a text with parameters is parsed at each run',
  },
  cursors: {
    why: 'a cursor WITH HOLD is not found again',
    instead: 'Use stream(), or within transaction(fn) a cursor without HOLD',
  },
  attachments: {
    why: 'what is loaded into a session, or connected to it, does not last',
    instead:
      'A library can be named in session_preload_libraries; dblink takes a connection string with each call',
  },
  transactionModes: {
    why: 'setReadOnly() and setTransactionIsolation() do not last',
    instead: 'Say it with each transaction: transaction({ readOnly, isolation }, fn)',
  },
  schema: {
    why: 'setSchema() does not last',
    instead: 'Qualify the names, or set the path for the role (ALTER ROLE … SET search_path = …)',
  },
} as const satisfies Record<
  Exclude<SessionChange, 'unseen'> | 'transactionModes' | 'schema',
  { readonly why: string; readonly instead: string }
>
