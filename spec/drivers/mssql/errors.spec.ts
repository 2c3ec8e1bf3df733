import { describe, expect, it } from 'vitest'
import { bySeverity, known, numbers } from '../../../drivers/mssql/error-numbers.ts'
import { classify } from '../../../drivers/mssql/errors.ts'
import { meaningOf } from '../../../src/sql/sqlstates.ts'

const open = { phase: 'statement', transactionStatus: 'open' } as const
const connect = { phase: 'connect', transactionStatus: 'none' } as const

function server(number: number, severity = 16, message = 'mishap'): Error {
  return Object.assign(new Error(message), { code: 'EREQUEST', number, class: severity, state: 1 })
}

function client(code: string, message = 'mishap', more: object = {}): Error {
  return Object.assign(new Error(message), { code, ...more })
}

describe('An error of the server', () => {
  it.each([
    ['The INSERT statement conflicted with the FOREIGN KEY constraint "fk".', '23503', 'foreign-key'],
    ['Die DELETE-Anweisung steht in Konflikt mit der REFERENCE-Einschränkung "fk".', '23503', 'foreign-key'],
    [
      'The MERGE statement conflicted with the FOREIGN KEY SAME TABLE constraint "fk".',
      '23503',
      'foreign-key',
    ],
    ['The UPDATE statement conflicted with the CHECK constraint "c".', '23514', 'check'],
    ['mishap', '23000', 'constraint'],
  ])('547 is told by its text: %s', (message, sqlState, reason) => {
    expect(classify(server(547, 16, message))).toMatchObject({ sqlState, reason, errorCode: 547 })
  })

  it.each([
    [11, '42704', 'undefined-object'],
    [14, '42501', 'permission'],
    [15, '42601', 'syntax'],
    [16, '42000', 'statement-invalid'],
    [17, '53000', 'resource'],
    [18, 'XX000', 'internal'],
    [19, '54000', 'limit'],
  ])('with a number that is not known goes by its severity: %i is %s', (severity, sqlState, reason) => {
    expect(classify(server(31_999, severity))).toMatchObject({ sqlState, reason, fatal: false })
  })

  it('of severity 20 and above ends the session, whatever its number', () => {
    expect(classify(server(1205, 20), open)).toMatchObject({
      sqlState: '08006',
      errorCode: 1205,
      reason: 'connection-lost',
      fatal: true,
      transaction: 'ended',
    })
    expect(classify(server(596, 21))).toMatchObject({ sqlState: '57P01', fatal: true })
    expect(classify(server(6005, 10))).toMatchObject({ sqlState: '57P01', fatal: true })
    expect(classify(server(4014, 20), connect)).toMatchObject({ sqlState: '08001', fatal: false })
  })

  it('by THROW or RAISERROR is one of the application', () => {
    expect(classify(server(50_000))).toMatchObject({ sqlState: '45000', reason: 'user-raised' })
    expect(classify(server(51_234, 11))).toMatchObject({ sqlState: '45000', reason: 'user-raised' })
  })

  it('of a busy service: after the login nobody knows whether it had begun', () => {
    expect(classify(server(40501, 17), connect)).toMatchObject({ reason: 'connect-failed', retry: 'connect' })
    expect(classify(server(40501, 17), open)).toMatchObject({
      reason: 'resource',
      retry: 'caller',
      transaction: 'unknown',
    })
  })

  it('means other things than the same number of MySQL', () => {
    expect(classify(server(1205, 13)).reason).toBe('deadlock')
    expect(classify(server(1222)).reason).toBe('lock-timeout')
    expect(classify(server(1105, 17)).sqlState).toBe('53100')
  })

  it('has a meaning for each SQLSTATE in the tables', () => {
    const unknown = meaningOf('ZZ999')
    for (const sqlState of [...numbers.values(), ...Object.values(bySeverity)]) {
      expect(sqlState).toMatch(/^[0-9A-Z]{5}$/)
      expect(meaningOf(sqlState), sqlState).not.toBe(unknown)
    }
    for (const number of Object.keys(known)) expect(numbers.has(Number(number)), number).toBe(true)
  })
})

describe('The open transaction', () => {
  it.each([
    [2627, 14, 'statement'],
    [1222, 16, 'statement'],
    [1205, 13, 'ended'],
    [3960, 16, 'ended'],
    [3930, 16, 'failed'],
    [3998, 16, 'ended'],
    [245, 16, 'unknown'],
  ])('%i: %s', (number, severity, transaction) => {
    expect(classify(server(number, severity), open).transaction).toBe(transaction)
    expect(classify(server(number, severity)).transaction).toBe('none')
  })

  it('outlives a statement that the client has stopped', () => {
    expect(classify(client('ETIMEOUT'), open)).toMatchObject({ reason: 'timeout', transaction: 'statement' })
    expect(classify(client('ECANCEL'), open)).toMatchObject({ reason: 'cancelled', transaction: 'statement' })
  })
})

describe('Several errors of one request', () => {
  it.each([
    ['the cause, then what came of it', [server(2627, 14), server(3609)], '23505', 'ended'],
    ['a text that cannot be prepared', [server(208), server(8180)], '42P01', 'statement'],
    ['a deadlock among them', [server(266), server(1205, 13)], '40P01', 'ended'],
    ['a fatal one among them', [server(208), server(596, 21)], '57P01', 'ended'],
    ['one within one', [new AggregateError([server(1222)])], '55P03', 'statement'],
  ])('%s', (_, errors, sqlState, transaction) => {
    expect(classify(new AggregateError(errors), open)).toMatchObject({ sqlState, transaction })
  })

  it('may be none', () => {
    expect(classify(new AggregateError([]))).toMatchObject({ sqlState: 'HY000', fatal: false })
  })
})

describe('An error of the client', () => {
  it.each([
    ['ESOCKET', '08006', 'unknown-outcome', true],
    ['ECLOSE', '08006', 'unknown-outcome', true],
    ['ETIMEOUT', '57014', 'caller', false],
    ['ECANCEL', '57014', 'caller', false],
    ['EPARAM', '07006', 'no', false],
    ['UNKNOWN', 'HY000', 'no', false],
  ])('%s is %s', (code, sqlState, retry, fatal) => {
    expect(classify(client(code))).toMatchObject({ sqlState, errorCode: code, retry, fatal })
  })

  it('in the wrong state: over, or only busy', () => {
    const text = 'Requests can only be made in the LoggedIn state, not the'
    expect(classify(client('EINVALIDSTATE', `${text} Final state`))).toMatchObject({
      fatal: true,
      retry: 'connect',
    })
    expect(classify(client('EINVALIDSTATE', `${text} SentClientRequest state`))).toMatchObject({
      sqlState: 'HY010',
      reason: 'protocol',
      fatal: false,
    })
  })

  it('at the login: the wrong user, or a database that is not there yet', () => {
    expect(classify(client('ELOGIN'), connect)).toMatchObject({
      sqlState: '28000',
      reason: 'auth',
      retry: 'no',
    })
    expect(classify(client('ELOGIN', 'mishap', { isTransient: true }), connect)).toMatchObject({
      sqlState: '08001',
      retry: 'connect',
    })
    const token = new AggregateError([client('EFEDAUTH'), new Error('mishap')])
    expect(classify(token, connect)).toMatchObject({ reason: 'auth', retry: 'no' })
  })

  it.each([
    ['ETIMEOUT', undefined, 'connect'],
    ['ESOCKET', 'ECONNREFUSED', 'connect'],
    ['ESOCKET', 'ENOTFOUND', 'no'],
    ['EINSTLOOKUP', undefined, 'connect'],
    ['EENCRYPT', undefined, 'no'],
  ])('at the connect: %s (%s)', (code, socketCode, retry) => {
    const cause = socketCode === undefined ? {} : { cause: { code: socketCode } }
    expect(classify(client(code, 'mishap', cause), connect)).toMatchObject({
      sqlState: '08001',
      errorCode: socketCode ?? code,
      retry,
      fatal: false,
    })
  })
})
