import { types } from 'node:util'
import {
  BatchUpdateException,
  SQLDataException,
  SQLException,
  SQLNonTransientException,
} from '../api/sql-exception.ts'
import { SqlFragment } from '../api/sql-template.ts'
import {
  TypedParameter,
  type ParameterValue,
  type SqlParameters,
  type SqlTypeName,
} from '../api/sql-types.ts'
import type { BoundParameters } from '../spi/physical-connection.ts'
import type { CompiledStatement } from '../sql/compiled-statement.ts'
import type { Dialect } from '../sql/dialect.ts'
import { kindOf } from '../sql/native-sql.ts'
import { quoteIdentifier } from '../sql/quote-identifier.ts'

const none: BoundParameters = Object.freeze([])

/** The text and the parameters of a call, which come apart or together in a template. */
export function textAndParameters(
  sql: string | SqlFragment,
  parameters: SqlParameters | undefined,
  dialect: Dialect,
): [text: string, parameters: SqlParameters | undefined] {
  if (typeof sql === 'string' || types.isProxy(sql) || !(sql instanceof SqlFragment))
    return [sql as string, parameters]
  if (parameters !== undefined && !(Array.isArray(parameters) && parameters.length === 0)) {
    throw wrong('A template carries its own parameters: give no others beside it', '07001')
  }
  return [sql.toSql((name) => quoteIdentifier(name, dialect)), sql.parameters]
}

/**
 * Checks the parameters of a statement, and copies them: the caller may change its array while the statement waits.
 *
 * @throws SQLException 07001 for a wrong number, HY105 for a value that no database takes.
 */
export function bindParameters(
  statement: CompiledStatement,
  parameters: SqlParameters | undefined,
  dialect: Dialect,
): BoundParameters {
  if (parameters !== undefined && !Array.isArray(parameters)) throw notAnArray(parameters)
  if (parameters === undefined || parameters.length === 0) {
    if (statement.parameterCount > 0) throw wrongCount(statement, 0)
    return none
  }
  if (parameters.length !== statement.parameterCount) throw wrongCount(statement, parameters.length)
  const { order } = statement
  const sent = order?.length ?? parameters.length
  if (sent > dialect.maxParameters) {
    throw new SQLException(
      `The statement has ${sent} parameters; ${dialect.name} takes ${dialect.maxParameters}`,
      { sqlState: '54000', reason: 'limit' },
    )
  }
  const bound: readonly ParameterValue[] = [...parameters]
  for (let index = 0; index < bound.length; index++) checkValue(bound[index], index)
  // A translated escape may have moved or repeated its arguments.
  return order === undefined ? bound : order.map((index) => bound[index]!)
}

/**
 * Does something for each row of a batch, before anything of it is sent.
 *
 * @throws SQLException 07001 when the rows are nothing to iterate.
 * @throws BatchUpdateException for the row that is refused, with no counts: none was run.
 */
export function mapRows<T, R>(rows: Iterable<T>, map: (row: T) => R): R[] {
  if (typeof rows !== 'object' || rows === null || !(Symbol.iterator in rows)) {
    throw wrong(`The rows of the batch are ${kindOf(rows)}, nothing to iterate`, '07001')
  }
  return Array.from(rows, (row, index) => {
    try {
      return map(row)
    } catch (error) {
      throw error instanceof SQLException ? new BatchUpdateException(index, [], error) : error
    }
  })
}

const typeNames: Readonly<Record<SqlTypeName, true>> = {
  BOOLEAN: true,
  SMALLINT: true,
  INTEGER: true,
  BIGINT: true,
  REAL: true,
  DOUBLE: true,
  DECIMAL: true,
  VARCHAR: true,
  VARBINARY: true,
  DATE: true,
  TIME: true,
  TIMESTAMP: true,
  TIMESTAMP_WITH_TIMEZONE: true,
  UUID: true,
  JSON: true,
  ARRAY: true,
  OTHER: true,
}

function checkValue(value: unknown, index: number): void {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return
    case 'object':
      if (value !== null) checkObject(value, index)
      return
    case 'undefined':
      throw wrongValue(index, 'is undefined: NULL is written null')
    default:
      throw wrongValue(index, `is a ${typeof value}, which is no SQL value`)
  }
}

/** By what it is, not by its prototype: what only looks like bytes would fail while it is being sent. */
function checkObject(value: object, index: number): void {
  if (types.isProxy(value)) throw wrongValue(index, 'is a Proxy: give the value behind it')
  if (types.isUint8Array(value)) {
    if (value.length > 0 || !(value.buffer as ArrayBuffer).detached) return
    throw wrongValue(index, 'is binary whose buffer was transferred to somebody else')
  }
  if (types.isDate(value)) {
    if (!Number.isNaN(value.getTime())) return
    throw new SQLDataException(`Parameter ${index + 1} is an invalid Date`, {
      sqlState: '22007',
      reason: 'data',
    })
  }
  if (!(value instanceof TypedParameter)) throw wrongValue(index, objectHint(value))
  if (!Object.hasOwn(typeNames, value.type)) throw wrongValue(index, 'names a type that there is not')
  // An array is one value only where it says so; elsewhere it is a list that lost its sql.list().
  if (value.type === 'ARRAY' && Array.isArray(value.value)) return
  if ((value.value as unknown) instanceof TypedParameter) throw wrongValue(index, 'states a type twice')
  checkValue(value.value, index)
}

function objectHint(value: object): string {
  if (Array.isArray(value)) return 'is an array: for IN (…) use sql.list(values) in a template'
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return 'is binary, but not a Uint8Array'
  if (value instanceof Promise) return 'is a promise: await it first'
  return 'is an object: give its fields one by one, or JSON.stringify it'
}

function wrongCount(statement: CompiledStatement, given: number): SQLException {
  return wrong(`The statement has ${statement.parameterCount} parameter(s), ${given} were given`, '07001')
}

function notAnArray(parameters: unknown): SQLException {
  return wrong(`The parameters are ${kindOf(parameters)}, not an array`, '07001')
}

function wrongValue(index: number, fault: string): SQLException {
  return wrong(`Parameter ${index + 1} ${fault}`, 'HY105')
}

function wrong(message: string, sqlState: string): SQLException {
  return new SQLNonTransientException(message, { sqlState, reason: 'parameter' })
}
