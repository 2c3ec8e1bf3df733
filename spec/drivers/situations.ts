import { classify as classifyMsSql } from '../../drivers/mssql/errors.ts'
import { classify as classifyMySql } from '../../drivers/mysql/errors.ts'
import { classify as classifyPg } from '../../drivers/pg/errors.ts'
import { classify as classifySqlite } from '../../drivers/sqlite/errors.ts'
import type { SQLReason, SQLRetry } from '../../src/api/sql-exception.ts'
import type {
  Classification,
  Classifier,
  ErrorContext,
  TransactionEffect,
} from '../../src/spi/classification.ts'

// One table, seen from five sides: what goes wrong, and how each database says it. It is checked, and it is what
// docs/errors.md shows.

export const databases = ['PostgreSQL', 'SQLite', 'MySQL', 'MariaDB', 'SQL Server'] as const
export type Database = (typeof databases)[number]

/** An error as the client of a database gives it. */
export interface NativeError {
  /** How it is shown. */
  readonly code: string
  readonly error: unknown
  /** On an open transaction, where it is not {@link usualEffect}. */
  readonly effect: TransactionEffect | undefined
}

/** A database that cannot say the same, and why. */
interface Difference extends Partial<Pick<Classification, 'sqlState'>> {
  readonly why: string
}

export interface Situation {
  readonly name: string
  readonly class: string
  readonly sqlState: string
  readonly reason: SQLReason
  readonly retry: SQLRetry
  readonly fatal?: true
  /** Default: a statement in auto-commit mode. */
  readonly context?: Partial<ErrorContext>
  readonly errors: Readonly<Partial<Record<Database, readonly NativeError[]>>>
  readonly differs?: Readonly<Partial<Record<Database, Difference>>>
}

export const classifiers: Readonly<Record<Database, Classifier>> = {
  PostgreSQL: classifyPg,
  SQLite: classifySqlite,
  MySQL: classifyMySql,
  MariaDB: (error, context) =>
    classifyMySql(error, { phase: 'statement', transactionStatus: 'none', ...context, flavor: 'mariadb' }),
  'SQL Server': classifyMsSql,
}

/** What an error that is nothing special does to the open transaction. */
const usualEffect: Readonly<Record<Database, TransactionEffect>> = {
  PostgreSQL: 'failed',
  SQLite: 'statement',
  MySQL: 'statement',
  MariaDB: 'statement',
  'SQL Server': 'statement',
}

type Errors = readonly NativeError[]

function pg(code: string, message = 'mishap', severity = 'ERROR', effect?: TransactionEffect): NativeError {
  return { code, error: Object.assign(new Error(message), { code, severity }), effect }
}

function sqlite(errcode: number, message = 'mishap', effect?: TransactionEffect): NativeError {
  const error = Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode })
  return { code: String(errcode), error, effect }
}

function my(errno: number, sqlMessage = 'mishap', effect?: TransactionEffect): NativeError {
  const error = Object.assign(new Error(sqlMessage), { errno, sqlState: 'HY000', sqlMessage })
  return { code: String(errno), error, effect }
}

function ms(number: number, severity = 16, message = 'mishap', effect?: TransactionEffect): NativeError {
  const error = Object.assign(new Error(message), { code: 'EREQUEST', number, class: severity })
  return { code: String(number), error, effect }
}

/** Of the client, or of the socket. */
function client(code: string, more: object = {}, effect?: TransactionEffect): NativeError {
  return { code, error: Object.assign(new Error('mishap'), { code }, more), effect }
}

/** MySQL and MariaDB say the same. */
function both(...errors: NativeError[]): { MySQL: Errors; MariaDB: Errors } {
  return { MySQL: errors, MariaDB: errors }
}

const reset = (effect: TransactionEffect): NativeError => client('ECONNRESET', {}, effect)
const cut = (effect: TransactionEffect): NativeError =>
  client('PROTOCOL_CONNECTION_LOST', { fatal: true }, effect)
const lostErrors = (effect: TransactionEffect): Situation['errors'] => ({
  PostgreSQL: [reset(effect)],
  SQLite: [sqlite(1032, 'attempt to write a readonly database', effect)],
  ...both(cut(effect), my(2013, 'mishap', effect)),
  'SQL Server': [client('ESOCKET', {}, effect), ms(4014, 20, 'mishap', effect)],
})
const lost = {
  class: 'SQLRecoverableException',
  reason: 'connection-lost',
  fatal: true,
} as const
const constraint = { class: 'SQLIntegrityConstraintViolationException', retry: 'no' } as const
const statement = { class: 'SQLSyntaxErrorException', retry: 'no' } as const
const data = { class: 'SQLDataException', reason: 'data', retry: 'no' } as const
const permanent = { class: 'SQLNonTransientException', retry: 'no' } as const
const connecting = { context: { phase: 'connect' } } as const
const later = {
  class: 'SQLTransientConnectionException',
  reason: 'connect-failed',
  retry: 'connect',
} as const

export const situations: readonly Situation[] = [
  {
    name: 'a key exists already',
    ...constraint,
    sqlState: '23505',
    reason: 'unique',
    errors: {
      PostgreSQL: [pg('23505')],
      SQLite: [sqlite(2067), sqlite(1555), sqlite(2579)],
      ...both(my(1062), my(1169), my(1586)),
      'SQL Server': [ms(2627, 14), ms(2601, 14)],
    },
  },
  {
    name: 'a foreign key',
    ...constraint,
    sqlState: '23503',
    reason: 'foreign-key',
    errors: {
      PostgreSQL: [pg('23503')],
      SQLite: [sqlite(787), sqlite(1811, 'FOREIGN KEY constraint failed')],
      ...both(my(1451), my(1452), my(1216), my(1217)),
      'SQL Server': [
        ms(547, 16, 'The INSERT statement conflicted with the FOREIGN KEY constraint "fk".'),
        ms(547, 16, 'The DELETE statement conflicted with the REFERENCE constraint "fk".'),
      ],
    },
  },
  {
    name: 'NULL where a value must be',
    ...constraint,
    sqlState: '23502',
    reason: 'not-null',
    errors: {
      PostgreSQL: [pg('23502')],
      SQLite: [sqlite(1299)],
      ...both(my(1048), my(1364)),
      'SQL Server': [ms(515)],
    },
  },
  {
    name: 'a CHECK',
    ...constraint,
    sqlState: '23514',
    reason: 'check',
    errors: {
      PostgreSQL: [pg('23514')],
      SQLite: [sqlite(275)],
      MySQL: [my(3819)],
      MariaDB: [my(4025)],
      'SQL Server': [ms(547, 16, 'The INSERT statement conflicted with the CHECK constraint "c".')],
    },
  },
  {
    name: 'a syntax error',
    ...statement,
    sqlState: '42601',
    reason: 'syntax',
    errors: {
      PostgreSQL: [pg('42601')],
      SQLite: [sqlite(1, 'near "SELEC": syntax error')],
      ...both(my(1064)),
      'SQL Server': [ms(102, 15), ms(156, 15)],
    },
  },
  {
    name: 'no such table',
    ...statement,
    sqlState: '42P01',
    reason: 'undefined-object',
    errors: {
      PostgreSQL: [pg('42P01')],
      SQLite: [sqlite(1, 'no such table: t')],
      ...both(my(1146), my(1051)),
      'SQL Server': [ms(208), ms(3701)],
    },
  },
  {
    name: 'no such column',
    ...statement,
    sqlState: '42703',
    reason: 'undefined-object',
    errors: {
      PostgreSQL: [pg('42703')],
      SQLite: [sqlite(1, 'no such column: c')],
      ...both(my(1054)),
      'SQL Server': [ms(207)],
    },
  },
  {
    name: 'no such function, or not with these arguments',
    ...statement,
    sqlState: '42883',
    reason: 'undefined-object',
    errors: {
      PostgreSQL: [pg('42883')],
      SQLite: [sqlite(1, 'no such function: f'), sqlite(1, 'wrong number of arguments to function abs()')],
      ...both(my(1305, 'FUNCTION db.f does not exist'), my(1582)),
      'SQL Server': [ms(195, 15), ms(2812), ms(174, 15)],
    },
  },
  {
    name: 'a column that could be of two tables',
    ...statement,
    sqlState: '42702',
    reason: 'statement-invalid',
    errors: {
      PostgreSQL: [pg('42702')],
      SQLite: [sqlite(1, 'ambiguous column name: id')],
      ...both(my(1052)),
      'SQL Server': [ms(209)],
    },
  },
  {
    name: 'the table exists already',
    ...statement,
    sqlState: '42P07',
    reason: 'duplicate-object',
    errors: {
      PostgreSQL: [pg('42P07')],
      SQLite: [sqlite(1, 'table t already exists')],
      ...both(my(1050)),
      'SQL Server': [ms(2714)],
    },
  },
  {
    name: 'the column exists already',
    ...statement,
    sqlState: '42701',
    reason: 'duplicate-object',
    errors: {
      PostgreSQL: [pg('42701')],
      SQLite: [sqlite(1, 'duplicate column name: c')],
      ...both(my(1060)),
      'SQL Server': [ms(2705)],
    },
  },
  {
    name: 'permission denied',
    ...statement,
    sqlState: '42501',
    reason: 'permission',
    errors: {
      PostgreSQL: [pg('42501')],
      SQLite: [sqlite(3), sqlite(23), sqlite(1, 'not authorized')],
      ...both(my(1142), my(1044), my(1227)),
      'SQL Server': [ms(229, 14), ms(262, 14)],
    },
  },
  {
    name: 'a text that is too long',
    ...data,
    sqlState: '22001',
    errors: {
      PostgreSQL: [pg('22001')],
      ...both(my(1406)),
      'SQL Server': [ms(2628), ms(8152)],
    },
  },
  {
    name: 'a number out of range',
    ...data,
    sqlState: '22003',
    errors: {
      PostgreSQL: [pg('22003')],
      SQLite: [sqlite(1, 'integer overflow')],
      ...both(my(1264), my(1690)),
      'SQL Server': [ms(8115), ms(220)],
    },
  },
  {
    name: 'a division by zero',
    ...data,
    sqlState: '22012',
    errors: { PostgreSQL: [pg('22012')], ...both(my(1365)), 'SQL Server': [ms(8134)] },
  },
  {
    name: 'a text that is no date',
    ...data,
    sqlState: '22007',
    errors: {
      PostgreSQL: [pg('22007')],
      ...both(my(1292)),
      'SQL Server': [ms(241, 16, 'mishap', 'unknown')],
    },
  },
  {
    name: 'a value that does not fit the type',
    ...data,
    sqlState: '22018',
    errors: {
      PostgreSQL: [pg('22P02')],
      SQLite: [sqlite(20), sqlite(3091)],
      ...both(my(1366, "Incorrect integer value: 'x' for column `db`.`t`.`n` at row 1")),
      'SQL Server': [ms(245, 16, 'mishap', 'unknown'), ms(8114, 16, 'mishap', 'unknown')],
    },
    differs: { PostgreSQL: { sqlState: '22P02', why: 'the SQLSTATE that a server gives is never changed' } },
  },
  {
    name: 'a subquery with more than one row',
    ...permanent,
    sqlState: '21000',
    reason: 'statement-invalid',
    errors: { PostgreSQL: [pg('21000')], ...both(my(1242)), 'SQL Server': [ms(512)] },
  },
  {
    name: 'a deadlock',
    class: 'SQLTransactionRollbackException',
    sqlState: '40P01',
    reason: 'deadlock',
    retry: 'transaction',
    errors: {
      PostgreSQL: [pg('40P01')],
      ...both(my(1213, 'mishap', 'ended')),
      'SQL Server': [ms(1205, 13, 'mishap', 'ended')],
    },
  },
  {
    name: 'another transaction changed the same row',
    class: 'SQLTransactionRollbackException',
    sqlState: '40001',
    reason: 'serialization',
    retry: 'transaction',
    errors: {
      PostgreSQL: [pg('40001')],
      SQLite: [sqlite(517)],
      MySQL: [my(3101, 'mishap', 'ended'), my(1412)],
      MariaDB: [my(1020, 'mishap', 'ended'), my(1412)],
      'SQL Server': [
        ms(3960, 16, 'mishap', 'ended'),
        ms(3961, 16, 'mishap', 'ended'),
        ms(41302, 16, 'mishap', 'ended'),
      ],
    },
  },
  {
    name: 'a lock was not granted in time',
    class: 'SQLTransientException',
    sqlState: '55P03',
    reason: 'lock-timeout',
    retry: 'transaction',
    errors: {
      PostgreSQL: [pg('55P03')],
      SQLite: [sqlite(5), sqlite(261)],
      MySQL: [my(1205), my(3572)],
      MariaDB: [my(1205)],
      'SQL Server': [ms(1222)],
    },
  },
  {
    name: 'the statement took too long',
    class: 'SQLTimeoutException',
    sqlState: '57014',
    reason: 'timeout',
    retry: 'caller',
    errors: {
      PostgreSQL: [pg('57014', 'canceling statement due to statement timeout')],
      MySQL: [my(3024)],
      MariaDB: [my(1969)],
      'SQL Server': [client('ETIMEOUT')],
    },
  },
  {
    name: 'the statement was cancelled',
    class: 'SQLException',
    sqlState: '57014',
    reason: 'cancelled',
    retry: 'caller',
    errors: {
      PostgreSQL: [pg('57014')],
      SQLite: [sqlite(9, 'interrupted', 'unknown')],
      ...both(my(1317)),
      'SQL Server': [client('ECANCEL')],
    },
  },
  {
    name: 'the session is lost',
    ...lost,
    sqlState: '08006',
    retry: 'unknown-outcome',
    errors: lostErrors('ended'),
  },
  {
    name: 'the session is lost in a transaction',
    ...lost,
    sqlState: '08006',
    retry: 'transaction',
    context: { transactionStatus: 'open' },
    errors: lostErrors('ended'),
  },
  {
    name: 'the session is lost during COMMIT',
    ...lost,
    sqlState: '08006',
    retry: 'unknown-outcome',
    context: { phase: 'commit', transactionStatus: 'open' },
    errors: lostErrors('unknown'),
  },
  {
    name: 'the server ended the session',
    ...lost,
    sqlState: '57P01',
    retry: 'unknown-outcome',
    errors: {
      PostgreSQL: [pg('57P01', 'mishap', 'FATAL', 'ended')],
      MySQL: [my(1053, 'mishap', 'ended'), my(3169, 'mishap', 'ended')],
      MariaDB: [my(1053, 'mishap', 'ended'), my(1927, 'mishap', 'ended')],
      'SQL Server': [ms(596, 21, 'mishap', 'ended'), ms(6005, 10, 'mishap', 'ended')],
    },
  },
  {
    name: 'the session was idle for too long',
    ...lost,
    sqlState: '57P05',
    retry: 'unknown-outcome',
    errors: {
      PostgreSQL: [pg('57P05', 'mishap', 'FATAL', 'ended')],
      MySQL: [my(4031, 'mishap', 'ended')],
    },
  },
  {
    name: 'nobody listens there',
    ...later,
    ...connecting,
    sqlState: '08001',
    errors: {
      PostgreSQL: [client('ECONNREFUSED')],
      SQLite: [sqlite(14)],
      ...both(client('ECONNREFUSED', { errno: -111, fatal: true })),
      'SQL Server': [client('ESOCKET', { cause: { code: 'ECONNREFUSED' } })],
    },
  },
  {
    name: 'there is no such host',
    ...connecting,
    class: 'SQLNonTransientConnectionException',
    sqlState: '08001',
    reason: 'connect-failed',
    retry: 'no',
    errors: {
      PostgreSQL: [client('ENOTFOUND')],
      ...both(client('ENOTFOUND', { errno: -3008, fatal: true })),
      'SQL Server': [client('ESOCKET', { cause: { code: 'ENOTFOUND' } })],
    },
  },
  {
    name: 'too many connections',
    ...later,
    ...connecting,
    sqlState: '53300',
    errors: {
      PostgreSQL: [pg('53300', 'mishap', 'FATAL')],
      ...both(my(1040), my(1203)),
      'SQL Server': [ms(17809), ms(10928)],
    },
  },
  {
    name: 'the database is not available now',
    ...later,
    ...connecting,
    sqlState: '57P03',
    errors: {
      PostgreSQL: [pg('57P03', 'mishap', 'FATAL')],
      MySQL: [my(3032)],
      MariaDB: [my(1047, 'WSREP has not yet prepared node for application use')],
      'SQL Server': [ms(40613, 17), ms(4060, 11), ms(18401, 14)],
    },
  },
  {
    name: 'a wrong user or password',
    ...connecting,
    class: 'SQLInvalidAuthorizationSpecException',
    sqlState: '28P01',
    reason: 'auth',
    retry: 'no',
    errors: {
      PostgreSQL: [pg('28P01', 'mishap', 'FATAL')],
      ...both(my(1045), my(1698)),
      'SQL Server': [ms(18456, 14)],
    },
  },
  {
    name: 'no such database',
    ...connecting,
    class: 'SQLSyntaxErrorException',
    sqlState: '3D000',
    reason: 'undefined-object',
    retry: 'no',
    errors: {
      PostgreSQL: [pg('3D000', 'mishap', 'FATAL')],
      ...both(my(1049)),
      'SQL Server': [ms(911)],
    },
  },
  {
    name: 'only reading is allowed',
    ...permanent,
    sqlState: '25006',
    reason: 'read-only',
    errors: {
      PostgreSQL: [pg('25006')],
      SQLite: [sqlite(8)],
      ...both(my(1792), my(1836), my(1290, 'The server is running with the --read-only option')),
      'SQL Server': [ms(3906)],
    },
  },
  {
    name: 'a prepared statement is stale',
    class: 'SQLTransientException',
    sqlState: '26000',
    reason: 'statement-invalid',
    retry: 'statement',
    errors: {
      PostgreSQL: [pg('26000')],
      SQLite: [sqlite(17)],
      ...both(my(1615), my(1243)),
      'SQL Server': [ms(8179)],
    },
  },
  {
    name: 'the transaction has failed before',
    ...permanent,
    sqlState: '25P02',
    reason: 'tx-failed',
    errors: {
      PostgreSQL: [pg('25P02')],
      MariaDB: [my(4060, 'mishap', 'failed')],
      'SQL Server': [ms(3930, 16, 'mishap', 'failed')],
    },
  },
  {
    name: 'within a transaction that is not allowed',
    ...permanent,
    sqlState: '25001',
    reason: 'tx-state',
    errors: {
      PostgreSQL: [pg('25001')],
      SQLite: [sqlite(1, 'cannot start a transaction within a transaction')],
      ...both(my(1568), my(1179)),
      'SQL Server': [ms(226), ms(574)],
    },
  },
  {
    name: 'no such savepoint',
    ...permanent,
    sqlState: '3B001',
    reason: 'savepoint',
    errors: {
      PostgreSQL: [pg('3B001')],
      SQLite: [sqlite(1, 'no such savepoint: s')],
      ...both(my(1305, 'SAVEPOINT s does not exist')),
      'SQL Server': [ms(6401)],
    },
  },
  {
    name: 'the disk is full',
    class: 'SQLTransientException',
    sqlState: '53100',
    reason: 'resource',
    retry: 'caller',
    errors: {
      PostgreSQL: [pg('53100')],
      SQLite: [sqlite(13, 'mishap', 'unknown')],
      ...both(my(1021), my(1114)),
      'SQL Server': [ms(1105, 17), ms(9002, 17, 'mishap', 'unknown')],
    },
  },
  {
    name: 'the memory is full',
    class: 'SQLTransientException',
    sqlState: '53200',
    reason: 'resource',
    retry: 'caller',
    errors: {
      PostgreSQL: [pg('53200')],
      SQLite: [sqlite(7, 'mishap', 'unknown')],
      ...both(my(1037), my(1041)),
      'SQL Server': [ms(701, 17)],
    },
  },
  {
    name: 'nested too deeply',
    ...permanent,
    sqlState: '54001',
    reason: 'limit',
    errors: {
      PostgreSQL: [pg('54001')],
      SQLite: [sqlite(1, 'parser stack overflow')],
      ...both(my(1436)),
      'SQL Server': [ms(191, 15), ms(217)],
    },
  },
  {
    name: 'an error that a routine or trigger raised',
    ...permanent,
    sqlState: '45000',
    reason: 'user-raised',
    errors: {
      PostgreSQL: [pg('P0001')],
      SQLite: [sqlite(1811, 'not this one')],
      ...both({
        code: '1644',
        error: { errno: 1644, sqlState: '45000', sqlMessage: 'not this one' },
        effect: undefined,
      }),
      'SQL Server': [ms(50_000)],
    },
    differs: { PostgreSQL: { sqlState: 'P0001', why: 'the SQLSTATE that a server gives is never changed' } },
  },
  {
    name: 'a feature that is missing',
    class: 'SQLFeatureNotSupportedException',
    sqlState: '0A000',
    reason: 'feature',
    retry: 'no',
    errors: { PostgreSQL: [pg('0A000')], ...both(my(1235)), 'SQL Server': [ms(40508)] },
  },
]

/** What a database is expected to be classified as in a situation. */
export function expected(
  situation: Situation,
  database: Database,
): Pick<Situation, 'class' | 'sqlState' | 'reason' | 'retry'> {
  const { class: errorClass, sqlState, reason, retry } = situation
  const { why: _, ...difference } = situation.differs?.[database] ?? { why: '' }
  return { class: errorClass, sqlState, reason, retry, ...difference }
}

/** What the error does to a transaction that is open. */
export function expectedEffect(
  { effect }: NativeError,
  database: Database,
  phase: string,
): TransactionEffect {
  return phase === 'connect' ? 'none' : (effect ?? usualEffect[database])
}
