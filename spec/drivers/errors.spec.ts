import { describe, expect, it } from 'vitest'
import { ordinaryStatement } from '../../src/spi/classification.ts'
import { classifiers, databases, expected, expectedEffect, situations } from './situations.ts'

/** Situations that a database does not know, or says otherwise. */
const unknownTo = {
  PostgreSQL: [],
  SQLite: [
    'a text that is too long',
    'a division by zero',
    'a text that is no date',
    'a subquery with more than one row',
    'a deadlock',
    'the statement took too long',
    'the server ended the session',
    'the session was idle for too long',
    'there is no such host',
    'too many connections',
    'the database is not available now',
    'a wrong user or password',
    'no such database',
    'the transaction has failed before',
    'a feature that is missing',
  ],
  MySQL: ['the transaction has failed before'],
  // It hangs up without a word.
  MariaDB: ['the session was idle for too long'],
  'SQL Server': ['the session was idle for too long'],
}

describe.each(databases)('One situation is one exception: %s', (database) => {
  const cases = situations.flatMap((situation) =>
    (situation.errors[database] ?? []).map((native) => ({ situation, native })),
  )

  it.each(cases)('$situation.name: $native.code', ({ situation, native }) => {
    const classify = classifiers[database]
    const context = { ...ordinaryStatement, ...situation.context }
    const { class: errorClass, sqlState, reason, retry, fatal } = classify(native.error, context)
    expect({ class: errorClass.name, sqlState, reason, retry }).toEqual(expected(situation, database))
    expect(fatal).toBe(situation.fatal ?? false)
    const opened = context.phase === 'connect' ? context : { ...context, transactionStatus: 'open' as const }
    expect(classify(native.error, opened).transaction).toBe(expectedEffect(native, database, context.phase))
  })

  it('and none is forgotten', () => {
    const missing = situations.filter(({ errors }) => errors[database] === undefined)
    expect(missing.map(({ name }) => name)).toEqual(unknownTo[database])
  })
})
