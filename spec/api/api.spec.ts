import { describe, expect, it } from 'vitest'
import { DataSource } from '../../src/api/data-source.ts'
import { durationOption, parseDuration } from '../../src/api/duration.ts'
import {
  BatchUpdateException,
  SQLException,
  SQLIntegrityConstraintViolationException,
  SQLNonTransientException,
} from '../../src/api/sql-exception.ts'
import { decimal, param } from '../../src/api/sql-types.ts'
import { asInstance } from '../../src/api/wrapper.ts'

describe('durations', () => {
  it.each([
    [250, 250],
    [0, 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    [-1, undefined],
    [Number.NaN, undefined],
    [Infinity, undefined],
    ['', undefined],
    ['5', undefined],
    ['5 weeks', undefined],
    [null, undefined],
    [{}, undefined],
  ])('%j is %j', (written, milliseconds) => {
    expect(parseDuration(written)).toBe(milliseconds)
  })

  it('names the option that is wrong', () => {
    expect(() => durationOption('timeout', '5 weeks')).toThrow(/timeout is '5 weeks'/)
  })
})

describe('errors', () => {
  const unique = new SQLIntegrityConstraintViolationException('twice', {
    sqlState: '23505',
    reason: 'unique',
  })

  it('stand in JDBC’s tree, and are called by their class', () => {
    expect(unique).toBeInstanceOf(SQLNonTransientException)
    expect(unique).toBeInstanceOf(SQLException)
    expect(unique.name).toBe('SQLIntegrityConstraintViolationException')
    expect(unique.stack).toMatch(/^SQLIntegrityConstraintViolationException: twice/)
    expect(Object.keys(unique)).not.toContain('name')
  })

  it('are not fatal, and not to be tried again, unless they say so', () => {
    expect(unique).toMatchObject({ fatal: false, retry: 'no', errorCode: undefined })
  })

  it('of a batch say which row failed, and why', () => {
    const error = new BatchUpdateException(2, [1, 1], unique)
    expect(error).toMatchObject({
      index: 2,
      updateCounts: [1, 1],
      cause: unique,
      sqlState: '23505',
      reason: 'unique',
    })
  })
})

describe('values with a type', () => {
  it('decimal takes text only: a number may have lost digits', () => {
    expect(decimal('12.50')).toEqual(param('12.50', 'DECIMAL'))
    for (const wrong of ['', '1e5', 'x', '1,5', 12.5])
      expect(() => decimal(wrong as string)).toThrow(TypeError)
  })
})

describe('keys', () => {
  it('an interface is recognised by its methods', () => {
    const source = { getConnection() {}, withConnection() {}, transaction() {} }
    expect(asInstance(source, DataSource)).toBe(source)
    expect(asInstance({ getConnection() {} }, DataSource)).toBeUndefined()
    expect(asInstance(null, DataSource)).toBeUndefined()
  })
})
