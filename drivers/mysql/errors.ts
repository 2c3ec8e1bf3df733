import { SQLNonTransientException, SQLTimeoutException } from '../../src/api/sql-exception.ts'
import {
  bySqlState,
  connectFailure,
  lostSession,
  ordinaryStatement,
  type Classification,
  type ErrorContext,
} from '../../src/spi/classification.ts'
import { meaningOf } from '../../src/sql/sqlstates.ts'
import {
  common,
  fatalInCommon,
  fatalOnMariaDb,
  fatalOnMySql,
  knownInCommon,
  knownOnMariaDb,
  knownOnMySql,
  ofMariaDb,
  ofMySql,
} from './error-numbers.ts'

/** What of an error of `mysql2` is read. Its `code` is a name out of MySQL's table, wrong for MariaDB's own numbers. */
interface MySqlError {
  readonly errno?: number | undefined
  readonly code?: string | undefined
  readonly sqlState?: string | undefined
  readonly sqlMessage?: string | undefined
  readonly fatal?: boolean | undefined
}

/** What is known about the statement or connect that failed. */
export interface MySqlErrorContext extends ErrorContext {
  /** Which server it is, as its handshake says. Default: `mysql`. */
  readonly flavor?: 'mysql' | 'mariadb' | undefined
}

/**
 * Classifies an error of `mysql2`: of the server by its number, then by its SQLSTATE; of the client by its code.
 *
 * The server does not say what became of the open transaction, so the number has to: 1205 undoes the statement and the
 * transaction lives (unless the server runs with `innodb_rollback_on_timeout`), 1213 ends it
 * (https://dev.mysql.com/doc/refman/8.4/en/innodb-error-handling.html).
 *
 * @param context Default: a statement outside a transaction, on MySQL.
 */
export function classify(error: unknown, context: MySqlErrorContext = ordinaryStatement): Classification {
  const { errno = 0, code, fatal = false, ...rest } = (error ?? {}) as MySqlError
  // The errors of a socket have numbers as well: negative ones.
  if (errno <= 0) return ofClient(code, fatal || errno < 0, context)
  const ended = fatalInCommon.get(errno) ?? flavorOf(context).fatal.get(errno)
  if (ended !== undefined) {
    return context.phase === 'connect' ? connectFailure(errno, false) : lostSession(context, errno, ended)
  }
  if (cannotReach.has(errno)) return connectFailure(errno)
  const classified = ofServer(errno, rest, context)
  return fatal && context.phase !== 'connect' ? { ...classified, fatal } : classified
}

/** What MariaDB Connector/C and libmysqlclient say of a server that is not there. */
const cannotReach = new Set([2002, 2003, 2005])

function ofClient(code: string | undefined, lost: boolean, context: MySqlErrorContext): Classification {
  if (context.phase === 'connect') {
    if (code !== undefined && cannotLogIn.has(code)) return bySqlState('28000', code, context)
    return code === 'HANDSHAKE_NO_SSL_SUPPORT' ? connectFailure(code, true) : connectFailure(code)
  }
  if (code === 'PROTOCOL_SEQUENCE_TIMEOUT') {
    // Only the client has stopped waiting: the statement goes on.
    const known = { class: SQLTimeoutException, reason: 'timeout', transaction: 'unknown' } as const
    return bySqlState('57014', code, context, known)
  }
  if (lost || code === 'PROTOCOL_CONNECTION_LOST') return lostSession(context, code)
  return bySqlState('HY000', code, context)
}

const cannotLogIn = new Set(['AUTH_SWITCH_PLUGIN_ERROR', 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED'])

function ofServer(
  errno: number,
  { sqlState = '', sqlMessage = '' }: MySqlError,
  context: MySqlErrorContext,
): Classification {
  if (errno === signal) return signalled(sqlState, context)
  const { numbers, known } = flavorOf(context)
  const state =
    byText[errno]?.(sqlMessage) ?? numbers.get(errno) ?? common.get(errno) ?? translated[sqlState] ?? sqlState
  return bySqlState(state === '' ? 'HY000' : state, errno, context, known[errno] ?? knownInCommon[errno])
}

/** SIGNAL in a routine or trigger. */
const signal = 1644

/** Whoever signals a SQLSTATE that has a meaning means it, as with RAISE … USING ERRCODE on PostgreSQL. */
function signalled(sqlState: string, context: ErrorContext): Classification {
  const { reason } = meaningOf(sqlState)
  const own = reason === 'internal' || reason === 'connection-lost'
  const known = { class: SQLNonTransientException, reason: 'user-raised', retry: 'no' } as const
  return bySqlState(sqlState === '' ? '45000' : sqlState, signal, context, own ? known : {})
}

/** One number, several meanings. Undefined: the one in the table. */
const byText: Readonly<Record<number, (message: string) => string | undefined>> = {
  1030: (message) => (/\berror 28\b/.test(message) ? '53100' : undefined),
  // Galera, while the node cannot serve.
  1047: (message) => (message.includes('WSREP') ? '57P03' : '08P01'),
  1290: (message) => (/read[-_ ]only/i.test(message) ? '25006' : '0A000'),
  1305: (message) => (message.startsWith('SAVEPOINT') ? '3B001' : undefined),
  1366: (message) => (/string value/i.test(message) ? '22021' : undefined),
}

/** SQLSTATEs that both servers spell as ODBC does, or use for what is no warning. */
const translated: Readonly<Record<string, string>> = {
  '01000': 'HY000',
  '08S01': 'HY000',
  '21S01': '42601',
  '42S01': '42P07',
  '42S02': '42P01',
  '42S12': '42704',
  '42S21': '42701',
  '42S22': '42703',
  '70100': '57014',
  HY001: '53200',
}

interface Flavor {
  readonly numbers: ReadonlyMap<number, string>
  readonly fatal: ReadonlyMap<number, string>
  readonly known: Readonly<Record<number, Partial<Classification>>>
}

const mysql: Flavor = { numbers: ofMySql, fatal: fatalOnMySql, known: knownOnMySql }
const mariadb: Flavor = { numbers: ofMariaDb, fatal: fatalOnMariaDb, known: knownOnMariaDb }

function flavorOf({ flavor }: MySqlErrorContext): Flavor {
  return flavor === 'mariadb' ? mariadb : mysql
}
