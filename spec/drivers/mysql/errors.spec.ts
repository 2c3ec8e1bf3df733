import { describe, expect, it } from 'vitest'
import * as numbers from '../../../drivers/mysql/error-numbers.ts'
import { classify, type MySqlErrorContext } from '../../../drivers/mysql/errors.ts'
import { meaningOf } from '../../../src/sql/sqlstates.ts'

const statement = { phase: 'statement', transactionStatus: 'none' } as const
const open = { phase: 'statement', transactionStatus: 'open' } as const
const connect = { phase: 'connect', transactionStatus: 'none' } as const

function server(errno: number, sqlState = 'HY000', sqlMessage = 'mishap', more: object = {}): Error {
  return Object.assign(new Error(sqlMessage), { errno, sqlState, sqlMessage, ...more })
}

describe('The number decides', () => {
  it.each([
    // MySQL's autoextend size out of range has the number of a failed CHECK on MariaDB.
    [4025, 'mysql', 'internal', false],
    [4025, 'mariadb', 'check', false],
    // An idle client on MySQL, a missing trigger on MariaDB.
    [4031, 'mysql', 'connection-lost', true],
    [4031, 'mariadb', 'internal', false],
    [1927, 'mariadb', 'connection-lost', true],
    [1969, 'mariadb', 'timeout', false],
    [3024, 'mysql', 'timeout', false],
  ] as const)('%i on %s: %s', (errno, flavor, reason, fatal) => {
    expect(classify(server(errno), { ...statement, flavor })).toMatchObject({
      errorCode: errno,
      reason,
      fatal,
    })
  })

  it('and not the name: mysql2 takes it from the table of MySQL', () => {
    const error = server(4025, '23000', 'mishap', { code: 'ER_INNODB_AUTOEXTEND_SIZE_OUT_OF_RANGE' })
    expect(classify(error, { ...statement, flavor: 'mariadb' }).sqlState).toBe('23514')
  })

  it('and not the SQLSTATE: an ambiguous column comes as 23000', () => {
    expect(classify(server(1052, '23000'))).toMatchObject({ sqlState: '42702', reason: 'statement-invalid' })
  })

  it.each([
    [1305, 'FUNCTION k.f does not exist', '42883'],
    [1305, 'SAVEPOINT s does not exist', '3B001'],
    [1290, 'The MariaDB server is running with the --read-only option so it cannot …', '25006'],
    [1290, 'The MySQL server is running with the --secure-file-priv option so it cannot …', '0A000'],
    [1047, 'WSREP has not yet prepared node for application use', '57P03'],
    [1047, 'Unknown command', '08P01'],
    [1030, 'Got error 28 "No space left on device" from storage engine InnoDB', '53100'],
    [1030, 'Got error 127 "Record file is crashed" from storage engine MyISAM', '58030'],
    [1366, "Incorrect integer value: 'x' for column `k`.`t`.`n` at row 1", '22018'],
    [1366, "Incorrect string value: '\\xF0' for column `k`.`t`.`u` at row 1", '22021'],
  ])('%i, %s: %s', (errno, message, sqlState) => {
    expect(classify(server(errno, 'HY000', message)).sqlState).toBe(sqlState)
  })

  it.each([
    ['42S02', '42P01', 'undefined-object'],
    ['42S22', '42703', 'undefined-object'],
    ['42000', '42000', 'statement-invalid'],
    ['22003', '22003', 'data'],
    ['70100', '57014', 'cancelled'],
    ['08S01', 'HY000', 'internal'],
    ['HY000', 'HY000', 'internal'],
    ['', 'HY000', 'internal'],
  ])('and for a number of tomorrow the SQLSTATE: %s is %s', (given, sqlState, reason) => {
    expect(classify(server(9999, given))).toMatchObject({ sqlState, reason, fatal: false })
  })

  it.each([
    ['45000', '45000', 'user-raised', 'no'],
    ['40001', '40001', 'serialization', 'transaction'],
    ['23505', '23505', 'unique', 'no'],
    ['99999', '99999', 'user-raised', 'no'],
    ['08006', '08006', 'user-raised', 'no'],
  ])('SIGNAL SQLSTATE %s', (given, sqlState, reason, retry) => {
    expect(classify(server(1644, given))).toMatchObject({ sqlState, reason, retry, fatal: false })
  })

  it('has a meaning for each SQLSTATE in the tables', () => {
    const { common, ofMySql, ofMariaDb, fatalInCommon, fatalOnMySql, fatalOnMariaDb } = numbers
    const unknown = meaningOf('ZZ999')
    for (const table of [common, ofMySql, ofMariaDb, fatalInCommon, fatalOnMySql, fatalOnMariaDb]) {
      for (const [number, sqlState] of table) {
        expect(sqlState).toMatch(/^[0-9A-Z]{5}$/)
        expect(meaningOf(sqlState), `${number}`).not.toBe(unknown)
      }
    }
  })

  it('does not depend on the flavor below 1900', () => {
    for (const table of [numbers.ofMySql, numbers.ofMariaDb]) {
      for (const number of table.keys()) expect(number).toBeGreaterThan(1_899)
    }
  })
})

describe('The open transaction', () => {
  it.each([
    [1062, 'mysql', 'statement'],
    // The transaction lives: a COMMIT would keep half of it.
    [1205, 'mysql', 'statement'],
    [1213, 'mysql', 'ended'],
    [1206, 'mysql', 'ended'],
    [1614, 'mysql', 'ended'],
    // On MariaDB a snapshot that is too old ends it (innodb_snapshot_isolation).
    [1020, 'mariadb', 'ended'],
    [1020, 'mysql', 'statement'],
    [4060, 'mariadb', 'failed'],
    [1053, 'mysql', 'ended'],
    [1153, 'mysql', 'ended'],
  ] as const)('%i on %s: %s', (errno, flavor, transaction) => {
    expect(classify(server(errno), { ...open, flavor }).transaction).toBe(transaction)
    expect(classify(server(errno), { ...statement, flavor }).transaction).toBe('none')
  })
})

describe('What ends the session', () => {
  it('is what the server says at its end', () => {
    expect(classify(server(1053, '08S01'), open)).toMatchObject({
      sqlState: '57P01',
      fatal: true,
      retry: 'transaction',
    })
  })

  it('is a packet that is too large: the server hangs up, and another try changes nothing', () => {
    expect(classify(server(1153, '08S01'))).toMatchObject({ reason: 'limit', fatal: true, retry: 'no' })
  })

  it.each([
    ['a socket', { errno: -104, code: 'ECONNRESET' }],
    ['the end of the stream', { code: 'PROTOCOL_CONNECTION_LOST', fatal: true }],
    ['a connection that was closed before', { fatal: true }],
  ])('is %s', (_, more) => {
    const error = Object.assign(new Error('mishap'), more)
    expect(classify(error)).toMatchObject({ sqlState: '08006', fatal: true, retry: 'unknown-outcome' })
    expect(classify(error, { phase: 'idle', transactionStatus: 'none' }).retry).toBe('connect')
  })

  it('is what mysql2 calls fatal, with the meaning that its number has', () => {
    const error = server(1045, '28000', 'mishap', { fatal: true })
    expect(classify(error)).toMatchObject({ reason: 'auth', fatal: true })
    expect(classify(error, connect).fatal).toBe(false)
  })

  it('is not a fault of the client itself, nor a deadline that only the client keeps', () => {
    expect(classify(new TypeError('mishap'))).toMatchObject({ sqlState: 'HY000', fatal: false })
    expect(classify(undefined)).toMatchObject({ sqlState: 'HY000', fatal: false })
    const late = Object.assign(new Error('mishap'), { code: 'PROTOCOL_SEQUENCE_TIMEOUT' })
    expect(classify(late, open)).toMatchObject({ reason: 'timeout', retry: 'caller', transaction: 'unknown' })
  })
})

describe('A connect', () => {
  it.each<[string, object, MySqlErrorContext, object]>([
    ['before the protocol is spoken', { errno: 1040, sqlState: '' }, connect, { sqlState: '53300' }],
    [
      'TLS that the server has not',
      { code: 'HANDSHAKE_NO_SSL_SUPPORT', fatal: true },
      connect,
      { retry: 'no' },
    ],
    ['a plugin', { code: 'AUTH_SWITCH_PLUGIN_ERROR', fatal: true }, connect, { reason: 'auth', retry: 'no' }],
    ['a server that leaves', { errno: 1053, sqlState: '08S01' }, connect, { retry: 'connect', fatal: false }],
    ['another client library', { errno: 2003, code: 'x' }, connect, { sqlState: '08001', retry: 'connect' }],
    ['a socket', { errno: -111, code: 'ECONNREFUSED', fatal: true }, connect, { errorCode: 'ECONNREFUSED' }],
  ])('%s', (_, more, context, expected) => {
    expect(classify(Object.assign(new Error('mishap'), more), context)).toMatchObject(expected)
  })
})
