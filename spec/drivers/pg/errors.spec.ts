import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { connectError } from '../../../drivers/pg/connect-error.ts'
import { classify, toException } from '../../../drivers/pg/errors.ts'
import {
  SQLInvalidAuthorizationSpecException,
  SQLNonTransientConnectionException,
  SQLTimeoutException,
  SQLTransientConnectionException,
} from '../../../src/api/sql-exception.ts'

const none = { transactionStatus: 'none' } as const
const open = { transactionStatus: 'open' } as const

function serverError(code: string, severity = 'ERROR', message = 'mishap', more = {}): Error {
  return Object.assign(new Error(message), { code, severity, ...more })
}

describe('an error of the server', () => {
  it.each([
    ['23505', 'SQLIntegrityConstraintViolationException', 'unique', 'no'],
    ['23503', 'SQLIntegrityConstraintViolationException', 'foreign-key', 'no'],
    ['23502', 'SQLIntegrityConstraintViolationException', 'not-null', 'no'],
    ['23514', 'SQLIntegrityConstraintViolationException', 'check', 'no'],
    ['23P01', 'SQLIntegrityConstraintViolationException', 'exclusion', 'no'],
    ['23000', 'SQLIntegrityConstraintViolationException', 'constraint', 'no'],
    ['42601', 'SQLSyntaxErrorException', 'syntax', 'no'],
    ['42P01', 'SQLSyntaxErrorException', 'undefined-object', 'no'],
    ['42703', 'SQLSyntaxErrorException', 'undefined-object', 'no'],
    ['42883', 'SQLSyntaxErrorException', 'undefined-object', 'no'],
    ['42P07', 'SQLSyntaxErrorException', 'duplicate-object', 'no'],
    ['42501', 'SQLSyntaxErrorException', 'permission', 'no'],
    ['42999', 'SQLSyntaxErrorException', 'statement-invalid', 'no'],
    ['40P01', 'SQLTransactionRollbackException', 'deadlock', 'transaction'],
    ['40001', 'SQLTransactionRollbackException', 'serialization', 'transaction'],
    ['55P03', 'SQLTransientException', 'lock-timeout', 'transaction'],
    ['57014', 'SQLException', 'cancelled', 'caller'],
    ['22012', 'SQLDataException', 'data', 'no'],
    ['25006', 'SQLNonTransientException', 'read-only', 'no'],
    ['25P02', 'SQLNonTransientException', 'tx-failed', 'no'],
    ['3B001', 'SQLNonTransientException', 'savepoint', 'no'],
    ['0A000', 'SQLFeatureNotSupportedException', 'feature', 'no'],
    ['53100', 'SQLTransientException', 'resource', 'caller'],
    ['54001', 'SQLNonTransientException', 'limit', 'no'],
    ['P0001', 'SQLNonTransientException', 'user-raised', 'no'],
    ['XX000', 'SQLNonTransientException', 'internal', 'no'],
    // A wrong bind count leaves a healthy session: the severity tells, not the class.
    ['08P01', 'SQLNonTransientException', 'protocol', 'no'],
    ['ZZ999', 'SQLException', 'internal', 'no'],
  ])('%s is a %s, %s', (code, name, reason, retry) => {
    const exception = toException(serverError(code), { phase: 'statement', ...none })
    assert.deepEqual(
      [exception.name, exception.sqlState, exception.errorCode, exception.reason, exception.retry],
      [name, code, code, reason, retry],
    )
    assert.equal(exception.fatal, false)
  })

  it('says nothing of the values in it, which stay with the cause', () => {
    const messages: [string, string, string][] = [
      ['22P02', 'invalid input syntax for type integer: "secret"', 'invalid input syntax for type integer'],
      [
        '22003',
        'value "99999999999" is out of range for type integer',
        'value "…" is out of range for type integer',
      ],
      ['22008', 'date/time field value out of range: "2026-13-01"', 'date/time field value out of range'],
    ]
    for (const [code, text, shown] of messages) {
      const error = serverError(code, 'ERROR', text)
      const exception = toException(error, { phase: 'statement', ...none })
      assert.equal(exception.message, shown)
      assert.equal(exception.cause, error)
    }
  })

  it('tells a time-out of the server from a cancel', () => {
    const text = 'canceling statement due to statement timeout'
    const exception = toException(serverError('57014', 'ERROR', text), { phase: 'statement', ...none })
    assert.ok(exception instanceof SQLTimeoutException)
    assert.equal(exception.reason, 'timeout')
  })

  it('is fatal by its severity, and by codes that are always so', () => {
    for (const error of [
      serverError('57P01', 'FATAL'),
      serverError('XX000', 'PANIC'),
      serverError('25P03', 'SCHWERWIEGEND'),
    ]) {
      const { fatal, reason } = classify(error, { phase: 'statement', ...none })
      assert.deepEqual([fatal, reason], [true, 'connection-lost'])
    }
  })

  it('about a plan that is gone asks for the statement again, or for its transaction', () => {
    const stale = [
      serverError('26000'),
      serverError('0A000', 'ERROR', 'cached plan must not change result type', {
        routine: 'RevalidateCachedQuery',
      }),
    ]
    for (const error of stale) {
      assert.equal(classify(error, { phase: 'statement', ...none }).retry, 'statement')
      assert.equal(classify(error, { phase: 'statement', ...open }).retry, 'transaction')
    }
  })
})

describe('the open transaction', () => {
  it.each([
    ['23505', 'ERROR', 'statement', 'open', 'failed'],
    ['23505', 'ERROR', 'statement', 'none', 'none'],
    ['25P02', 'ERROR', 'statement', 'failed', 'failed'],
    ['40P01', 'ERROR', 'statement', 'open', 'failed'],
    // A constraint that waits for the commit ends the transaction; a text that only looks like one does not.
    ['23503', 'ERROR', 'commit', 'open', 'unknown'],
    ['57P01', 'FATAL', 'statement', 'open', 'ended'],
    ['57P01', 'FATAL', 'commit', 'open', 'unknown'],
  ] as const)(
    '%s (%s) during a %s, while it is %s: %s',
    (code, severity, phase, transactionStatus, effect) => {
      assert.equal(classify(serverError(code, severity), { phase, transactionStatus }).transaction, effect)
    },
  )
})

describe('a lost session', () => {
  const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })

  it.each([
    ['idle', 'none', 'connect'],
    ['harmless', 'none', 'connect'],
    ['statement', 'none', 'unknown-outcome'],
    ['statement', 'open', 'transaction'],
    ['harmless', 'failed', 'transaction'],
    ['commit', 'open', 'unknown-outcome'],
  ] as const)('%s, transaction %s: %s', (phase, transactionStatus, retry) => {
    const exception = toException(reset, { phase, transactionStatus })
    assert.deepEqual(
      [exception.name, exception.sqlState, exception.errorCode, exception.fatal, exception.retry],
      ['SQLRecoverableException', '08006', 'ECONNRESET', true, retry],
    )
  })

  it('keeps the SQLSTATE that the server gave', () => {
    const { sqlState } = classify(serverError('57P01', 'FATAL'), { phase: 'idle', ...none })
    assert.equal(sqlState, '57P01')
  })
})

describe('a connection that could not be made', () => {
  it('says to where, why, and what to do', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    const error = connectError(refused, 'PostgreSQL database d at h:1 as u')
    assert.ok(error instanceof SQLTransientConnectionException)
    assert.equal(error.message, 'Cannot connect to PostgreSQL database d at h:1 as u: connect ECONNREFUSED')
    assert.deepEqual([error.sqlState, error.retry], ['08001', 'connect'])
    const tls = connectError(new Error('The server does not support SSL connections'), 'h')
    assert.ok(tls instanceof SQLNonTransientConnectionException)
    assert.match(tls.message, /tls: \{ mode: 'disable' \}/)
  })

  it('tells wrong credentials from a server that is busy', () => {
    const wrong = connectError(serverError('28P01', 'FATAL'), 'h')
    assert.ok(wrong instanceof SQLInvalidAuthorizationSpecException)
    assert.equal(wrong.retry, 'no')
    const busy = connectError(serverError('53300', 'FATAL'), 'h')
    assert.ok(busy instanceof SQLTransientConnectionException)
    assert.equal(busy.retry, 'connect')
    assert.equal(connectError(serverError('3D000', 'FATAL'), 'h').sqlState, '3D000')
    const leaving = connectError(serverError('57P01', 'FATAL'), 'h')
    assert.deepEqual(
      [leaving.sqlState, leaving.reason, leaving.retry],
      ['57P01', 'connect-failed', 'connect'],
    )
  })

  it('tells what passes from what does not, where PgBouncer has one SQLSTATE for all', () => {
    for (const [message, sqlState, reason, retry] of [
      ['no more connections allowed (max_client_conn)', '08001', 'connect-failed', 'connect'],
      [
        'server login has been failing, try again later (server_login_retry)',
        '08001',
        'connect-failed',
        'connect',
      ],
      ['query_wait_timeout', '08001', 'connect-failed', 'connect'],
      ['SASL authentication failed', '28000', 'auth', 'no'],
      ['database "d" does not exist', '3D000', 'undefined-object', 'no'],
      ['unsupported startup parameter: options', '08P01', 'protocol', 'no'],
    ]) {
      const error = connectError(serverError('08P01', 'FATAL', message), 'h')
      assert.deepEqual(
        [error.sqlState, error.reason, error.retry, error.errorCode],
        [sqlState, reason, retry, '08P01'],
        message,
      )
    }
  })

  it('tells each address that was tried', () => {
    const both = new AggregateError([new Error('first'), new Error('second')], '')
    assert.match(connectError(both, 'h').message, /first; second/)
  })
})
